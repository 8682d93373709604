#include "cli/why.h"

#include "cli/answer_text.h"
#include "cli/event_json.h"
#include "cli/heard.h"
#include "cli/json.h"
#include "cli/pages.h"
#include "cli/table.h"
#include "cli/time_text.h"
#include "schema/amounts.h"
#include "schema/payloads.h"

namespace filial::cli {

using schema::AnswerRow;
using schema::Errc;
using schema::Query;
using schema::QueryKind;
using schema::Result;

namespace {

/// One event behind the number.
struct Cause {
    AnswerRow row;
    schema::LoggedEvent logged;
    Json payload;
};

std::string text_of(const Json& payload, const char* name) {
    if (!payload.is_object() || !payload.contains(name)) return "";
    return payload[name].is_string() ? payload[name].get<std::string>() : "";
}

Result<Cause> cause_of(const AnswerRow& row, const std::string& topic) {
    Cause cause;
    cause.row = row;
    schema::Parser parser;
    const auto read = schema::decode_row(parser, row.payload, cause.logged.event);
    if (!read) return tl::unexpected(read.error());
    cause.logged.event.topic = topic;
    cause.logged.epoch = schema::Epoch{
        static_cast<std::uint32_t>(std::strtoul(field_of(row, "epoch").c_str(), nullptr, 10))};
    cause.logged.seq = schema::Sequence{std::strtoull(field_of(row, "seq").c_str(), nullptr, 10)};
    cause.payload = payload_json(cause.logged.event, parser);
    return cause;
}

/// Of the events in accounts under this key, those that are a customer's credit: a verdict about
/// him is none of it.
bool is_of_credit(const Cause& cause) {
    const std::string& own = cause.logged.event.kind;
    const std::string kind = own == schema::kNoticeTaken ? text_of(cause.payload, "kind") : own;
    return kind.starts_with("grant.") || kind.starts_with("debt.") || kind.starts_with("round.") ||
           kind.starts_with("account.");
}

Json json_of(const Cause& cause, const std::string& unit) {
    const schema::Event& event = cause.logged.event;
    const std::string& arrived = field_of(cause.row, "arrived");
    const std::string& parked = field_of(cause.row, "parked");
    Json op;
    op["client"] = field_of(cause.row, "client");
    op["number"] = event.number;
    op["index"] = event.index;
    op["count"] = event.count;
    Json json;
    json["store"] = cause.row.store;
    json["epoch"] = cause.logged.epoch.value();
    json["seq"] = cause.logged.seq.value();
    json["topic"] = event.topic;
    json["kind"] = event.kind;
    json["key"] = event.key;
    json["adds"] = value_text(cause.row.value, unit);
    json["at"] = to_string(event.at);
    json["arrived"] = arrived.empty() ? Json(nullptr) : Json(arrived);
    json["op"] = std::move(op);
    json["payload"] = cause.payload;
    json["pending"] = cause.row.pending != 0;
    json["parked"] = parked.empty() ? Json(nullptr) : Json(parked);
    return json;
}

std::vector<std::string> cells_of(const Cause& cause, const std::string& unit) {
    const schema::Event& event = cause.logged.event;
    const auto arrived = schema::parse_timestamp(field_of(cause.row, "arrived"));
    std::string what = event.kind;
    for (const char* name : {"reason", "amount", "qty", "peer"}) {
        const std::string text = text_of(cause.payload, name);
        if (!text.empty()) what += " " + text;
    }
    std::string note;
    if (cause.row.pending != 0) note = "pending: its home has not booked it yet";
    const std::string& parked = field_of(cause.row, "parked");
    if (!parked.empty()) note = "parked: " + parked;
    const schema::Position position{schema::StoreId{cause.row.store}, cause.logged.epoch,
                                    cause.logged.seq};
    return {schema::to_string(position),
            value_text(cause.row.value, unit),
            what,
            text_of(cause.payload, "doc"),
            field_of(cause.row, "client").substr(0, 8) + "/" + std::to_string(event.number),
            local_time(event.at),
            arrived ? local_time(*arrived) : "?",
            note};
}

/// As an event's line, of a kind that is no event's.
Json json_of(const KnownAfter& known, const std::string& key) {
    Json json;
    json["store"] = known.store;
    json["topic"] = known.topic;
    json["kind"] = "snapshot";
    json["key"] = key;
    json["known_after"] = known.seq;
    return json;
}

/// What the replica says the number is; nullopt where it cannot be told in one.
std::optional<std::int64_t> told_value(Link& link, const WhyArgs& args) {
    Query query;
    query.kind = args.what == "stock" ? QueryKind::stock : QueryKind::debt;
    query.key = args.key;
    query.store = args.what == "stock" ? args.at : "";
    if (args.what != "stock" && !args.at.empty()) return std::nullopt;
    std::int64_t sum = 0;
    bool fits = true;
    const auto asked = ask_pages(link, query, [&](const AnswerRow& row) {
        fits = fits && !__builtin_add_overflow(sum, row.value, &sum);
    });
    return asked && fits ? std::optional<std::int64_t>(sum) : std::nullopt;
}

}  // namespace

Result<int> run_why(Context& context, const WhyArgs& args) {
    const std::string doing = "why " + args.what + " " + args.key;
    auto link = context.connect(Process::subscriber);
    if (!link) return tl::unexpected(link.error());
    std::vector<std::string> topics{
        std::string(args.what == "stock" ? schema::kTopicStock : schema::kTopicDebts)};
    if (args.what == "credit") topics.emplace_back(schema::kTopicAccounts);
    const auto told = told_value(**link, args);

    const std::string unit = args.what == "stock" ? "thousandths" : "cents";
    Table table({"EVENT", ">ADDS", "WHAT", "DOCUMENT", "OPERATION", "HAPPENED", "ARRIVED", "NOTE"});
    std::size_t events = 0, parked = 0;
    std::string parked_why;
    std::int64_t sum = 0;
    std::vector<KnownAfter> snapshots;
    Result<void> result;
    for (const std::string& topic : topics) {
        Query query;
        query.kind = QueryKind::why;
        query.topic = topic;
        query.key = args.key;
        query.store = args.at;
        const auto asked = ask_pages(**link, query, [&](const AnswerRow& row) {
            if (auto known = known_after(row)) {
                if (context.console.json) context.console.line(dump(json_of(*known, args.key)));
                snapshots.push_back(std::move(*known));
                return;
            }
            const auto cause = cause_of(row, topic);
            if (!cause) {
                result = tl::unexpected(cause.error());
                return;
            }
            if (topic == schema::kTopicAccounts && !is_of_credit(*cause)) return;
            ++events;
            const std::string& why = field_of(row, "parked");
            const bool waits = !why.empty() && !why.starts_with(schema::kGivenUpHere);
            if (waits && ++parked == 1) parked_why = why;
            if (__builtin_add_overflow(sum, row.value, &sum)) sum = row.value;
            if (context.console.json) {
                context.console.line(dump(json_of(*cause, unit)));
            } else {
                table.add(cells_of(*cause, unit));
            }
        });
        if (!asked) {
            return tl::unexpected(with_advice(asked.error(), doing, Process::subscriber));
        }
    }
    if (!result) return schema::fail(doing, result.error());
    if (events == 0 && (snapshots.empty() || !told)) {
        if (const auto known = knows_store(context, args.at, doing); !known) {
            return tl::unexpected(known.error());
        }
        return schema::fail(Errc::not_found, doing + ": no event of it has come here");
    }
    const int code = snapshots.empty() && parked == 0 ? kDone : kStale;
    if (context.console.json) return code;
    if (events > 0) context.console.out(table.text());
    std::string text = counted(events, "event") + (events == 1 ? " adds" : " add") + " up to " +
                       value_text(sum, unit);
    if (told && *told != sum) {
        text += ", but the replica says " + value_text(*told, unit) +
                ": the rest came before events were kept here";
    }
    context.console.say(text);
    for (const KnownAfter& known : snapshots) context.console.say(to_string(known));
    if (parked > 0) {
        context.console.say("filial: " + doing + ": not fresh: " + counted(parked, "event") +
                            (parked == 1 ? " is" : " are") + " parked and not counted (" +
                            parked_why + "); see `filial parked show " + args.key + "`");
    }
    return code;
}

}  // namespace filial::cli
