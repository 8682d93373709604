#include "subscriber/day_pages.h"

#include <algorithm>

#include "ledger/day_totals.h"

namespace filial::subscriber {

using schema::AnswerRow;
using schema::Errc;
using schema::Position;
using schema::QueryKind;
using schema::Result;
using schema::Sequence;
using schema::StoreId;

namespace {

std::string_view counts_as(const std::string& date, const std::string& closed,
                           const std::string& previous) {
    if (date == closed) return "day";
    if (date > closed) return "ahead";
    // Between two closes nobody closed; it is this close's own day too.
    return date > previous && !previous.empty() ? "day" : "late";
}

AnswerRow row_of(const StoreId& store, const std::string& date, const ledger::DayTotals& day) {
    AnswerRow row;
    row.store = store.value();
    row.key = date;
    row.value = static_cast<std::int64_t>(day.events);
    row.fields = {{"sold", to_string(day.sold)},
                  {"returned", to_string(day.returned)},
                  {"received", to_string(day.received)},
                  {"corrected", to_string(day.corrected)},
                  {"transferred", to_string(day.transferred)},
                  {"voided", to_string(day.voided)},
                  {"charged", to_string(day.charged)},
                  {"paid", to_string(day.paid)},
                  {"credited", to_string(day.credited)},
                  {"voided_debt", to_string(day.voided_debt)}};
    return row;
}

}  // namespace

Result<schema::Answer> DayPages::page() {
    if (query_.kind == QueryKind::reached && !query_.topic.empty()) topics_ = {query_.topic};
    for (const std::string& topic : topics_) {
        if (answers_.replica_.wants_topic(topic)) continue;
        return schema::fail(Errc::not_held, "a day's close needs topic " + topic +
                                                ", which is not subscribed here");
    }
    const auto done = query_.kind == QueryKind::reached ? reached() : totals();
    if (!done) return tl::unexpected(done.error());
    return std::move(answer_);
}

Result<void> DayPages::reached() {
    for (const StoreId& store : answers_.replica_.stores()) {
        std::optional<Sequence> least;
        std::vector<ledger::Heard> heard;
        for (const std::string& topic : topics_) {
            const Sequence at = answers_.replica_.position(store, topic);
            least = least ? std::min(*least, at) : at;
            heard.push_back(answers_.replica_.heard(store, topic, answers_.clock_));
        }
        AnswerRow row;
        row.store = store.value();
        row.key = store.value();
        row.value = static_cast<std::int64_t>(least->value());
        row.fields = {{"epoch", std::to_string(answers_.replica_.epoch(store).value())}};
        row.freshness = ledger::judge(heard, true, answers_.policy_us(query_));
        row.freshness.positions.clear();
        answer_.rows.push_back(std::move(row));
    }
    return {};
}

Result<void> DayPages::totals() {
    const ReplicaReader& reader = answers_.replica_.read();
    const auto day = reader.closed_day(query_.store, query_.key);
    if (!day) return tl::unexpected(day.error());
    if (!*day) {
        return schema::fail(Errc::not_found, "day " + query_.key + ": " + query_.store +
                                                 " did not close it, as far as is known here");
    }
    if (query_.after.empty()) {
        for (const std::string& late : (*day)->late) {
            AnswerRow row;
            row.store = late;
            row.key = query_.key;
            row.fields = {{"counts", "unheard"}};
            row.freshness = answers_.freshness(query_, StoreId{late});
            answer_.rows.push_back(std::move(row));
        }
    }
    schema::DayClosed before;
    if (!(*day)->previous.empty()) {
        auto found = reader.closed_day(query_.store, (*day)->previous);
        if (!found) return tl::unexpected(found.error());
        if (*found) before = std::move(**found);
    }
    for (const Position& upto : (*day)->cut) {
        if (upto.store.value() <= query_.after) continue;
        const auto done = totals_of(**day, ledger::cut_of(before, upto.store), upto);
        if (!done) return done;
        if (upto.store != (*day)->cut.back().store) answer_.next = upto.store.value();
        return {};
    }
    return {};
}

Result<void> DayPages::totals_of(const schema::DayClosed& day, const Position& from,
                                 const Position& upto) {
    const Replica& replica = answers_.replica_;
    ledger::DaySum sum(day.offset_minutes);
    for (const auto name : {schema::kTopicDebts, schema::kTopicStock}) {
        const std::string topic(name);
        const Sequence kept = replica.kept_after(upto.store, topic);
        if (from.seq < kept) {
            return schema::fail(Errc::snapshot_needed,
                                "day " + query_.key + ": the " + topic + " events of " +
                                    upto.store.value() + " are here from behind " +
                                    std::to_string(kept.value()) + " on, the day begins behind " +
                                    std::to_string(from.seq.value()));
        }
        const Sequence held = replica.position(upto.store, topic);
        if (held < upto.seq) {
            return schema::fail(
                Errc::stale, "day " + query_.key + ": " + upto.store.value() + " counts up to " +
                                 std::to_string(upto.seq.value()) + ", of its " + topic + " only " +
                                 std::to_string(held.value()) + " are here yet");
        }
        Result<void> added;
        const auto read =
            replica.received().read({upto.store, topic, from.seq, upto.seq, {}, 0},
                                    [&](const ReceivedLog::Received& received) {
                                        // Parked counts as not booked, here as everywhere.
                                        const schema::Event& event = received.logged.event;
                                        if (replica.parked().contains(upto.store, topic, event.key))
                                            return true;
                                        added = sum.add(event);
                                        return added.has_value();
                                    });
        if (!read) return tl::unexpected(read.error());
        if (!added) return added;
    }
    for (const auto& [date, totals] : sum.days()) {
        AnswerRow row = row_of(upto.store, date, totals);
        row.fields.emplace_back("counts", counts_as(date, query_.key, day.previous));
        row.freshness = answers_.freshness(query_, upto.store);
        row.freshness.positions = {upto};
        answer_.rows.push_back(std::move(row));
    }
    return {};
}

}  // namespace filial::subscriber
