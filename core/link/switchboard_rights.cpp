// Who may have a session here, and what it may do: asked again for every message, since the allow
// list changes while sessions stand.
#include <algorithm>

#include "core/link/switchboard.h"
#include "core/log.h"
#include "schema/planted.h"

namespace filial::core {

using schema::Errc;
using schema::Error;
using schema::StoreId;

namespace {

/// Whose log it speaks for.
std::string name_of(const Peer& peer) {
    if (peer.incarnation == schema::Incarnation{}) return "a store that repairs its log";
    return "incarnation " + schema::to_hex(schema::view(peer.incarnation));
}

}  // namespace

bool Switchboard::admitted(const Line& line) const {
    if (line.local() || line.dialled()) return true;
    return allow_ != nullptr && allow_->find_store(line.session()->peer().store) != nullptr;
}

Error Switchboard::not_admitted(const Line& line) const {
    return {Errc::not_allowed, self_.store.value() + " does not admit " +
                                   line.session()->peer().store +
                                   "; it has to `filial admit` this store"};
}

bool Switchboard::may_read(const Line& line, const std::string& topic) const {
    // Whom we dialled was named in our configuration with its key; ipc is this machine.
    if (line.local() || line.dialled()) return true;
    const Admission* entry =
        allow_ != nullptr ? allow_->find_store(line.session()->peer().store) : nullptr;
    if (entry == nullptr) return false;
    // A store acts on what is told to it, whatever its replica may copy.
    const bool acts = topic == schema::kTopicAccounts && entry->publish &&
                      line.session()->peer().role == "publisher";
    return acts || AllowList::may_read(*entry, topic);
}

bool Switchboard::may_send(const Line& line, const StoreId& store) const {
    if (line.dialled()) return true;
    const std::string& peer = line.session()->peer().store;
    const bool own = peer == store.value();
    if (line.local()) return own;
    const Admission* entry = allow_ != nullptr ? allow_->find_store(peer) : nullptr;
    return entry != nullptr && (own ? entry->publish : entry->relay);
}

std::optional<Error> Switchboard::take_over(const Line& line) {
    const Peer& peer = line.session()->peer();
    std::vector<Line*> older;
    for (const auto& [key, other] : called_) {
        const bool same = other.get() != &line && other->session() != nullptr &&
                          other->session()->peer().name == peer.name;
        if (same) older.push_back(other.get());
    }
    for (const Line* other : older) {
        const Peer& there = other->session()->peer();
        // A log that goes on elsewhere does so in a later epoch.
        if (there.incarnation == peer.incarnation || there.epoch < peer.epoch) continue;
        if (host_.goes_before(peer, there)) continue;
        return Error{Errc::forked,
                     "another machine speaks as " + peer.store + " and is connected, " +
                         name_of(there) + "; this one is " + name_of(peer) +
                         ": two may not have one store's name. The other one may be what this one "
                         "was before, and is given up once nothing has come of it for a while"};
    }
    // A receiver has one session: what an older one of the same name still says is not heard.
    if (schema::planted(schema::Bug::older_session_heard)) return std::nullopt;
    for (Line* other : older) end(*other, "the same receiver greeted again");
    return std::nullopt;
}

/// Why nothing is sent for it: no right to a topic, no such log here, or another one.
std::optional<Error> Switchboard::refuses_fetch(const Line& line,
                                                const schema::Fetch& fetch) const {
    const Peer& peer = line.session()->peer();
    for (const auto& end : fetch.after) {
        // Its own log every store may have back.
        if (may_read(line, end.topic) || fetch.store.value() == peer.store) continue;
        return Error{Errc::not_allowed, peer.store + " may not read topic " + end.topic +
                                            " here: head office changes that with `filial admit`"};
    }
    const auto held = host_.held();
    if (std::find(held.begin(), held.end(), fetch.store) == held.end()) {
        return Error{Errc::not_held, "the log of " + fetch.store.value() + " is not held here"};
    }
    if (const auto may = host_.may_fetch(peer, fetch); !may) return may.error();
    return other_log(fetch);
}

/// Why the positions of `fetch` mean nothing here, if they are those of another log.
std::optional<Error> Switchboard::other_log(const schema::Fetch& fetch) const {
    constexpr schema::Incarnation kUnknown{};
    const schema::Incarnation here = host_.incarnation(fetch.store);
    const bool both = fetch.incarnation != kUnknown && here != kUnknown;
    if (!both || fetch.epoch != host_.epoch(fetch.store) || fetch.incarnation == here) {
        return std::nullopt;
    }
    return Error{Errc::forked, "two logs say that they are " + fetch.store.value() + " in epoch " +
                                   std::to_string(fetch.epoch.value()) + ": held here is " +
                                   schema::to_hex(schema::view(here)) + ", asked for is " +
                                   schema::to_hex(schema::view(fetch.incarnation))};
}

void Switchboard::judge_again() {
    for (Line* line : lines()) {
        if (line->session() == nullptr || !line->session()->established()) continue;
        const auto why = host_.refuses(line->session()->peer());
        if (!why) continue;
        refuse(*line, *why, "", {});
        line->end_turn();
        end(*line, "refused by now: " + why->message);
    }
}

void Switchboard::refuse_greeting(Line& line, const Error& error) {
    counters_["greetings_refused"] += 1;
    if (last_refusal_ != error.message) {
        log(Level::warn, "a greeting was refused",
            {{"peer", line.session()->peer().name}, {"error", error.message}});
    }
    last_refusal_ = error.message;
    refuse(line, error, "", {});
    line.end();
}

}  // namespace filial::core
