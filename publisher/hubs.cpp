#include "publisher/hubs.h"

#include <algorithm>

#include "core/log.h"

namespace filial::publisher {

using core::HubLife;
using core::Level;
using schema::Errc;
using schema::fail;
using schema::Incarnation;
using schema::Result;
using schema::StoreId;

namespace {

/// Enough to tell the lives of one broker apart.
constexpr std::size_t kDigitsShown = 8;

constexpr std::string_view kHubsKey = "hubs";

std::string hex(const Incarnation& life) { return schema::to_hex(schema::view(life)); }

std::string how_to(const StoreId& hub, const Incarnation& life) {
    return "run filial accept-hub " + hub.value() + " " + hex(life).substr(0, kDigitsShown);
}

}  // namespace

Result<core::KnownHubs> Hubs::read() {
    const auto noted = journal_.get(kHubsKey);
    if (!noted) return tl::unexpected(noted.error());
    noted_ = noted->value_or("");
    auto known = core::read_known_hubs(data_);
    if (!known && !noted_.empty()) {
        return fail(known.error().code, known.error().message +
                                            "; move it away and start the publisher again: the "
                                            "log knows which brokers were known");
    }
    if (!known || known->text().starts_with(noted_)) return known;
    auto all = core::parse_known_hubs(noted_);
    if (!all) return fail("brokers in the state of the log", all.error());
    // One that was cut at the end of a line has nothing that the log lacks. Of another one what
    // only it says counts, lives that a flipped bit has made too: then a person is asked.
    for (const HubLife& life : known->all()) {
        const bool there = std::any_of(all->all().begin(), all->all().end(), [&](const auto& one) {
            return one.hub == life.hub && one.life == life.life;
        });
        if (!there) all->add(life);
    }
    const auto kept = core::write_known_hubs(data_, *all);
    core::log(Level::warn, "the file of known brokers lacked what the log knows, and has it again",
              {{"file", (data_ / "hubs").string()}, {"error", kept ? "" : kept.error().message}});
    return all;
}

void Hubs::save(StateWrites& writes) const { writes.emplace_back(kHubsKey, known_.text()); }

bool Hubs::load() {
    if (loaded_) return unread_.empty();
    auto known = read();
    loaded_ = true;
    unread_ = known ? "" : known.error().message;
    if (known) known_ = std::move(*known);
    if (!known) {
        core::log(Level::error, "no broker is trusted, since it is not known which ones were",
                  {{"error", unread_}});
    }
    return unread_.empty();
}

bool Hubs::trusts(const core::Peer& broker) {
    if (broker.incarnation == Incarnation{}) return true;
    if (!load()) return false;
    const StoreId hub{broker.store};
    const HubLife* known = known_.find(hub);
    if (known == nullptr) {
        known_.add({hub, broker.incarnation, clock_.wall(), {}});
        if (const auto kept = core::write_known_hubs(data_, known_); !kept) {
            core::log(Level::warn, "which life of a broker was met first is not kept",
                      {{"broker", hub.value()}, {"error", kept.error().message}});
        }
        return true;
    }
    if (known->life == broker.incarnation) {
        offered_.erase(hub);
        return true;
    }
    const auto [at, first] = offered_.insert_or_assign(hub, broker.incarnation);
    if (first) {
        core::log(Level::error,
                  "hub changed: it gets this store's log, but no notice is taken from it, nor any "
                  "word on whose log goes on, until a person has accepted it here",
                  {{"broker", hub.value()},
                   {"known", hex(known->life)},
                   {"speaks", hex(at->second)},
                   {"do", how_to(hub, at->second)}});
    }
    return false;
}

std::string Hubs::changed() const {
    if (!unread_.empty()) return "no broker is trusted: " + unread_;
    std::string text;
    for (const auto& [hub, life] : offered_) {
        text += (text.empty() ? "hub changed: " : "; ") + hub.value() + " was " +
                hex(known_.find(hub)->life).substr(0, kDigitsShown) + " and is " +
                hex(life).substr(0, kDigitsShown) + ", without the old one's memory; " +
                how_to(hub, life);
    }
    return text;
}

Result<void> Hubs::accept(const StoreId& hub, const std::string& digits,
                          const std::string& reason) {
    if (!load()) return fail(Errc::corrupt, unread_);
    if (digits.size() < kDigitsShown || reason.empty()) {
        return fail(Errc::invalid, "name the " + std::to_string(kDigitsShown) +
                                       " digits that its store shows, or more, and say why");
    }
    const auto offered = offered_.find(hub);
    if (offered != offered_.end() && hex(offered->second).starts_with(digits)) {
        core::KnownHubs with = known_;
        with.add({hub, offered->second, clock_.wall(), reason});
        if (const auto kept = core::write_known_hubs(data_, with); !kept) return kept;
        known_ = std::move(with);
        core::log(Level::warn, "a broker without its memory was accepted",
                  {{"broker", hub.value()}, {"life", hex(offered->second)}, {"reason", reason}});
        offered_.erase(offered);
        return {};
    }
    const HubLife* known = known_.find(hub);
    if (known != nullptr && hex(known->life).starts_with(digits)) {
        return fail(Errc::refused, hub.value() + " is known here as " + hex(known->life) +
                                       " already: nothing is to be accepted");
    }
    return fail(Errc::not_found, "no broker " + hub.value() + " has greeted here as " + digits +
                                     "; `filial accept-hub` lists which have");
}

Result<std::vector<std::string>> Hubs::asked(const core::Requester& from,
                                             const schema::Readmit& hub) {
    if (!from.local) {
        return fail(Errc::not_allowed, "brokers are accepted on the store's own machine");
    }
    if (hub.incarnation.empty()) return sentences();
    const auto done = accept(hub.store, hub.incarnation, hub.reason);
    if (!done) return tl::unexpected(done.error());
    return sentences();
}

std::vector<std::string> Hubs::sentences() {
    load();
    std::vector<std::string> all;
    for (const HubLife& life : known_.all()) {
        const bool counts = known_.find(life.hub)->life == life.life;
        all.push_back(life.hub.value() + " " + hex(life.life) + " " +
                      (life.reason.empty() ? "as it was first met" : "accepted: " + life.reason) +
                      (counts ? "" : "; over"));
    }
    for (const auto& [hub, life] : offered_) {
        all.push_back(hub.value() + " " + hex(life) +
                      " is not accepted; if it is the company's: " + how_to(hub, life));
    }
    return all;
}

}  // namespace filial::publisher
