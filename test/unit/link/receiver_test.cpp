#include "core/link/receiver.h"

#include <doctest/doctest.h>

#include "schema/limits.h"
#include "test/unit/link/one_log.h"

using namespace filial;
using namespace filial::schema;
using core::Receiver;
using core::Want;
using test::at_second;
using Step = core::Receiver::Step;

namespace {

const StoreId kStore{"store1"};

Want want_of(const std::vector<std::pair<std::string, std::uint64_t>>& after) {
    Want want{kStore, Epoch{1}, {}};
    for (const auto& [topic, seq] : after) want.after.push_back({topic, Sequence{seq}});
    return want;
}

Block block_of(const std::vector<std::string>& topics, std::uint64_t after, std::uint64_t upto,
               std::uint64_t end = 0) {
    Block block;
    block.store = kStore;
    block.epoch = Epoch{1};
    block.topics = topics;
    block.after = Sequence{after};
    block.upto = Sequence{upto};
    block.end = Sequence{end == 0 ? upto : end};
    return block;
}

std::uint64_t position(const Receiver& receiver, const std::string& topic) {
    return receiver.find(kStore)->next_after.at(topic).value();
}

}  // namespace

TEST_CASE("receiver: it asks from its durable positions and takes one block after the other") {
    Receiver receiver;
    const Fetch fetch = receiver.begin(want_of({{"stock", 5}, {"debts", 5}}), at_second(1));
    CHECK(fetch.store == kStore);
    CHECK(fetch.restart);
    CHECK(fetch.credit == kCreditBytes);
    CHECK(fetch.after == want_of({{"stock", 5}, {"debts", 5}}).after);
    CHECK(receiver.judge(block_of({"debts", "stock"}, 5, 9), at_second(1)) == Step::take);
    CHECK(receiver.judge(block_of({"debts", "stock"}, 9, 12, 40), at_second(1)) == Step::take);
    CHECK(position(receiver, "stock") == 12);
    CHECK(receiver.find(kStore)->end == Sequence{40});
}

TEST_CASE("receiver: a block that was not asked for is ignored") {
    Receiver receiver;
    CHECK(receiver.judge(block_of({"stock"}, 0, 1), at_second(1)) == Step::ignore);
    receiver.begin(want_of({{"stock", 0}}), at_second(1));
    CHECK(receiver.judge(block_of({"debts"}, 0, 1), at_second(1)) == Step::ignore);
    CHECK(receiver.judge(block_of({"debts", "stock"}, 0, 1), at_second(1)) == Step::ignore);
    CHECK(receiver.judge(block_of({}, 0, 1), at_second(1)) == Step::ignore);
    Block other = block_of({"stock"}, 0, 1);
    other.store = StoreId{"store2"};
    CHECK(receiver.judge(other, at_second(1)) == Step::ignore);
    CHECK(position(receiver, "stock") == 0);
}

TEST_CASE("receiver: a block above a hole is not taken, and the log is asked for again") {
    Receiver receiver;
    receiver.begin(want_of({{"stock", 0}, {"debts", 0}}), at_second(1));
    CHECK(receiver.judge(block_of({"stock"}, 0, 5), at_second(1)) == Step::take);
    CHECK(receiver.judge(block_of({"stock"}, 6, 8), at_second(1)) == Step::restart);
    CHECK(receiver.judge(block_of({"debts", "stock"}, 5, 8), at_second(1)) == Step::restart);
    CHECK(position(receiver, "stock") == 5);
    CHECK(position(receiver, "debts") == 0);
}

TEST_CASE("receiver: after a restart old blocks are ignored until the new ones come") {
    Receiver receiver;
    receiver.begin(want_of({{"stock", 0}}), at_second(1));
    CHECK(receiver.judge(block_of({"stock"}, 6, 8), at_second(1)) == Step::restart);
    CHECK(receiver.begin(want_of({{"stock", 0}}), at_second(1)).restart);
    CHECK(receiver.judge(block_of({"stock"}, 8, 9), at_second(1)) == Step::ignore);
    CHECK(receiver.judge(block_of({"stock"}, 9, 11), at_second(1)) == Step::ignore);
    CHECK(receiver.judge(block_of({"stock"}, 0, 6), at_second(1)) == Step::take);
    // From now on a hole is a hole again.
    CHECK(receiver.judge(block_of({"stock"}, 8, 9), at_second(1)) == Step::restart);
}

