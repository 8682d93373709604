#include "publisher/intake.h"

#include <algorithm>
#include <iterator>
#include <tuple>
#include <unordered_map>
#include <utility>

#include "ledger/decide.h"
#include "schema/hash.h"
#include "schema/limits.h"
#include "schema/planted.h"
#include "schema/ticket_facts.h"

namespace filial::publisher {

using core::BootTime;
using core::Requester;
using schema::Busy;
using schema::Errc;
using schema::Error;
using schema::fail;
using schema::Message;
using schema::Result;
using schema::Ticket;
using schema::TicketRefused;

namespace {

/// A queue of thousands is decided and synced in about this time.
constexpr std::uint64_t kRetryQueueMs = 50;
/// A person has to make room first; often enough to go on soon after.
constexpr std::uint64_t kRetrySpaceMs = 1'000;
static_assert(kForgetBusy >= std::int64_t{5 * kRetrySpaceMs} * core::kMillisecond,
              "whoever comes again when he was told to is in time");

TicketRefused refusal(const Ticket& ticket, std::uint64_t index, const Error& error) {
    TicketRefused refused;
    refused.request = ticket.request;
    refused.index = index;
    refused.code = error.code;
    refused.reason = error.message;
    return refused;
}

schema::Accepted accepted(const Ticket& ticket, const KeptAnswer& answer, bool repeated) {
    schema::Accepted message;
    message.request = ticket.request;
    message.epoch = answer.epoch;
    message.first = answer.first;
    message.last = answer.last;
    message.flags = answer.flags;
    message.repeated = repeated;
    return message;
}

Error known_error(const Ticket& ticket, Known known) {
    const std::string number = "ticket " + std::to_string(ticket.number);
    if (known == Known::reused) {
        return {Errc::number_reused, number +
                                         " of this client was accepted with another content: "
                                         "give a new ticket the next number"};
    }
    return {Errc::already_done,
            number +
                " of this client is older than the answers kept: it is done, go on with the "
                "next number"};
}

/// What a ticket says, by which a number that comes again is known: not what the till was shown as
/// a customer's home, which may be another store by then.
schema::Writer content_of(const Ticket& ticket) {
    schema::Writer content;
    for (const schema::Operation& operation : ticket.operations) {
        const bool hinted = !operation.peer.empty() && schema::takes_home_hint(operation.kind);
        if (!hinted) {
            schema::write_operation(content, operation);
            continue;
        }
        schema::Operation said = operation;
        said.peer.clear();
        schema::write_operation(content, said);
    }
    return content;
}

}  // namespace

Result<void> Intake::check(const Ticket& ticket, std::uint64_t& index) const {
    index = schema::kWholeTicket;
    if (ticket.client == schema::ClientId{}) {
        return fail(Errc::invalid, "the ticket names no client");
    }
    if (ticket.number == 0) return fail(Errc::invalid, "a client counts its tickets from 1");
    if (ticket.note.size() > schema::kNoteBytesMax) {
        return fail(Errc::too_large,
                    "note: longer than " + std::to_string(schema::kNoteBytesMax) + " bytes");
    }
    if (ticket.operations.empty()) return fail(Errc::invalid, "the ticket has no operations");
    if (ticket.operations.size() > schema::kOperationsMax) {
        return fail(Errc::too_large, std::to_string(ticket.operations.size()) +
                                         " operations, at most " +
                                         std::to_string(schema::kOperationsMax) +
                                         " are possible: hand them in as several tickets");
    }
    for (std::size_t i = 0; i < ticket.operations.size(); ++i) {
        if (const auto ok = schema::validate(ticket.operations[i]); !ok) {
            index = i;
            return ok;
        }
    }
    return {};
}

void Intake::passed(BootTime now) {
    const std::int64_t gap = now.value() - seen_.value_or(now).value();
    seen_ = now;
    if (gap <= kStoodStill) return;
    for (auto& [client, entry] : refused_) {
        entry.since = BootTime{entry.since.value() + gap};
        for (auto& [number, told] : entry.numbers) told.at = BootTime{told.at.value() + gap};
    }
}

bool Intake::forget(Refused& entry, BootTime now) {
    if (now.value() - entry.since.value() < kForgetBusy) return false;
    entry.numbers.erase(entry.numbers.begin());
    std::erase_if(entry.numbers, [&](const auto& number) {
        return !number.second.again || now.value() - number.second.at.value() >= kForgetBusy;
    });
    entry.since = now;
    return entry.numbers.empty();
}

bool Intake::must_wait(const Ticket& ticket, BootTime now) {
    const auto entry = refused_.find(ticket.client);
    if (entry == refused_.end()) return false;
    if (forget(entry->second, now)) {
        refused_.erase(entry);
        return false;
    }
    if (ticket.number > entry->second.numbers.begin()->first) return true;
    came(ticket, now);
    return false;
}

void Intake::came(const Ticket& ticket, BootTime now) {
    const auto entry = refused_.find(ticket.client);
    if (entry == refused_.end() || entry->second.numbers.erase(ticket.number) == 0) return;
    entry->second.since = now;
    if (entry->second.numbers.empty()) refused_.erase(entry);
}

void Intake::answer_busy(const Requester& from, const Ticket& ticket, std::uint64_t retry_ms,
                         const std::string& reason, BootTime now, Legs& legs) {
    Refused& refused = refused_[ticket.client];
    const auto [told, first] = refused.numbers.try_emplace(ticket.number);
    told->second = {now, !first};
    // What waits behind the lowest number is no sign that it still comes.
    if (ticket.number == refused.numbers.begin()->first) refused.since = now;
    if (refused.numbers.size() > kBusyNumbers) {
        refused.numbers.erase(std::prev(refused.numbers.end()));
    }
    ++counts_.busy;
    legs.reply(from, Message{Busy{ticket.request, retry_ms, reason}});
}

void Intake::take(const Requester& from, Ticket ticket, schema::Timestamp wall, BootTime now,
                  Legs& legs) {
    passed(now);
    const auto refuse = [&](std::uint64_t index, const Error& error) {
        ++counts_.refused;
        legs.reply(from, Message{refusal(ticket, index, error)});
    };
    std::uint64_t index = schema::kWholeTicket;
    if (const auto ok = check(ticket, index); !ok) return refuse(index, ok.error());
    if (ticket.reissued && !from.local) {
        return refuse(
            schema::kWholeTicket,
            {Errc::not_allowed, "a lost tail is booked again on the store's own machine"});
    }

    const schema::Writer content = content_of(ticket);
    if (content.size() > schema::kTicketBytesMax) {
        return refuse(
            schema::kWholeTicket,
            {Errc::too_large, "a ticket of " + std::to_string(content.size()) + " bytes, at most " +
                                  std::to_string(schema::kTicketBytesMax) +
                                  " are possible: hand it in as several tickets"});
    }
    if (must_wait(ticket, now)) {
        return answer_busy(from, ticket, kRetryQueueMs,
                           "an earlier ticket of this client has to come first", now, legs);
    }
    if (waiting_.size() >= queue_max_ || bytes_ + content.size() > kQueueBytesMax) {
        return answer_busy(from, ticket, kRetryQueueMs,
                           std::to_string(waiting_.size()) + " tickets wait already", now, legs);
    }
    for (schema::Operation& operation : ticket.operations) {
        if (operation.at.value() == 0) operation.at = wall;
    }
    bytes_ += content.size();
    const std::uint64_t checksum =
        ticket.reissued ? KeptAnswer::kAnyContent : schema::checksum_of(content.bytes());
    waiting_.push_back({from, std::move(ticket), checksum, content.size(), {}, {}});
}

void Intake::take_own(Ticket ticket, ledger::Inputs inputs) {
    own_answer_.reset();
    const schema::Writer content = content_of(ticket);
    bytes_ += content.size();
    waiting_.push_back({{},
                        std::move(ticket),
                        schema::checksum_of(content.bytes()),
                        content.size(),
                        {},
                        std::make_shared<ledger::Inputs>(std::move(inputs))});
}

Result<bool> Intake::decide(Waiting& waiting, Outbox& outbox) {
    const Ticket& ticket = waiting.ticket;
    KeptAnswer answer;
    const std::uint64_t facts = schema::facts_of(ticket.operations);
    const auto known =
        clients_.look_up(ticket.client, ticket.number, waiting.checksum, facts, answer);
    if (!known) return tl::unexpected(known.error());
    const bool again = schema::planted(schema::Bug::ticket_booked_again);
    if (*known == Known::repeated && !again) {
        waiting.answer = accepted(ticket, answer, true);
        return true;
    }
    if (*known != Known::fresh && *known != Known::repeated) {
        waiting.answer = refusal(ticket, schema::kWholeTicket, known_error(ticket, *known));
        return true;
    }
    const schema::Position first = outbox.next();
    auto decision = ledger::decide_ticket(outbox, first, ticket.client, ticket.number,
                                          ticket.operations, waiting.own ? *waiting.own : policy_);
    if (outbox.trouble()) return tl::unexpected(*outbox.trouble());
    if (!decision) {
        waiting.answer = refusal(ticket, decision.error().index, decision.error().error);
        return true;
    }
    if (!outbox.room_for(decision->bytes)) return false;
    answer.number = ticket.number;
    answer.checksum = waiting.checksum;
    answer.facts = facts;
    answer.epoch = first.epoch;
    answer.first = first.seq;
    answer.last = decision->events.back().seq;
    answer.flags = decision->flags;
    outbox.stage(std::move(*decision));
    waiting.answer = accepted(ticket, answer, false);
    clients_.accept(ticket.client, answer, std::move(waiting.ticket.note));
    return true;
}

void Intake::arrange() {
    // One commit takes them all.
    if (unstaged() < 2 * sizes_.tickets) return;
    struct Place {
        std::size_t run = 0;     ///< Of its client's runs.
        std::size_t client = 0;  ///< In the order of their first tickets.
        std::size_t was = 0;
    };
    std::unordered_map<schema::ClientId, std::pair<std::size_t, std::size_t>, ClientIdHash> seen;
    std::vector<Place> places;
    places.reserve(unstaged());
    const auto first = waiting_.begin() + static_cast<std::ptrdiff_t>(taken_in());
    for (auto at = first; at != waiting_.end(); ++at) {
        const auto entry = seen.try_emplace(at->ticket.client, seen.size(), 0).first;
        auto& [client, count] = entry->second;
        places.push_back({count++ / kClientRun, client, places.size()});
    }
    if (seen.size() == places.size()) return;
    std::sort(places.begin(), places.end(), [](const Place& a, const Place& b) {
        return std::tie(a.run, a.client, a.was) < std::tie(b.run, b.client, b.was);
    });
    std::vector<Waiting> arranged;
    arranged.reserve(places.size());
    for (const Place& place : places) {
        arranged.push_back(std::move(first[static_cast<std::ptrdiff_t>(place.was)]));
    }
    std::move(arranged.begin(), arranged.end(), first);
}

Result<void> Intake::stage(Outbox& outbox) {
    for (std::size_t decided = taken_in(); decided < waiting_.size(); ++decided) {
        const std::size_t left = waiting_.size() - decided;
        const bool enough = staged_ >= sizes_.tickets && left >= sizes_.tickets;
        if (enough && (outbox.may_begin() || outbox.finishable())) return {};
        const auto fitted = decide(waiting_[decided], outbox);
        if (!fitted) return tl::unexpected(fitted.error());
        if (!*fitted) return {};
        ++staged_;
    }
    return {};
}

void Intake::begun() { writing_.push_back(std::exchange(staged_, 0)); }

void Intake::committed() {
    durable_ += writing_.front();
    writing_.pop_front();
}

std::size_t Intake::answer(Legs& legs) {
    const std::size_t answered = durable_;
    for (; durable_ > 0; --durable_) {
        Waiting& front = waiting_.front();
        if (const auto* done = std::get_if<schema::Accepted>(&front.answer)) {
            ++(done->repeated ? counts_.repeated : counts_.tickets);
        } else {
            ++counts_.refused;
        }
        if (front.own) {
            own_answer_ = std::move(front.answer);
        } else {
            // It was sent twice, and told Busy while the first one waited.
            if (!refused_.empty()) came(front.ticket, *seen_);
            legs.reply(front.from, front.answer);
        }
        bytes_ -= front.bytes;
        waiting_.pop_front();
    }
    return answered;
}

void Intake::give_up(const Error& why, BootTime now, Legs& legs) {
    schema::check(durable_ == 0, "what is durable is answered as accepted");
    for (const Waiting& each : waiting_) {
        if (each.own) {
            own_answer_ = Message{Busy{each.ticket.request, kRetrySpaceMs, why.message}};
            continue;
        }
        answer_busy(each.from, each.ticket, kRetrySpaceMs, why.message, now, legs);
    }
    waiting_.clear();
    bytes_ = 0;
    writing_.clear();
    staged_ = 0;
}

void Intake::turn(BootTime now) {
    passed(now);
    for (auto at = refused_.begin(); at != refused_.end();) {
        at = forget(at->second, now) ? refused_.erase(at) : std::next(at);
    }
}

}  // namespace filial::publisher
