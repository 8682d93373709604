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

DebtMoved debt_moved() { return {Money{182'574}, "charge", "536365", 1}; }

LimitSet limit_set() { return {Money{500'000}, "L-7"}; }

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
