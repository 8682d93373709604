#include "test/unit/net/two_ends.h"

#include <doctest/doctest.h>

namespace filial::test {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

core::Keys make_keys() {
    auto keys = core::make_keys();
    REQUIRE(keys);
    return *keys;
}

core::Admission admission(const std::string& store, const core::Keys& keys) {
    core::Admission entry;
    entry.store = store;
    entry.key = keys.curve_public;
    return entry;
}

namespace {

std::unique_ptr<core::Network> open_network(core::AllowList* allow) {
    auto network = core::Network::open(allow);
    REQUIRE(network);
    return std::move(*network);
}

}  // namespace

End::End(core::AllowList* allow) : network(open_network(allow)), poller(*network) {}

TwoEnds::TwoEnds() = default;

void TwoEnds::listen(const std::string& endpoint) {
    auto bound = core::Port::bind(*server.network, endpoint, &server_keys);
    REQUIRE_MESSAGE(bound, bound.error().message);
    port = std::move(*bound);
    server_poller_ = std::make_unique<core::Poller>(*server.network);
    server_poller_->add(*port);
}

void TwoEnds::hang_up() {
    server_poller_.reset();
    port.reset();
}

std::unique_ptr<core::Dial> TwoEnds::dial(const core::Keys& keys, const std::string& server_key) {
    REQUIRE(port);
    auto dial = core::Dial::open(*client.network, port->endpoint(), server_key, &keys);
    REQUIRE_MESSAGE(dial, dial.error().message);
    client.poller.add(**dial);
    return std::move(*dial);
}

void TwoEnds::turn() {
    REQUIRE(client.poller.wait(milliseconds(2)));
    auto& poller = server_poller_ ? *server_poller_ : server.poller;
    REQUIRE(poller.wait(milliseconds(2)));
    while (port) {
        auto message = port->receive();
        REQUIRE(message);
        if (!*message) break;
        came.push_back(std::move(**message));
    }
}

bool TwoEnds::until(const std::function<bool()>& holds) {
    const auto give_up = steady_clock::now() + std::chrono::seconds(10);
    while (!holds()) {
        if (steady_clock::now() > give_up) return false;
        turn();
    }
    return true;
}

void TwoEnds::idle(milliseconds at_least) {
    const auto end = steady_clock::now() + at_least;
    while (steady_clock::now() < end) turn();
}

}  // namespace filial::test
