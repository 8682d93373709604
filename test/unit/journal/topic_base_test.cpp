// What events of a topic come to that are not kept any more.
#include "core/journal/topic_base.h"

#include <doctest/doctest.h>

#include <limits>
#include <optional>

#include "core/journal/log_base.h"
#include "schema/payloads.h"
#include "test/unit/journal/journal_support.h"

using namespace filial;
using namespace filial::test;
using schema::BaseRow;
using schema::Bytes;
using schema::Errc;
using schema::Sequence;
using Kind = schema::BaseRow::Kind;

namespace {

const schema::StoreId kLogOfBase{"store1"};

schema::Event event_of(std::string_view kind, const std::string& key, Bytes payload,
                       std::uint32_t version = 1) {
    schema::Event event;
    event.kind = kind;
    event.key = key;
    event.version = version;
    event.payload = std::move(payload);
    return event;
}

schema::Event sale(const std::string& key, std::int64_t delta) {
    return event_of(schema::kStockMoved, key,
                    encode(schema::StockMoved{schema::Quantity{delta}, "sale", "", 0, {}}));
}

schema::Event owed(const std::string& key, std::int64_t delta, std::uint64_t flags = 0) {
    return event_of(schema::kDebtMoved, key,
                    encode(schema::DebtMoved{schema::Money{delta}, "charge", "", flags}));
}

/// A base in memory, and the topic's log behind it.
struct Base {
    std::string topic;
    std::map<Bytes, Bytes> rows{};
    std::uint64_t seq = 0;

    void add(const std::vector<schema::Event>& events, std::uint32_t epoch = 1) {
        schema::Segment segment;
        segment.topic = topic;
        segment.epoch = schema::Epoch{epoch};
        for (const schema::Event& event : events) {
            segment.add(Sequence{++seq}, event.client, encode_row(event));
        }
        core::TopicBase base(topic, [&](schema::ByteView key) {
            const auto found = rows.find(Bytes(key));
            const bool none = found == rows.end();
            return schema::Result<std::optional<Bytes>>(none ? std::nullopt
                                                             : std::optional(found->second));
        });
        REQUIRE(base.add(segment));
        for (const auto& [key, value] : base.changes()) rows[key] = value;
    }
    std::vector<BaseRow> of(Kind kind) const {
        schema::Parser parser;
        std::vector<BaseRow> found;
        for (const auto& [key, value] : rows) {
            const auto row = decode_base_row(parser, key, value);
            REQUIRE(row);
            if (row->kind == kind) found.push_back(*row);
        }
        return found;
    }
};

}  // namespace

TEST_CASE("base: moves become one sum a key and epoch, over any number of steps") {
    Base base{"stock"};
    base.add({sale("a", 5), sale("b", -2), sale("a", -7)});
    base.add({sale("a", 1)});
    base.add({sale("a", 10)}, 2);
    const auto sums = base.of(Kind::sum);
    REQUIRE(sums.size() == 3);
    CHECK(base.rows.size() == 3);
    CHECK(sums[0].key == "a");
    CHECK(sums[0].sum == -1);
    CHECK(sums[0].events == 3);
    CHECK(sums[1].key == "b");
    CHECK(sums[2].epoch == schema::Epoch{2});
    CHECK(sums[2].sum == 10);
}

TEST_CASE("base: the newest limit and value of a key stays, an event of an application goes") {
    Base debts{"debts"};
    const auto limit = [](std::int64_t cents) {
        return event_of(schema::kLimitSet, "ann",
                        encode(schema::LimitSet{schema::Money{cents}, ""}));
    };
    debts.add({limit(1), owed("ann", 30), limit(2)});
    debts.add({limit(3)});
    const auto newest = debts.of(Kind::newest);
    REQUIRE(newest.size() == 1);
    CHECK(newest[0].seq == Sequence{4});
    CHECK(newest[0].row == encode_row(limit(3)));
    CHECK(debts.of(Kind::sum).size() == 1);

    Base names{"names"};
    names.add({event_of(schema::kAppValue, "k", "one"), event_of(schema::kAppEvent, "k", "noise"),
               event_of(schema::kAppValue, "k", "two"), event_of(schema::kAppValue, "l", "three")});
    CHECK(names.rows.size() == 2);
    CHECK(names.of(Kind::newest)[0].row == encode_row(event_of(schema::kAppValue, "k", "two")));
}

