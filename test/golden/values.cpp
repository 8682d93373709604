#include "test/golden/samples.h"

namespace filial::golden {

using namespace schema;

namespace {

ClientId client(std::uint8_t first) {
    ClientId id{};
    for (std::size_t i = 0; i < id.size(); ++i) id[i] = static_cast<std::uint8_t>(first + i);
    return id;
}

constexpr Timestamp kNoon{1'291'204'800'250'000};  // 2010-12-01T12:00:00.25Z

}  // namespace

StockMoved stock_moved() { return {Quantity{-1'500}, "sale", "536365", 2, UnitCost{255'000'000}}; }

DebtMoved debt_moved() { return {Money{182'574}, "charge", "536365", 1, {}}; }

DebtMoved debt_moved_beyond() {
    return {Money{182'574}, "charge", "536365", kFlagFact | kFlagNoRoom, Money{80'000}};
}

LimitSet limit_set() { return {Money{500'000}, "L-7", 0, {}}; }

LimitSet limit_set_beyond() { return {Money{100'000}, "L-8", kFlagOverCommitted, Money{23'000}}; }

CustomerChanged customer_changed() {
    CustomerChanged changed;
    changed.home = "store2";
    const Position seen{StoreId{"store1"}, Epoch{1}, Sequence{9}};
    changed.fields.push_back({"name", "Zé da Silva", {seen}, 0, {}});
    changed.fields.push_back({"phone", "", {}, 0, {}});
    CustomerField sealed;
    sealed.name = "tax-id";
    sealed.key_id = 3;
    sealed.nonce = Bytes("\x01\x02\x03", 3);
    sealed.value = Bytes("\x00\xff", 2);
    changed.sealed.push_back(sealed);
    return changed;
}

CustomerChanged customer_changed_home() {
    CustomerChanged changed;
    changed.home = "store2";
    changed.home_seen = {{StoreId{"store1"}, Epoch{1}, Sequence{9}}};
    return changed;
}

TransferStep transfer_step() {
    return {"store2",          "85123A",
            Quantity{12'000},  {StoreId{"store2"}, Epoch{2}, Sequence{81}},
            "two were broken", 8};
}

NoticeTaken notice_taken() {
    return {{StoreId{"store9"}, Epoch{3}, Sequence{4'711}}, "grant.given", kFlagUndecided};
}

LogOpened log_opened() {
    return {client(0x10), Epoch{2}, Sequence{100}, {{"stock", hash_of("stock")}}};
}

LogOpened log_opened_loss() {
    LogOpened opened = log_opened();
    opened.lost_upto = Sequence{120};
    opened.reason = "the disk and the broker are gone";
    return opened;
}

AcceptedLoss log_opened_loss_named() { return {log_opened_loss(), "ann"}; }

SeenWrites seen_writes() {
    const Position first{StoreId{"store1"}, Epoch{1}, Sequence{9}};
    const Position second{StoreId{"store12"}, Epoch{2}, Sequence{70'000}};
    return {{{"country", {first, second}}, {"phone", {}}}};
}

DayClosed day_closed() {
    return {-180,
            {{StoreId{"store1"}, Epoch{1}, Sequence{120}},
             {StoreId{"warehouse"}, Epoch{2}, Sequence{4'711}}},
            {"store7"},
            "2010-11-30"};
}

GrantStep grant_step() {
    GrantStep step;
    step.of = GrantOf::stock;
    step.peer = "warehouse";
    step.epoch = Epoch{2};
    step.amount = -1'500;
    step.round = 3;
    step.closes = true;
    step.roomed = true;
    step.cause = {StoreId{"warehouse"}, Epoch{1}, Sequence{812}};
    step.document = "536365";
    step.reason = "less is on hand than was reserved";
    step.flags = kFlagFact | kFlagNoRoom;
    step.beyond = 1'500;
    return step;
}

DebtTold debt_told() {
    DebtTold told;
    told.peer = "store9";
    told.epoch = Epoch{2};
    told.delta = Money{-54'038};
    told.roomed = true;
    told.cause = {StoreId{"store8"}, Epoch{2}, Sequence{4'712}};
    told.reason = "payment";
    told.document = "536365:1/3";
    told.flags = kFlagPaidTwice;
    told.beyond = Money{0};
    return told;
}

DebtTold debt_told_passed_on() {
    DebtTold told = debt_told();
    told.cause = {StoreId{"store1"}, Epoch{1}, Sequence{77}};
    told.first = {StoreId{"store8"}, Epoch{2}, Sequence{4'712}};
    return told;
}

StoreVerdict store_verdict() {
    StoreVerdict verdict;
    verdict.cause = {StoreId{"store9"}, Epoch{2}, Sequence{4'712}};
    verdict.topic = "stock";
    verdict.client = client(0x10);
    verdict.number = 300;
    verdict.index = 2;
    verdict.finding = "below-zero";
    verdict.text = "its stock went below zero";
    return verdict;
}

AccountStep account_step() {
    AccountStep step;
    step.round = 4;
    step.purpose = RoundFor::merge;
    step.peer = "store9";
    step.into = "14911";
    step.limit = Money{225'000};
    step.debt = Money{-76'031};
    step.acks = {{StoreId{"store3"}, Epoch{1}, Sequence{77}},
                 {StoreId{"store8"}, Epoch{2}, Sequence{4'713}}};
    step.cause = {StoreId{"store2"}, Epoch{1}, Sequence{9}};
    step.reason = "registered twice";
    step.flags = kFlagAfterClose;
    return step;
}

AccountStep account_step_merged() {
    AccountStep step = account_step();
    step.merged = {"12431", "17850"};
    return step;
}

LoggedEvent event() {
    LoggedEvent logged{Epoch{1}, Sequence{4'711}, {}};
    Event& e = logged.event;
    e.topic = "stock";
    e.kind = kStockMoved;
    e.at = kNoon;
    e.key = "85123A";
    e.client = client(1);
    e.number = 300;
    e.index = 2;
    e.count = 3;
    e.payload = encode(stock_moved());
    return logged;
}

LoggedEvent notice() {
    LoggedEvent logged = event();
    Event& e = logged.event;
    logged.seq = Sequence{4'713};
    e.topic = "control";
    e.kind = kTransferSent;
    e.version = 2;
    e.key = "T-0001";
    e.addressee = "store2";
    e.client = client(0x80);
    e.index = 0;
    e.count = 1;
    e.payload = encode(transfer_step());
    e.extra = Writer().str("later").array(1).u64(7).take();
    return logged;
}

Segment segment() {
    Segment segment;
    segment.topic = "stock";
    segment.epoch = Epoch{1};
    const Bytes row = encode_row(event().event);
    segment.add(Sequence{4'711}, client(1), row);
    segment.add(Sequence{4'712}, client(2), row);
    segment.add(Sequence{5'000}, client(1), row);
    const Hash head = hash_of("chain");
    segment.chain = Bytes(view(head));
    return segment;
}

Range range() {
    Range range;
    range.store = StoreId{"store1"};
    range.epoch = Epoch{1};
    range.topics = {"control", "stock"};
    range.after = Sequence{4'710};
    range.upto = Sequence{4'715};
    range.end = Sequence{5'000};
    Segment stock;
    stock.topic = "stock";
    stock.epoch = range.epoch;
    stock.add(Sequence{4'711}, client(1), encode_row(event().event));
    Segment control;
    control.topic = "control";
    control.epoch = range.epoch;
    control.add(notice().seq, notice().event.client, encode_row(notice().event));
    range.segments = {control, stock};
    return range;
}

Range long_range() {
    Range range;
    range.store = StoreId{"store1"};
    range.epoch = Epoch{1};
    range.topics = {std::string(kAllTopics)};
    range.upto = range.end = Sequence{20};
    Segment stock;
    stock.topic = "stock";
    stock.epoch = range.epoch;
    for (std::uint64_t seq = 1; seq <= 20; ++seq) {
        stock.add(Sequence{seq}, client(1), encode_row(event().event));
    }
    range.segments = {stock};
    return range;
}

namespace {

/// Sales of receipts with four lines each, a transfer after every fifth.
Range column_rows(std::uint64_t after, std::uint64_t upto) {
    Range range;
    range.store = StoreId{"store1"};
    range.epoch = Epoch{1};
    range.topics = {std::string(kAllTopics)};
    range.after = Sequence{after};
    range.upto = range.end = Sequence{upto};
    Segment stock, control;
    stock.topic = "stock";
    control.topic = "control";
    stock.epoch = control.epoch = range.epoch;
    for (std::uint64_t seq = after + 1; seq <= upto; ++seq) {
        Event event;
        event.at = Timestamp{kNoon.value() + static_cast<std::int64_t>(seq / 4) * 60'000'000};
        event.number = seq;
        if (seq % 5 == 0) {
            event.kind = kTransferSent;
            event.addressee = "store2";
            event.key = "T-" + std::to_string(seq) + "-85123A";
            event.payload = encode(transfer_step());
            control.add(Sequence{seq}, client(1), encode_row(event));
            continue;
        }
        event.kind = kStockMoved;
        event.key = std::to_string(21'000 + seq * 37 % 11);
        event.payload =
            encode(StockMoved{Quantity{-1'000 * static_cast<std::int64_t>(seq % 3 + 1)},
                              "sale",
                              std::to_string(536'000 + seq / 4) + "#" + std::to_string(seq),
                              seq % 7 == 0 ? 2u : 0u,
                              {}});
        if (seq % 11 == 0) event.extra = Writer().str("later").array(1).u64(7).take();
        Bytes row = encode_row(event);
        if (seq % 13 == 0) row = Bytes("\xc1 no row\0", 9);
        stock.add(Sequence{seq}, client(seq % 17 == 0 ? 2 : 1), std::move(row));
    }
    range.segments = {control, stock};
    return range;
}

}  // namespace

Range column_range() { return column_rows(40, 52); }
Range column_range_before() { return column_rows(0, 40); }

Mark mark() {
    Mark mark;
    mark.store = StoreId{"store1"};
    mark.epoch = Epoch{1};
    mark.counter = 70'000;
    mark.at = kNoon;
    mark.end = Sequence{5'000};
    mark.ends = {{"control", Sequence{4'713}}, {"stock", Sequence{5'000}}};
    mark.applied_since = 69'999;
    mark.applied = {{StoreId{"store2"}, Epoch{2}, {{"debts", Sequence{80}}}}};
    mark.taken = {{StoreId{"store2"}, Epoch{2}, Sequence{81}}};
    mark.parked = {{StoreId{"store3"}, "debts", "C-9"}};
    return mark;
}

}  // namespace filial::golden
