// A topic of a log that goes on from what its earlier events came to.
#include "test/unit/subscriber/snapshot_support.h"

namespace filial::subscriber::snapshot_test {

namespace {

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

TEST_CASE("snapshot: why, flags and findings say from which event on they know single ones") {
    const TestLog log = mixed_log(3, 90);
    const Kept kept(log, log.size() / 2);
    Folder folder;
    const auto replica = open_replica(holding(folder, {}));
    finish(kept, *replica);
    const core::ManualClock clock;
    const Asked asked{clock, *replica, {}};
    const auto said = [&](schema::QueryKind kind, const std::string& topic,
                          const std::string& key) {
        schema::Query query;
        query.kind = kind;
        query.topic = topic;
        query.key = key;
        std::map<std::string, std::string> after;
        for (const auto& row : asked.pages(query)) {
            const std::string seq = field(row, "known_after");
            if (seq != "(none)") CHECK(after.emplace(field(row, "topic"), seq).second);
        }
        return after;
    };
    const auto trimmed = [&](const std::string& topic) {
        return std::to_string(kept.journal.head(kStore)->find(topic)->kept_after.value());
    };
    using Said = std::map<std::string, std::string>;
    CHECK(said(schema::QueryKind::why, "stock", "k1") == Said{{"stock", trimmed("stock")}});
    CHECK(said(schema::QueryKind::why, "control", "k1").empty());
    CHECK(said(schema::QueryKind::flagged, "", "") ==
          Said{{"debts", trimmed("debts")}, {"stock", trimmed("stock")}});
    CHECK(said(schema::QueryKind::findings, "", "").at("names") == trimmed("names"));
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
    const TestLog log = mixed_log(7, 28);
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
        if (writes % 8 == 0) look(*replica);
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

TEST_CASE("snapshot: a new epoch goes on behind it, and one that goes on elsewhere is seen") {
    for (const bool fork : {false, true}) {
        for (const std::uint64_t kept_events : {0, 20}) {
            CAPTURE(fork);
            CAPTURE(kept_events);
            TestLog log = mixed_log(4, 60);
            const Kept kept(log, log.size() - kept_events);
            Folder folder;
            const auto replica = open_replica(holding(folder, {}));
            finish(kept, *replica);
            const Sequence base = replica->kept_after(kStore, "stock");
            CHECK(base.value() > 0);
            schema::LogOpened opened;
            opened.epoch = log.epoch = schema::Epoch{2};
            opened.continues_from = Sequence{log.size()};
            const auto head = kept.journal.head(kStore);
            for (const core::TopicHead& topic : head->topics) {
                opened.chains.emplace_back(topic.topic, topic.chain);
                if (fork && topic.topic == "stock") opened.chains.back().second[0] ^= 1;
            }
            const std::uint64_t before = log.size();
            log.add("control", schema::kLogOpened, "store2", schema::encode(opened));
            log.move("k1", 5);
            const auto taken = replica->take(log.range(before, log.size()));
            CHECK(taken.has_value() != fork);
            REQUIRE(replica->flush());
            CHECK(replica->position(kStore, "stock").value() == (fork ? 0 : log.size()));
            CHECK(replica->kept_after(kStore, "stock") == (fork ? Sequence{} : base));
            if (fork) continue;
            CHECK(replica->epoch(kStore) == schema::Epoch{2});
            look(*replica);
        }
    }
}

TEST_CASE("snapshot: what a later version has written of one is not read as ours") {
    schema::Parser parser;
    schema::Writer shelved, info;
    shelved.array(8).u64(2).u64(1).u64(7).u64(2).bin(Bytes(32, 'c')).bin("k").u64(1).boolean(true);
    CHECK(decode_shelved(parser, shelved.take()).error().code == Errc::schema_too_new);
    info.array(5).u64(2).u64(1).u64(7).u64(2).bin(Bytes(32, 'c'));
    CHECK(core::decode_base_info(parser, info.take()).error().code == Errc::schema_too_new);
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
    REQUIRE(replica->reload(kStore, {}));
    CHECK(replica->position(kStore, "stock") == Sequence{0});
    CHECK(replica->kept_after(kStore, "stock") == Sequence{0});
    CHECK_FALSE(held_base(replica->kept(), kStore, "stock")->has_value());
    CHECK(stock_of(*replica, other, "k1") == 7);
    finish(kept, *replica);
    Rows rows = rows_of(*replica);
    for (const auto& [key, value] : replayed(log)) CHECK(rows[key] == value);
    look(*replica);
}

}  // namespace filial::subscriber::snapshot_test
