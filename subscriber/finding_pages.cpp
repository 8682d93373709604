// The pages of a head office that looks at other stores' logs, and of what it told them.
#include "ledger/flags.h"
#include "schema/verdict_payload.h"
#include "subscriber/event_pages.h"

namespace filial::subscriber {

using schema::AnswerRow;
using schema::Result;
using schema::Sequence;

namespace {

/// Rows that one page of these decodes; about 30 ms.
constexpr std::size_t kRowsJudged = 25'000;

/// Flags that stand for something a person at the store should look at; transfers have their own
/// tasks.
constexpr std::uint64_t kJudged = schema::kFlagBelowZero | schema::kFlagUnknownKey |
                                  schema::kFlagUndecided | schema::kFlagNoRoom |
                                  schema::kFlagAfterClose | schema::kFlagPaidTwice |
                                  schema::kFlagOverCommitted;

}  // namespace

Result<void> EventPages::findings(const Place& place, Sequence& reached) {
    const ReceivedLog::Reading reading{place.store, place.topic, place.after,
                                       reached,     {},          kRowsJudged};
    schema::Parser parser;
    Result<void> result;
    const auto visit = [&](const ReceivedLog::Received& received) {
        const schema::LoggedEvent& logged = received.logged;
        const auto flags = ledger::flags_of(parser, logged.event);
        const bool parked_key =
            answers_.replica_.parked().contains(place.store, place.topic, logged.event.key);
        std::optional<std::string> parked;
        if (parked_key || !flags) {
            const schema::Position position{place.store, logged.epoch, logged.seq};
            auto why = answers_.replica_.read().parked(position, place.topic);
            if (!why) {
                result = tl::unexpected(why.error());
                return false;
            }
            parked = std::move(*why);
        }
        const std::uint64_t judged = (flags ? *flags : 0) & kJudged;
        if (judged == 0 && !parked) return true;
        AnswerRow row;
        row.store = place.store.value();
        row.key = logged.event.key;
        row.value = static_cast<std::int64_t>(judged);
        row.fields = {{"topic", place.topic},
                      {"kind", logged.event.kind},
                      {"epoch", std::to_string(logged.epoch.value())},
                      {"seq", std::to_string(logged.seq.value())},
                      {"client", schema::to_hex(schema::view(logged.event.client))},
                      {"number", std::to_string(logged.event.number)},
                      {"index", std::to_string(logged.event.index)}};
        if (parked) row.fields.emplace_back("parked", *parked);
        bytes_ += row.key.size() + 512;
        answer_.rows.push_back(std::move(row));
        return room();
    };
    const auto read = answers_.replica_.received().read(reading, visit);
    if (!read) return tl::unexpected(read.error());
    reached = *read;
    return result;
}

Result<void> EventPages::verdicts(const Place& place, Sequence& reached) {
    const ReceivedLog::Reading reading{
        place.store, place.topic, place.after, reached, std::string(schema::kStoreVerdict),
        kRowsJudged};
    schema::Parser parser;
    const auto visit = [&](const ReceivedLog::Received& received) {
        const schema::Event& event = received.logged.event;
        if (event.kind != schema::kStoreVerdict) return true;
        if (!query_.store.empty() && event.addressee != query_.store) return true;
        const auto verdict = schema::decode_store_verdict(parser, event.payload);
        if (!verdict) return true;  // Of a newer version: its teller's program says more.
        AnswerRow row;
        row.store = place.store.value();
        row.key = event.key;
        row.fields = {{"for", event.addressee},
                      {"finding", verdict->finding},
                      {"text", verdict->text},
                      {"topic", verdict->topic},
                      {"epoch", std::to_string(verdict->cause.epoch.value())},
                      {"seq", std::to_string(verdict->cause.seq.value())},
                      {"at", schema::to_string(event.at)}};
        bytes_ += verdict->text.size() + 512;
        answer_.rows.push_back(std::move(row));
        return room();
    };
    const auto read = answers_.replica_.received().read(reading, visit);
    if (!read) return tl::unexpected(read.error());
    reached = *read;
    return {};
}

}  // namespace filial::subscriber
