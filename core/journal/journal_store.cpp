#include "core/journal/journal_store.h"

#include <rocksdb/db.h>

#include <utility>
#include <vector>

#include "core/clock.h"
#include "core/journal/folder.h"
#include "core/journal/log_head.h"
#include "core/log.h"

namespace filial::core {

using schema::Errc;
using schema::Error;
using schema::fail;
using schema::Result;

namespace {

/// Free space is asked for at most this often: commits come by the thousand a second.
constexpr std::int64_t kFreeSpaceKept = 50 * kMillisecond;

/// As in JournalColumn.
const std::vector<std::string> kColumns{"log", "heads", "state"};

/// Opening writes out what the log held in memory, and a manifest.
constexpr std::uint64_t kOpeningBytes = 1 << 20;

/// The keys that a batch writes.
struct KeysOf : rocksdb::WriteBatch::Handler {
    std::vector<std::pair<std::uint32_t, std::string>> found;  ///< Column family's number, key.

    rocksdb::Status PutCF(std::uint32_t column, const rocksdb::Slice& key,
                          const rocksdb::Slice&) override {
        found.emplace_back(column, key.ToString());
        return rocksdb::Status::OK();
    }
    rocksdb::Status DeleteCF(std::uint32_t column, const rocksdb::Slice& key) override {
        found.emplace_back(column, key.ToString());
        return rocksdb::Status::OK();
    }
};

/// The first log in which the two differ, for a person; empty if none does.
std::string difference(const LogHeads& ours, const LogHeads& found) {
    for (const auto& [store, head] : found) {
        const auto it = ours.find(store);
        const auto end = it == ours.end() ? 0 : it->second.end.value();
        if (it == ours.end() || encode(it->second) != encode(head)) {
            return store.value() + " ends at " + std::to_string(head.end.value()) + ", not at " +
                   std::to_string(end);
        }
    }
    if (found.size() == ours.size()) return {};
    return std::to_string(ours.size() - found.size()) + " logs are missing";
}

}  // namespace

bool JournalStore::exists(const Setup& setup) {
    return RocksDatabase::exists(setup.dir) &&
           RocksDatabase::complete(setup.dir, kColumns, setup.memory);
}

Result<JournalStore> JournalStore::open(Setup setup, RocksDatabase::Mode mode) {
    JournalStore store(std::move(setup));
    auto database =
        RocksDatabase::open(store.setup_.dir, kColumns, store.setup_.memory, mode, "state");
    if (!database) return tl::unexpected(database.error());
    store.database_ = std::move(*database);
    if (const auto ok = store.recover(); !ok) return tl::unexpected(ok.error());
    return store;
}

Result<void> JournalStore::recover() {
    schema::Parser parser;
    Recovered found;
    const std::unique_ptr<rocksdb::Iterator> at(
        db().NewIterator(rocksdb::ReadOptions(), column(kHeadsColumn)));
    for (at->SeekToFirst(); at->Valid(); at->Next()) {
        const auto key = at->key().ToString();
        if (key == kWitnessedKey) {
            found.witnessed = true;
            continue;
        }
        const schema::StoreId store{key};
        auto head = decode_log_head(parser, store, at->value().ToStringView());
        if (!head) return tl::unexpected(head.error());
        found.heads.emplace(store, std::move(*head));
    }
    if (!at->status().ok()) return tl::unexpected(from_status("heads of the logs", at->status()));
    recovered_ = std::move(found);
    return {};
}

tl::unexpected<Error> JournalStore::failed(Error error) {
    if (error.code == Errc::no_space) {
        reopen_first_ = true;
        free_asked_at_ = -1;
    } else {
        stopped_ = error;
        log(Level::error, "journal stopped",
            {{"dir", setup_.dir.string()}, {"why", error.message}});
    }
    return tl::unexpected(std::move(error));
}

Result<void> JournalStore::check_space(std::uint64_t bytes, std::uint64_t floor) {
    const std::uint64_t need = floor + bytes;
    const std::int64_t now = SystemClock().boot().value();
    const bool known = free_asked_at_ >= 0 && now - free_asked_at_ < kFreeSpaceKept;
    if (!known || free_ < need) {  // Whoever is refused is refused by the disk as it is.
        const auto free = free_bytes(setup_.dir);
        if (!free) return tl::unexpected(free.error());
        free_ = *free;
        free_asked_at_ = now;
    }
    if (free_ >= need) return {};
    return fail(Errc::no_space, setup_.dir.string() + ": need " + std::to_string(need) +
                                    " bytes free, there are " + std::to_string(free_));
}

Result<void> JournalStore::ready(std::size_t bytes, const LogHeads& heads, bool frees) {
    if (stopped_) return fail("journal stopped after", *stopped_);
    // Half of the reserve stays for tables that are compacted: only that gives the room back.
    const std::uint64_t floor = setup_.free_bytes_floor;
    const auto space = check_space(bytes, frees && !reopen_first_ ? floor / 2 : floor);
    if (!space) return space;
    if (!reopen_first_) return {};
    free_asked_at_ = -1;  // What was free before is used up, or there would have been no failure.
    const auto ok = check_space(bytes + kOpeningBytes + 2 * setup_.memory.memtable_bytes, floor);
    return ok ? reopen(heads) : ok;
}

Result<void> JournalStore::reopen(const LogHeads& heads) {
    database_.reset();
    auto again = open(setup_, RocksDatabase::Mode::write);
    if (!again && again.error().code == Errc::no_space) {
        // Still full. Reads go on meanwhile, from what is there.
        const Error full = again.error();
        again = open(setup_, RocksDatabase::Mode::read);
        if (again) {
            database_ = std::move(again->database_);
            // What cannot be taken back now must not be read either.
            const auto differs = difference(heads, again->recovered_.heads);
            if (differs.empty()) return tl::unexpected(full);
            return failed({Errc::io, setup_.dir.string() + ": a write that found no room to sync " +
                                         "can neither be kept nor taken back: " + differs});
        }
    }
    if (!again) {
        Error error = again.error();
        error.code = error.code == Errc::no_space ? Errc::io : error.code;  // Nothing to read from.
        return failed(std::move(error));
    }
    database_ = std::move(again->database_);
    if (auto ok = take_back(); !ok) return failed(std::move(ok.error()));
    if (auto ok = recover(); !ok) return failed(std::move(ok.error()));
    if (const auto differs = difference(heads, recovered_.heads); !differs.empty()) {
        return failed(
            {Errc::io, setup_.dir.string() + ": opened again after a full disk, and " + differs});
    }
    reopen_first_ = false;
    log(Level::info, "journal takes writes again", {{"dir", setup_.dir.string()}});
    return {};
}

Result<void> JournalStore::readable() const {
    if (database_) return {};
    schema::check(stopped_.has_value(), "only a stopped journal has no database");
    return fail("journal stopped after", *stopped_);
}

/// Notes what the keys of `batch`, which failed, were before: it has not come into the database,
/// which reads as it was.
void JournalStore::remember(const rocksdb::WriteBatch& batch) {
    KeysOf keys;
    schema::check(batch.Iterate(&keys).ok(), "a batch of puts and deletes can be read");
    before_.clear();
    for (const auto& [id, key] : keys.found) {
        for (const std::size_t at : {kLogColumn, kHeadsColumn, kStateColumn, kRedoColumn}) {
            rocksdb::ColumnFamilyHandle* handle = database_->column(at);
            if (handle->GetID() != id) continue;
            std::string value;
            const auto got = db().Get(rocksdb::ReadOptions(), handle, key, &value);
            if (!got.ok() && !got.IsNotFound()) {  // Then the heads will tell, and stop it.
                before_.clear();
                return;
            }
            before_.push_back({at, key, got.ok() ? std::optional(value) : std::nullopt});
        }
    }
}

Result<void> JournalStore::take_back() {
    if (before_.empty()) return {};
    rocksdb::WriteBatch batch;
    for (const Before& each : before_) {
        rocksdb::ColumnFamilyHandle* handle = database_->column(each.column);
        const auto put =
            each.value ? batch.Put(handle, each.key, *each.value) : batch.Delete(handle, each.key);
        if (!put.ok()) return tl::unexpected(from_status("take a write back", put));
    }
    rocksdb::WriteOptions options;
    options.sync = true;
    const auto status = db().Write(options, &batch);
    if (!status.ok()) return tl::unexpected(from_status("take a write back", status));
    before_.clear();
    return {};
}

Result<void> JournalStore::write(rocksdb::WriteBatch& batch, bool sync) {
    if (sync && unsynced_) {
        if (const auto synced = db().SyncWAL(); !synced.ok()) return wrote(synced, batch);
    }
    unsynced_ = !sync;
    rocksdb::WriteOptions options;
    options.sync = sync;
    return wrote(db().Write(options, &batch), batch);
}

void JournalStore::begin(WriteThread::Fill fill, WriteThread::Written written) {
    thread_->begin(db(), std::move(fill), std::move(written), std::exchange(unsynced_, false));
}

Result<void> JournalStore::end() {
    rocksdb::WriteBatch batch;
    const auto status = thread_->finish(batch);
    return status ? wrote(*status, batch) : tl::unexpected(status.error());
}

Result<void> JournalStore::wrote(const rocksdb::Status& status, const rocksdb::WriteBatch& batch) {
    if (status.ok()) return {};
    if (status.IsNoSpace()) remember(batch);
    return failed(from_status("write to " + setup_.dir.string(), status));
}

Result<void> JournalStore::settle() {
    if (stopped_) return fail("journal stopped after", *stopped_);
    std::vector<rocksdb::ColumnFamilyHandle*> columns;
    for (const JournalColumn each : {kLogColumn, kHeadsColumn, kStateColumn, kRedoColumn}) {
        columns.push_back(column(each));
    }
    const rocksdb::Status status = db().Flush(rocksdb::FlushOptions(), columns);
    if (status.ok()) return {};
    return failed(from_status("write tables of " + setup_.dir.string(), status));
}

Result<void> JournalStore::sync() {
    if (stopped_) return fail("journal stopped after", *stopped_);
    unsynced_ = false;
    const rocksdb::Status status = db().SyncWAL();
    if (status.ok()) return {};
    return failed(from_status("sync " + setup_.dir.string(), status));
}

}  // namespace filial::core
