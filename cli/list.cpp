#include "cli/list.h"

#include <string_view>
#include <vector>

#include "cli/answer_text.h"
#include "cli/heard.h"
#include "cli/pages.h"
#include "cli/parked.h"
#include "cli/table.h"
#include "cli/time_text.h"

namespace filial::cli {

using schema::AnswerRow;
using schema::Errc;
using schema::Query;
using schema::QueryKind;
using schema::Result;

Result<int> run_list(Context& context, const ListArgs& args) {
    const std::string doing = "list " + args.what;
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

    std::vector<std::string_view> topics{schema::kTopicStock};
    if (debts) topics = {schema::kTopicDebts, schema::kTopicCustomers, schema::kTopicAccounts};
    const auto parked = parked_keys(**link, topics, debts ? "" : args.at);
    if (!parked) {
        return tl::unexpected(with_advice(parked.error(), doing, Process::subscriber));
    }

    const std::string unit = debts ? "cents" : "thousandths";
    Table table = debts ? Table({"CUSTOMER", "HOME", ">BALANCE", ">LIMIT", "AS OF", "AGE", "NOTE"})
                        : Table({"STORE", "SKU", ">QTY", "AS OF", "AGE", "NOTE"});
    std::size_t rows = 0, stale = 0;
    std::string first;
    const auto add = [&](const AnswerRow& row) {
        ++rows;
        const std::string note = stale_text(row);
        if (!note.empty() && ++stale == 1) {
            first = row.key + (debts || row.store.empty() ? "" : " at " + row.store) + ": " + note;
        }
        if (context.console.json) {
            context.console.line(dump(row_json(row, query.kind, unit)));
            return;
        }
        const schema::Freshness& f = row.freshness;
        const std::string as_of = f.ever ? local_time(f.as_of) : "-";
        const std::string age = f.ever ? (f.age_exact ? "" : ">= ") + duration_text(f.age_us) : "?";
        if (debts) {
            const std::string& home = field_of(row, "home");
            std::string balance = value_text(row.value, unit);
            for (const auto& [name, value] : row.fields) {
                if (!name.starts_with("merged:")) continue;
                const std::int64_t cents = std::strtoll(value.c_str(), nullptr, 10);
                balance += " and " + value_text(cents, unit) + " as " + name.substr(7);
            }
            table.add({row.key, home.empty() ? row.store : home, balance,
                       value_text(row.second, unit), as_of, age, note});
        } else {
            table.add({row.store, row.key, value_text(row.value, unit), as_of, age, note});
        }
    };
    const auto asked = ask_pages(**link, query, add);
    if (!asked) {
        return tl::unexpected(with_advice(asked.error(), doing, Process::subscriber));
    }
    if (rows == 0) {
        const auto known = knows_store(context, args.at, doing);
        if (!known) return tl::unexpected(known.error());
    }
    if (!context.console.json) {
        if (table.rows() > 0) context.console.out(table.text());
        context.console.say(counted(table.rows(), "row"));
        if (stale > 0) {
            context.console.say("filial: " + doing + ": " + counted(stale, "row") +
                                " not fresh, first " + first);
        }
    }
    if (*parked > 0) context.console.say("filial: " + doing + ": " + parked_sentence(*parked));
    return stale == 0 && *parked == 0 ? kDone : kStale;
}

}  // namespace filial::cli
