#include "cli/reissue.h"

#include <doctest/doctest.h>

#include "schema/grant_payloads.h"
#include "schema/payloads.h"

using namespace filial;
using namespace filial::schema;
using cli::Orphan;

namespace {

const StoreId kStore{"store1"};

LoggedEvent logged(std::string_view topic, std::string_view kind, const std::string& key,
                   Bytes payload) {
    LoggedEvent made;
    made.epoch = Epoch{1};
    made.seq = Sequence{40};
    made.event.topic = topic;
    made.event.kind = kind;
    made.event.key = key;
    made.event.at = Timestamp{7};
    made.event.client = {3};
    made.event.number = 12;
    made.event.payload = std::move(payload);
    return made;
}

LoggedEvent moved(std::int64_t delta, const std::string& reason) {
    return logged(kTopicStock, kStockMoved, "tea",
                  encode(StockMoved{Quantity{delta}, reason, "R7", 0, {}}));
}

LoggedEvent owed(std::int64_t delta, const std::string& reason) {
    DebtMoved debt;
    debt.delta = Money{delta};
    debt.reason = reason;
    debt.document = "R7";
    return logged(kTopicDebts, kDebtMoved, "ann", encode(debt));
}

LoggedEvent stepped(std::string_view kind) {
    TransferStep step;
    step.peer = "store2";
    step.sku = "tea";
    step.quantity = Quantity{4'000};
    return logged(kTopicControl, kind, "T1", encode(step));
}

Orphan orphan(std::vector<LoggedEvent> events) {
    auto made = cli::orphan_of(kStore, events);
    REQUIRE_MESSAGE(made, made.error().message);
    for (const Operation& operation : made->operations) {
        const auto valid = validate(operation);
        REQUIRE_MESSAGE(valid, valid.error().message);
        CHECK(operation.at == Timestamp{7});
        CHECK(operation.recorded);
    }
    return *made;
}

}  // namespace

TEST_CASE("N8: of a lost tail the physical facts become operations that move the same again") {
    struct Row {
        LoggedEvent event;
        OperationKind kind;
        std::int64_t amount;
    };
    using K = OperationKind;
    for (const Row& row :
         {Row{moved(-2'000, "sale"), K::sell, 2'000},
          Row{moved(2'000, "return"), K::return_goods, 2'000},
          Row{moved(9'000, "receipt"), K::receive, 9'000},
          Row{moved(-500, "adjust"), K::adjust, -500}, Row{moved(-500, "count"), K::adjust, -500},
          Row{owed(3'000, "charge"), K::charge, 3'000}, Row{owed(-500, "payment"), K::pay, 500},
          Row{owed(-500, "credit-note"), K::credit_note, 500}}) {
        const Orphan made = orphan({row.event});
        REQUIRE(made.operations.size() == 1);
        const Operation& operation = made.operations[0];
        CHECK(operation.kind == row.kind);
        CHECK(operation.subject == row.event.event.key);
        CHECK(operation.document == "R7");
        const bool stock = row.event.event.kind == kStockMoved;
        CHECK((stock ? operation.quantity.value() : operation.amount.value()) == row.amount);
        // There is no room for it in the new life: it is a fact, and flagged.
        CHECK(operation.fact == (row.kind == K::charge));
        CHECK(made.left_out.empty());
    }
}

TEST_CASE("N8: a transfer is booked again as itself, and not as the goods beside it, too") {
    const Orphan sent = orphan({stepped(kTransferSent), moved(-4'000, "transfer")});
    REQUIRE(sent.operations.size() == 1);
    CHECK(sent.operations[0].kind == OperationKind::transfer_send);
    CHECK(sent.operations[0].subject == "T1");
    CHECK(sent.operations[0].peer == "store2");
    CHECK(sent.operations[0].sku == "tea");
    const Orphan received = orphan({stepped(kTransferReceived), moved(4'000, "transfer")});
    REQUIRE(received.operations.size() == 1);
    CHECK(received.operations[0].kind == OperationKind::transfer_receive);
}

TEST_CASE("N8: a reversed document is one reversal again, whatever it moved") {
    const Orphan made = orphan({moved(2'000, "void"), owed(-3'000, "void")});
    REQUIRE(made.operations.size() == 1);
    CHECK(made.operations[0].kind == OperationKind::void_document);
    CHECK(made.operations[0].subject == "R7");
}

TEST_CASE("N8: what is no physical fact is named and not booked again") {
    const Orphan made = orphan({logged(kTopicCustomers, kCustomerEdited, "ann", "x"),
                                logged(kTopicDebts, kLimitSet, "ann", "x"),
                                logged(kTopicControl, kGrantGiven, "ann", "x")});
    CHECK(made.operations.empty());
    CHECK(made.left_out.size() == 3);
    CHECK(made.position == Position{kStore, Epoch{1}, Sequence{40}});
    CHECK(made.number == 12);
}

TEST_CASE("N8: a lost tail is booked under its own places: two epochs' are two clients") {
    CHECK(cli::reissue_client(kStore, Epoch{1}) == cli::reissue_client(kStore, Epoch{1}));
    CHECK(cli::reissue_client(kStore, Epoch{1}) != cli::reissue_client(kStore, Epoch{2}));
    CHECK(cli::reissue_client(kStore, Epoch{1}) !=
          cli::reissue_client(StoreId{"store2"}, Epoch{1}));
}
