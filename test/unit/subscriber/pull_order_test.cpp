#include "subscriber/pull_order.h"

#include <doctest/doctest.h>

using namespace filial;
using schema::StoreId;
using subscriber::PullOrder;

namespace {

using Topics = std::vector<std::string>;

const Topics kAll{"accounts", "control", "stock", "customers", "debts"};
const StoreId kOne{"store1"}, kTwo{"store2"};

}  // namespace

TEST_CASE("S26: pull order: without a call all topics are asked for at once") {
    PullOrder order(kAll, {}, false);
    CHECK_FALSE(order.stepped());
    CHECK(order.last());
    CHECK(order.topics(kOne) == kAll);
}

TEST_CASE("S25: pull order: what is needed first, then control, then the rest") {
    PullOrder order(kAll, {}, true);
    REQUIRE(order.need({"stock", "store1"}));
    // With its control, in which a new epoch begins.
    CHECK(order.topics(kOne) == Topics{"control", "stock"});
    CHECK(order.topics(kTwo).empty());
    CHECK_FALSE(order.last());
    order.advance();
    CHECK(order.topics(kOne) == Topics{"control", "stock", "accounts"});
    CHECK(order.topics(kTwo) == Topics{"control", "accounts"});
    order.advance();
    CHECK(order.last());
    CHECK(order.topics(kOne) == kAll);
    CHECK(order.topics(kTwo) == kAll);
    order.advance();
    CHECK(order.last());
}

TEST_CASE("N5: pull order: topics that the configuration puts first go one after the other") {
    PullOrder order(kAll, {"debts", "prices", "customers"}, false);
    CHECK(order.stepped());
    CHECK(order.topics(kOne) == Topics{"control", "accounts"});
    order.advance();
    CHECK(order.topics(kOne) == Topics{"control", "accounts", "debts"});
    order.advance();
    CHECK(order.topics(kOne) == Topics{"control", "accounts", "debts", "customers"});
    order.advance();
    CHECK(order.topics(kOne) == kAll);
    CHECK(order.last());
    order.begin();
    CHECK(order.topics(kOne) == Topics{"control", "accounts"});
}

TEST_CASE("S35: pull order: of stock alone no step asks for what is told of customers") {
    PullOrder order({"control", "stock"}, {"stock", "accounts"}, true);
    CHECK_FALSE(order.need({"accounts", ""}));
    CHECK(order.topics(kOne) == Topics{"control"});
    order.advance();
    CHECK(order.topics(kOne) == Topics{"control", "stock"});
    order.advance();
    CHECK(order.last());
    CHECK(order.topics(kOne) == Topics{"control", "stock"});
}

TEST_CASE("N5: pull order: a need in the middle of a call goes before all that is under way") {
    PullOrder order(kAll, {}, true);
    order.advance();
    CHECK(order.last());
    REQUIRE(order.need({"debts", ""}));
    CHECK(order.topics(kOne) == Topics{"control", "accounts", "debts"});
    CHECK(order.topics(kTwo) == Topics{"control", "accounts", "debts"});
    order.advance();
    // What is said again changes nothing, nor what is not copied here.
    CHECK_FALSE(order.need({"debts", ""}));
    CHECK_FALSE(order.need({"prices", ""}));
    CHECK(order.topics(kTwo) == Topics{"control", "accounts", "debts"});
    order.advance();
    CHECK(order.last());
    order.forget_needs();
    CHECK(order.topics(kOne) == Topics{"control", "accounts"});
}
