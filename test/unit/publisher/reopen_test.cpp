#include <doctest/doctest.h>

#include <random>

#include "core/own_log.h"
#include "ledger/decide.h"
#include "test/support/temp_folder.h"
#include "test/unit/publisher/publisher_support.h"

using namespace filial::test;
using namespace filial::schema;

namespace {

/// Any operation on a few keys; half of them are refused at some time or other.
Operation any_operation(std::mt19937& random) {
    Operation operation = sale("S" + std::to_string(random() % 3));
    operation.document = "D" + std::to_string(random() % 4);
    switch (random() % 5) {
        case 0:
            operation.kind = OperationKind::transfer_receive;
            operation.subject = "T" + std::to_string(random() % 8);
            operation.peer = "store2";
            operation.sku = "S1";
            return operation;
        case 1:
            operation.kind = OperationKind::void_document;
            operation.subject = operation.document;
            return operation;
        case 2:
            operation.kind = OperationKind::customer_add;
            operation.subject = "C" + std::to_string(random() % 6);
            operation.peer = "store1";
            return operation;
        default:
            return operation;
    }
}

Ticket any_ticket(std::mt19937& random, std::uint64_t number) {
    std::vector<Operation> operations;
    for (std::size_t i = 1 + random() % 3; i > 0; --i) operations.push_back(any_operation(random));
    return ticket(number, std::move(operations));
}

std::map<Bytes, Bytes> own_state(const MemoryJournal& journal) {
    std::map<Bytes, Bytes> state;
    REQUIRE(journal.scan("own/", {}, [&](ByteView key, ByteView value) {
        state[Bytes(key.substr(4))] = Bytes(value);
        return true;
    }));
    return state;
}

}  // namespace

TEST_CASE("reopen: at every commit the journal holds the answers that were given, and no others") {
    for (unsigned seed = 1; seed <= 5; ++seed) {
        CAPTURE(seed);
        std::mt19937 random(seed);
        Shop shop;
        std::vector<Ticket> tickets;
        std::map<std::uint64_t, Accepted> given;
        for (std::uint64_t number = 1; number <= 60; ++number) {
            tickets.push_back(any_ticket(random, number));
            shop.legs.answers.clear();
            shop.send(tickets.back());
            REQUIRE(shop.publisher->flush());
            const Message answer = shop.legs.answers.at(0);
            if (const auto* accepted = std::get_if<Accepted>(&answer)) given[number] = *accepted;
            if (number % 10 != 0) continue;

            Shop other(shop.journal);
            other.restart(true);
            CHECK(other.end() == shop.end());
            for (const Ticket& each : tickets) {
                if (!given.contains(each.number)) continue;
                const auto again = other.ask<Accepted>(each);
                CHECK(again.repeated);
                CHECK(again.first == given[each.number].first);
                CHECK(again.last == given[each.number].last);
                CHECK(again.flags == given[each.number].flags);
            }
            CHECK(other.end() == shop.end());
        }
        CHECK(given.size() > 10);
        CHECK(given.size() < 60);
    }
}

TEST_CASE("reopen: the state beside the log is the log folded anew") {
    std::mt19937 random(4711);
    Shop shop;
    for (std::uint64_t number = 1; number <= 300; ++number) {
        shop.send(any_ticket(random, number));
        if (random() % 5 == 0) REQUIRE(shop.publisher->flush());
        if (random() % 40 == 0) shop.restart();
    }
    REQUIRE(shop.publisher->flush());
    filial::ledger::MapState folded;
    for (const LoggedEvent& logged : shop.log()) REQUIRE(filial::ledger::apply(folded, logged));
    const auto kept = own_state(shop.journal);
    CHECK(kept == std::map<Bytes, Bytes>(folded.all().begin(), folded.all().end()));
}

TEST_CASE("reopen: two publishers given the same tickets decide the same, restarted or not") {
    std::mt19937 random(99);
    Shop steady;
    Shop restless;
    for (std::uint64_t number = 1; number <= 100; ++number) {
        const Ticket next = any_ticket(random, number);
        for (Shop* shop : {&steady, &restless}) {
            shop->legs.answers.clear();
            shop->send(next);
            REQUIRE(shop->publisher->flush());
        }
        CHECK(steady.legs.answers == restless.legs.answers);
        if (number % 3 == 0) restless.restart(true);
    }
    CHECK(steady.end() == restless.end());
}

TEST_CASE("reopen: no new log is begun where the store's own replica has read one") {
    const TempFolder folder;
    filial::core::Options options;
    options.store = StoreId{"store1"};
    options.data = folder.path();
    const filial::core::ManualClock clock;
    const filial::core::OwnLog lost{options.store, Epoch{1}, {7}};
    REQUIRE(filial::core::write_own_log(options.subscriber_dir(), lost));
    MemoryJournal empty;
    const auto refused = filial::publisher::Publisher::open(options, empty, clock, nullptr);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == Errc::forked);
    for (const char* word : {"store1", "0700000000", "put the folder back", "another name"}) {
        CHECK(refused.error().message.find(word) != std::string::npos);
    }
    CHECK(empty.end(options.store).value() == 0);

    // A replica of another store's name, or damage: the first says nothing, the second stops.
    options.store = StoreId{"store2"};
    CHECK(filial::publisher::Publisher::open(options, empty, clock, nullptr));
    folder.write("subscriber/own-log", "?");
    MemoryJournal other;
    CHECK_FALSE(filial::publisher::Publisher::open(options, other, clock, nullptr));
    // Where the log is, nothing else is asked.
    CHECK(filial::publisher::Publisher::open(options, empty, clock, nullptr));
}