TEST_CASE("base: what is not known here stays as it was, and what follows of its key with it") {
    Base base{"stock"};
    base.add({sale("a", 5), event_of("stock.counted", "a", "?"), sale("a", 7), sale("b", 1)});
    base.add({sale("a", 9), event_of(schema::kStockMoved, "c", encode(schema::StockMoved{}), 2),
              sale("c", 1), event_of(schema::kStockMoved, "d", "damaged"), sale("b", 1)});
    CHECK(base.of(Kind::held).size() == 3);
    const auto events = base.of(Kind::event);
    REQUIRE(events.size() == 6);
    CHECK(events[0].seq == Sequence{2});
    CHECK(events[1].seq == Sequence{3});
    CHECK(events[2].seq == Sequence{5});
    const auto sums = base.of(Kind::sum);
    REQUIRE(sums.size() == 2);
    CHECK(sums[0].sum == 5);
    CHECK(sums[1].sum == 2);
}

TEST_CASE(
    "base: a document that was paid twice stays as it was, its customer's later moves do not") {
    Base base{"debts"};
    base.add({owed("ann", -500, schema::kFlagPaidTwice), owed("ann", 20)});
    CHECK(base.of(Kind::event).size() == 1);
    CHECK(base.of(Kind::held).empty());
    REQUIRE(base.of(Kind::sum).size() == 1);
    CHECK(base.of(Kind::sum)[0].sum == 20);
}

TEST_CASE("base: an event that takes a key past 64 bits over several epochs stays as it was") {
    constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
    Base base{"stock"};
    base.add({sale("a", kMost - 5), sale("b", 1)}, 1);
    base.add({sale("a", 5), sale("a", -3), sale("b", 2)}, 4);
    base.add({sale("a", 4), sale("a", -1), sale("b", 4)}, 5);
    // As a replica has it that heard each event: the first one of epoch 5 parks the key.
    std::int64_t sum = 0;
    for (const BaseRow& row : base.of(Kind::sum)) sum += row.key == "a" ? row.sum : 0;
    CHECK(sum == kMost - 3);
    const auto events = base.of(Kind::event);
    REQUIRE(events.size() == 2);
    CHECK(events[0].seq == Sequence{6});
    CHECK(events[0].epoch == schema::Epoch{5});
    REQUIRE(base.of(Kind::held).size() == 1);
    CHECK(base.of(Kind::held)[0].key == "a");
}

TEST_CASE("base: a sum never wraps") {
    Base base{"stock"};
    const std::int64_t most = std::numeric_limits<std::int64_t>::max();
    base.add({sale("a", most), sale("a", 1), sale("a", -5)});
    CHECK(base.of(Kind::sum)[0].sum == most);
    CHECK(base.of(Kind::event).size() == 2);
}

