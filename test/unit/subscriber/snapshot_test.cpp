// A topic of a log that goes on from what its earlier events came to.
#include "subscriber/snapshot_shelf.h"

#include <doctest/doctest.h>

#include <random>

#include "core/journal/log_base.h"
#include "schema/snapshot.h"
#include "test/support/memory_journal.h"
#include "test/unit/subscriber/parked_support.h"

using namespace filial;
using namespace filial::subscriber;
using schema::Bytes;
using schema::Chunk;
using schema::Errc;
using schema::Sequence;
using schema::StoreId;

namespace snapshot_test {
namespace {

const StoreId kStore{"store2"};
const std::vector<std::string> kFolded{"stock", "debts", "names"};

/// Everything that a topic may hold: moves, limits, values, kinds that nobody knows, a document
/// that was paid twice; `seed` draws them.
TestLog mixed_log(std::uint32_t seed, int rounds) {
    std::mt19937 random(seed);
    TestLog log("store2");
    log.open_epoch(1);
    for (int i = 0; i < rounds; ++i) {
        const std::string key = "k" + std::to_string(random() % 9);
        log.move(key, static_cast<std::int64_t>(random() % 2'000) - 1'000);
        switch (random() % 8) {
            case 0:
                log.limit(key, static_cast<std::int64_t>(random() % 1'000));
                break;
            case 1:
                log.customer(key, "store2", "country " + std::to_string(i), i);
                break;
            case 2:
                log.transfer(schema::kTransferSent, key + std::to_string(i), "store7", "sku", 10);
                break;
            case 3:
                log.add("names", random() % 3 == 0 ? schema::kAppEvent : schema::kAppValue, key,
                        std::to_string(i), i);
                break;
            case 4:
                if (random() % 4 == 0) log.add("stock", "stock.counted", key, "?");
                break;
            case 5:
                if (random() % 3 == 0) {
                    log.add("debts", schema::kDebtMoved, key,
                            schema::encode(schema::DebtMoved{schema::Money{-300}, "payment",
                                                             "doc" + std::to_string(i),
                                                             schema::kFlagPaidTwice}));
                }
                break;
            default:
                log.debt(key, static_cast<std::int64_t>(random() % 5'000));
        }
    }
    return log;
}

/// A broker that has this log, and keeps of it what is above `trimmed`.
struct Kept {
    test::MemoryJournal journal{};
    const TestLog& log;

    Kept(const TestLog& of, std::uint64_t trimmed) : log(of) {
        std::map<std::string, schema::Hash> heads;
        for (std::uint64_t at = 0; at < log.size(); at += 5) {
            core::Append append;
            append.store = kStore;
            append.after = Sequence{at};
            append.upto = Sequence{std::min(at + 5, log.size())};
            schema::Range range = log.range(at, append.upto.value());
            append.epoch = range.epoch;
            append.at = schema::Timestamp{static_cast<std::int64_t>(at) + 1};
            for (schema::Segment& segment : range.segments) {
                const auto chain = schema::chain_after(kStore, segment, heads[segment.topic]);
                REQUIRE(chain);
                heads[segment.topic] = *chain;
                segment.chain = Bytes(schema::view(*chain));
                append.segments.push_back(std::move(segment));
            }
            core::JournalWrite write;
            write.appends.push_back(std::move(append));
            REQUIRE(journal.commit(write, true));
        }
        trim(trimmed);
    }
    void trim(std::uint64_t upto) {
        for (const std::string& topic : kFolded) {
            for (;;) {
                core::JournalWrite write;
                const auto found = core::fold_step(
                    journal, kStore, topic,
                    {Sequence{upto}, schema::Timestamp{INT64_MAX}, 7, 1 << 20}, write);
                REQUIRE_MESSAGE(found, found.error().message);
                if (*found == 0) break;
                REQUIRE(journal.commit(write, true));
            }
        }
    }
    Chunk piece(const Replica& replica, const std::string& topic, std::size_t most = 60) const {
        schema::SnapshotAsk ask;
        ask.store = kStore;
        ask.topic = topic;
        if (const Shelved* coming = replica.coming(kStore, topic)) {
            ask.upto = coming->info.upto;
            ask.after = coming->after;
        }
        const auto chunk = core::base_piece(journal, ask, most);
        REQUIRE_MESSAGE(chunk, chunk.error().message);
        return *chunk;
    }
};

using Rows = std::map<Bytes, Bytes>;

/// As state_of, without when something was parked.
Rows rows_of(const Replica& replica) {
    Rows rows;
    schema::Parser parser;
    for (auto& [key, value] : state_of(replica)) {
        Bytes& row = rows[key] = value;
        if (key[0] == 'x') {
            auto event = decode_parked_event(parser, value);
            REQUIRE(event);
            event->since = {};
            row = encode(*event);
        }
        if (key[0] == 'u') {
            auto state = decode_parked_state(parser, value);
            REQUIRE(state);
            state->since = {};
            row = encode(*state);
        }
    }
    return rows;
}

/// What one step of catching up needs; false when nothing is left to do.
using Step = std::function<schema::Result<bool>(Replica&)>;

/// Takes the log as a subscriber does: `control` and customers from their beginning, the folded
/// topics from the snapshot where they are behind it, and then the log.
schema::Result<bool> catch_up(const Kept& kept, Replica& replica) {
    const TestLog& log = kept.log;
    for (const std::string topic : {"control", "customers"}) {
        const Sequence at = replica.position(kStore, topic);
        if (at.value() == log.size()) continue;
        const std::uint64_t upto = std::min(at.value() + 40, log.size());
        const auto taken = replica.take(log.range(at.value(), upto, {topic}));
        if (!taken) return tl::unexpected(taken.error());
        const auto flushed = replica.flush();
        if (!flushed) return tl::unexpected(flushed.error());
        return true;
    }
    const auto head = kept.journal.head(kStore);
    for (const std::string& topic : kFolded) {
        const Sequence at = replica.position(kStore, topic);
        if (at < head->find(topic)->kept_after) {
            const Shelved* coming = replica.coming(kStore, topic);
            if (coming != nullptr && coming->whole) {
                const auto done = replica.switch_to_snapshot(kStore, topic);
                if (!done) return tl::unexpected(done.error());
                CHECK(*done);
                return true;
            }
            const auto added = replica.add_piece(kept.piece(replica, topic));
            if (!added) return tl::unexpected(added.error());
            CHECK(*added);
            const auto flushed = replica.flush();
            if (!flushed) return tl::unexpected(flushed.error());
            return true;
        }
        if (at.value() == log.size()) continue;
        const auto range = kept.journal.read({kStore, {topic}, at, 400});
        REQUIRE_MESSAGE(range, range.error().message);
        const auto taken = replica.take(*range);
        if (!taken) return tl::unexpected(taken.error());
        const auto flushed = replica.flush();
        if (!flushed) return tl::unexpected(flushed.error());
        return true;
    }
    return false;
}

void finish(const Kept& kept, Replica& replica) {
    for (int steps = 0;; ++steps) {
        REQUIRE(steps < 10'000);
        const auto more = catch_up(kept, replica);
        REQUIRE_MESSAGE(more, more.error().message);
        if (!*more) return;
    }
}

void look(Replica& replica) {
    for (;;) {
        const auto ended = replica.scrub(700);
        REQUIRE_MESSAGE(ended, ended.error().message);
        if (*ended) break;
    }
    const auto& damages = replica.damages();
    INFO(core::to_string(damages));
    CHECK(damages.empty());
    check_sums(replica);
}

Rows replayed(const TestLog& log) {
    Folder folder;
    const auto replica = open_replica(holding(folder, {}));
    take(*replica, log.all());
    return rows_of(*replica);
}

/// A store whose process ends at its nth write: nothing of that one is made.
class CutStore : public ReplicaStore {
  public:
    CutStore(std::unique_ptr<ReplicaStore> inner, int writes)
        : inner_(std::move(inner)), left_(writes) {}
    schema::Result<std::optional<Bytes>> get(schema::ByteView key) const override {
        return inner_->get(key);
    }
    schema::Result<void> scan(schema::ByteView prefix, schema::ByteView above,
                              const Visit& each) const override {
        return inner_->scan(prefix, above, each);
    }
    schema::Result<void> scan_received(schema::ByteView prefix, schema::ByteView from,
                                       const Visit& each) const override {
        return inner_->scan_received(prefix, from, each);
    }
    std::unique_ptr<ReplicaWrite> begin() const override { return inner_->begin(); }
    schema::Result<void> write(ReplicaWrite& write, bool sync) override {
        if (left_-- <= 0) return schema::fail(Errc::io, "killed");
        return inner_->write(write, sync);
    }
    bool was_cut() const { return left_ < 0; }

  private:
    std::unique_ptr<ReplicaStore> inner_;
    int left_;
};

}  // namespace

TEST_CASE("snapshot: what a replica is after it, and the log behind it, is what a replay makes") {
    for (std::uint32_t seed = 1; seed <= 12; ++seed) {
        CAPTURE(seed);
        const TestLog log = mixed_log(seed, 90);
        const std::uint64_t trimmed = seed % 4 == 0 ? log.size() : log.size() * (seed % 4) / 4;
        const Kept kept(log, trimmed);
        Folder folder;
        const auto replica = open_replica(holding(folder, {}));
        finish(kept, *replica);
        CHECK(rows_of(*replica) == replayed(log));
        CHECK(replica->kept_after(kStore, "stock") ==
              kept.journal.head(kStore)->find("stock")->kept_after);
        look(*replica);
        // The chain goes on from the snapshot's, to the log's own head.
        const auto digest = replica->digests().find({kStore, "stock"});
        REQUIRE(digest != replica->digests().end());
        CHECK(digest->second.chain == kept.journal.head(kStore)->find("stock")->chain);
        CHECK(digest->second.events == kept.journal.head(kStore)->find("stock")->events);
        const auto before = replica->chain_at(kStore, "stock", Sequence{1});
        REQUIRE(before);
        CHECK_FALSE(before->has_value());
    }
}

TEST_CASE("snapshot: one that comes on top of older state leaves nothing of it, parked keys too") {
    const TestLog log = mixed_log(5, 120);
    const Kept kept(log, log.size() * 3 / 4);
    Folder folder;
    auto replica = open_replica(holding(folder, {}));
    take(*replica, log.range(0, log.size() / 3));
    const std::size_t parked = replica->parked().size();
    finish(kept, *replica);
    CHECK(rows_of(*replica) == replayed(log));
    CHECK(replica->parked().size() > parked);
    const auto counted = replica->parked().size();
    look(*replica);
    replica.reset();
    replica = open_replica(holding(folder, {}));
    CHECK(replica->parked().size() == counted);
    CHECK(rows_of(*replica) == replayed(log));
    // A second one, of more: the first one's pieces go.
    TestLog longer = log;
    for (int i = 0; i < 200; ++i) longer.move("k" + std::to_string(i % 30), 5);
    const Kept later(longer, longer.size() - 10);
    finish(later, *replica);
    CHECK(rows_of(*replica) == replayed(longer));
    look(*replica);
    std::uint32_t pieces = 0;
    REQUIRE(replica->kept().scan("i", {}, [&](schema::ByteView, schema::ByteView) {
        ++pieces;
        return true;
    }));
    std::uint32_t named = 0;
    for (const std::string& topic : kFolded)
        named += held_base(replica->kept(), kStore, topic)->value().pieces;
    CHECK(pieces == named);
}

TEST_CASE("snapshot: a kill at any write leaves the old state or the new one, and it goes on") {
    const TestLog log = mixed_log(7, 40);
    const Kept kept(log, log.size() * 3 / 4);
    const Rows wanted = replayed(log);
    int writes = 0, went_on = 0;
    for (bool cut = true; cut; ++writes) {
        REQUIRE(writes < 1'000);
        CAPTURE(writes);
        Folder folder;
        const ReplicaOptions options = holding(folder, {});
        {
            const auto replica = open_replica(options);
            take(*replica, log.range(0, log.size() / 4));
        }
        Rows last;
        {
            auto inner = ReplicaStore::open(options.store);
            REQUIRE(inner);
            auto cut_store = std::make_unique<CutStore>(std::move(*inner), writes);
            const CutStore& watched = *cut_store;
            auto replica = Replica::open(std::move(cut_store), options);
            REQUIRE(replica);
            schema::Result<bool> more = true;
            while (more && *more) {
                last = rows_of(**replica);
                more = catch_up(kept, **replica);
            }
            cut = watched.was_cut();
            CHECK(more.has_value() == !cut);
        }
        const auto replica = open_replica(options);
        if (cut) CHECK(rows_of(*replica) == last);
        for (const std::string& topic : kFolded) {
            const Shelved* coming = replica->coming(kStore, topic);
            if (coming != nullptr && !coming->whole) ++went_on;  // Behind these pieces.
        }
        finish(kept, *replica);
        CHECK(rows_of(*replica) == wanted);
        look(*replica);
    }
    CHECK(writes > 25);
    CHECK(went_on > 5);
}

TEST_CASE(
    "snapshot: a piece out of place, a damaged one and one of nobody's topic change nothing") {
    const TestLog log = mixed_log(3, 60);
    const Kept kept(log, log.size() / 2);
    Folder folder;
    const auto replica = open_replica(replica_options(folder, "store9", {"stock"}, {"store2"}));
    const auto added = [&](const Chunk& chunk) {
        const auto done = replica->add_piece(chunk);
        return done && *done;
    };
    const Chunk first = kept.piece(*replica, "stock");
    CHECK_FALSE(added(kept.piece(*replica, "debts")));
    Chunk foreign = first;
    foreign.store = StoreId{"store3"};
    CHECK_FALSE(added(foreign));
    Chunk damaged = first;
    damaged.rows.back() = static_cast<char>(damaged.rows.back() ^ 1);
    CHECK(replica->add_piece(damaged).error().code == Errc::corrupt);
    CHECK(replica->coming(kStore, "stock") == nullptr);
    REQUIRE(added(first));
    CHECK_FALSE(added(first));
    const Chunk second = kept.piece(*replica, "stock");
    Chunk gap = second;
    gap.after += '\x7f';
    CHECK_FALSE(added(gap));
    // Of the same base, its rows again under the next piece's place.
    Chunk again = first;
    again.after = second.after;
    CHECK(replica->add_piece(again).error().code == Errc::corrupt);
    REQUIRE(added(second));
    // Nothing is switched to before it is whole, and before `control` is there.
    CHECK_FALSE(*replica->switch_to_snapshot(kStore, "stock"));
    while (!replica->coming(kStore, "stock")->whole) REQUIRE(added(kept.piece(*replica, "stock")));
    CHECK_FALSE(*replica->switch_to_snapshot(kStore, "stock"));
    take(*replica, log.all({"control"}));
    CHECK(*replica->switch_to_snapshot(kStore, "stock"));
    CHECK(replica->position(kStore, "stock") ==
          kept.journal.head(kStore)->find("stock")->kept_after);
}

TEST_CASE("snapshot: another base begins anew, and what came by itself meanwhile is not replaced") {
    const TestLog log = mixed_log(9, 90);
    Kept kept(log, log.size() / 3);
    Folder folder;
    const auto replica = open_replica(holding(folder, {}));
    take(*replica, log.all({"control", "customers"}));
    REQUIRE(*replica->add_piece(kept.piece(*replica, "stock")));
    const auto old = replica->coming(kStore, "stock")->info;
    kept.trim(log.size() / 2);
    const Chunk anew = kept.piece(*replica, "stock");
    CHECK(anew.after.empty());
    REQUIRE(*replica->add_piece(anew));
    CHECK(replica->coming(kStore, "stock")->info.upto > old.upto);
    CHECK(replica->coming(kStore, "stock")->pieces == 1);
    while (!replica->coming(kStore, "stock")->whole) {
        REQUIRE(*replica->add_piece(kept.piece(*replica, "stock")));
    }
    // A peer that has all of the log was faster.
    take(*replica, log.all({"stock", "debts", "names"}));
    CHECK(*replica->switch_to_snapshot(kStore, "stock"));
    CHECK(replica->coming(kStore, "stock") == nullptr);
    CHECK(replica->kept_after(kStore, "stock") == Sequence{0});
    CHECK(rows_of(*replica) == replayed(log));
}

TEST_CASE("snapshot: reloading one log drops its snapshots, and the others' stay") {
    const TestLog log = mixed_log(2, 50);
    const Kept kept(log, log.size() / 2);
    Folder folder;
    const auto replica = open_replica(holding(folder, {}));
    TestLog other("store3");
    other.move("k1", 7);
    take(*replica, other.all());
    finish(kept, *replica);
    REQUIRE(replica->reload(kStore));
    CHECK(replica->position(kStore, "stock") == Sequence{0});
    CHECK(replica->kept_after(kStore, "stock") == Sequence{0});
    CHECK_FALSE(held_base(replica->kept(), kStore, "stock")->has_value());
    CHECK(stock_of(*replica, other, "k1") == 7);
    finish(kept, *replica);
    Rows rows = rows_of(*replica);
    for (const auto& [key, value] : replayed(log)) CHECK(rows[key] == value);
    look(*replica);
}

}  // namespace snapshot_test
