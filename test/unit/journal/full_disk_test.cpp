#include <doctest/doctest.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "core/journal/folder.h"
#include "test/unit/journal/journal_support.h"

namespace {

int syncs_to_refuse = 0;  ///< Of RocksDB's log.
int syncs = 0;            ///< Of it, so far.

}  // namespace

/// In place of the C library's, also for RocksDB: a disk that takes bytes and has no room for them
/// when they are synced, as file systems do that allocate late.
extern "C" int fdatasync(int fd) {
    char name[256] = "";
    const std::string link = "/proc/self/fd/" + std::to_string(fd);
    const auto size = ::readlink(link.c_str(), name, sizeof name - 1);
    const std::string_view path(name, size > 0 ? static_cast<std::size_t>(size) : 0);
    if (path.ends_with(".log")) ++syncs;
    if (syncs_to_refuse > 0 && path.ends_with(".log")) {
        --syncs_to_refuse;
        errno = ENOSPC;
        return -1;
    }
    return static_cast<int>(::syscall(SYS_fdatasync, fd));
}

namespace filial::test {
namespace {

using schema::Errc;
using schema::Sequence;
using schema::StoreId;

constexpr std::uint64_t kEvents = 3;  // Of a commit.

/// A disk of a few MiB of memory, gone at the end.
class SmallDisk {
  public:
    explicit SmallDisk(std::size_t bytes) {
        const auto size = "size=" + std::to_string(bytes);
        mounted_ = ::mount("tmpfs", path().c_str(), "tmpfs", 0, size.c_str()) == 0;
        if (!mounted_) {
            MESSAGE(
                "not tried, since no file system can be mounted here: " << std::strerror(errno));
        }
    }
    ~SmallDisk() {
        if (mounted_) ::umount2(path().c_str(), MNT_DETACH);
    }
    void resize(std::size_t bytes) const {
        const auto size = "size=" + std::to_string(bytes);
        REQUIRE(::mount("tmpfs", path().c_str(), "tmpfs", MS_REMOUNT, size.c_str()) == 0);
    }
    bool mounted() const { return mounted_; }
    const std::filesystem::path& path() const { return folder_.path(); }