TEST_CASE("base: it is folded with its log's trim, by age and not beyond a place that is held") {
    const TempFolder folder;
    const auto journal = opened(options_in(folder / "j"));
    const auto commit = [&](std::int64_t at, const std::string& key) {
        core::JournalWrite write;
        write.appends.push_back(append_after(journal->end(kLogOfBase),
                                             {{"stock", encode_row(sale(key, 1))},
                                              {"control", encode_row(event_of("x", "k", ""))}}));
        write.appends[0].at = schema::Timestamp{at};
        REQUIRE(journal->commit(write, true));
    };
    for (int day = 1; day <= 10; ++day) commit(day, "sku" + std::to_string(day % 3));
    const auto step = [&](std::int64_t before, std::uint64_t upto, std::size_t rows) {
        core::JournalWrite write;
        const auto found =
            core::fold_step(*journal, kLogOfBase, "stock",
                            {Sequence{upto}, schema::Timestamp{before}, {}, rows, 1 << 20}, write);
        REQUIRE_MESSAGE(found, found.error().message);
        if (*found > 0) REQUIRE(journal->commit(write, true));
        return *found;
    };
    CHECK(step(1, 100, 100) == 0);
    CHECK(step(6, 100, 2) == 2);
    CHECK(step(6, 100, 100) == 3);  // Days 3 to 5.
    CHECK(step(6, 100, 100) == 0);
    CHECK(journal->head(kLogOfBase)->find("stock")->kept_after == Sequence{9});
    CHECK(step(11, 13, 100) == 2);  // Somebody stands at 13.
    CHECK(step(11, 13, 100) == 0);
    core::JournalWrite control;
    CHECK(*core::fold_step(*journal, kLogOfBase, "control",
                           {Sequence{100}, schema::Timestamp{99}, {}, 9, 1 << 20}, control) == 0);
    const auto info = core::base_of(*journal, kLogOfBase, "stock");
    REQUIRE(info);
    REQUIRE(info->has_value());
    CHECK((*info)->upto == Sequence{13});
    CHECK((*info)->events == 7);
    CHECK((*info)->chain == journal->head_at(kLogOfBase, Sequence{14})->find("stock")->chain);

    // In pieces, from any row on; another base is given from its beginning.
    schema::SnapshotAsk ask;
    ask.store = kLogOfBase;
    ask.topic = "stock";
    std::vector<BaseRow> rows;
    for (int pieces = 0; pieces < 5; ++pieces) {
        const auto piece = core::base_piece(*journal, ask, 1);
        REQUIRE(piece);
        CHECK(piece->after == ask.after);
        CHECK(piece->checksum == schema::checksum_of(piece->rows));
        const auto some = schema::decode_rows(piece->rows);
        REQUIRE(some);
        REQUIRE(some->size() == 1);
        rows.push_back(some->front());
        ask.upto = piece->info.upto;
        ask.after = key_of(rows.back());
        if (piece->last) break;
    }
    REQUIRE(rows.size() == 3);
    CHECK(rows[0].sum + rows[1].sum + rows[2].sum == 7);
    ask.upto = Sequence{9};
    CHECK(core::base_piece(*journal, ask, 1)->after.empty());
    ask.topic = "debts";
    CHECK(core::base_piece(*journal, ask, 1)->info.upto == Sequence{0});
}

TEST_CASE("base: what a clock that was behind has stamped is as young as its events say") {
    const TempFolder folder;
    const auto journal = opened(options_in(folder / "j"));
    for (const std::int64_t at : {100, 900, 5'000}) {
        schema::Event event = sale("sku", 1);
        event.at = schema::Timestamp{at};
        core::JournalWrite write;
        write.appends.push_back(
            append_after(journal->end(kLogOfBase), {{"stock", encode_row(event)}}));
        write.appends[0].at = schema::Timestamp{1};  // As after a start without the time.
        REQUIRE(journal->commit(write, true));
    }
    const auto folded = [&](std::int64_t before, std::int64_t now) {
        core::JournalWrite write;
        const auto found = core::fold_step(
            *journal, kLogOfBase, "stock",
            {Sequence{9}, schema::Timestamp{before}, schema::Timestamp{now}, 100, 1 << 20}, write);
        REQUIRE_MESSAGE(found, found.error().message);
        if (*found > 0) REQUIRE(journal->commit(write, true));
        return *found;
    };
    CHECK(folded(500, 1'000) == 1);
    CHECK(folded(500, 1'000) == 0);
    // A till that says 5,000 at 1,200 is wrong: that holds nothing up.
    CHECK(folded(1'000, 1'200) == 2);
}
