#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <thread>
#include <tuple>
#include <utility>

#include "cli/findings.h"
#include "cli/json.h"
#include "cli/pages.h"
#include "cli/time_text.h"
#include "cli/unseen.h"
#include "cli/verdicts.h"
#include "schema/amounts.h"
#include "schema/event.h"
#include "schema/hash.h"
#include "schema/payloads.h"
#include "schema/ticket.h"
#include "schema/verdict_payload.h"

namespace filial::cli {

using schema::AnswerRow;
using schema::Errc;
using schema::Operation;
using schema::Query;
using schema::QueryKind;
using schema::Result;
using schema::StoreVerdict;
using std::chrono::milliseconds;

namespace {

constexpr milliseconds kHandInWait{30'000};
/// Verdicts in one ticket.
constexpr std::size_t kVerdictsATicket = 100;

Operation operation_of(const AnswerRow& row, const StoreVerdict& verdict) {
    Operation operation;
    operation.kind = schema::OperationKind::verdict;
    operation.subject = row.key;
    operation.peer = row.store;
    operation.payload = encode(verdict);
    return operation;
}

using Known = std::set<std::tuple<std::string, std::uint64_t, std::uint64_t, std::string>>;

std::tuple<std::string, std::uint64_t, std::uint64_t, std::string> name_of(
    const schema::Position& cause, const std::string& finding) {
    return {cause.store.value(), cause.epoch.value(), cause.seq.value(), finding};
}

/// What was found and not told yet, and what cannot be looked at.
struct News {
    std::vector<Operation> operations;
    std::vector<KnownAfter> snapshots;
    Unseen unseen;

    bool begins_with_snapshot(const std::string& store, std::string_view topic) const {
        return std::any_of(snapshots.begin(), snapshots.end(), [&](const KnownAfter& known) {
            return known.store == store && known.topic == topic;
        });
    }
};

constexpr const char* kUnflagged = "below-zero-unflagged";

/// The last event of this stock, as a finding's row; nothing where none has come.
Result<std::optional<AnswerRow>> last_event(Link& link, const AnswerRow& stock) {
    Query query;
    query.kind = QueryKind::why;
    query.topic = schema::kTopicStock;
    query.key = stock.key;
    query.store = stock.store;
    std::optional<AnswerRow> last;
    const auto asked = ask_pages(link, query, [&](const AnswerRow& row) {
        if (!known_after(row)) last = row;
    });
    if (!asked) return tl::unexpected(asked.error());
    if (!last) return last;
    schema::Parser parser;
    schema::Event event;
    if (schema::decode_row(parser, last->payload, event)) {
        last->fields.emplace_back("number", std::to_string(event.number));
        last->fields.emplace_back("index", std::to_string(event.index));
    }
    last->fields.emplace_back("topic", std::string(schema::kTopicStock));
    return last;
}

/// Shelves that head office's own sums have below zero though no event of the store says so: its
/// rules are not those of here. Once for each store and SKU. Not where events of the store's stock
/// are known only as a snapshot: one of them may be the one that is flagged.
Result<void> add_unflagged(Link& link, const std::string& self,
                           std::set<std::pair<std::string, std::string>> explained, News& news) {
    std::vector<AnswerRow> below;
    Query query;
    query.kind = QueryKind::list_stock;
    query.filter = schema::kBelowZero;
    const auto asked = ask_pages(link, query, [&](const AnswerRow& row) {
        const bool told = explained.contains({row.store, row.key});
        const bool whole = !news.begins_with_snapshot(row.store, schema::kTopicStock);
        if (row.store != self && !told && whole) below.push_back(row);
    });
    if (!asked) return tl::unexpected(asked.error());
    for (const AnswerRow& stock : below) {
        auto last = last_event(link, stock);
        if (!last) return tl::unexpected(last.error());
        if (!*last) continue;
        (*last)->value = 0;
        StoreVerdict verdict = verdict_about(**last);
        verdict.finding = kUnflagged;
        verdict.text = "head office adds this stock up to " +
                       to_string(schema::Quantity{stock.value}) +
                       ", but no event of the store is flagged: have its programs checked";
        news.operations.push_back(operation_of(**last, verdict));
    }
    return {};
}

Result<News> find_news(Context& context) {
    const auto told = told_verdicts(context, "");
    if (!told) return tl::unexpected(told.error());
    const auto options = context.options();
    if (!options) return tl::unexpected(options.error());
    Known known;
    std::set<std::pair<std::string, std::string>> explained;
    for (const ToldVerdict& one : *told) {
        known.insert(name_of(one.cause, one.finding));
        if (one.finding == kUnflagged) explained.insert({one.store, one.key});
    }
    Query query;
    query.kind = QueryKind::findings;
    auto link = context.connect(Process::subscriber);
    if (!link) return tl::unexpected(link.error());
    News news;
    const auto asked = ask_pages(**link, query, [&](const AnswerRow& row) {
        if (auto after = known_after(row)) {
            news.snapshots.push_back(std::move(*after));
            return;
        }
        for (const StoreVerdict& verdict : verdicts_on(row)) {
            if (!known.insert(name_of(verdict.cause, verdict.finding)).second) continue;
            news.operations.push_back(operation_of(row, verdict));
        }
        // Parked, the rest of its key is not in the sums.
        const bool parked = !field_of(row, "parked").empty();
        const bool below = (static_cast<std::uint64_t>(row.value) & schema::kFlagBelowZero) != 0;
        if (parked || below) explained.insert({row.store, row.key});
    });
    if (!asked) return tl::unexpected(with_advice(asked.error(), "validate", Process::subscriber));
    auto unseen = unseen_topics(**link);
    if (!unseen)
        return tl::unexpected(with_advice(unseen.error(), "validate", Process::subscriber));
    news.unseen = std::move(*unseen);
    if (news.unseen.has(schema::kTopicStock)) return news;
    const auto added =
        add_unflagged(**link, (*options)->books_at().value(), std::move(explained), news);
    if (!added) return tl::unexpected(with_advice(added.error(), "validate", Process::subscriber));
    return news;
}

/// Hands them in; one that another run told meanwhile is left out. Returns how many were booked.
Result<std::size_t> tell(Context& context, std::vector<Operation> operations) {
    auto link = context.connect(Process::publisher);
    if (!link) return tl::unexpected(link.error());
    const auto failed = [](const schema::Error& error) {
        return tl::unexpected(with_advice(error, "validate", Process::publisher));
    };
    schema::Ticket ticket;
    ticket.client = schema::hash16_of("filial validate");
    const auto state =
        ask_for<schema::ClientState>(**link, schema::ClientAsk{0, ticket.client}, kHandInWait);
    if (!state) return failed(state.error());
    ticket.number = state->highest;
    std::size_t booked = 0;
    std::size_t at = 0;
    while (at < operations.size()) {
        const std::size_t end = std::min(at + kVerdictsATicket, operations.size());
        ++ticket.number;
        ticket.operations.assign(operations.begin() + static_cast<std::ptrdiff_t>(at),
                                 operations.begin() + static_cast<std::ptrdiff_t>(end));
        const auto answer = (*link)->ask(ticket, kHandInWait);
        if (!answer) return failed(answer.error());
        if (std::holds_alternative<schema::Accepted>(*answer)) {
            booked += ticket.operations.size();
            at = end;
            continue;
        }
        const auto* refused = std::get_if<schema::TicketRefused>(&*answer);
        if (refused == nullptr) return failed({Errc::busy, "the publisher is busy: try again"});
        const bool known = refused->code == Errc::already_done && refused->index < end - at;
        if (!known) return failed({refused->code, refused->reason});
        operations.erase(operations.begin() + static_cast<std::ptrdiff_t>(at + refused->index));
        --ticket.number;  // It was not booked under this number.
    }
    return booked;
}

}  // namespace

Result<int> run_validate(Context& context, const ValidateArgs& args) {
    const auto every = core::parse_duration_us(args.every);
    if (!every || *every < core::kSecond) {
        return schema::fail(Errc::invalid, "--every " + args.every + ": expected a time from 1s");
    }
    catch_signals();
    bool warned = false;
    while (true) {
        auto found = find_news(context);
        if (!found) return tl::unexpected(found.error());
        std::map<std::string, std::size_t> by_store;
        for (const Operation& operation : found->operations) ++by_store[operation.peer];
        const auto told = tell(context, std::move(found->operations));
        if (!told) return tl::unexpected(told.error());
        if (context.console.json) {
            Json json;
            json["told"] = *told;
            json["stores"] = Json(by_store);
            json["known_after"] = Json::object();
            for (const KnownAfter& known : found->snapshots) {
                json["known_after"][known.store][known.topic] = known.seq;
            }
            json["not_looked_through"] = unseen_json(found->unseen);
            context.console.line(dump(json));
        } else if (!args.watch || *told > 0) {
            std::string text = counted(*told, "finding") + " told";
            for (const auto& [store, count] : by_store) {
                text += (text.back() == 'd' ? ": " : ", ") + store + " " + grouped(count);
            }
            context.console.line(text + "; each store sees them with `filial verdicts`");
            for (const KnownAfter& known : found->snapshots) context.console.say(to_string(known));
        }
        if (found->unseen.any() && !context.console.json && !std::exchange(warned, true)) {
            context.console.say("filial: " + to_string(found->unseen));
        }
        for (std::int64_t slept = 0; args.watch && slept < *every && !stop_requested();
             slept += core::kSecond / 5) {
            std::this_thread::sleep_for(milliseconds(200));
        }
        if (!args.watch || stop_requested()) return found->unseen.any() ? kStale : kDone;
    }
}

}  // namespace filial::cli
