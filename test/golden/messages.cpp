#include "test/golden/samples.h"

namespace filial::golden {

using namespace schema;

namespace {

Hello hello() {
    Hello hello;
    hello.nonce = 0x1122334455667;
    hello.store = "store1";
    hello.role = "publisher";
    hello.name = "publisher";
    hello.epoch = Epoch{1};
    hello.incarnation.fill(0xab);
    hello.offers = {"store1"};
    hello.clock = Timestamp{1'291'204'800'000'000};
    hello.software = "filial 0.1.0";
    return hello;
}

Welcome welcome() {
    Welcome welcome;
    welcome.hello_nonce = hello().nonce;
    welcome.self = hello();
    welcome.self.nonce = 99;
    welcome.self.store = "head";
    welcome.self.role = welcome.self.name = "broker";
    welcome.self.epoch = Epoch{0};
    welcome.self.incarnation = {};
    welcome.self.offers = {"store1", "store2"};
    return welcome;
}

Ticket ticket() {
    Operation sale;
    sale.kind = OperationKind::sell;
    sale.at = Timestamp{1'291'204'800'000'000};
    sale.subject = "85123A";
    sale.quantity = Quantity{6'000};
    sale.document = "536365";
    Operation customer;
    customer.kind = OperationKind::customer_add;
    customer.at = sale.at;
    customer.subject = "C-9";
    customer.peer = "store2";
    customer.fields = {{"name", "Ana"}, {"phone", "+55 11"}};
    Operation price;
    price.kind = OperationKind::publish;
    price.at = sale.at;
    price.subject = "85123A";
    price.topic = "prices";
    price.payload = Bytes("\x00\x01", 2);
    price.last_value = true;
    price.cost = UnitCost{1};
    price.fact = true;
    return {7, hash16_of("till 1"), 300, "note", {sale, customer, price}};
}

Answer answer() {
    AnswerRow row;
    row.store = "store1";
    row.key = "85123A";
    row.value = -1'500;
    row.second = 10;
    row.pending = -2;
    row.fields = {{"home", "store2"}};
    row.payload = "p";
    row.freshness = {true,          Timestamp{1'291'204'800'000'000},
                     1'000,         false,
                     true,          Verdict::ask,
                     "broker head", {{StoreId{"store1"}, Epoch{1}, Sequence{4'711}}}};
    return {8, "thousandths", {row}, "next"};
}

Status status() {
    Status status;
    status.request = 9;
    status.process = "broker";
    status.store = "head";
    status.version = "0.1.0";
    status.health = "ok";
    status.uptime_us = 5'000'000;
    status.memory_bytes = 64 << 20;
    status.epoch = 1;
    status.end = 12;
    Leg leg;
    leg.peer = "store2/subscriber";
    leg.direction = "out";
    leg.origin = "store1";
    leg.topics = "stock";
    leg.connected = true;
    leg.position = 10;
    leg.end = 12;
    leg.depth_events = 2;
    leg.depth_bytes = 120;
    leg.oldest_age_us = 3'000'000;
    leg.last_heard_us = 100;
    leg.note = "slow";
    status.legs = {leg};
    status.counters = {{"blocks_out", 3}};
    return status;
}

Query query() {
    Query query;
    query.request = 8;
    query.kind = QueryKind::list_stock;
    query.key = "85123A";
    query.store = "store1";
    query.topic = "prices";
    query.filter = kBelowZero;
    query.after = "a";
    query.limit = 100;
    query.max_age_us = 60'000'000;
    return query;
}

CallState call_state() {
    CallLeg leg;
    leg.remote = "head";
    leg.up = true;
    leg.connected = true;
    leg.bytes_in = 4'711;
    leg.bytes_out = 815;
    leg.events_in = 300;
    leg.events_out = 20;
    leg.waiting_in = 1'000;
    leg.waiting_out = 1;
    leg.note = "store9: not held";
    NeedState need{
        {"stock", "store1"}, true, true, Timestamp{1'291'190'400'000'000}, 12'000, false};
    return {9, {leg}, {need}};
}

/// The second piece of a session, packed against the first.
Several several() {
    StreamHistory said;
    const Bytes first = encode(Message{Ping{5, 1}}) + encode(Message{Pong{5, 1}});
    Several several{5, pack_piece(first, said)};
    several.piece = pack_piece(first + first + encode(Message{Ping{5, 2}}), said);
    return several;
}

}  // namespace

Hello welcome_dear() {
    Hello hello = welcome().self;
    hello.features = kFeatureSeveral | kFeatureWords;
    return hello;
}

Hello hello_dear() {
    Hello dear = hello();
    dear.features = kFeatureSeveral | kFeatureDear;
    return dear;
}

Fetch fetch_columns() {
    Fetch fetch{5, StoreId{"store1"}, Epoch{1}, {{"*", Sequence{10}}}, 1 << 20, true};
    fetch.codecs = 1u << static_cast<unsigned>(BlockCodec::columns);
    fetch.dictionaries = true;
    fetch.block_events = 128;
    return fetch;
}

Fetch fetch_known() {
    Fetch fetch{5, StoreId{"store1"}, Epoch{1}, {{"*", Sequence{10}}}, 1 << 20, true};
    fetch.incarnation = {0xa0, 0xa1, 0xa2, 0xa3, 0xa4, 0xa5, 0xa6, 0xa7,
                         0xa8, 0xa9, 0xaa, 0xab, 0xac, 0xad, 0xae, 0xaf};
    return fetch;
}

Fetch fetch_proof() {
    Fetch fetch{5, StoreId{"store1"}, Epoch{2}, {{"*", Sequence{81}}}, 1 << 20, true};
    fetch.incarnation = hash16_of("epoch 2");
    fetch.proof = Bytes(view(hash_of("chains")));
    return fetch;
}

Trouble trouble_end() {
    Trouble trouble{5, 0, Errc::gap, "the log of store3 ends at 4711 here", "store3", {}, 0};
    trouble.end = 4'711;
    return trouble;
}

Trouble trouble_life() {
    Trouble trouble{5, 0, Errc::stale_incarnation, "store1 goes on in epoch 3", "", {}, 0};
    trouble.incarnation = hash16_of("life");
    return trouble;
}

Status status_damaged() {
    Status damaged = status();
    damaged.damages = {{"store1", "stock", 100, 180, "block checksum mismatch"},
                       {"", "", 0, 0, "redo record: cut"}};
    return damaged;
}

/// What is left of the events of two topics: one row of each kind.
std::vector<BaseRow> base_rows() {
    BaseRow sum, held, newest, event;
    sum.kind = BaseRow::Kind::sum;
    sum.epoch = Epoch{2};
    sum.key = "85123A";
    sum.events = 1'200;
    sum.sum = -7'500;
    held.kind = BaseRow::Kind::held;
    held.key = "later";
    newest.kind = BaseRow::Kind::newest;
    newest.epoch = Epoch{1};
    newest.key = "12346";
    newest.seq = Sequence{4'700};
    newest.client = hash16_of("till 1");
    newest.row = "row of an event";
    event.kind = BaseRow::Kind::event;
    event.epoch = Epoch{2};
    event.seq = Sequence{4'709};
    event.client = hash16_of("till 2");
    event.row = "row of another";
    return {sum, held, newest, event};
}

namespace {

SnapshotAsk snapshot_ask() {
    return {5, StoreId{"store1"}, "stock", Sequence{4'711}, key_of(base_rows().front()), 8'192};
}

Chunk chunk() {
    EncodedRows rows;
    for (const BaseRow& row : base_rows()) rows.emplace_back(key_of(row), value_of(row));
    Chunk chunk{5, StoreId{"store1"}, "stock", {}, {}, true, 0, encode_rows(rows)};
    chunk.info = {Epoch{2}, Sequence{4'711}, 4'321, hash_of("stock")};
    chunk.checksum = checksum_of(chunk.rows);
    return chunk;
}

}  // namespace

std::vector<Message> messages() {
    const Position taken{StoreId{"store2"}, Epoch{2}, Sequence{81}};
    return {
        hello(),
        welcome(),
        Trouble{5, 6, Errc::not_held, "not held here", "store3", {"debts"}, 1'000},
        Fetch{5,
              StoreId{"store1"},
              Epoch{1},
              {{"stock", Sequence{10}}, {"debts", Sequence{0}}},
              1 << 20,
              true},
        BlockMessage{5, pack(range())},
        MarkMessage{5, encode(mark()), "sig", 1'234, false},
        Ping{5, 1},
        Pong{5, 1},
        Applied{5, {{taken.store, taken.epoch, {{"stock", taken.seq}}}}, mark().parked},
        Confirm{5, 0x7654321, StoreId{"store1"}},
        Confirmed{5, 0x7654321, encode(mark()), "sig"},
        several(),
        Rejoin{5, hash16_of("the second disk"), Epoch{1}, Sequence{40}, "till-pc", "restored"},
        Rejoined{5,
                 hash16_of("the second disk"),
                 Epoch{3},
                 Epoch{2},
                 taken.seq,
                 {{"control", Sequence{80}, hash_of("control")}, {"stock", taken.seq, {}}},
                 "readmitted"},
        snapshot_ask(),
        chunk(),
        Bye{5, "stopping"},
        ticket(),
        Accepted{7, Epoch{1}, Sequence{4'711}, Sequence{4'713}, 3, true},
        TicketRefused{7, 2, Errc::refused, "over the limit"},
        Busy{7, 250, "queue is full"},
        ClientAsk{7, hash16_of("till 1")},
        ClientState{7, 300, "note"},
        query(),
        answer(),
        StatusAsk{9},
        status(),
        Forget{9, "store2/tap:labels"},
        Call{9, 10'000, 300'000, {{"stock", "store1"}, {"debts", ""}}},
        call_state(),
        Readmit{9, StoreId{"store1"}, "4f3a09c2"},
        Backup{9, "/var/lib/filial/backup-1/publisher"},
        DigestAsk{9, StoreId{"store2"}, "stock", {Sequence{17}, Sequence{4'711}}},
        Digests{9,
                Epoch{2},
                Sequence{4'800},
                {{Sequence{17}, Sequence{12}, Bytes(view(hash_of("17")))},
                 {Sequence{4'711}, Sequence{4'711}, {}}}},
        Unpark{9, true, "store2", "stock", "22423", "ann", "counted by hand"},
    };
}

}  // namespace filial::golden