TEST_CASE("receiver: a stale block with nothing new in it is ignored") {
    Receiver receiver;
    receiver.begin(want_of({{"stock", 10}}), at_second(1));
    CHECK(receiver.judge(block_of({"stock"}, 0, 10), at_second(1)) == Step::ignore);
    CHECK(receiver.judge(block_of({"stock"}, 3, 7), at_second(1)) == Step::ignore);
    CHECK(receiver.judge(block_of({"stock"}, 10, 10), at_second(1)) == Step::ignore);
    CHECK(position(receiver, "stock") == 10);
}

TEST_CASE("receiver: a block that begins below and ends above is taken") {
    Receiver receiver;
    receiver.begin(want_of({{"stock", 10}, {"debts", 4}}), at_second(1));
    CHECK(receiver.judge(block_of({"stock"}, 5, 15), at_second(1)) == Step::take);
    CHECK(position(receiver, "stock") == 15);
    CHECK(receiver.judge(block_of({"debts", "stock"}, 4, 12), at_second(1)) == Step::take);
    CHECK(position(receiver, "debts") == 12);
    CHECK(position(receiver, "stock") == 15);
}

TEST_CASE("receiver: what another source brought is confirmed here, and blocks on the way fit") {
    Receiver receiver;
    receiver.begin(want_of({{"stock", 0}}), at_second(1));
    CHECK(receiver.judge(block_of({"stock"}, 0, 5), at_second(1)) == Step::take);
    const Fetch fetch = receiver.confirm(kStore, {{"stock", Sequence{12}}});
    CHECK(!fetch.restart);
    CHECK(fetch.epoch == Epoch{1});
    CHECK(fetch.after == std::vector<TopicEnd>{{"stock", Sequence{12}}});
    CHECK(receiver.judge(block_of({"stock"}, 5, 10), at_second(1)) == Step::ignore);
    CHECK(receiver.judge(block_of({"stock"}, 10, 15), at_second(1)) == Step::take);
    CHECK(receiver.judge(block_of({"stock"}, 15, 20), at_second(1)) == Step::take);
    // A confirmation of less never takes a position back.
    receiver.confirm(kStore, {{"stock", Sequence{12}}});
    CHECK(position(receiver, "stock") == 20);
}

TEST_CASE("receiver: a sender does not go on unproved behind what another source brought") {
    for (const bool proves : {true, false}) {
        CAPTURE(proves);
        Receiver receiver;
        Want want = want_of({{"stock", 3}});
        if (proves) want.proof = "what is held up to 3";
        receiver.begin(want, at_second(1));
        CHECK(receiver.judge(block_of({"stock"}, 3, 5), at_second(1)) == Step::take);
        CHECK_FALSE(receiver.overtaken(kStore, {{"stock", Sequence{5}}}));
        CHECK_FALSE(receiver.overtaken(kStore, {{"stock", Sequence{4}}}));
        CHECK(receiver.overtaken(kStore, {{"stock", Sequence{6}}}) == proves);
        CHECK_FALSE(receiver.overtaken(StoreId{"store2"}, {{"stock", Sequence{6}}}));
    }
}

