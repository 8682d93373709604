#include <doctest/doctest.h>

#include "core/link/client.h"
#include "schema/limits.h"
#include "subscriber/subscriber.h"
#include "test/unit/subscriber/replica_support.h"

using namespace filial;
using namespace filial::subscriber;
using core::Peer;
using schema::Errc;
using schema::Message;
using schema::StoreId;

namespace {

Peer peer(const std::string& store, const std::string& role, bool local = false) {
    Peer one;
    one.store = store;
    one.role = role;
    one.local = local;
    one.dialled = true;
    return one;
}

core::Options options_of(const Folder& folder) {
    core::Options options;
    options.store = StoreId{"store1"};
    options.data = folder.path();
    options.sockets = folder.path();
    return options;
}

/// A subscriber with an exchange on a local socket, and a program that asks it.
struct Running {
    Folder folder;
    core::ManualClock clock;
    core::Options options = options_of(folder);
    std::unique_ptr<Replica> replica = open_replica(replica_options(folder, "store1"));
    std::unique_ptr<core::Network> network = std::move(*core::Network::open(nullptr));
    Subscriber subscriber{options, *replica, clock, nullptr};
    core::Exchange exchange{subscriber, clock,   *network,
                            nullptr,    nullptr, {options.store, "subscriber", {}, {}}};
    std::unique_ptr<core::Client> client;

    Running() {
        subscriber.attach(exchange);
        const auto bound = exchange.listen(options.subscriber_socket());
        REQUIRE_MESSAGE(bound, bound.error().message);
        client = std::move(
            *core::Client::open(*network, {"store1", options.subscriber_socket(), ""}, nullptr));
    }
    Message ask(const Message& message) {
        REQUIRE(client->send(message, std::chrono::seconds(5)));
        for (int turn = 0; turn < 500; ++turn) {
            REQUIRE(exchange.turn(std::chrono::milliseconds(10)));
            auto answer = client->receive(std::chrono::milliseconds(1));
            if (answer) return std::move(*answer);
        }
        FAIL("no answer");
        return Message{schema::Ping{}};
    }
};

}  // namespace

TEST_CASE(
    "subscriber: its own log comes from its own publisher, others' from brokers and themselves") {
    Folder folder;
    const core::ManualClock clock;
    core::Options options = options_of(folder);
    const auto replica = open_replica(replica_options(folder, "store1"));
    Subscriber subscriber(options, *replica, clock, nullptr);
    const StoreId own{"store1"}, other{"store2"};
    const Peer own_publisher = peer("store1", "publisher", true);
    CHECK(subscriber.want(own_publisher, own));
    CHECK_FALSE(subscriber.want(own_publisher, other));
    CHECK_FALSE(subscriber.want(peer("head", "broker"), own));
    CHECK(subscriber.want(peer("head", "broker"), other));
    CHECK(subscriber.want(peer("store2", "publisher"), other));
    CHECK_FALSE(subscriber.want(peer("store3", "publisher"), other));
    CHECK_FALSE(subscriber.want(peer("store2", "subscriber"), other));

    options.subscriber.own_publisher = false;
    CHECK(subscriber.want(peer("head", "broker"), own));
    CHECK_FALSE(subscriber.want(own_publisher, own));
}

