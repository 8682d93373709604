#include "cli/get.h"

#include "cli/answer_text.h"
#include "cli/pages.h"
#include "cli/table.h"
#include "cli/time_text.h"
#include "core/options.h"

namespace filial::cli {

using schema::AnswerRow;
using schema::Errc;
using schema::Query;
using schema::QueryKind;
using schema::Result;
using schema::Verdict;

namespace {

Result<Query> query_of(const GetArgs& args) {
    Query query;
    query.key = args.key;
    query.store = args.at;
    if (args.what == "stock") {
        query.kind = QueryKind::stock;
    } else if (args.what == "customer") {
        query.kind = QueryKind::customer;
    } else if (args.what == "debt") {
        query.kind = QueryKind::debt;
    } else {
        query.kind = QueryKind::value;
        const auto topic = schema::parse_topic(args.what);
        if (!topic) return tl::unexpected(topic.error());
        if (schema::is_reserved_topic(*topic)) {
            return schema::fail(Errc::invalid, "\"" + *topic +
                                                   "\" cannot be asked for; ask for stock, "
                                                   "customer, debt, or a topic of yours");
        }
        query.topic = *topic;
    }
    if (!args.at.empty()) {
        const auto store = schema::parse_store_id(args.at);
        if (!store) return schema::fail("--at", store.error());
    }
    if (!args.max_age.empty()) {
        const auto age = core::parse_duration_us(args.max_age);
        if (!age) return schema::fail("--max-age", age.error());
        if (*age < 0) {
            return schema::fail(Errc::invalid, "--max-age: expected a time such as 10m");
        }
        query.max_age_us = *age;
    }
    return query;
}

bool is_fresh(const AnswerRow& row) { return row.freshness.verdict == Verdict::fresh; }

}  // namespace

Result<int> run_get(Context& context, const GetArgs& args) {
    if (args.official) {
        return schema::fail(Errc::refused,
                            "get --official: an official answer has to come live from every store "
                            "that matters, and this version cannot ask them yet; without the flag "
                            "the answer comes from this store's replica and says how old it is");
    }
    const auto query = query_of(args);
    if (!query) return schema::fail("get", query.error());
    auto link = context.connect(Process::subscriber);
    if (!link) return tl::unexpected(link.error());
    std::vector<AnswerRow> rows;
    const auto unit = ask_pages(**link, *query, [&](const AnswerRow& row) { rows.push_back(row); });
    const std::string doing = "get " + args.what + " " + args.key;
    if (!unit) return tl::unexpected(with_advice(unit.error(), doing, Process::subscriber));
    if (rows.empty()) {
        const std::string where = args.at.empty() ? "" : " at " + args.at;
        return schema::fail(Errc::not_found, doing + ": nothing is known of it" + where);
    }
    bool fresh = true;
    bool first = true;
    for (const AnswerRow& row : rows) {
        fresh = fresh && is_fresh(row);
        if (context.console.json) {
            context.console.line(dump(row_json(row, query->kind, *unit)));
            continue;
        }
        if (!first) context.console.line("");
        first = false;
        context.console.out(row_text(row, args.what, query->kind, *unit));
        context.console.out(freshness_text(row, *unit));
    }
    return fresh ? kDone : kStale;
}

Result<int> run_list(Context& context, const ListArgs& args) {
    Query query;
    const bool debts = args.what == "debts";
    if (!debts && args.what != "stock") {
        return schema::fail(Errc::invalid, "list " + args.what + ": list debts or list stock");
    }
    if ((args.over_limit && !debts) || (args.below_zero && debts)) {
        return schema::fail(Errc::invalid,
                            "list: --over-limit goes with debts, --below-zero with stock");
    }
    if (!args.at.empty()) {
        const auto store = schema::parse_store_id(args.at);
        if (!store) return schema::fail("list: --at", store.error());
    }
    query.kind = debts ? QueryKind::list_debts : QueryKind::list_stock;
    query.store = args.at;
    if (args.over_limit) query.filter |= schema::kOverLimit;
    if (args.below_zero) query.filter |= schema::kBelowZero;
    auto link = context.connect(Process::subscriber);
    if (!link) return tl::unexpected(link.error());

    const std::string unit = debts ? "cents" : "thousandths";
    Table table = debts ? Table({"CUSTOMER", "HOME", ">BALANCE", ">LIMIT", "AS OF", "AGE"})
                        : Table({"STORE", "SKU", ">QTY", "AS OF", "AGE"});
    bool fresh = true;
    const auto add = [&](const AnswerRow& row) {
        fresh = fresh && is_fresh(row);
        if (context.console.json) {
            context.console.line(dump(row_json(row, query.kind, unit)));
            return;
        }
        const schema::Freshness& f = row.freshness;
        const std::string as_of = f.ever ? local_time(f.as_of) : "-";
        const std::string age = f.ever ? (f.age_exact ? "" : ">= ") + duration_text(f.age_us) : "?";
        if (debts) {
            const std::string& home = field_of(row, "home");
            table.add({row.key, home.empty() ? row.store : home, value_text(row.value, unit),
                       value_text(row.second, unit), as_of, age});
        } else {
            table.add({row.store, row.key, value_text(row.value, unit), as_of, age});
        }
    };
    const auto asked = ask_pages(**link, query, add);
    if (!asked) {
        return tl::unexpected(with_advice(asked.error(), "list " + args.what, Process::subscriber));
    }
    if (!context.console.json) {
        if (table.rows() > 0) context.console.out(table.text());
        context.console.say(grouped(table.rows()) + " rows");
    }
    return fresh ? kDone : kStale;
}

}  // namespace filial::cli