  private:
    TempFolder folder_;
    bool mounted_ = false;
};

schema::Result<void> commit_one(core::Journal& journal) {
    // Random, so that nothing makes it smaller.
    core::JournalWrite write;
    const auto end = journal.end(kStore);
    write.appends.push_back(append_after(end, {{"stock", schema::random_bytes(20'000)},
                                               {"stock", schema::random_bytes(20'000)},
                                               {"debts", "owed"}}));
    write.state.emplace_back("end", std::to_string(end.value() + kEvents));
    return journal.commit(write, true);
}

void check_whole(const core::Journal& journal) {
    const auto end = journal.end(kStore).value();
    CHECK(rows_of(journal, {"debts"}).size() == end / kEvents);
    CHECK(rows_of(journal, {"*"}).size() == end);
    CHECK(**journal.get("end") == std::to_string(end));
}

TEST_CASE("full disk: below the floor nothing is taken, and the message says how much is missing") {
    TempFolder folder;
    auto options = options_in(folder.path());
    options.free_bytes_floor = std::uint64_t{1} << 60;
    const auto journal = opened(options);
    const auto refused = commit_rows(*journal, {{"stock", "a"}});
    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error().code == Errc::no_space);
    CHECK(refused.error().message.find("need 1152921504606") != std::string::npos);
    CHECK(journal->end(kStore) == Sequence{0});
    CHECK_FALSE(journal->head(kStore).has_value());
}

TEST_CASE("full disk: what is left free fits the disk, so that a small one can be used") {
    constexpr std::uint64_t kMiB = 1 << 20;
    static_assert(core::default_reserve(std::uint64_t{4} << 40) == 64 * kMiB);
    static_assert(core::default_reserve(512 * kMiB) == 64 * kMiB);
    static_assert(core::default_reserve(24 * kMiB) == 3 * kMiB);
    for (const std::size_t size : {20, 40}) {
        const SmallDisk disk(size * kMiB);
        if (!disk.mounted()) return;
        auto options = options_in(disk.path() / "journal", "store1");
        options.free_bytes_floor.reset();
        auto journal = opened(options);
        CHECK(commit_rows(*journal, {{"stock", "a"}}));
        schema::Result<void> result;
        while (result) result = commit_one(*journal);
        CHECK(result.error().code == Errc::no_space);
        // Tables that were being written have taken some of it; closing and opening still fit.
        const auto end = journal->end(kStore);
        CHECK(end.value() > 0);
        journal.reset();
        CHECK(opened(options)->end(kStore) == end);
    }
}

TEST_CASE("full disk: no_space, nothing acknowledged is lost, and it goes on when there is space") {
    constexpr std::size_t kMiB = 1 << 20;
    for (const std::size_t ballast : {0, 350'000, 700'000, 1'100'000}) {
        CAPTURE(ballast);
        const SmallDisk disk(10 * kMiB);
        if (!disk.mounted()) return;
        write_file(disk.path() / "ballast", std::string(ballast, 'x'));
        const auto options = options_in(disk.path() / "journal", "store1");
        {
            const auto journal = opened(options);
            core::BootTime now{0};
            schema::Result<void> result;
            for (int i = 0; i < 2000 && result; ++i) {
                result = commit_one(*journal);
                now = core::BootTime{now.value() + core::kWitnessDelay};
                REQUIRE(journal->tick(now));
            }
            REQUIRE_FALSE(result.has_value());
            CHECK(result.error().code == Errc::no_space);
            auto end = journal->end(kStore);
            CHECK(end > Sequence{kEvents * 20});
            for (int i = 0; i < 3; ++i) {
                // Files that RocksDB needs no more go when it likes: then there is room for one.
                const auto more = commit_one(*journal);
                if (more) end = Sequence{end.value() + kEvents};
                CHECK((more || more.error().code == Errc::no_space));
                CHECK(journal->end(kStore) == end);
                check_whole(*journal);
            }

            disk.resize(40 * kMiB);
            for (int i = 0; i < 100; ++i) {
                auto again = commit_one(*journal);
                // What the database met beside an earlier commit may be told late, once.
                if (!again) again = commit_one(*journal);
                REQUIRE_MESSAGE(again.has_value(), (again ? "" : again.error().message));
            }
            CHECK(journal->end(kStore) == Sequence{end.value() + 100 * kEvents});
            check_whole(*journal);
            REQUIRE(journal->witness());
        }
        check_whole(*opened(options));
    }
}

TEST_CASE("full disk: a process that ends there finds all that was acknowledged") {
    constexpr std::size_t kMiB = 1 << 20;
    const SmallDisk disk(10 * kMiB);
    if (!disk.mounted()) return;
    const auto options = options_in(disk.path() / "journal", "store1");
    Sequence end;
    {
        const auto journal = opened(options);
        while (commit_one(*journal)) end = journal->end(kStore);
    }
    // On the full disk it may refuse to open, for want of space and for nothing else.
    const auto full = core::RocksJournal::open(options);
    if (!full) CHECK(full.error().code == Errc::no_space);
    if (full) check_whole(**full);
    disk.resize(40 * kMiB);
    if (full) return;
    const auto journal = opened(options);
    CHECK(journal->end(kStore) == end);
    check_whole(*journal);
}

TEST_CASE("full disk: a commit whose sync found no room is not there, and the next one is taken") {
    TempFolder folder;
    const auto options = options_in(folder.path(), "store1");
    auto journal = opened(options);
    for (int i = 0; i < 3; ++i) REQUIRE(commit_one(*journal));
    const auto end = journal->end(kStore);
    for (int round = 0; round < 3; ++round) {
        CAPTURE(round);
        const auto before = journal->end(kStore);
        syncs_to_refuse = 1;
        core::JournalWrite write;
        write.appends.push_back(append_after(before, {{"customers", "never"}}));
        write.state = {{"end", "never"}, {"new", "never"}, {"old", std::nullopt}};
        CHECK(journal->commit(write, true).error().code == Errc::no_space);
        CHECK(syncs_to_refuse == 0);
        CHECK(journal->end(kStore) == before);
        CHECK(**journal->get("end") == std::to_string(before.value()));
        if (round < 2) REQUIRE(journal->room());
        const auto next = commit_one(*journal);
        REQUIRE_MESSAGE(next.has_value(), (next ? "" : next.error().message));
        check_whole(*journal);
        CHECK_FALSE(journal->get("new")->has_value());
        CHECK(rows_of(*journal, {"customers"}).empty());
        if (round == 0) REQUIRE(journal->witness());
    }
    journal.reset();
    journal = opened(options);
    CHECK(journal->end(kStore) == Sequence{end.value() + 3 * kEvents});
    CHECK_FALSE(journal->get("new")->has_value());
    CHECK(rows_of(*journal, {"customers"}).empty());
    check_whole(*journal);
}

TEST_CASE("full disk: so is a commit that was to write the rows of earlier ones") {
    TempFolder folder;
    const auto options = options_in(folder.path(), "store1");
    auto journal = opened(options);
    int next = 0;
    const auto commit_some = [&](const std::string& value) {
        core::JournalWrite write;
        const auto end = journal->end(kStore);
        write.appends.push_back(append_after(end, {{"debts", "owed"}}));
        write.state.emplace_back("end", std::to_string(end.value() + 1));
        for (int i = 0; i < 20; ++i) {
            const auto key = "k" + std::to_string((next + i) % 5'000);
            write.state.emplace_back(key, value.empty() ? std::to_string(next + i) : value);
        }
        const auto done = journal->commit(write, true);
        if (done) next += 20;
        return done;
    };
    const auto check_all = [&] {
        CHECK(**journal->get("end") == std::to_string(journal->end(kStore).value()));
        int wrong = 0;
        for (int i = 0; i < next; ++i) {
            const auto value = *journal->get("k" + std::to_string(i));
            if (value != std::optional(std::to_string(i))) ++wrong;
        }
        CHECK(wrong == 0);
    };
    // More than what is kept in memory, so that rows are written, and records deleted, all along.
    for (int round = 0; round < 240; ++round) {
        CAPTURE(round);
        if (round % 8 == 7) {
            const auto end = journal->end(kStore);
            syncs_to_refuse = 1;
            CHECK(commit_some("never").error().code == Errc::no_space);
            CHECK(journal->end(kStore) == end);
        }
        REQUIRE(commit_some(""));
    }
    check_all();
    journal.reset();
    journal = opened(options);
    check_all();
}

TEST_CASE("full disk: a process that ends after such a commit keeps it whole or not at all") {
    TempFolder folder;
    const auto options = options_in(folder.path(), "store1");
    auto journal = opened(options);
    REQUIRE(commit_one(*journal));
    syncs_to_refuse = 1;
    CHECK(commit_one(*journal).error().code == Errc::no_space);
    journal.reset();
    check_whole(*opened(options));
}

TEST_CASE("write-ahead logs: what was written without a sync is synced by itself before others") {
    TempFolder folder;
    auto journal = opened(options_in(folder.path(), "store1"));
    REQUIRE(commit_one(*journal));
    const auto syncs_of = [&](const auto& write) {
        const int before = syncs;
        REQUIRE(write());
        return syncs - before;
    };
    const auto unsynced = [&] {
        core::JournalWrite write;
        write.state = {{"position", "1"}};
        return journal->commit(write, false);
    };
    const auto in_two_steps = [&] {
        core::JournalWrite write;
        write.state = {{"two", "steps"}};
        const auto begun = journal->begin([write] { return write; }, 100);
        return begun ? journal->finish() : begun;
    };
    CHECK(syncs_of([&] { return commit_one(*journal); }) == 1);
    CHECK(syncs_of(unsynced) == 0);
    CHECK(syncs_of([&] { return commit_one(*journal); }) == 2);
    CHECK(syncs_of([&] { return commit_one(*journal); }) == 1);
    CHECK(syncs_of(unsynced) == 0);
    CHECK(syncs_of(in_two_steps) == 2);
    CHECK(syncs_of(in_two_steps) == 1);

    // Where that one fails, nothing of the write is there.
    REQUIRE(unsynced());
    const auto end = journal->end(kStore);
    syncs_to_refuse = 1;
    CHECK(commit_one(*journal).error().code == Errc::no_space);
    CHECK(syncs_to_refuse == 0);
    CHECK(journal->end(kStore) == end);
    REQUIRE(commit_one(*journal));
    check_whole(*journal);
    CHECK(**journal->get("position") == "1");
    REQUIRE(unsynced());
    syncs_to_refuse = 1;
    CHECK(in_two_steps().error().code == Errc::no_space);
    REQUIRE(commit_one(*journal));
    check_whole(*journal);
}

}  // namespace
}  // namespace filial::test