TEST_CASE("receiver: a sender that has more and says nothing is asked again after kOverdue") {
    Receiver receiver;
    const std::int64_t overdue = core::kOverdue / core::kSecond;
    receiver.begin(want_of({{"stock", 0}}), at_second(100));
    CHECK(
        receiver.due(at_second(1'000), at_second(1'000)).empty());  // Nothing is known to be there.
    receiver.learn_end(kStore, Sequence{7}, at_second(1'000));
    CHECK(receiver.due(at_second(1'000 + overdue - 1), at_second(1'000 + overdue - 1)).empty());
    CHECK(receiver.due(at_second(1'000 + overdue), at_second(1'000 + overdue)) ==
          std::vector<StoreId>{kStore});
    // Named once, also where nobody begins again.
    CHECK(receiver.due(at_second(1'000 + overdue), at_second(1'000 + overdue)).empty());
    CHECK(receiver.due(at_second(1'000 + 2 * overdue), at_second(1'000 + 2 * overdue)).size() == 1);
    receiver.begin(want_of({{"stock", 0}}), at_second(2'000));
    CHECK(receiver.judge(block_of({"stock"}, 0, 3, 7), at_second(2'020)) == Step::take);
    CHECK(receiver.due(at_second(2'020 + overdue - 1), at_second(2'020 + overdue - 1)).empty());
    CHECK(receiver.judge(block_of({"stock"}, 3, 7, 7), at_second(2'030)) == Step::take);
    CHECK(receiver.due(at_second(9'000), at_second(9'000)).empty());
}

TEST_CASE("receiver: an end learned again and again does not put off the asking") {
    Receiver receiver;
    receiver.begin(want_of({{"stock", 0}}), at_second(0));
    for (int second = 1; second < 30; ++second) {
        receiver.learn_end(kStore, Sequence{static_cast<std::uint64_t>(second)}, at_second(second));
        CHECK(receiver.due(at_second(second), at_second(second)).empty());
    }
    CHECK(receiver.due(at_second(31), at_second(31)).size() == 1);
    receiver.learn_end(StoreId{"nobody"}, Sequence{1}, at_second(1));
    CHECK(receiver.find(StoreId{"nobody"}) == nullptr);
}

TEST_CASE("receiver: a paused log takes nothing and is asked for again at its time") {
    Receiver receiver;
    receiver.begin(want_of({{"stock", 0}}), at_second(1));
    receiver.pause(kStore, "not held here", at_second(10));
    CHECK(receiver.find(kStore)->stopped == "not held here");
    CHECK(receiver.judge(block_of({"stock"}, 0, 5), at_second(2)) == Step::ignore);
    CHECK(receiver.due(at_second(9), at_second(9)).empty());
    CHECK(receiver.due(at_second(10), at_second(10)) == std::vector<StoreId>{kStore});
    CHECK(receiver.due(at_second(10), at_second(10)).empty());
    CHECK(receiver.due(at_second(99), at_second(99)).size() == 1);
    receiver.begin(want_of({{"stock", 0}}), at_second(100));
    CHECK(receiver.find(kStore)->stopped.empty());
    CHECK(receiver.judge(block_of({"stock"}, 0, 5), at_second(100)) == Step::take);
}

TEST_CASE("receiver: a stopped log says why and stays so until it is begun again") {
    Receiver receiver;
    receiver.begin(want_of({{"stock", 0}}), at_second(1));
    receiver.learn_end(kStore, Sequence{9}, at_second(1));
    receiver.pause(kStore, "busy", at_second(5));
    receiver.stop(kStore, "two contents for one position", at_second(2));
    CHECK(receiver.judge(block_of({"stock"}, 0, 5), at_second(3)) == Step::ignore);
    CHECK(receiver.due(at_second(100'000), at_second(100'000)).empty());
    CHECK(receiver.find(kStore)->stopped == "two contents for one position");
    receiver.begin(want_of({{"stock", 0}}), at_second(4));
    CHECK(receiver.judge(block_of({"stock"}, 0, 5), at_second(4)) == Step::take);
}

TEST_CASE("receiver: a refusal of a log that was never asked for leaves no trace") {
    Receiver receiver;
    receiver.pause(StoreId{"stranger"}, "no", at_second(1));
    receiver.stop(StoreId{"stranger"}, "no", at_second(1));
    CHECK(receiver.flows().empty());
    CHECK(receiver.due(at_second(1'000), at_second(1'000)).empty());
}
