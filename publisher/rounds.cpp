#include "publisher/rounds.h"

#include <algorithm>

#include "core/log.h"
#include "schema/hash.h"

namespace filial::publisher {

using schema::Errc;
using schema::Result;

namespace {

/// Between two looks while news come: they come in every commit of a busy store.
constexpr std::int64_t kPause = 50 * core::kMillisecond;
/// What could not be done is tried again at the latest.
constexpr std::int64_t kTryAgain = 2 * core::kSecond;

schema::Error with(const std::string& what, const schema::Error& error) {
    return {error.code, what + ": " + error.message};
}

}  // namespace

Result<void> Rounds::turn(core::BootTime now, schema::Timestamp wall, const Outbox& outbox,
                          Legs& legs) {
    now_ = now;
    if (doing_ == Doing::deciding) {
        const auto answer = intake_.own_answer();
        if (!answer) return {};
        doing_ = Doing::nothing;
        if (const auto ok = answered(*answer); !ok) return ok;
        if (doing_ != Doing::nothing) return {};
    }
    if (doing_ == Doing::asking) {
        const auto answer = legs.replica_answer();
        if (!answer) return {};
        doing_ = Doing::nothing;
        if (*answer) return decide(outbox, **answer, wall);
        put_off(with("asking this store's replica", answer->error()));
    }
    const std::int64_t since = now.value() - looked_.value();
    const bool again = !tried_.empty() && since >= kTryAgain;
    if (again || (wanted_ && since >= kPause)) {
        std::erase_if(tried_, [&](const auto& entry) { return entry.second <= now; });
        wanted_ = false;
        looking_ = true;
        looked_ = now;
        hand_over_.start_again();
    }
    return looking_ ? begin(wall, outbox, legs) : Result<void>{};
}

Result<void> Rounds::begin(schema::Timestamp wall, const Outbox& outbox, Legs& legs) {
    auto all = chores(outbox);
    if (!all) return tl::unexpected(all.error());
    if (outbox.trouble()) return tl::unexpected(*outbox.trouble());
    std::erase_if(why_, [&](const auto& entry) {
        return std::none_of(all->begin(), all->end(),
                            [&](const Chore& chore) { return chore.text == entry.first; });
    });
    const auto next = std::find_if(all->begin(), all->end(), [&](const Chore& chore) {
        return chore.what != Chore::What::wait && !tried_.contains(chore.text);
    });
    if (next == all->end()) return go_on_leaving(wall, outbox);
    chore_ = std::move(*next);
    if (chore_.what == Chore::What::verdict) return decide(outbox, {}, wall);
    legs.ask_replica(question_of(chore_, self_));
    doing_ = Doing::asking;
    return {};
}

Result<void> Rounds::go_on_leaving(schema::Timestamp wall, const Outbox& outbox) {
    auto operations = hand_over_.next(outbox, wall);
    if (!operations) return tl::unexpected(operations.error());
    if (outbox.trouble()) return tl::unexpected(*outbox.trouble());
    looking_ = hand_over_.more();
    if (operations->empty()) return {};
    chore_ = Chore();
    chore_.text = "leaving";
    return hand_in(std::move(*operations), policy_);
}

Result<void> Rounds::decide(const Outbox& outbox, const schema::Answer& answer,
                            schema::Timestamp wall) {
    auto operations = operations_of(chore_, self_, answer, wall);
    if (!operations) {
        put_off(operations.error());
        return {};
    }
    ledger::Inputs inputs = policy_;
    if (chore_.what == Chore::What::close) {
        auto balance = balance_of(outbox, chore_, answer);
        if (outbox.trouble()) return tl::unexpected(*outbox.trouble());
        if (!balance) {
            put_off(balance.error());
            return {};
        }
        inputs.balances[chore_.customer] = std::move(*balance);
    }
    return hand_in(std::move(*operations), std::move(inputs));
}

Result<void> Rounds::hand_in(std::vector<schema::Operation> operations, ledger::Inputs inputs) {
    schema::Ticket ticket;
    ticket.client = schema::hash16_of("rounds of " + self_.value());
    const auto known = clients_.state(ticket.client);
    if (!known) return tl::unexpected(known.error());
    ticket.number = known->highest + 1;
    ticket.operations = operations;
    operations_ = std::move(operations);
    intake_.take_own(std::move(ticket), std::move(inputs));
    doing_ = Doing::deciding;
    return {};
}

Result<void> Rounds::answered(const schema::Message& message) {
    if (std::holds_alternative<schema::Accepted>(message)) {
        core::log(core::Level::info, "done by the store itself",
                  {{"what", chore_.text}, {"operations", operations_.size()}});
        why_.erase(chore_.text);
        return {};
    }
    if (const auto* busy = std::get_if<schema::Busy>(&message)) {
        put_off({Errc::busy, busy->reason});
        return {};
    }
    const auto* refused = std::get_if<schema::TicketRefused>(&message);
    if (refused == nullptr) return {};
    const bool one = chore_.customer.empty() && refused->index < operations_.size();
    if (!one) {
        put_off({refused->code, refused->reason});
        return {};
    }
    // The others of a store that leaves do not wait for this one.
    const auto at = operations_.begin() + static_cast<std::ptrdiff_t>(refused->index);
    hand_over_.refused(*at, refused->reason);
    operations_.erase(at);
    if (operations_.empty()) return {};
    return hand_in(operations_, policy_);
}

void Rounds::put_off(const schema::Error& why) {
    std::string& known = why_[chore_.text];
    if (known != why.message) {
        core::log(core::Level::info, "put off", {{"what", chore_.text}, {"why", why.message}});
    }
    known = why.message;
    // What the replica lacks may come at once; anything else takes its time.
    const std::int64_t pause = why.code == Errc::stale ? 0 : kTryAgain;
    tried_[chore_.text] = core::BootTime{now_.value() + pause};
}

std::vector<std::string> Rounds::waiting(
    const ledger::State& state,
    const std::function<std::string(const std::string& store)>& heard) const {
    const auto all = chores(state);
    if (!all) return {all.error().message};
    std::vector<std::string> lines;
    for (const Chore& chore : *all) {
        std::string line = chore.text + ": ";
        const auto why = why_.find(chore.text);
        if (chore.what == Chore::What::wait) {
            line += "waiting for " + chore.waits_for;
            for (const std::string& store : chore.awaited) line += "; " + heard(store);
        } else {
            line += why == why_.end() ? "being decided" : why->second + "; tried again";
        }
        lines.push_back(std::move(line));
    }
    for (std::string& line : hand_over_.waiting()) lines.push_back(std::move(line));
    return lines;
}

}  // namespace filial::publisher
