#include "subscriber/parked_pages.h"

#include <algorithm>

#include "schema/limits.h"
#include "subscriber/replica_keys.h"

namespace filial::subscriber {

using schema::AnswerRow;
using schema::Bytes;
using schema::ByteView;
using schema::Errc;
using schema::QueryKind;
using schema::Result;
using schema::Sequence;
using schema::StoreId;

namespace {

constexpr std::size_t kParkedPageBytes = schema::kMessageBytesMax / 2;
constexpr std::size_t kParkedRowBytes = 512;  ///< Of a row beside its payload.
constexpr std::size_t kParkedSeqBytes = 8;

void add_obstacle(AnswerRow& row, const Obstacle& obstacle, schema::Timestamp since) {
    const auto code = obstacle.code ? schema::error_info(*obstacle.code).name : "behind";
    row.fields.emplace_back("code", code);
    row.fields.emplace_back("reason", obstacle.reason);
    if (since.value() != 0) row.fields.emplace_back("since", schema::to_string(since));
}

AnswerRow parked_row(const schema::ParkedKey& name, const char* state) {
    AnswerRow row;
    row.store = name.store.value();
    row.key = name.key;
    row.fields = {{"topic", name.topic}, {"state", state}};
    return row;
}

void add_event(AnswerRow& row, const ParkedEvent& event, Sequence seq) {
    row.fields.emplace_back("epoch", std::to_string(event.epoch.value()));
    row.fields.emplace_back("seq", std::to_string(seq.value()));
    row.fields.emplace_back("client", schema::to_hex(schema::view(event.client)));
    add_obstacle(row, event.obstacle, event.since);
    if (event.waiver) {
        row.fields.emplace_back("who", event.waiver->who);
        row.fields.emplace_back("at", schema::to_string(event.waiver->at));
        row.fields.emplace_back("why", event.waiver->reason);
    }
    row.payload = event.row;
}

}  // namespace

Result<schema::Answer> ParkedPages::page() {
    const bool of_one = query_.kind == QueryKind::parked_events;
    const char family = query_.after.empty() ? 'u' : query_.after.front();
    const bool ours = of_one ? query_.after.empty() || family == 'x' || family == 'g'
                             : family == 'u' || family == 'g';
    if (!ours) return schema::fail(Errc::invalid, "this cursor belongs to another question");
    Result<void> done;
    if (of_one) {
        if (family != 'g') done = events();
        if (done && !full_) done = waivers();
        if (done && answer_.rows.empty() && query_.after.empty()) {
            return schema::fail(Errc::not_found, query_.topic + " " + query_.key + " of " +
                                                     query_.store + " is not parked here");
        }
    } else {
        if (family != 'g') done = keys();
        if (done && !full_) done = waivers();
    }
    if (!done) return tl::unexpected(done.error());
    // What was given up of a log that is not copied here any more is still shown.
    if (!full_ && answer_.rows.empty()) {
        const auto known = replica_.copies(StoreId{query_.store}, query_.topic);
        if (!known) return tl::unexpected(known.error());
    }
    if (!full_) answer_.next.clear();
    answer_.request = query_.request;
    return std::move(answer_);
}

bool ParkedPages::wanted(const schema::ParkedKey& name) const {
    if (!query_.store.empty() && name.store.value() != query_.store) return false;
    if (!query_.topic.empty() && name.topic != query_.topic) return false;
    return query_.key.empty() || name.key == query_.key;
}

bool ParkedPages::pass(ByteView cursor, std::size_t bytes) {
    answer_.next = cursor;
    bytes_ += bytes;
    full_ = answer_.rows.size() >= schema::kPageRowsMax || bytes_ >= kParkedPageBytes;
    return !full_;
}

Result<void> ParkedPages::keys() {
    schema::Parser parser;
    Result<void> result;
    const auto scanned = replica_.kept().scan("u", query_.after, [&](ByteView key, ByteView value) {
        const auto name = parse_parked_name(key);
        if (!wanted(name)) return pass(key, key.size());
        const auto state = decode_parked_state(parser, value);
        if (!state) result = tl::unexpected(state.error());
        if (!state) return false;
        AnswerRow row = parked_row(name, "parked");
        row.value = static_cast<std::int64_t>(state->events);
        row.fields.emplace_back("epoch", std::to_string(state->epoch.value()));
        row.fields.emplace_back("first", std::to_string(state->first.value()));
        row.fields.emplace_back("last", std::to_string(state->last.value()));
        add_obstacle(row, state->obstacle, state->since);
        answer_.rows.push_back(std::move(row));
        return pass(key, kParkedRowBytes + key.size() + state->obstacle.reason.size());
    });
    return scanned ? result : scanned;
}

Result<void> ParkedPages::waivers() {
    schema::Parser parser;
    Result<void> result;
    const bool of_one = query_.kind == QueryKind::parked_events;
    const Bytes prefix = of_one ? waived_prefix(query_.store, query_.topic, query_.key) : "g";
    const bool begun = !query_.after.empty() && query_.after.front() == 'g';
    const Bytes above = begun ? query_.after : Bytes();
    const auto scanned = replica_.kept().scan(prefix, above, [&](ByteView key, ByteView value) {
        const auto name = parse_waived_key(key);
        if (!wanted(name)) return pass(key, key.size());
        const auto event = decode_parked_event(parser, value);
        if (!event) result = tl::unexpected(event.error());
        if (!event) return false;
        AnswerRow row = parked_row(name, "waived");
        row.value = 1;
        add_event(row, *event, Sequence{read_u64(key.substr(key.size() - kParkedSeqBytes))});
        if (!of_one) row.payload.clear();
        answer_.rows.push_back(std::move(row));
        return pass(key, kParkedRowBytes + key.size() + event->row.size());
    });
    return scanned ? result : scanned;
}

Result<void> ParkedPages::events() {
    const StoreId store{query_.store};
    const auto state = replica_.parked().find(store, query_.topic, query_.key);
    if (!state) return tl::unexpected(state.error());
    if (!*state) return {};
    const Bytes prefix = log_key('x', query_.store, query_.topic) + '\0';
    Bytes above = query_.after;
    if (above.empty() && (*state)->first.value() > 0) {
        above = parked_key(query_.store, query_.topic, Sequence{(*state)->first.value() - 1});
    }
    schema::Parser parser;
    Result<void> result;
    const auto scanned = replica_.kept().scan(prefix, above, [&](ByteView key, ByteView value) {
        const Sequence seq{read_u64(key.substr(prefix.size()))};
        if (seq > (*state)->last) return false;
        const auto event = decode_parked_event(parser, value);
        if (!event) result = tl::unexpected(event.error());
        if (!event) return false;
        if (event->key != query_.key) return pass(key, kParkedSeqBytes);
        AnswerRow row = parked_row({store, query_.topic, query_.key}, "parked");
        row.value = 1;
        add_event(row, *event, seq);
        answer_.rows.push_back(std::move(row));
        return pass(key, kParkedRowBytes + event->row.size());
    });
    return scanned ? result : scanned;
}

namespace {

/// What a row of this question rests on: topics, of its own store's log or of all.
struct Behind {
    std::vector<std::string> topics;
    bool of_row = false;
    bool in_words = true;  ///< Exports have the verdict alone.
};

Behind rests_on(const schema::Query& query) {
    const std::string stock(schema::kTopicStock), customers(schema::kTopicCustomers),
        debts(schema::kTopicDebts), accounts(schema::kTopicAccounts),
        control(schema::kTopicControl);
    switch (query.kind) {
        case QueryKind::stock:
        case QueryKind::list_stock:
            return {{stock}, true, true};
        case QueryKind::export_stock:
            return {{stock}, true, false};
        case QueryKind::value:
            return {{query.topic}, true, true};
        case QueryKind::customer:
        case QueryKind::conflicts:
            return {{customers, accounts}, false, true};
        case QueryKind::export_customers:
            return {{customers, accounts}, false, false};
        case QueryKind::debt:
        case QueryKind::list_debts:
        case QueryKind::account:
            return {{debts, customers, accounts}, false, true};
        case QueryKind::export_debts:
            return {{debts, customers, accounts}, false, false};
        case QueryKind::export_debts_by_store:
            return {{debts}, true, false};
        case QueryKind::list_transfers:
            return {{control}, false, true};
        case QueryKind::list_rounds:
            return {{accounts}, false, true};
        case QueryKind::list_grants:
        case QueryKind::list_requests:
        case QueryKind::account_tasks:
            return {{accounts, control}, false, true};
        case QueryKind::export_in_transit:
            return {{control}, false, false};
        default:
            return {};
    }
}

void say_of(const Replica& replica, const Behind& behind, const StoreId& store, AnswerRow& row) {
    for (const std::string& topic : behind.topics) {
        const std::string why = replica.why_behind(store, topic, row.key);
        if (!why.empty()) {
            if (behind.in_words) row.fields.emplace_back("parked", why);
            row.freshness.verdict = std::max(row.freshness.verdict, schema::Verdict::notice);
        }
        if (!behind.in_words) continue;
        for (std::string& each : replica.waivers_of(store, topic, row.key)) {
            row.fields.emplace_back("waived", std::move(each));
        }
    }
}

}  // namespace

void say_parked(const Replica& replica, const schema::Query& query, schema::Answer& answer) {
    if (replica.parked().nothing()) return;
    const Behind behind = rests_on(query);
    if (behind.topics.empty()) return;
    for (AnswerRow& row : answer.rows) {
        if (behind.of_row) {
            say_of(replica, behind, StoreId{row.store}, row);
            continue;
        }
        for (const StoreId& store : replica.stores()) say_of(replica, behind, store, row);
    }
}

}  // namespace filial::subscriber