TEST_CASE("S35: what is asked for are the topics of the options, each above its own position") {
    Folder folder;
    const core::ManualClock clock;
    const core::Options options = options_of(folder);
    TestLog log("store2");
    log.move("1", 1'000);
    log.debt("1", 1'000);
    {
        const auto replica = open_replica(replica_options(folder, "store1", {"stock"}, {"store2"}));
        Subscriber subscriber(options, *replica, clock, nullptr);
        CHECK_FALSE(subscriber.want(peer("head", "broker"), StoreId{"store3"}));
        REQUIRE(subscriber.take(peer("head", "broker"), log.all()));
        REQUIRE(subscriber.flush());
    }
    const auto replica =
        open_replica(replica_options(folder, "store1", {"debts", "stock"}, {"store2"}));
    Subscriber subscriber(options, *replica, clock, nullptr);
    const auto want = subscriber.want(peer("head", "broker"), log.store());
    REQUIRE(want);
    CHECK(want->epoch == schema::Epoch{1});
    CHECK(want->after == std::vector<schema::TopicEnd>{{"accounts", schema::Sequence{0}},
                                                       {"control", schema::Sequence{2}},
                                                       {"debts", schema::Sequence{0}},
                                                       {"stock", schema::Sequence{2}}});
    REQUIRE(subscriber.take(peer("head", "broker"), log.range(0, 2, {"debts"})));
    CHECK(subscriber.durable(*want)[2].seq == schema::Sequence{0});
    REQUIRE(subscriber.flush());
    CHECK(subscriber.durable(*want)[2].seq == schema::Sequence{2});
}

TEST_CASE("subscriber: rows that blocks build on are given again, of its topics, as far as it is") {
    Folder folder;
    const core::ManualClock clock;
    const core::Options options = options_of(folder);
    TestLog log("store2");
    for (int i = 0; i < 5; ++i) {
        log.move("tea", 1'000 + i);
        log.debt("ann", 100 + i);
    }
    const auto replica = open_replica(replica_options(folder, "store1", {"stock"}, {"store2"}));
    Subscriber subscriber(options, *replica, clock, nullptr);
    REQUIRE(subscriber.take(peer("head", "broker"), log.range(0, 10, {"control", "stock"})));
    REQUIRE(subscriber.flush());
    CHECK(subscriber.keeps_rows());
    const core::ReadRequest stock{log.store(), {"control", "stock"}, schema::Sequence{4}, 1 << 20};
    const auto rows = subscriber.held_rows(stock, schema::Sequence{10});
    REQUIRE_MESSAGE(rows, rows.error().message);
    CHECK(rows->after == schema::Sequence{4});
    CHECK(rows->upto == schema::Sequence{10});
    const schema::Range expected = log.range(4, 10, {"control", "stock"});
    REQUIRE(rows->segments.size() == expected.segments.size());
    for (std::size_t i = 0; i < rows->segments.size(); ++i) {
        CHECK(rows->segments[i].topic == expected.segments[i].topic);
        CHECK(rows->segments[i].rows == expected.segments[i].rows);
        CHECK(rows->segments[i].seqs == expected.segments[i].seqs);
    }
    // Beyond what is here, and of a topic that is not copied, it says that they are missing.
    const auto code = [&](const core::ReadRequest& request, std::uint64_t upto) {
        const auto given = subscriber.held_rows(request, schema::Sequence{upto});
        REQUIRE_FALSE(given);
        return given.error().code;
    };
    CHECK(code(stock, 11) == Errc::dictionary_missing);
    CHECK(code({log.store(), {"debts"}, schema::Sequence{0}, 1 << 20}, 10) ==
          Errc::dictionary_missing);
}

TEST_CASE("subscriber: a program of this machine asks and is answered, with its request number") {
    Running running;
    TestLog log("store1");
    log.move("22423", 2'500);
    take(*running.replica, log.all());
    schema::Query query;
    query.request = 77;
    query.key = "22423";
    const Message answered = running.ask(query);
    const auto* answer = std::get_if<schema::Answer>(&answered);
    REQUIRE(answer != nullptr);
    CHECK(answer->request == 77);
    CHECK(answer->rows.at(0).value == 2'500);

    query.request = 78;
    query.key = "none";
    const Message refused = running.ask(query);
    const auto* trouble = std::get_if<schema::Trouble>(&refused);
    REQUIRE(trouble != nullptr);
    CHECK(trouble->request == 78);
    CHECK(trouble->code == Errc::not_found);

    const Message told = running.ask(schema::StatusAsk{79});
    const auto* status = std::get_if<schema::Status>(&told);
    REQUIRE(status != nullptr);
    CHECK(status->process == "subscriber");
    CHECK(status->store == "store1");
    CHECK(status->health == "ok");
    CHECK(status->memory_bytes > 0);
}

TEST_CASE("subscriber: a ticket is sent on to the publisher, by name") {
    Running running;
    schema::Ticket ticket;
    ticket.request = 5;
    const Message answered = running.ask(ticket);
    const auto* trouble = std::get_if<schema::Trouble>(&answered);
    REQUIRE(trouble != nullptr);
    CHECK(trouble->request == 5);
    CHECK(trouble->message.find("publisher") != std::string::npos);
}

TEST_CASE("subscriber: parked keys are named in its health") {
    Running running;
    TestLog log("store2");
    log.add("stock", "stock.weighed", "22423", "");
    take(*running.replica, log.all());
    const auto status = running.subscriber.status(0);
    CHECK(status.health.find("store2/stock/22423") != std::string::npos);
    CHECK(status.health.find("stock.weighed") != std::string::npos);
}

TEST_CASE("subscriber: of many parked keys its health names a few and counts all") {
    Running running;
    TestLog log("store2");
    for (int i = 0; i < 1'000; ++i) log.add("stock", "stock.weighed", std::to_string(i), "");
    take(*running.replica, log.all());
    CHECK(running.replica->parked().all(schema::kParkedTold).size() == schema::kParkedTold);
    const auto status = running.subscriber.status(0);
    CHECK(status.health.starts_with("1000 keys are parked"));
    CHECK(status.health.size() < 300);
}

TEST_CASE("N9: a program of this machine has parked keys listed, tried again and given up") {
    Running running;
    TestLog log("store2");
    log.add("stock", "stock.weighed", "22423", "");
    log.move("22423", 1'000);
    take(*running.replica, log.all());
    schema::Query query;
    query.request = 3;
    query.kind = schema::QueryKind::parked;
    const Message listed = running.ask(query);
    const auto* list = std::get_if<schema::Answer>(&listed);
    REQUIRE(list != nullptr);
    CHECK(list->rows.at(0).value == 2);

    schema::Unpark unpark;
    unpark.request = 4;
    const Message tried = running.ask(unpark);
    const auto* left = std::get_if<schema::Answer>(&tried);
    REQUIRE(left != nullptr);
    CHECK(left->request == 4);
    CHECK(left->rows.at(0).value == 0);
    CHECK(left->rows.at(0).second == 2);

    unpark = {5, true, "store2", "stock", "22423", "ann", ""};
    const Message unexplained = running.ask(unpark);
    CHECK(std::get<schema::Trouble>(unexplained).code == Errc::invalid);
    unpark = {6, true, "store2", "stock", "1", "ann", "counted"};
    const Message unknown = running.ask(unpark);
    CHECK(std::get<schema::Trouble>(unknown).code == Errc::not_found);
    unpark = {7, true, "store2", "stock", "22423", "ann", "counted"};
    const Message given_up = running.ask(unpark);
    const auto& row = std::get<schema::Answer>(given_up).rows.at(0);
    CHECK(row.value == 1);
    CHECK(row.second == 0);
    CHECK(field(row, "waived") == "1");
    CHECK(stock_of(*running.replica, log, "22423") == 1'000);
    CHECK(running.subscriber.status(0).health == "ok");
}

TEST_CASE("N9: a program tries what is parked when it starts") {
    Folder folder;
    TestLog log("store2");
    for (int i = 0; i < 3'000; ++i) log.move(std::to_string(i % 9), 1'000);
    ReplicaOptions held = replica_options(folder);
    held.hold_kinds = {std::string(schema::kStockMoved)};
    {
        const auto replica = open_replica(held);
        take(*replica, log.all());
        CHECK(replica->parked().events() == 3'000);
    }
    const core::ManualClock clock;
    const auto replica = open_replica(replica_options(folder));
    Unparking unparking(*replica, clock);
    for (int turn = 0; turn < 20 && !replica->parked().empty(); ++turn) REQUIRE(unparking.turn());
    CHECK(replica->parked().empty());
    CHECK(stock_of(*replica, log, "0") == 334'000);
}

TEST_CASE("N9: from another machine nothing that is parked is listed or settled") {
    Folder folder;
    const core::ManualClock clock;
    const auto replica = open_replica(replica_options(folder));
    Unparking unparking(*replica, clock);
    core::Requester from;
    from.store = "store2";
    const auto begun = unparking.begin(from, {});
    REQUIRE_FALSE(begun);
    CHECK(begun.error().code == Errc::not_allowed);
}

TEST_CASE(
    "subscriber: it gives its own store's log back to its own publisher, and to nobody else") {
    Running running;
    CHECK(running.subscriber.held().empty());
    TestLog log("store1");
    log.move("22111", -1'000);
    take(*running.replica, log.all());
    const StoreId own{"store1"};
    CHECK(running.subscriber.held() == std::vector<StoreId>{own});
    CHECK(running.subscriber.end(own).value() == 1);
    CHECK(running.subscriber.end(StoreId{"store2"}).value() == 0);
    schema::Fetch fetch;
    fetch.store = own;
    CHECK(running.subscriber.may_fetch(peer("store1", "publisher", true), fetch));
    for (const Peer& other : {peer("store1", "publisher"), peer("head", "broker", true),
                              peer("store2", "publisher", true), peer("store1", "tap", true)}) {
        const auto may = running.subscriber.may_fetch(other, fetch);
        REQUIRE_FALSE(may);
        CHECK(may.error().code == Errc::not_allowed);
    }
    // What it has of an earlier life of the log may be what the later one went on without.
    fetch.epoch = schema::Epoch{2};
    const auto later = running.subscriber.may_fetch(peer("store1", "publisher", true), fetch);
    REQUIRE_FALSE(later);
    CHECK(later.error().code == Errc::forked);
}
