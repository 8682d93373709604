#include "cli/parked.h"

#include <algorithm>
#include <vector>

#include "cli/event_json.h"
#include "cli/json.h"
#include "cli/pages.h"
#include "cli/person.h"
#include "cli/table.h"
#include "cli/time_text.h"

namespace filial::cli {

using schema::AnswerRow;
using schema::Errc;
using schema::Query;
using schema::QueryKind;
using schema::Result;

namespace {

/// A walk through a million parked events takes seconds; a full disk may hold it up for longer.
constexpr std::chrono::milliseconds kRetryWait{600'000};

std::uint64_t parked_number(const AnswerRow& row, const char* name) {
    return std::strtoull(field_of(row, name).c_str(), nullptr, 10);
}

Json parked_text(const std::string& text) { return text.empty() ? Json(nullptr) : Json(text); }

std::string parked_position(const AnswerRow& row, const char* seq) {
    return row.store + "/" + field_of(row, "epoch") + "/" + field_of(row, seq);
}

bool is_given_up(const AnswerRow& row) { return field_of(row, "state") == "waived"; }

std::string parked_when(const AnswerRow& row, const char* name) {
    const auto when = schema::parse_timestamp(field_of(row, name));
    return when ? local_time(*when) : "?";
}

/// What a key's row and an event's row have in common.
Json parked_json(const AnswerRow& row) {
    Json json;
    json["store"] = row.store;
    json["topic"] = field_of(row, "topic");
    json["key"] = row.key;
    json["state"] = field_of(row, "state");
    json["code"] = field_of(row, "code");
    json["reason"] = field_of(row, "reason");
    json["since"] = parked_text(field_of(row, "since"));
    json["who"] = parked_text(field_of(row, "who"));
    json["waived_at"] = parked_text(field_of(row, "at"));
    json["waived_because"] = parked_text(field_of(row, "why"));
    return json;
}

Json parked_key_json(const AnswerRow& row) {
    Json json = parked_json(row);
    const bool waived = is_given_up(row);
    json["epoch"] = parked_number(row, "epoch");
    json["first"] = parked_number(row, waived ? "seq" : "first");
    json["last"] = parked_number(row, waived ? "seq" : "last");
    json["events"] = row.value;
    return json;
}

Result<Json> event_json_of(const AnswerRow& row) {
    schema::Parser parser;
    schema::Event event;
    const auto read = schema::decode_row(parser, row.payload, event);
    if (!read) return tl::unexpected(read.error());
    event.topic = field_of(row, "topic");
    Json json = parked_json(row);
    json["epoch"] = parked_number(row, "epoch");
    json["seq"] = parked_number(row, "seq");
    json["kind"] = event.kind;
    json["version"] = event.version;
    json["event_at"] = to_string(event.at);
    json["client"] = field_of(row, "client");
    json["number"] = event.number;
    json["payload"] = payload_json(event, parser);
    return json;
}

Query parked_query(const ParkedArgs& args, QueryKind kind) {
    Query query;
    query.kind = kind;
    query.key = args.key;
    query.store = args.at;
    query.topic = args.topic;
    return query;
}

/// The one key of this name that is parked, or was given up; `invalid` names the logs where there
/// are several.
Result<ParkedArgs> the_one(Link& link, const ParkedArgs& args, const std::string& doing) {
    std::vector<ParkedArgs> found;
    const auto asked =
        ask_pages(link, parked_query(args, QueryKind::parked), [&](const AnswerRow& row) {
            const ParkedArgs one{row.key, row.store, field_of(row, "topic"), args.reason};
            for (const ParkedArgs& each : found) {
                if (each.at == one.at && each.topic == one.topic) return;
            }
            found.push_back(one);
        });
    if (!asked) return tl::unexpected(with_advice(asked.error(), doing, Process::subscriber));
    if (found.size() == 1) return found.front();
    if (found.empty()) return schema::fail(Errc::not_found, doing + ": nothing of it is parked");
    std::string logs;
    for (const ParkedArgs& each : found) {
        logs += (logs.empty() ? "" : ", ") + each.topic + " of " + each.at;
    }
    return schema::fail(Errc::invalid, doing + ": it is parked in several logs (" + logs +
                                           "): say which with --at and --topic");
}

Result<int> unpark(Context& context, Link& link, const schema::Unpark& asked,
                   const std::string& doing) {
    const auto answer = ask_for<schema::Answer>(link, asked, kRetryWait);
    if (!answer) return tl::unexpected(with_advice(answer.error(), doing, Process::subscriber));
    if (answer->rows.empty()) {
        return schema::fail(Errc::corrupt, doing + ": the answer says nothing");
    }
    const AnswerRow& row = answer->rows.front();
    const std::uint64_t waived = parked_number(row, "waived");
    const auto left = static_cast<std::uint64_t>(row.second);
    if (context.console.json) {
        Json json;
        json["applied"] = row.value;
        json["waived"] = waived;
        json["left"] = left;
        context.console.line(dump(json));
    } else {
        std::string text =
            grouped(static_cast<std::uint64_t>(row.value)) + " events applied in their order";
        if (asked.waive) text += ", " + grouped(waived) + " given up";
        text += left == 0 ? ", none is left parked"
                          : ", " + grouped(left) + " are still parked: `filial parked list`";
        context.console.say(text);
    }
    return left == 0 ? kDone : kFailed;
}

}  // namespace

Result<std::size_t> parked_keys(Link& link, const std::vector<std::string_view>& topics,
                                const std::string& at) {
    ParkedArgs args;
    args.at = at;
    std::size_t keys = 0;
    const auto asked =
        ask_pages(link, parked_query(args, QueryKind::parked), [&](const AnswerRow& row) {
            const std::string& topic = field_of(row, "topic");
            const bool wanted = std::find(topics.begin(), topics.end(), topic) != topics.end();
            if (wanted && !is_given_up(row)) ++keys;
        });
    const bool of_another = !asked && asked.error().code == Errc::not_allowed;
    if (!asked && !of_another) return tl::unexpected(asked.error());
    return keys;
}

std::string parked_sentence(std::size_t keys) {
    return counted(keys, "key") + (keys == 1 ? " is" : " are") +
           " parked and behind, or not there at all; see `filial parked list`";
}

Result<int> run_parked_list(Context& context, const ParkedArgs& args) {
    auto link = context.connect(Process::subscriber);
    if (!link) return tl::unexpected(link.error());
    Table table({"STORE", "TOPIC", "KEY", ">EVENTS", "SINCE POSITION", "PARKED", "WHY"});
    std::uint64_t keys = 0, events = 0, waived = 0;
    const auto show = [&](const AnswerRow& row) {
        if (is_given_up(row)) {
            ++waived;
        } else {
            ++keys;
            events += static_cast<std::uint64_t>(row.value);
        }
        if (context.console.json) {
            context.console.line(dump(parked_key_json(row)));
            return;
        }
        std::string why = field_of(row, "reason");
        if (is_given_up(row)) {
            why = "given up by " + field_of(row, "who") + " on " + parked_when(row, "at") + ": " +
                  field_of(row, "why") + " (" + why + ")";
        }
        table.add({row.store, field_of(row, "topic"), row.key,
                   grouped(static_cast<std::uint64_t>(row.value)),
                   parked_position(row, is_given_up(row) ? "seq" : "first"),
                   parked_when(row, "since"), why});
    };
    const auto asked = ask_pages(**link, parked_query(args, QueryKind::parked), show);
    if (!asked) {
        return tl::unexpected(with_advice(asked.error(), "parked list", Process::subscriber));
    }
    if (context.console.json) return kDone;
    if (table.rows() > 0) context.console.out(table.text());
    std::string text = counted(keys, "key") + (keys == 1 ? " is" : " are") + " parked, with " +
                       counted(events, "event");
    if (waived > 0) {
        text += "; " + counted(waived, "event") + (waived == 1 ? " was" : " were") + " given up";
    }
    context.console.say(text);
    return kDone;
}

Result<int> run_parked_show(Context& context, const ParkedArgs& args) {
    const std::string doing = "parked show " + args.key;
    auto link = context.connect(Process::subscriber);
    if (!link) return tl::unexpected(link.error());
    const auto one = the_one(**link, args, doing);
    if (!one) return tl::unexpected(one.error());
    Table table({"EVENT", "STATE", "KIND", ">VERSION", "HAPPENED", "CAME", "WHY"});
    Result<void> result;
    const auto asked =
        ask_pages(**link, parked_query(*one, QueryKind::parked_events), [&](const AnswerRow& row) {
            const auto json = event_json_of(row);
            if (!json) result = tl::unexpected(json.error());
            if (!json) return;
            if (context.console.json) {
                context.console.line(dump(*json));
                return;
            }
            std::string why = field_of(row, "reason");
            if (is_given_up(row)) why = field_of(row, "who") + ": " + field_of(row, "why");
            const auto at = schema::parse_timestamp((*json)["event_at"].get<std::string>());
            table.add({parked_position(row, "seq"), field_of(row, "state"),
                       (*json)["kind"].get<std::string>(),
                       std::to_string((*json)["version"].get<std::uint64_t>()),
                       at ? local_time(*at) : "?", parked_when(row, "since"), why});
        });
    if (!asked) return tl::unexpected(with_advice(asked.error(), doing, Process::subscriber));
    if (!result) return schema::fail(doing, result.error());
    if (!context.console.json) context.console.out(table.text());
    return kDone;
}

Result<int> run_parked_retry(Context& context, const ParkedArgs& args) {
    const std::string doing = "parked retry" + (args.key.empty() ? "" : " " + args.key);
    auto link = context.connect(Process::subscriber);
    if (!link) return tl::unexpected(link.error());
    if (args.key.empty()) {
        if (!args.topic.empty() && args.at.empty()) {
            return schema::fail(Errc::invalid, doing + ": --topic goes with --at");
        }
        return unpark(context, **link, {0, false, args.at, args.topic, "", "", ""}, doing);
    }
    const auto one = the_one(**link, args, doing);
    if (!one) return tl::unexpected(one.error());
    return unpark(context, **link, {0, false, one->at, one->topic, one->key, "", ""}, doing);
}

Result<int> run_parked_waive(Context& context, const ParkedArgs& args) {
    const std::string doing = "parked waive " + args.key;
    auto link = context.connect(Process::subscriber);
    if (!link) return tl::unexpected(link.error());
    const auto one = the_one(**link, args, doing);
    if (!one) return tl::unexpected(one.error());
    return unpark(context, **link,
                  {0, true, one->at, one->topic, one->key, this_person(), one->reason}, doing);
}

}  // namespace filial::cli
