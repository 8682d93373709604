#include "cli/bundle_giver.h"

#include <algorithm>

namespace filial::cli {

using core::BootTime;
using schema::Errc;
using schema::Message;
using schema::Result;
using schema::Sequence;
using schema::Timestamp;

BundleGiver::BundleGiver(BundledLog& log, std::vector<schema::MarkMessage> marks, Timestamp written)
    : log_(log), marks_(std::move(marks)), written_(written) {}

void BundleGiver::greet(std::uint64_t nonce, Timestamp wall, BootTime now) {
    schema::Hello hello;
    hello.nonce = nonce;
    // A process takes of its own machine what the folder's rights let in, and of nobody more than
    // the log of the store that he says.
    hello.store = log_.log().store.value();
    hello.role = "broker";
    hello.name = "bundle";
    hello.offers = {hello.store};
    hello.clock = wall;
    hello.software = std::string("filial ") + FILIAL_VERSION;
    session_ = std::make_unique<core::Session>(hello, true, true, now);
    outgoing_.emplace_back(std::move(hello));
}

void BundleGiver::ping() { outgoing_.emplace_back(schema::Ping{session_->to_peer(), ++pings_}); }

Result<void> BundleGiver::take(const Message& message, Timestamp wall, BootTime now) {
    if (state_ != State::under_way) return {};
    if (const auto* welcome = std::get_if<schema::Welcome>(&message)) {
        if (session_->established()) return {};
        schema::Welcome local = *welcome;
        const auto ok = session_->welcomed(local, local.self.store, wall, now);
        if (!ok && ok.error().code == Errc::invalid) return {};
        if (!ok) return ok;
        ping();  // What it wants is asked for before this is answered.
        return {};
    }
    if (const auto* trouble = std::get_if<schema::Trouble>(&message)) {
        if (session_->established() && !session_->mine(trouble->session)) return {};
        state_ = State::refused;
        why_ = trouble->message;
        return {};
    }
    if (!session_->established()) return {};
    if (const auto* fetch = std::get_if<schema::Fetch>(&message)) {
        if (session_->mine(fetch->session) && fetch->store == log_.log().store) {
            return on_fetch(*fetch, wall);
        }
    } else if (const auto* pinged = std::get_if<schema::Ping>(&message)) {
        if (session_->mine(pinged->session)) {
            outgoing_.emplace_back(schema::Pong{session_->to_peer(), pinged->nonce});
        }
    } else if (const auto* pong = std::get_if<schema::Pong>(&message)) {
        if (!session_->mine(pong->session) || pong->nonce != pings_) return {};
        if (!fetched_) state_ = State::unwanted;
        if (marked_) state_ = State::done;
    } else if (const auto* bye = std::get_if<schema::Bye>(&message)) {
        if (!session_->mine(bye->session)) return {};
        state_ = State::refused;
        why_ = "the other end says good-bye: " + bye->reason;
    }
    return {};
}

bool BundleGiver::turn_away(const schema::Fetch& fetch) {
    const schema::BundleLog& log = log_.log();
    const auto refuse = [&](Errc code, std::string why) {
        schema::Trouble trouble;
        trouble.session = session_->to_peer();
        trouble.code = code;
        trouble.message = why;
        trouble.store = log.store.value();
        outgoing_.emplace_back(std::move(trouble));
        state_ = State::refused;
        why_ = std::move(why);
        return true;
    };
    const bool all = log.topics.front() == schema::kAllTopics;
    for (const schema::TopicEnd& end : fetch.after) {
        const bool there =
            std::find(log.topics.begin(), log.topics.end(), end.topic) != log.topics.end();
        if (all || there) continue;
        const bool every = end.topic == schema::kAllTopics;
        return refuse(Errc::not_allowed, "the bundle does not have " +
                                             (every ? "every topic" : "topic " + end.topic) +
                                             " of " + log.store.value() +
                                             ", since its writer admits this store to others only");
    }
    constexpr schema::Incarnation kUnknown{};
    const bool both = fetch.incarnation != kUnknown && log.incarnation != kUnknown;
    if (both && fetch.epoch == log.epoch && fetch.incarnation != log.incarnation) {
        return refuse(Errc::forked, "two logs say that they are " + log.store.value() +
                                        " in epoch " + std::to_string(log.epoch.value()) +
                                        ": the bundle has another one than this store holds");
    }
    // One that is late and holds nothing new does no harm.
    if (fetch.epoch > log.epoch && held_ < log_.upto()) {
        return refuse(Errc::stale_incarnation,
                      "the bundle has epoch " + std::to_string(log.epoch.value()) + " of " +
                          log.store.value() + ", this store is in epoch " +
                          std::to_string(fetch.epoch.value()) + " already");
    }
    return false;
}

Result<void> BundleGiver::on_fetch(const schema::Fetch& fetch, Timestamp wall) {
    if (fetch.after.empty()) return {};
    Sequence least = fetch.after.front().seq;
    for (const schema::TopicEnd& end : fetch.after) least = std::min(least, end.seq);
    if (!fetched_) before_ = least;
    fetched_ = true;
    held_ = least;
    if (turn_away(fetch)) return {};
    if (least < log_.log().after) {
        state_ = State::gap;
        return {};
    }
    if (const auto ok = session_->sender.fetch(fetch); !ok) return ok;
    settle(wall);
    return pump();
}

/// Once everything is durable there: the marks, which say how old it is.
void BundleGiver::settle(Timestamp wall) {
    if (marked_ || held_ < log_.upto()) return;
    marked_ = true;
    for (schema::MarkMessage& mark : marks_) {
        mark.session = session_->to_peer();
        mark.dwell_us += std::max<std::int64_t>(wall.value() - written_.value(), 0);
        mark.dwell_exact = false;
        outgoing_.emplace_back(mark);
    }
    ping();
}

Result<void> BundleGiver::pump() {
    const auto end = [&](const schema::StoreId&) { return log_.upto(); };
    while (true) {
        sending_ = BootTime{sending_.value() + core::kQuietEvery};
        const auto request = session_->sender.next(end, sending_);
        if (!request) return {};
        auto range = log_.read(*request);
        if (!range) return tl::unexpected(range.error());
        range->end = log_.upto();
        if (auto block = session_->sender.supply(*range, sending_)) {
            outgoing_.emplace_back(schema::BlockMessage{session_->to_peer(), std::move(*block)});
        }
    }
}

std::optional<Message> BundleGiver::bye() const {
    if (session_ == nullptr || !session_->established()) return std::nullopt;
    return Message(schema::Bye{session_->to_peer(), "the bundle is read"});
}

}  // namespace filial::cli
