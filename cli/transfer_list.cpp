#include "cli/transfer_list.h"

#include "cli/heard.h"
#include "cli/json.h"
#include "cli/pages.h"
#include "cli/table.h"
#include "cli/time_text.h"
#include "schema/amounts.h"

namespace filial::cli {

using schema::AnswerRow;
using schema::Result;

namespace {

/// A lorry takes a day; what is out for a week is asked for.
constexpr const char* kOverdue = "7d";

std::string local_day(const std::string& text) {
    const auto at = schema::parse_timestamp(text);
    return at ? local_time(*at).substr(0, 10) : "";
}

struct Out {
    AnswerRow row;
    std::int64_t age_us = 0;
    bool overdue = false;
};

Json json_of(const Out& out) {
    Json json;
    json["transfer"] = out.row.key;
    json["from"] = field_of(out.row, "from");
    json["to"] = field_of(out.row, "to");
    json["sku"] = field_of(out.row, "sku");
    json["qty"] = to_string(schema::Quantity{out.row.value});
    json["state"] = field_of(out.row, "state");
    json["since"] = field_of(out.row, "since");
    json["age_seconds"] = out.age_us / 1'000'000;
    const std::string& owner = field_of(out.row, "owner");
    json["owner"] = owner.empty() ? Json(nullptr) : Json(owner);
    json["due"] = owner.empty() ? Json(nullptr) : Json(field_of(out.row, "due"));
    json["overdue"] = out.overdue;
    return json;
}

}  // namespace

std::int64_t ago_us(Context& context, const AnswerRow& row, const std::string& field) {
    const auto at = schema::parse_timestamp(field_of(row, field));
    return at ? context.clock.wall().value() - at->value() : 0;
}

Result<int> run_transfer_list(Context& context, const TransferListArgs& args) {
    const auto limit = core::parse_duration_us(args.overdue.empty() ? kOverdue : args.overdue);
    if (!limit) return schema::fail("--overdue", limit.error());
    schema::Query query;
    query.kind = schema::QueryKind::list_transfers;
    query.store = args.at;
    auto link = context.connect(Process::subscriber);
    if (!link) return tl::unexpected(link.error());
    bool fresh = true;
    std::uint64_t overdue = 0;
    std::uint64_t differences = 0;
    Table table({"TRANSFER", "FROM", "TO", "SKU", ">QTY", "STATE", "SINCE", ">AGE", "SETTLED BY"});
    std::size_t rows = 0;
    const auto asked = ask_pages(**link, query, [&](const AnswerRow& row) {
        ++rows;
        fresh = fresh && row.freshness.verdict == schema::Verdict::fresh;
        Out out{row, std::max<std::int64_t>(ago_us(context, row, "since"), 0), false};
        const std::string& owner = field_of(row, "owner");
        out.overdue = owner.empty() ? out.age_us > *limit : ago_us(context, row, "due") > 0;
        if (!args.overdue.empty() && !out.overdue) return;
        overdue += out.overdue ? 1 : 0;
        differences += owner.empty() ? 0 : 1;
        if (context.console.json) {
            context.console.line(dump(json_of(out)));
            return;
        }
        const std::string due =
            owner.empty() ? "" : owner + " until " + local_day(field_of(row, "due"));
        table.add({row.key, field_of(row, "from"), field_of(row, "to"), field_of(row, "sku"),
                   to_string(schema::Quantity{row.value}), field_of(row, "state"),
                   local_day(field_of(row, "since")),
                   duration_text(out.age_us) + (out.overdue ? " !" : ""), due});
    });
    if (!asked) {
        return tl::unexpected(with_advice(asked.error(), "transfer list", Process::subscriber));
    }
    if (rows == 0) {
        const auto known = knows_store(context, args.at, "transfer list");
        if (!known) return tl::unexpected(known.error());
    }
    if (!context.console.json) {
        if (table.rows() > 0) context.console.out(table.text());
        std::string text = counted(table.rows(), "row") + ", " + grouped(overdue) +
                           " overdue (!), " + grouped(differences) + " to be settled";
        if (differences > 0) {
            text +=
                ": their source finds out what left (`filial transfer correct`) or gives it "
                "up (`filial transfer write-off`)";
        }
        context.console.say(text);
    }
    return fresh ? kDone : kStale;
}

}  // namespace filial::cli
