#include "broker/confirm_relay.h"

#include <doctest/doctest.h>

namespace filial::broker {
namespace {

using schema::Confirm;
using schema::StoreId;
using Names = std::vector<std::string>;

core::Peer peer(const std::string& store, const std::string& role) {
    core::Peer one;
    one.store = store;
    one.role = role;
    one.name = store + "/" + role;
    return one;
}

const std::vector<core::Peer> kPeers{peer("store1", "publisher"), peer("store1", "subscriber"),
                                     peer("store2", "subscriber"), peer("region", "broker"),
                                     peer("store3", "publisher")};

}  // namespace

TEST_CASE("N4: a live question goes to the store's publisher, and the answer to who asked") {
    ConfirmRelay relay;
    CHECK(relay.asked("store2/subscriber", Confirm{0, 7, StoreId{"store1"}}, kPeers, {}) ==
          Names{"store1/publisher"});
    CHECK(relay.answered(7, StoreId{"store3"}) == "");
    CHECK(relay.answered(8, StoreId{"store1"}) == "");
    CHECK(relay.answered(7, StoreId{"store1"}) == "store2/subscriber");
    // Twice, or late: nobody waits for it, and nothing of it is kept to answer from.
    CHECK(relay.answered(7, StoreId{"store1"}) == "");
    CHECK(relay.waiting() == 0);
    CHECK(relay.asked("store2/subscriber", Confirm{0, 9, StoreId{"store1"}}, kPeers, {}) ==
          Names{"store1/publisher"});
}

TEST_CASE("confirm relay: without the store itself the other brokers are asked, never in a ring") {
    ConfirmRelay relay;
    const Confirm question{0, 7, StoreId{"store9"}};
    CHECK(relay.asked("store2/subscriber", question, kPeers, {}) == Names{"region/broker"});
    // It comes back around: who asked first still gets the answer.
    CHECK(relay.asked("region/broker", question, kPeers, {}).empty());
    // Asked again by the same one, it is passed on again: the line may have come up.
    CHECK(relay.asked("store2/subscriber", question, kPeers, {}) == Names{"region/broker"});
    CHECK(relay.answered(7, StoreId{"store9"}) == "store2/subscriber");
    CHECK(relay.asked("region/broker", question, kPeers, {}).empty());
    CHECK(relay.waiting() == 0);
}

TEST_CASE("confirm relay: what nobody answers is forgotten after a while") {
    ConfirmRelay relay;
    relay.asked("store2/subscriber", Confirm{0, 7, StoreId{"store1"}}, kPeers, core::BootTime{5});
    relay.turn(core::BootTime{kConfirmWait});
    CHECK(relay.waiting() == 1);
    relay.turn(core::BootTime{kConfirmWait + 5});
    CHECK(relay.waiting() == 0);
    CHECK(relay.answered(7, StoreId{"store1"}) == "");
}

}  // namespace filial::broker
