#include "cli/official.h"

#include "cli/pages.h"
#include "cli/time_text.h"

namespace filial::cli {

using schema::AnswerRow;
using schema::Query;
using schema::QueryKind;
using schema::Result;

namespace {

/// The replica answers at its own deadline; this much later it will not any more.
constexpr std::chrono::milliseconds kGrace{5'000};

std::string topic_of(const Query& plain) {
    switch (plain.kind) {
        case QueryKind::stock:
            return std::string(schema::kTopicStock);
        case QueryKind::customer:
            return std::string(schema::kTopicCustomers);
        case QueryKind::debt:
            return std::string(schema::kTopicDebts);
        default:
            return plain.topic;
    }
}

std::string heard_text(const AnswerRow& row) {
    const schema::Freshness& heard = row.freshness;
    if (!heard.ever) return "was never heard here";
    return "was last heard " + local_time(heard.as_of) + " (" +
           (heard.age_exact ? "" : "at least ") + duration_text(heard.age_us) + " ago)";
}

}  // namespace

Result<Live> ask_live(Link& link, const Query& plain, std::chrono::milliseconds wait) {
    Query query = plain;
    query.kind = QueryKind::official;
    query.topic = topic_of(plain);
    query.limit = static_cast<std::uint64_t>(wait.count());
    query.max_age_us = -1;
    auto answer = ask_for<schema::Answer>(link, query, wait + kGrace);
    if (!answer) return tl::unexpected(answer.error());
    Live live;
    live.unit = answer->unit;
    const bool missing = answer->unit == schema::kUnitMissing;
    (missing ? live.missing : live.rows) = std::move(answer->rows);
    return live;
}

std::string missing_text(const std::vector<AnswerRow>& missing) {
    std::string text;
    for (const AnswerRow& row : missing) {
        if (!text.empty()) text += ", ";
        text += row.store + " (" + field_of(row, "why") + ") ";
        const std::string& lack = field_of(row, "lack");
        if (lack == "behind") {
            text += "has answered, but what it wrote last has not come here yet";
        } else if (lack == "old-epoch") {
            text += "answers from an earlier life of its log";
        } else {
            text += heard_text(row);
        }
    }
    return text;
}

Json missing_json(const std::vector<AnswerRow>& missing) {
    Json list = Json::array();
    for (const AnswerRow& row : missing) {
        const schema::Freshness& heard = row.freshness;
        Json one;
        one["store"] = row.store;
        one["why"] = field_of(row, "why");
        one["lack"] = field_of(row, "lack");
        one["as_of"] = heard.ever ? Json(to_string(heard.as_of)) : Json(nullptr);
        one["age_seconds"] = heard.ever ? seconds_or_null(heard.age_us) : Json(nullptr);
        list.push_back(std::move(one));
    }
    return list;
}

int report_missing(Console& console, const std::string& doing, const Live& live) {
    const std::string text = doing + ": no official answer: " + missing_text(live.missing) +
                             "; try again when it is there, or ask without --official and see how "
                             "old the answer is";
    const schema::Error error{schema::Errc::unreachable, text};
    if (!console.json) return report(console, error);
    Json out = Json::parse(error_json(error));
    out["missing"] = missing_json(live.missing);
    console.line(dump(out));
    return exit_code_of(error.code);
}

}  // namespace filial::cli
