#include "ledger/day_close.h"

#include <algorithm>
#include <map>

#include "schema/payloads.h"

namespace filial::ledger {

using schema::DayClosed;
using schema::Errc;
using schema::Event;
using schema::fail;
using schema::Operation;
using schema::Position;
using schema::Result;
using schema::StoreId;

namespace {

constexpr std::string_view kKey = "day/last";
/// From UTC-12 to UTC+14.
constexpr std::int64_t kOffsetMin = -12 * 60;
constexpr std::int64_t kOffsetMax = 14 * 60;

Result<void> check_date(const std::string& date) {
    const bool form = date.size() == 10 && schema::parse_timestamp(date + "T00:00:00Z");
    if (form) return {};
    return fail(Errc::invalid, "date " + date + ": expected a day such as 2010-12-01");
}

Result<DayClosed> said(const Operation& operation) {
    auto day = schema::decode_day_closed(parser(), operation.payload);
    const auto refuse = [&](const std::string& why) {
        return fail(Errc::invalid, "the cut of " + operation.subject + " " + why);
    };
    if (!day) return refuse("cannot be read: " + day.error().message);
    if (day->cut.empty()) return refuse("names no store");
    if (day->offset_minutes < kOffsetMin || day->offset_minutes > kOffsetMax) {
        return refuse("has no time zone's offset");
    }
    return day;
}

}  // namespace

Result<std::optional<LastClose>> last_close(const State& state) {
    const auto value = state.get(kKey);
    if (!value) return std::optional<LastClose>{};
    auto fields = parser().array(*value);
    if (!fields) return fail("own state of closed days", fields.error());
    LastClose last;
    last.date = fields->str();
    schema::Fields cut = fields->array();
    while (cut.more()) last.cut.push_back(schema::read_position(cut));
    if (const auto done = parser().finish("own state of closed days"); !done) {
        return tl::unexpected(done.error());
    }
    return std::optional<LastClose>{std::move(last)};
}

Result<std::vector<Event>> decide_close_day(const State& state, const Operation& operation) {
    if (const auto ok = check_date(operation.subject); !ok) return tl::unexpected(ok.error());
    auto day = said(operation);
    if (!day) return tl::unexpected(day.error());
    const auto last = last_close(state);
    if (!last) return tl::unexpected(last.error());

    std::map<StoreId, Position> cut;
    for (const Position& position : day->cut) {
        if (!cut.try_emplace(position.store, position).second) {
            return fail(Errc::invalid, "the cut of " + operation.subject + " names " +
                                           position.store.value() + " twice");
        }
    }
    day->previous.clear();
    if (*last) {
        // Dates of one form are in the order of their texts.
        if (operation.subject <= (*last)->date) {
            return fail(Errc::refused, "day " + operation.subject + " cannot be closed, since " +
                                           (*last)->date +
                                           " is: what came later counts into the next day");
        }
        day->previous = (*last)->date;
        for (const Position& before : (*last)->cut) {
            Position& now = cut.try_emplace(before.store, before).first->second;
            now = std::max(now, before);
        }
    }
    day->cut.clear();
    for (const auto& [store, position] : cut) day->cut.push_back(position);
    std::sort(day->late.begin(), day->late.end());

    Event event;
    event.topic = schema::kTopicControl;
    event.kind = schema::kDayClosed;
    event.at = operation.at;
    event.key = operation.subject;
    event.payload = schema::encode(*day);
    return std::vector<Event>{std::move(event)};
}

Result<void> apply_day_closed(State& state, const Event& event) {
    const auto day = schema::decode_day_closed(parser(), event.payload);
    if (!day) return tl::unexpected(day.error());
    schema::Writer out;
    out.array(2).str(event.key).array(day->cut.size());
    for (const Position& position : day->cut) schema::write_position(out, position);
    state.put(kKey, out.take());
    return {};
}

}  // namespace filial::ledger
