#include "ledger/official.h"

#include <doctest/doctest.h>

using namespace filial;
using ledger::Confirmations;
using ledger::Needed;
using ledger::OfficialQuestion;
using schema::Epoch;
using schema::Mark;
using schema::Reached;
using schema::Sequence;
using schema::StoreId;
using Lack = ledger::Confirmations::Lack;

namespace {

const StoreId kHome{"store1"}, kHolder{"store2"}, kOther{"store3"};

Mark mark_of(const StoreId& store, std::uint64_t debts, std::uint32_t epoch = 1) {
    Mark mark;
    mark.store = store;
    mark.epoch = Epoch{epoch};
    mark.end = Sequence{debts + 5};
    mark.ends = {{"debts", Sequence{debts}}, {"stock", Sequence{debts + 5}}};
    return mark;
}

/// A replica that is so far in debts of every store.
Confirmations::ReachedOf reached(std::uint64_t debts, std::uint32_t epoch = 1) {
    return [=](const StoreId& store) {
        return Reached{store, Epoch{epoch}, {{"debts", Sequence{debts}}}};
    };
}

Confirmations about_debts(std::uint64_t nonce = 77) {
    return {nonce, {{kHome, "home"}, {kHolder, "holder"}}, {"debts"}};
}

std::vector<std::string> stores_of(const std::vector<Needed>& needed) {
    std::vector<std::string> names;
    for (const Needed& each : needed) names.push_back(each.store.value());
    return names;
}

}  // namespace

TEST_CASE("S43: for a debt every store matters, home and who may still charge by name") {
    OfficialQuestion question;
    question.topic = "debts";
    question.home = "store1";
    question.holders = {"store2", "store9"};
    question.stores = {kHome, kHolder, kOther, StoreId{"store4"}};
    question.retired = {StoreId{"store4"}};
    const auto needed = ledger::who_matters(question);
    // A holder of which no log was ever here is not forgotten.
    CHECK(stores_of(needed) == std::vector<std::string>{"store1", "store2", "store3", "store9"});
    CHECK(needed[0].why == "the customer's home");
    CHECK(needed[1].why.find("may still charge") != std::string::npos);
    CHECK(needed[2].why.find("nobody has heard of") != std::string::npos);
}

TEST_CASE("S43: for a place's stock only the place matters, without a place every store") {
    OfficialQuestion question;
    question.topic = "stock";
    question.stores = {kHome, kHolder};
    CHECK(stores_of(ledger::who_matters(question)).size() == 2);
    question.place = "store9";
    CHECK(stores_of(ledger::who_matters(question)) == std::vector<std::string>{"store9"});
}

TEST_CASE("N4: an official answer is complete when all have answered and all of it was read") {
    Confirmations live = about_debts();
    CHECK(live.missing(reached(100)).size() == 2);
    CHECK(live.hear(77, mark_of(kHome, 10)));
    REQUIRE(live.missing(reached(100)).size() == 1);
    CHECK(live.missing(reached(100))[0].needed.store == kHolder);
    CHECK(live.missing(reached(100))[0].lack == Lack::silent);
    CHECK(live.hear(77, mark_of(kHolder, 20)));
    REQUIRE(live.missing(reached(19)).size() == 1);
    CHECK(live.missing(reached(19))[0].lack == Lack::behind);
    CHECK(live.missing(reached(20)).empty());
}

TEST_CASE("N4: an answer to another nonce, of another store, or a second one changes nothing") {
    Confirmations live = about_debts();
    CHECK_FALSE(live.hear(76, mark_of(kHome, 10)));
    CHECK_FALSE(live.hear(77, mark_of(kOther, 10)));
    CHECK(live.missing(reached(100)).size() == 2);
    CHECK(live.hear(77, mark_of(kHome, 10)));
    CHECK_FALSE(live.hear(77, mark_of(kHome, 99)));
    CHECK(live.find(kHome)->ends[0].seq == Sequence{10});
    // What was said to the question before is no answer to the next one.
    Confirmations next = about_debts(78);
    CHECK_FALSE(next.hear(77, mark_of(kHome, 10)));
    CHECK(next.missing(reached(100)).size() == 2);
}

TEST_CASE("N4: a store of another epoch than was read is missing until its log is") {
    Confirmations live{7, {{kHome, "home"}}, {"debts"}};
    CHECK(live.hear(7, mark_of(kHome, 10, 2)));
    // The replica still has the epoch before, however far.
    REQUIRE(live.missing(reached(50, 1)).size() == 1);
    CHECK(live.missing(reached(50, 1))[0].lack == Lack::behind);
    CHECK(live.missing(reached(10, 2)).empty());
    // A machine that was put back from an old copy speaks for nobody.
    Confirmations old{7, {{kHome, "home"}}, {"debts"}};
    CHECK(old.hear(7, mark_of(kHome, 10, 1)));
    REQUIRE(old.missing(reached(50, 2)).size() == 1);
    CHECK(old.missing(reached(50, 2))[0].lack == Lack::old_epoch);
    // Where both speak, the later life counts, whoever came first.
    CHECK(old.hear(7, mark_of(kHome, 60, 2)));
    CHECK_FALSE(old.hear(7, mark_of(kHome, 10, 1)));
    CHECK(old.missing(reached(59, 2))[0].lack == Lack::behind);
    CHECK(old.missing(reached(60, 2)).empty());
}
