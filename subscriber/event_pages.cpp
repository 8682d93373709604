#include "subscriber/event_pages.h"

#include <algorithm>
#include <map>

#include "ledger/flags.h"
#include "schema/grant_payloads.h"
#include "schema/limits.h"
#include "subscriber/replica_keys.h"

namespace filial::subscriber {

using schema::AnswerRow;
using schema::Bytes;
using schema::Errc;
using schema::QueryKind;
using schema::Result;
using schema::Sequence;
using schema::StoreId;

namespace {

/// Rows that one page passes over by their bytes; about 30 ms.
constexpr std::size_t kRowsPassed = 100'000;
/// Rows that one page decodes; about as long.
constexpr std::size_t kRowsDecoded = 25'000;
constexpr std::size_t kEventPageBytes = schema::kMessageBytesMax / 2;

/// What the event adds to its key's number; a limit is what it says.
std::int64_t adds(schema::Parser& parser, const schema::Event& event) {
    if (event.kind == schema::kStockMoved) {
        const auto moved = schema::decode_stock_moved(parser, event.payload);
        return moved ? moved->delta.value() : 0;
    }
    if (event.kind == schema::kDebtMoved) {
        const auto moved = schema::decode_debt_moved(parser, event.payload);
        return moved ? moved->delta.value() : 0;
    }
    return 0;
}

Bytes cursor_of(const StoreId& store, const std::string& topic, Sequence after) {
    Bytes cursor = store.value();
    cursor += '\0';
    cursor += topic;
    cursor += '\0';
    append_u64(cursor, after.value());
    return cursor;
}

}  // namespace

/// From the cursor on, in the order of stores and topics.
Result<std::vector<EventPages::Place>> EventPages::places() const {
    std::vector<std::string> topics{query_.topic};
    if (query_.kind == QueryKind::flagged) {
        topics.clear();
        for (const auto topic : {schema::kTopicAccounts, schema::kTopicControl, schema::kTopicDebts,
                                 schema::kTopicStock}) {
            if (answers_.replica_.wants_topic(topic)) topics.emplace_back(topic);
        }
    }
    std::vector<Place> all;
    if (query_.kind == QueryKind::findings) topics = answers_.replica_.topics();
    if (query_.kind == QueryKind::verdicts) {
        topics = {std::string(schema::kTopicControl)};
        const std::string accounts(schema::kTopicAccounts);
        if (answers_.replica_.wants_topic(accounts)) topics.insert(topics.begin(), accounts);
    }
    // Asked for in one topic: who may not read it was refused.
    const bool several = query_.kind != QueryKind::why;
    if (several && may_) {
        std::erase_if(topics, [&](const std::string& topic) { return !may_(topic); });
    }
    const bool by_origin = query_.kind != QueryKind::verdicts;
    for (const StoreId& store : answers_.replica_.stores()) {
        if (by_origin && !query_.store.empty() && store.value() != query_.store) continue;
        const bool own = store == answers_.replica_.own();
        if (own && query_.kind == QueryKind::findings) continue;
        for (const std::string& topic : topics) all.push_back({store, topic, {}});
    }
    if (query_.after.empty()) return all;
    const auto same = [&](const Place& place) {
        const Bytes start = cursor_of(place.store, place.topic, {});
        const std::size_t name = start.size() - 8;
        return query_.after.size() == start.size() &&
               query_.after.compare(0, name, start, 0, name) == 0;
    };
    const auto at = std::find_if(all.begin(), all.end(), same);
    if (at == all.end()) {
        return schema::fail(Errc::invalid, "this cursor belongs to another question");
    }
    at->after = Sequence{read_u64(schema::ByteView(query_.after).substr(query_.after.size() - 8))};
    all.erase(all.begin(), at);
    return all;
}

Result<schema::Answer> EventPages::page() {
    const bool asks_why = query_.kind == QueryKind::why;
    if (asks_why) answer_.unit = query_.topic == schema::kTopicStock ? "thousandths" : "cents";
    const auto list = places();
    if (!list) return tl::unexpected(list.error());
    std::uint64_t passed = 0;  // At least the rows looked at.
    for (const Place& place : *list) {
        const Sequence end = answers_.replica_.position(place.store, place.topic);
        if (place.after >= end) continue;
        if (passed >= kRowsDecoded || answer_.rows.size() >= schema::kPageRowsMax / 2) {
            answer_.next = cursor_of(place.store, place.topic, place.after);
            break;
        }
        if (place.after.value() == 0) say_known_after(place);
        Sequence reached = end;
        const auto done = walk(place, reached);
        if (!done) return tl::unexpected(done.error());
        passed += reached.value() - place.after.value();
        if (reached < end) {
            answer_.next = cursor_of(place.store, place.topic, reached);
            break;
        }
    }
    if (!answer_.rows.empty()) {
        answer_.rows.front().freshness.positions = answers_.freshness_of_all(query_).positions;
    }
    return std::move(answer_);
}

/// What came before is here as a snapshot: what it came to, and no single event.
void EventPages::say_known_after(const Place& place) {
    const Sequence upto = answers_.replica_.kept_after(place.store, place.topic);
    if (upto.value() == 0) return;
    AnswerRow row;
    row.store = place.store.value();
    row.fields = {{"topic", place.topic}, {"known_after", std::to_string(upto.value())}};
    row.freshness = answers_.freshness(query_, place.store);
    row.freshness.positions.clear();
    answer_.rows.push_back(std::move(row));
}

Result<void> EventPages::walk(const Place& place, Sequence& reached) {
    switch (query_.kind) {
        case QueryKind::why:
            return why(place, reached);
        case QueryKind::findings:
            return findings(place, reached);
        case QueryKind::verdicts:
            return verdicts(place, reached);
        default:
            return flagged(place, reached);
    }
}

bool EventPages::room() const {
    return answer_.rows.size() < schema::kPageRowsMax && bytes_ < kEventPageBytes;
}

/// Why the event is not in the value; nullopt where it is.
Result<std::optional<std::string>> EventPages::not_applied(const schema::Position& position,
                                                           const std::string& topic,
                                                           const std::string& key) const {
    auto parked = answers_.replica_.read().parked(position, topic);
    if (!parked || *parked) return parked;
    const auto waived = answers_.replica_.parked().is_waived({position.store, topic, position.seq},
                                                             position.epoch, key);
    if (!waived) return tl::unexpected(waived.error());
    if (!*waived) return std::optional<std::string>();
    return std::optional<std::string>(std::string(schema::kGivenUpHere) +
                                      ": see `filial parked show " + key + "`");
}

Result<void> EventPages::why(const Place& place, Sequence& reached) {
    ReceivedLog::Reading reading{place.store, place.topic, place.after,
                                 reached,     query_.key,  kRowsPassed};
    schema::Parser parser;
    auto freshness = answers_.freshness(query_, place.store);
    freshness.positions.clear();
    const bool own = place.store == answers_.replica_.own();
    // Own news stand right behind the move that they tell of.
    const auto is_pending = [&](const schema::LoggedEvent& logged) {
        const std::uint64_t seq = logged.seq.value();
        if (!own) return false;
        if (logged.event.kind == schema::kDebtMoved) {
            return answers_.replica_.is_pending(Sequence{seq});
        }
        return logged.event.kind == schema::kDebtTold &&
               answers_.replica_.is_pending(Sequence{seq - 1});
    };
    Result<void> result;
    const auto visit = [&](const ReceivedLog::Received& received) {
        const schema::LoggedEvent& logged = received.logged;
        if (logged.event.key != query_.key) return true;
        const schema::Position position{place.store, logged.epoch, logged.seq};
        const auto parked = not_applied(position, place.topic, query_.key);
        if (!parked) {
            result = tl::unexpected(parked.error());
            return false;
        }
        AnswerRow row;
        row.store = place.store.value();
        row.key = query_.key;
        row.value = *parked ? 0 : adds(parser, logged.event);
        row.fields = {{"epoch", std::to_string(logged.epoch.value())},
                      {"seq", std::to_string(logged.seq.value())},
                      {"client", schema::to_hex(schema::view(logged.event.client))}};
        if (received.arrived.value() > 0) {
            row.fields.emplace_back("arrived", schema::to_string(received.arrived));
        }
        if (*parked) row.fields.emplace_back("parked", **parked);
        if (is_pending(logged)) row.pending = 1;
        row.payload = schema::encode_row(logged.event);
        row.freshness = freshness;
        bytes_ += row.payload.size() + 256;
        answer_.rows.push_back(std::move(row));
        return room();
    };
    const auto read = answers_.replica_.received().read(reading, visit);
    if (!read) return tl::unexpected(read.error());
    reached = *read;
    return result;
}

Result<void> EventPages::flagged(const Place& place, Sequence& reached) {
    ReceivedLog::Reading reading{place.store, place.topic, place.after, reached, {}, kRowsDecoded};
    std::map<std::uint64_t, std::int64_t> counts;
    schema::Parser parser;
    const auto visit = [&](const ReceivedLog::Received& received) {
        const auto flags = ledger::flags_of(parser, received.logged.event);
        // One that cannot be read is parked, and counted there.
        for (std::uint64_t bits = flags ? *flags : 0; bits != 0; bits &= bits - 1) {
            ++counts[bits & ~(bits - 1)];
        }
        return true;
    };
    const auto read = answers_.replica_.received().read(reading, visit);
    if (!read) return tl::unexpected(read.error());
    reached = *read;
    for (const auto& [flag, count] : counts) {
        AnswerRow row;
        row.store = place.store.value();
        row.key = std::to_string(flag);
        row.value = count;
        row.freshness = answers_.freshness(query_, place.store);
        row.freshness.positions.clear();
        answer_.rows.push_back(std::move(row));
    }
    return {};
}

}  // namespace filial::subscriber
