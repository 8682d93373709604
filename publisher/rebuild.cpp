#include "publisher/rebuild.h"

#include "core/log.h"
#include "ledger/decide.h"
#include "schema/payloads.h"
#include "schema/ticket_facts.h"

namespace filial::publisher {

using schema::LoggedEvent;
using schema::Result;
using schema::Sequence;

namespace {

/// Of one read, and so of one write: bounds the memory that a rebuild takes.
constexpr std::size_t kStepBytes = 1 << 20;

/// Whether the event came of a ticket, and is its last.
bool ends_ticket(const schema::Event& event) {
    return event.number != 0 && event.kind != schema::kLogOpened && event.index + 1 == event.count;
}

/// Folds the events of one step.
Result<void> fold(const std::vector<LoggedEvent>& events, Outbox& outbox, Clients& clients) {
    std::uint64_t flags = 0;
    const std::span<const LoggedEvent> all(events);
    for (std::size_t i = 0; i < events.size(); ++i) {
        const LoggedEvent& logged = events[i];
        const schema::Event& event = logged.event;
        const auto applied = ledger::apply(outbox, logged);
        if (!applied) {
            return schema::fail("event " + std::to_string(logged.seq.value()), applied.error());
        }
        if (outbox.trouble()) return tl::unexpected(*outbox.trouble());
        flags = event.index == 0 ? *applied : flags | *applied;
        if (!ends_ticket(event)) continue;
        KeptAnswer answer;
        const auto known = clients.look_up(event.client, event.number, KeptAnswer::kAnyContent,
                                           KeptAnswer::kAnyFacts, answer);
        if (!known) return tl::unexpected(known.error());
        // What came from a broker may have been cut within a ticket.
        const bool whole = event.index <= i;
        const auto facts = whole ? schema::facts_of(all.subspan(i - event.index, event.count))
                                 : Result<std::uint64_t>(KeptAnswer::kAnyFacts);
        if (!facts) return tl::unexpected(facts.error());
        answer = {};
        answer.number = event.number;
        answer.checksum = KeptAnswer::kAnyContent;
        answer.facts = *facts;
        answer.epoch = logged.epoch;
        answer.first = Sequence{logged.seq.value() - event.index};
        answer.last = logged.seq;
        answer.flags = flags;
        clients.accept(event.client, answer, {});
    }
    return {};
}

}  // namespace

Result<void> rebuild(const core::Journal& journal, Outbox& outbox, Clients& clients,
                     schema::Timestamp at) {
    const std::string what = "rebuild the state of " + outbox.store().value();
    const auto folded = outbox.folded();
    if (!folded) return schema::fail(what, folded.error());
    Sequence done = *folded;
    if (done < outbox.end()) {
        core::log(core::Level::warn, "the state beside the log is behind it and is made again",
                  {{"folded", done.value()}, {"end", outbox.end().value()}});
    }
    while (done < outbox.end()) {
        const auto range =
            journal.read({outbox.store(), {std::string(schema::kAllTopics)}, done, kStepBytes});
        if (!range) return schema::fail(what, range.error());
        const auto events = schema::events_in_order(range->segments);
        if (!events) return schema::fail(what, events.error());
        if (const auto ok = fold(*events, outbox, clients); !ok) {
            return schema::fail(what, ok.error());
        }
        StateWrites more;
        clients.save(more);
        if (const auto ok = outbox.commit_folded(range->upto, at, std::move(more)); !ok) {
            return schema::fail(what, ok.error());
        }
        clients.committed();
        done = range->upto;
    }
    return {};
}

}  // namespace filial::publisher
