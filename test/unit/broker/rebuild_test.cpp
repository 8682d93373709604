// A broker that keeps events for a time meets damage: what of the trimmed logs stays, what comes
// again from the stores, and what is said meanwhile.
#include "broker/rebuild.h"

#include <doctest/doctest.h>
#include <rocksdb/db.h>

#include "core/journal/journal_repair.h"
#include "core/journal/journal_store.h"
#include "core/journal/log_base.h"
#include "core/journal/log_layout.h"
#include "core/journal/log_rebuild.h"
#include "core/journal/store_logs.h"
#include "core/log.h"
#include "schema/names.h"
#include "test/support/temp_folder.h"
#include "test/unit/broker/log_maker.h"

namespace filial::broker {
namespace {

using core::RocksJournal;
using schema::Errc;
using schema::Sequence;
using schema::StoreId;

const StoreId kTrimmedLog{"store1"};
constexpr std::uint64_t kEvents = 61;
constexpr std::uint64_t kTrimmedUpto = 40;

/// Gathers what is logged, as "text name=value...\n", while it lives.
class CapturedLog {
  public:
    CapturedLog() {
        text_.clear();
        core::log_to(
            [](core::Level, std::string_view text, std::initializer_list<core::Field> all) {
                text_ += text;
                for (const core::Field& field : all) {
                    text_ += " " + std::string(field.name) + "=" + field.value;
                }
                text_ += "\n";
            });
    }
    ~CapturedLog() { core::log_to(nullptr); }
    static const std::string& text() { return text_; }

  private:
    inline static std::string text_;
};

/// A broker's folder with a log of which the first 40 events are trimmed, but for `control`.
struct KeptLog {
    test::TempFolder folder{};
    core::ManualClock clock{};
    LogMaker log{"store1"};
    std::map<std::string, schema::Chunk> bases{};

    KeptLog() {
        for (int i = 0; i < 20; ++i) {
            log.sell(2);
            log.add("control", "app.event", "told");
        }
        REQUIRE(log.size() == kEvents);
        const auto journal = opened();
        bring(*journal, 0);
        // In more than one step, so that a base is made of an earlier one.
        for (int step = 0; step < 100; ++step) {
            core::JournalWrite write;
            for (const std::string topic : {"stock", "debts"}) {
                const auto done = core::fold_step(
                    *journal, kTrimmedLog, topic,
                    {Sequence{kTrimmedUpto}, schema::Timestamp{INT64_MAX}, {}, 4, 1 << 20}, write);
                REQUIRE_MESSAGE(done, done.error().message);
            }
            if (write.empty()) break;
            REQUIRE(journal->commit(write, true));
        }
        for (const std::string topic : {"stock", "debts"}) bases[topic] = base(*journal, topic);
        CHECK(kept_after(*journal, "stock") == 39);
        CHECK(kept_after(*journal, "debts") == 38);
    }

