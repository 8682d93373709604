#pragma once

#include <functional>

#include "cli/context.h"
#include "schema/hash.h"
#include "schema/limits.h"

namespace filial::cli {

/// A new session's number: random, not 0, and one that every language holds.
inline std::uint64_t session_nonce() {
    std::uint64_t nonce = 0;
    for (const char c : schema::random_bytes(8)) {
        nonce = nonce << 8 | static_cast<unsigned char>(c);
    }
    return (nonce >> 11) | 1;
}

/// Greets over `link` with `machine` and passes messages both ways until it is done. `stalled` is
/// asked about once a second while nothing gets on, and may end it with a reason; without one it
/// ends as `timeout` after as long as any session would.
template <class Machine>
schema::Result<void> converse(Context& context, Link& link, Machine& machine,
                              const std::function<schema::Result<void>()>& stalled) {
    using std::chrono::milliseconds;
    constexpr milliseconds kTurn{1'000};
    constexpr milliseconds kSendWait{5'000};
    const core::Clock& clock = context.clock;
    const std::int64_t limit_us = schema::kSilenceMax.count() * core::kSecond;
    machine.greet(session_nonce(), clock.wall(), clock.boot());
    std::uint64_t progress = machine.progress();
    core::BootTime moved = clock.boot();
    core::BootTime asked = moved;
    while (!machine.done()) {
        for (const schema::Message& message : machine.take_messages()) {
            if (const auto sent = link.send(message, kSendWait); !sent) return sent;
        }
        const auto message = link.receive(kTurn);
        if (!message && message.error().code != schema::Errc::timeout) {
            return tl::unexpected(message.error());
        }
        if (message) {
            const auto taken = machine.take(*message, clock.wall(), clock.boot());
            if (!taken) return taken;
        }
        const core::BootTime now = clock.boot();
        if (machine.progress() != progress) {
            progress = machine.progress();
            moved = asked = now;
        }
        if (now.value() - asked.value() < core::kSecond) continue;
        asked = now;
        if (const auto why = stalled(); !why) return why;
        if (now.value() - moved.value() > limit_us) {
            return schema::fail(schema::Errc::timeout, "it answers nothing more");
        }
    }
    // What is still to be said is a farewell, or why not.
    for (const schema::Message& message : machine.take_messages()) {
        if (const auto sent = link.send(message, kSendWait); !sent) return sent;
    }
    const auto bye = machine.bye();
    if (bye) return link.send(*bye, kSendWait);
    return {};
}

}  // namespace filial::cli
