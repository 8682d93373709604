// What nobody has of a damaged log, given up by an operator.
#include <algorithm>
#include <utility>

#include "core/disk_text.h"
#include "core/journal/log_copy.h"
#include "core/journal/log_head.h"
#include "core/log.h"
#include "publisher/log_repair.h"
#include "schema/accepted_loss.h"

namespace filial::publisher {

using core::Level;
using schema::Bytes;
using schema::Result;
using schema::Sequence;

namespace {

/// In the state of the journal that is being put together: whose epoch an accepted loss begins, and
/// what was given up, for people. It counts once the log ends with that epoch's record.
constexpr std::string_view kAccepted = "repair/accepted";

/// The record of the epoch in which a log goes on behind a loss, as the only event of a range.
schema::Range epoch_record(const core::LogHead& head, schema::Epoch epoch,
                           const schema::Incarnation& incarnation, Sequence lost_upto,
                           const LossNote& note, schema::Timestamp at) {
    schema::LogOpened opened;
    opened.incarnation = incarnation;
    opened.epoch = epoch;
    opened.continues_from = head.end;
    for (const core::TopicHead& topic : head.topics) {
        opened.chains.emplace_back(topic.topic, topic.chain);
    }
    opened.lost_upto = lost_upto;
    opened.reason = note.reason;
    schema::Event event;
    event.topic = schema::kTopicControl;
    event.kind = schema::kLogOpened;
    event.at = at;
    event.key = head.store.value();
    event.client = schema::hash16_of("log");
    event.number = epoch.value();
    event.payload = schema::encode(schema::AcceptedLoss{opened, note.who});
    schema::Segment segment;
    segment.topic = event.topic;
    segment.epoch = epoch;
    segment.add(schema::next(head.end), event.client, schema::encode_row(event));
    schema::Range range;
    range.store = head.store;
    range.epoch = epoch;
    range.topics = {std::string(schema::kAllTopics)};
    range.after = head.end;
    range.upto = range.end = schema::next(head.end);
    range.segments.push_back(std::move(segment));
    return range;
}

}  // namespace

/// The record of the next epoch ends the log: on record before the note is gone, and known again
/// to a repair that begins anew, which must not accept the same loss a second time.
Result<void> LogRepair::accept_loss(const LossNote& note) {
    const Sequence end = rebuild_->end();
    const Sequence lost = std::max(rebuild_->known_end(), end);
    const schema::Epoch epoch{rebuild_->epoch().value() + 1};
    core::log(Level::error, "what nobody has is given up: the log goes on in a new epoch",
              {{"after", end.value()},
               {"lost_upto", lost.value()},
               {"epoch", epoch.value()},
               {"who", note.who},
               {"reason", note.reason}});
    schema::Incarnation begun{};
    begun = schema::id16_from(schema::random_bytes(begun.size()));
    const std::string what =
        "; " + (lost > end ? core::events_text(end, lost) : "what may have stood behind") +
        " given up" + (note.who.empty() ? "" : " by " + note.who) + ": " + note.reason;
    core::JournalWrite write;
    schema::Writer out;
    out.array(2).bin(schema::view(begun)).str(what);
    write.state.emplace_back(Bytes(kAccepted), out.take());
    if (const auto kept = repair_->target().commit(write, true); !kept) return kept;
    core::LogCopy copy(repair_->target(), options_.store);
    const auto record = epoch_record(rebuild_->head(), epoch, begun, lost, note, clock_.wall());
    auto kept = copy.take(record, clock_.wall());
    if (kept) kept = copy.commit();
    if (!kept) return kept;
    given_up_ = what;
    accepted_ = true;
    return {};
}

void LogRepair::find_accepted() {
    const auto value = repair_->target().get(Bytes(kAccepted));
    const auto head = repair_->target().head(options_.store);
    if (!value || !*value || !head) return;
    schema::Parser parser;
    auto fields = parser.array(**value);
    if (!fields) return;
    const auto begun = schema::id16_from(fields->bin());
    std::string what{fields->str()};
    accepted_ = parser.finish("accepted loss") && begun == head->incarnation;
    if (accepted_) given_up_ = std::move(what);
}

}  // namespace filial::publisher
