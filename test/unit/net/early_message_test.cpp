// What comes before the welcome, which says who speaks: over wires that keep no order.
#include <doctest/doctest.h>

#include "core/clock.h"
#include "core/link/exchange.h"
#include "core/link/socket.h"
#include "schema/codec.h"
#include "test/support/idle_host.h"
#include "test/support/temp_folder.h"

using namespace filial;
using schema::Message;
using std::chrono::milliseconds;

namespace {

/// Holds a log of no events, and remembers who asked for it.
class EmptyLog : public test::IdleHost {
  public:
    std::vector<schema::StoreId> held() const override { return {schema::StoreId{"store1"}}; }
    schema::Epoch epoch(const schema::StoreId&) const override { return schema::Epoch{1}; }
    void reached(const core::Peer& peer, const schema::Fetch&) override {
        asked_by.push_back(peer.name);
    }
    std::vector<std::string> asked_by;
};

/// A store's publisher that dials a broker whose every word the test says.
struct Dialling {
    const test::TempFolder folder;
    const std::string endpoint = "ipc://" + (folder / "head.sock").string();
    const core::SystemClock clock;
    std::unique_ptr<core::Network> network = std::move(*core::Network::open(nullptr));
    std::unique_ptr<core::Port> port = std::move(*core::Port::bind(*network, endpoint, nullptr));
    core::Poller poller{*network};
    EmptyLog host;
    core::Exchange store{host,    clock,   *network,
                         nullptr, nullptr, {schema::StoreId{"store1"}, "publisher", {}, {}}};
    schema::Parser parser;
    core::Incoming caller;
    schema::Hello hello;

    Dialling() {
        poller.add(*port);
        REQUIRE(store.dial(core::Remote{"head", endpoint, ""}, "publisher"));
        REQUIRE(until([&] {
            const auto message = next();
            if (!message || !std::holds_alternative<schema::Hello>(*message)) return false;
            hello = std::get<schema::Hello>(*message);
            return true;
        }));
    }
    std::optional<Message> next() {
        auto incoming = port->receive();
        REQUIRE(incoming);
        if (!*incoming) return std::nullopt;
        caller = std::move(**incoming);
        auto message = schema::decode_message(parser, caller.bytes);
        REQUIRE(message);
        return std::move(*message);
    }
    bool until(const std::function<bool()>& holds) {
        for (int turn = 0; turn < 2'000; ++turn) {
            REQUIRE(store.turn(milliseconds(2)));
            REQUIRE(poller.wait(milliseconds(1)));
            if (holds()) return true;
        }
        return false;
    }
    void say(const Message& message) {
        REQUIRE(port->send(caller.route, schema::encode(message)).value());
    }
    void fetch() {
        schema::Fetch fetch;
        fetch.session = hello.nonce;
        fetch.store = schema::StoreId{"store1"};
        fetch.epoch = schema::Epoch{1};
        fetch.after = {{std::string(schema::kAllTopics), schema::Sequence{0}}};
        fetch.credit = 1 << 16;
        fetch.restart = true;
        say(fetch);
    }
    void welcome() {
        schema::Welcome welcome;
        welcome.hello_nonce = hello.nonce;
        welcome.self.nonce = 4711;
        welcome.self.store = "head";
        welcome.self.role = "broker";
        say(welcome);
    }
    std::int64_t early() const {
        for (const auto& [name, value] : store.counters()) {
            if (name == "messages_early") return value;
        }
        return 0;
    }
};

}  // namespace

TEST_CASE("exchange: what comes before the welcome is nobody's and counts for nothing") {
    Dialling it;
    it.fetch();
    REQUIRE(it.until([&] { return it.early() == 1; }));
    CHECK(it.host.asked_by.empty());
    CHECK(it.store.peers().empty());

    it.welcome();
    REQUIRE(it.until([&] { return it.store.peers().size() == 1; }));
    CHECK(it.host.asked_by.empty());  // It was not kept either: who wants it asks again.
    it.fetch();
    REQUIRE(it.until([&] { return !it.host.asked_by.empty(); }));
    CHECK(it.host.asked_by == std::vector{it.store.peers().front().name});
    CHECK(it.early() == 1);
}