    core::JournalOptions options() const {
        core::JournalOptions made;
        made.dir = folder / "broker";
        return made;
    }
    std::unique_ptr<RocksJournal> opened() const {
        auto journal = RocksJournal::open(options());
        REQUIRE_MESSAGE(journal, journal.error().message);
        return std::move(*journal);
    }
    /// The store sends what is not held.
    void bring(RocksJournal& journal, std::uint64_t from) {
        core::StoreLogs logs(journal, clock);
        for (std::uint64_t at = from; at < kEvents;) {
            const std::uint64_t to = std::min(at + 3, kEvents);
            const auto staged = logs.stage(log.range(at, to));
            REQUIRE_MESSAGE(staged, staged.error().message);
            REQUIRE(logs.commit({}));
            at = to;
        }
    }
    static schema::Chunk base(const core::Journal& journal, const std::string& topic) {
        schema::SnapshotAsk ask;
        ask.store = kTrimmedLog;
        ask.topic = topic;
        const auto chunk = core::base_piece(journal, ask, 1 << 20);
        REQUIRE(chunk);
        return *chunk;
    }
    static std::uint64_t kept_after(const core::Journal& journal, const std::string& topic) {
        return journal.head(kTrimmedLog)->find(topic)->kept_after.value();
    }
    /// Of the closed journal.
    void erase_commit(const std::string& topic, std::uint64_t upto) const {
        const auto database =
            core::RocksDatabase::open(options().dir / "db", {"log", "heads", "state"},
                                      {8 << 20, 4 << 20}, core::RocksDatabase::Mode::write);
        REQUIRE(database);
        const auto key = core::log_key(core::topic_prefix(kTrimmedLog, topic), Sequence{upto});
        auto* commits = database->column(core::kLogColumn);
        std::string value;
        REQUIRE(database->db().Get({}, commits, key, &value).ok());
        REQUIRE(database->db().Delete({}, commits, key).ok());
    }
    /// Gives what it logged.
    std::string rebuild() const {
        CapturedLog said;
        const auto damaged = core::JournalRepair::open(options());
        REQUIRE_MESSAGE(damaged, damaged.error().message);
        const auto done = rebuild_journal(**damaged, "a test", [] { return false; });
        REQUIRE_MESSAGE(done, done.error().message);
        return CapturedLog::text();
    }
    /// Bases, what is kept and what is refused are as before any damage; `end`: of the log.
    void is_as_before(const core::Journal& journal, std::uint64_t end) const {
        CHECK(journal.end(kTrimmedLog).value() == end);
        for (const std::string topic : {"stock", "debts"}) {
            CAPTURE(topic);
            CHECK(base(journal, topic) == bases.at(topic));
            CHECK(Sequence{kept_after(journal, topic)} == bases.at(topic).info.upto);
        }
        const auto below = journal.read({kTrimmedLog, {"*"}, Sequence{0}, 1 << 20});
        REQUIRE_FALSE(below);
        CHECK(below.error().code == Errc::snapshot_needed);
        const auto above = journal.read({kTrimmedLog, {"*"}, Sequence{kTrimmedUpto}, 1 << 20});
        REQUIRE_MESSAGE(above, above.error().message);
        const auto found = schema::events_in_order(above->segments);
        const auto sent = schema::events_in_order(log.range(kTrimmedUpto, end).segments);
        REQUIRE(sent);
        REQUIRE(found);
        CHECK(*found == *sent);
        const auto control = journal.read({kTrimmedLog, {"control"}, Sequence{0}, 1 << 20});
        REQUIRE(control);
        CHECK(control->segments.at(0).rows.size() == 1 + (end - 1) / 3);
        const auto head = journal.head(kTrimmedLog);
        std::uint64_t events = 0;
        for (const core::TopicHead& topic : head->topics) events += topic.events;
        CHECK(events == end);
        const auto then = journal.head_at(kTrimmedLog, Sequence{45});
        REQUIRE(then);
        CHECK(then->find("stock")->chain != schema::Hash{});
    }
    /// Nothing of the trimmed log could stay: the store's own log, from its beginning, makes it
    /// whole.
    void comes_from_its_store() {
        const auto journal = opened();
        const std::uint64_t held = journal->end(kTrimmedLog).value();
        CHECK(held < kTrimmedUpto);
        CHECK(base(*journal, "stock").info.upto.value() == 0);
        bring(*journal, held);
        const auto all = journal->read({kTrimmedLog, {"*"}, Sequence{0}, 1 << 20});
        REQUIRE_MESSAGE(all, all.error().message);
        const auto sent = schema::events_in_order(log.range(0, kEvents).segments);
        REQUIRE(sent);
        const auto found = schema::events_in_order(all->segments);
        REQUIRE(found);
        CHECK(*found == *sent);
        core::JournalWrite write;
        const auto trims = core::fold_step(
            *journal, kTrimmedLog, "stock",
            {Sequence{kTrimmedUpto}, schema::Timestamp{INT64_MAX}, {}, 4, 1 << 20}, write);
        REQUIRE_MESSAGE(trims, trims.error().message);
        CHECK(*trims > 0);
    }
};

bool says(const std::string& text, const std::string& what) {
    return text.find(what) != std::string::npos;
}

}  // namespace

TEST_CASE("rebuild: damage above what was trimmed costs a broker neither base nor trimmed log") {
    KeptLog kept;
    kept.erase_commit("stock", 57);
    const auto said = kept.rebuild();
    CHECK(says(said, "whole_upto=54"));
    CHECK(says(said, "ended=61"));
    const auto journal = kept.opened();
    kept.is_as_before(*journal, 54);
    kept.bring(*journal, 54);
    kept.is_as_before(*journal, kEvents);
}

TEST_CASE("rebuild: it is begun again where it was interrupted, at any place") {
    for (int commits = 0; commits < 20; ++commits) {
        CAPTURE(commits);
        KeptLog kept;
        kept.erase_commit("stock", 57);
        {
            const auto damaged = core::JournalRepair::open(kept.options());
            REQUIRE(damaged);
            std::vector<std::string> why;
            auto bases = core::whole_bases((*damaged)->rescued(), true, why);
            core::LogRebuild log(**damaged, kTrimmedLog);
            const auto trimmed = log.trimmed(bases.at(kTrimmedLog));
            REQUIRE_MESSAGE(trimmed, trimmed.error().message);
            for (int step = 0; step < commits; ++step) log.salvage(1);
            REQUIRE(log.commit());
        }
        kept.rebuild();
        kept.is_as_before(*kept.opened(), 54);
    }
}

TEST_CASE("rebuild: a base that lacks a row is used for nothing, and its log comes again whole") {
    KeptLog kept;
    const auto rows = schema::decode_rows(kept.bases.at("stock").rows);
    REQUIRE(rows);
    const auto row = schema::key_of(rows->at(rows->size() / 2));
    {
        core::JournalWrite write;
        write.state.emplace_back("baserow\nstore1\nstock\n" + row, std::nullopt);
        REQUIRE(kept.opened()->commit(write, true));
    }
    kept.erase_commit("stock", 57);
    const auto said = kept.rebuild();
    CHECK(says(said, "stock up to event 39"));
    kept.comes_from_its_store();
}

TEST_CASE("rebuild: damage below the end of a base is said by position, and the log comes again") {
    KeptLog kept;
    kept.erase_commit("control", 24);
    const auto said = kept.rebuild();
    CHECK(says(said, "trimmed_upto=39"));
    kept.comes_from_its_store();
}

}  // namespace filial::broker
