#include <doctest/doctest.h>

#include <array>
#include <random>

#include "test/unit/ledger/store_log.h"

using namespace filial::test;
using filial::schema::Operation;
using filial::schema::OperationKind;
using K = filial::schema::OperationKind;

namespace {

/// Three stores that do anything to a few keys, so that their operations meet often.
class Story {
  public:
    explicit Story(unsigned seed) : random_(seed) {}

    void step() {
        const std::size_t who = pick(stores_.size());
        if (pick(4) == 0) {
            StoreLog& other = stores_[(who + 1 + pick(2)) % stores_.size()];
            stores_[who].take_from(other);  // All of it again: what was taken gives nothing.
            return;
        }
        std::vector<Operation> ticket;
        for (std::size_t i = 1 + pick(4); i > 0; --i) ticket.push_back(operation(who));
        (void)stores_[who].hand_in(ticket);
    }

    std::array<StoreLog, 3>& stores() { return stores_; }

  private:
    std::size_t pick(std::size_t below) { return random_() % below; }
    std::string any(const char* prefix, std::size_t below) {
        return prefix + std::to_string(pick(below));
    }
    std::string amount() { return std::to_string(1 + pick(50)); }

    Operation operation(std::size_t who) {
        const std::string other = "store" + std::to_string((who + 1 + pick(2)) % 3);
        const std::string document = pick(3) == 0 ? "" : any("D", 6);
        constexpr std::array kGoods{K::sell, K::return_goods, K::receive, K::count, K::adjust};
        constexpr std::array kMoney{K::charge, K::credit_note, K::pay, K::limit};
        switch (pick(8)) {
            case 0:
            case 1:
                return goods(kGoods[pick(kGoods.size())], any("S", 4), amount(), document);
            case 2:
                return money(kMoney[pick(kMoney.size())], any("C", 4), amount(), document);
            case 3: {
                const bool adds = pick(2) == 0;
                return person(adds ? K::customer_add : K::customer_edit, any("C", 4),
                              adds ? other : std::string(), {{any("f", 3), amount()}});
            }
            case 4:
                return transfer(K::transfer_send, any("T", 40), other, any("S", 4), amount());
            case 5:
                return transfer(K::transfer_receive, any("T", 40), other, any("S", 4), amount());
            case 6:
                return transfer(K::transfer_cancel, any("T", 40), other);
            default:
                return void_of(pick(5) == 0 ? any("T", 40) : any("D", 6));
        }
    }

    std::mt19937 random_;
    std::array<StoreLog, 3> stores_{StoreLog("store0"), StoreLog("store1"), StoreLog("store2")};
};

}  // namespace

TEST_CASE("replay: the state folded from the log is the state that decided it") {
    for (unsigned seed = 1; seed <= 20; ++seed) {
        CAPTURE(seed);
        Story story(seed);
        for (int i = 0; i < 200; ++i) story.step();
        for (const StoreLog& store : story.stores()) {
            CHECK(store.log().size() > 50);
            CHECK(store.replayed().all() == store.state().all());
        }
    }
}

TEST_CASE("replay: stock at a place is the sum of the moves in its log") {
    Story story(4711);
    for (int i = 0; i < 500; ++i) story.step();
    for (const StoreLog& store : story.stores()) {
        std::map<std::string, std::int64_t> sums;
        for (const auto& logged : store.log()) {
            if (logged.event.topic == "stock")
                sums[logged.event.key] += stock(logged).delta.value();
        }
        for (const auto& [sku, sum] : sums) {
            CHECK(store.hand(sku) == to_string(filial::schema::Quantity{sum}));
        }
    }
}

TEST_CASE(
    "N7: each transfer is received once at most and taken back only if it was never received "
    "before the agreement") {
    for (unsigned seed = 100; seed < 110; ++seed) {
        CAPTURE(seed);
        Story story(seed);
        for (int i = 0; i < 400; ++i) story.step();
        for (int round = 0; round < 3; ++round) {
            for (StoreLog& to : story.stores()) {
                for (StoreLog& from : story.stores()) to.take_from(from);
            }
        }
        for (const StoreLog& store : story.stores()) {
            std::map<std::string, int> received;
            std::map<std::string, int> back;
            std::map<std::string, bool> agreed;
            for (const auto& logged : store.log()) {
                const std::string& id = logged.event.key;
                if (logged.event.kind == "transfer.cancel_agreed") {
                    CHECK(received[id] == 0);
                    agreed[id] = true;
                }
                if (logged.event.kind == "transfer.received") {
                    CHECK(++received[id] == 1);
                    const bool found = (step(logged).flags & filial::schema::kFlagFound) != 0;
                    CHECK(found == agreed[id]);
                }
                if (logged.event.kind == "transfer.taken_back") CHECK(++back[id] == 1);
            }
        }
    }
}
