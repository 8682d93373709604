#include "cli/tap_session.h"

#include <algorithm>

#include "cli/event_json.h"
#include "schema/mark.h"

namespace filial::cli {

using core::BootTime;
using schema::Errc;
using schema::Message;
using schema::Result;
using schema::StoreId;
using schema::Timestamp;

namespace {

/// A greeting without an answer is sent again; twice as late each time, for the slowest lines.
constexpr std::int64_t kGreetWaitMin = 3 * core::kSecond;
constexpr std::int64_t kGreetWaitMax = 60 * core::kSecond;
/// After trouble with one log it is asked for again.
constexpr std::int64_t kRetryAfter = 2 * core::kSecond;
/// Without any event for so long a person wants to know why. The marks of all logs come at once.
constexpr std::int64_t kToldAfter = 2 * core::kSecond;

}  // namespace

TapSession::TapSession(TapSettings settings, TapState& state)
    : settings_(std::move(settings)), state_(state), beginning_(settings_, state.positions) {}

void TapSession::lost() {
    forgotten_ = established();
    greet_wait_us_ = kGreetWaitMin;
}

bool TapSession::must_greet(BootTime now) const {
    if (!session_ || forgotten_) return true;
    if (!session_->established()) return now.value() - greeted_.value() >= greet_wait_us_;
    return session_->silent(now);
}

void TapSession::greet(std::uint64_t nonce, Timestamp wall, BootTime now) {
    const bool unanswered = session_ && !session_->established() && !forgotten_;
    greet_wait_us_ = unanswered ? std::min(greet_wait_us_ * 2, kGreetWaitMax) : kGreetWaitMin;
    schema::Hello hello;
    hello.nonce = nonce;
    hello.store = settings_.own_store;
    hello.role = settings_.durable ? "tap" : "cli";
    hello.name = settings_.name;
    hello.clock = wall;
    hello.software = std::string("filial ") + FILIAL_VERSION;
    session_ = std::make_unique<core::Session>(hello, true, settings_.local);
    session_->heard(now);
    greeted_ = now;
    forgotten_ = false;
    // Blocks of an older session are not heard any more: what was not written comes again.
    lines_.clear();
    outgoing_.clear();
    confirm_.clear();
    reached_ = state_.positions;
    outgoing_.emplace_back(std::move(hello));
}

bool TapSession::wanted(const StoreId& store) const {
    return settings_.store.empty() || settings_.store == store.value();
}

void TapSession::note(const std::string& text) {
    if (text != last_note_) notes_.push_back(text);
    last_note_ = text;
}

void TapSession::note_unknown() {
    std::string offered;
    for (const std::string& offer : session_->peer().offers) {
        if (offer == schema::kAllTopics || wanted(StoreId{offer})) return;
        offered += (offered.empty() ? "" : ", ") + offer;
    }
    if (settings_.store.empty()) return;
    note("there is no log of " + settings_.store + " at " + settings_.peer + ", which has " +
         (offered.empty() ? "none" : offered) + ": waiting until there is one");
}

void TapSession::begin(const StoreId& store, BootTime now) {
    auto at = reached_.find(store);
    if (at == reached_.end()) {
        if (settings_.live) return;  // Its mark says where "now" is.
        const std::uint64_t first = settings_.from.value_or(1);
        const TapPosition position{schema::Epoch{0}, schema::Sequence{first > 0 ? first - 1 : 0}};
        at = reached_.emplace(store, position).first;
        state_.positions.emplace(store, position);
    }
    core::Want want{store, at->second.epoch, {{settings_.topic, at->second.after}}};
    schema::Fetch fetch = session_->receiver.begin(want, now);
    fetch.session = session_->to_peer();
    outgoing_.emplace_back(std::move(fetch));
}

Result<void> TapSession::take(const Message& message, Timestamp wall, BootTime now) {
    if (!session_) return {};
    if (const auto* welcome = std::get_if<schema::Welcome>(&message)) {
        if (session_->established()) return {};
        const auto ok = session_->welcomed(*welcome, settings_.peer, wall, now);
        if (!ok && ok.error().code == Errc::invalid) return {};  // Of an older hello.
        if (!ok) return ok;
        if (!welcomed_) note(beginning_.begins());
        welcomed_ = welcomed_.value_or(now);
        note_unknown();
        for (const std::string& offer : session_->peer().offers) {
            if (offer != schema::kAllTopics && wanted(StoreId{offer})) begin(StoreId{offer}, now);
        }
        const StoreId only{settings_.store};
        if (!settings_.store.empty() && session_->receiver.find(only) == nullptr) begin(only, now);
        return {};
    }
    if (const auto* trouble = std::get_if<schema::Trouble>(&message)) {
        return on_trouble(*trouble, now);
    }
    const auto of_session = [&](std::uint64_t number) {
        const bool mine = session_->established() && session_->mine(number);
        if (mine) session_->heard(now);
        return mine;
    };
    if (const auto* block = std::get_if<schema::BlockMessage>(&message)) {
        if (of_session(block->session)) return on_block(block->block, now);
    } else if (const auto* mark = std::get_if<schema::MarkMessage>(&message)) {
        if (of_session(mark->session)) on_mark(*mark, now);
    } else if (const auto* ping = std::get_if<schema::Ping>(&message)) {
        if (of_session(ping->session)) {
            outgoing_.emplace_back(schema::Pong{session_->to_peer(), ping->nonce});
        }
    } else if (const auto* pong = std::get_if<schema::Pong>(&message)) {
        if (of_session(pong->session)) session_->pong(pong->nonce, now);
    } else if (const auto* bye = std::get_if<schema::Bye>(&message)) {
        if (of_session(bye->session)) {
            note("the other end says good-bye: " + bye->reason);
            forgotten_ = true;
        }
    }
    return {};
}

Result<void> TapSession::on_trouble(const schema::Trouble& trouble, BootTime now) {
    if (trouble.code == Errc::unknown_session) {
        if (established()) forgotten_ = true;
        return {};
    }
    if (established() && !session_->mine(trouble.session)) return {};
    session_->heard(now);
    const bool final = trouble.code == Errc::not_allowed || trouble.code == Errc::forked ||
                       trouble.code == Errc::snapshot_needed ||
                       trouble.code == Errc::stale_incarnation ||
                       trouble.code == Errc::schema_too_new || trouble.code == Errc::invalid;
    if (final) {
        std::string text = trouble.message;
        if (trouble.code == Errc::snapshot_needed) {
            text += settings_.durable
                        ? "; begin anew under another --name, with --from N or --live"
                        : "; begin at a later event with --from N, or now with --live";
        }
        return schema::fail(trouble.code, text);
    }
    note(trouble.message);
    if (trouble.store.empty()) return {};
    const auto wait = static_cast<std::int64_t>(trouble.retry_ms) * core::kMillisecond;
    session_->receiver.pause(StoreId{trouble.store}, trouble.message,
                             BootTime{now.value() + (wait > 0 ? wait : kRetryAfter)});
    return {};
}

void TapSession::on_mark(const schema::MarkMessage& message, BootTime now) {
    const auto mark = schema::decode_mark(parser_, message.mark);
    if (!mark || !wanted(mark->store)) return;
    beginning_.marked(*mark);
    if (settings_.live && !reached_.contains(mark->store)) {
        const TapPosition position{mark->epoch, mark->end};
        reached_.emplace(mark->store, position);
        state_.positions.emplace(mark->store, position);
    }
    if (session_->receiver.find(mark->store) == nullptr) begin(mark->store, now);
    session_->receiver.learn_end(mark->store, mark->end, now);
}

Result<void> TapSession::on_block(const schema::Block& block, BootTime now) {
    if (done()) return {};
    switch (session_->receiver.judge(block, now)) {
        case core::Receiver::Step::ignore:
            return {};
        case core::Receiver::Step::restart:
            begin(block.store, now);
            return {};
        case core::Receiver::Step::take:
            break;
    }
    const auto range = schema::unpack(block);
    if (!range) {
        note("a block of " + block.store.value() + " was damaged: " + range.error().message);
        session_->receiver.pause(block.store, range.error().message,
                                 BootTime{now.value() + kRetryAfter});
        return {};
    }
    const auto events = schema::events_in_order(range->segments);
    if (!events) return schema::fail("events of " + block.store.value(), events.error());
    TapPosition& position = reached_[block.store];
    for (const schema::LoggedEvent& logged : *events) {
        if (logged.seq <= position.after) continue;
        lines_ += dump(event_json(block.store, logged, parser_)) + "\n";
        position = {logged.epoch, logged.seq};
        ++events_;
        if (done()) break;
    }
    if (!done()) {
        position.epoch = std::max(position.epoch, range->epoch);
        position.after = std::max(position.after, range->upto);
    }
    confirm_.insert(block.store);
    return {};
}

void TapSession::written() {
    state_.positions = reached_;
    for (const StoreId& store : confirm_) {
        if (!established() || forgotten_) break;
        schema::Fetch fetch =
            session_->receiver.confirm(store, {{settings_.topic, reached_[store].after}});
        fetch.session = session_->to_peer();
        outgoing_.emplace_back(std::move(fetch));
    }
    confirm_.clear();
}

void TapSession::tick(BootTime now) {
    if (!established() || forgotten_) return;
    if (!told_why_ && events_ == 0 && now.value() - welcomed_->value() >= kToldAfter) {
        const std::string why = beginning_.waits();
        if (!why.empty()) note(why);
        told_why_ = !why.empty();
    }
    if (const auto ping = session_->ping(now)) outgoing_.emplace_back(*ping);
    for (const StoreId& store : session_->receiver.due(now, session_->asked())) begin(store, now);
}

std::optional<Message> TapSession::bye() const {
    if (!established()) return std::nullopt;
    return Message(schema::Bye{session_->to_peer(), "the tap ends"});
}

}  // namespace filial::cli
