#pragma once

#include <doctest/doctest.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "core/clock.h"
#include "core/link/client.h"
#include "core/link/exchange.h"
#include "test/support/temp_folder.h"

namespace filial::test {

/// An exchange on a local socket, and whoever calls it: each of the caller's messages is the test's
/// to write. One thread: the exchange turns while something is waited for.
struct ScriptedClient {
    const TempFolder folder;
    const std::string endpoint = "ipc://" + (folder / "called.sock").string();
    const core::SystemClock clock;
    std::unique_ptr<core::Network> network = std::move(*core::Network::open(nullptr));
    core::Exchange exchange;
    std::unique_ptr<core::Client> caller;
    std::uint64_t session = 0;  ///< What messages to the exchange carry, since the last greeting.

    ScriptedClient(core::Host& host, core::Self self)
        : exchange(host, clock, *network, nullptr, nullptr, self) {
        REQUIRE(exchange.listen(endpoint));
        const core::Remote remote{self.store.value(), endpoint, ""};
        caller = std::move(*core::Client::open(*network, remote, nullptr));
    }
    void greet(const schema::Hello& hello) {
        send(hello);
        const auto welcome = next<schema::Welcome>();
        REQUIRE(welcome);
        session = welcome->self.nonce;
    }
    void send(const schema::Message& message) {
        REQUIRE(caller->send(message, std::chrono::milliseconds(5'000)));
    }
    /// Turns until `holds`, at most so often; whether it does.
    template <class Holds>
    bool until(const Holds& holds, int turns = 1'000) {
        for (int turn = 0; turn < turns && !holds(); ++turn) {
            REQUIRE(exchange.turn(std::chrono::milliseconds(2)));
        }
        return holds();
    }
    /// The next message of this kind that comes within so many turns; others before it are dropped.
    template <class Kind>
    std::optional<Kind> next(int turns = 1'000) {
        for (int turn = 0; turn < turns; ++turn) {
            REQUIRE(exchange.turn(std::chrono::milliseconds(2)));
            const auto message = caller->receive(std::chrono::milliseconds(1));
            if (!message) continue;
            if (const auto* found = std::get_if<Kind>(&*message)) return *found;
        }
        return std::nullopt;
    }
    /// That counter of the exchange.
    std::int64_t count(const std::string& what) const {
        for (const auto& [name, value] : exchange.counters()) {
            if (name == what) return value;
        }
        return 0;
    }
};

}  // namespace filial::test
