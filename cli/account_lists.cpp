#include "cli/account_lists.h"

#include <algorithm>

#include "cli/heard.h"
#include "cli/pages.h"
#include "cli/table.h"
#include "cli/time_text.h"
#include "cli/transfer_list.h"
#include "schema/amounts.h"

namespace filial::cli {

using schema::AnswerRow;
using schema::Query;
using schema::QueryKind;
using schema::Result;

namespace {

std::string amount_of(const AnswerRow& row, std::int64_t amount) {
    return field_of(row, "of") == "stock" ? to_string(schema::Quantity{amount})
                                          : to_string(schema::Money{amount});
}

}  // namespace

WaitsFor waits_of(const AnswerRow& row) {
    WaitsFor waits;
    for (const auto& [name, value] : row.fields) {
        if (name == "waits") waits.stores.push_back(value);
        if (!name.starts_with("lost:")) continue;
        const schema::Money amount{std::strtoll(value.c_str(), nullptr, 10)};
        waits.lost.push_back("what " + name.substr(5) + " lost (" + to_string(amount) + ")");
    }
    return waits;
}

Result<int> run_rounds(Context& context, const AccountListArgs& args) {
    const auto heard = heard_stores(context);
    if (!heard) return tl::unexpected(with_advice(heard.error(), "rounds", Process::subscriber));
    Query query;
    query.kind = QueryKind::list_rounds;
    query.store = args.at;
    auto link = context.connect(Process::subscriber);
    if (!link) return tl::unexpected(link.error());
    Table table({"CUSTOMER", "HOME", "FOR", "SINCE", "STATE"});
    bool fresh = true;
    std::size_t rows = 0;
    const auto asked = ask_pages(**link, query, [&](const AnswerRow& row) {
        ++rows;
        fresh = fresh && row.freshness.verdict == schema::Verdict::fresh;
        const auto waits = waits_of(row);
        const std::string& state = field_of(row, "state");
        if (context.console.json) {
            Json out;
            out["customer"] = row.key;
            out["home"] = row.store;
            out["round"] = std::strtoull(field_of(row, "round").c_str(), nullptr, 10);
            out["for"] = field_of(row, "for");
            out["state"] = state;
            out["since"] = field_of(row, "since");
            out["age_seconds"] =
                std::max<std::int64_t>(ago_us(context, row, "since"), 0) / 1'000'000;
            out["waits_for"] = Json::array();
            for (const auto& [name, value] : row.fields) {
                const bool lost = name.starts_with("lost:");
                if (!lost && name != "waits") continue;
                const std::string store = lost ? name.substr(5) : value;
                Json one;
                one["store"] = store;
                one["last_heard_seconds"] = heard_json(*heard, store);
                one["lost"] = lost;
                out["waits_for"].push_back(std::move(one));
            }
            context.console.line(dump(out));
            return;
        }
        const auto since = schema::parse_timestamp(field_of(row, "since"));
        std::string text = waiting_for(*heard, waits);
        if (state == "ready")
            text = "everybody has answered: `filial round verdict " + row.key + "`";
        if (state == "review") text = "booked after it closed: reopen it, or close it again";
        table.add(
            {row.key, row.store, field_of(row, "for"), since ? local_time(*since) : "?", text});
    });
    if (!asked) return tl::unexpected(with_advice(asked.error(), "rounds", Process::subscriber));
    if (rows == 0) {
        const auto known = knows_store(context, args.at, "rounds");
        if (!known) return tl::unexpected(known.error());
    }
    if (!context.console.json) {
        if (table.rows() > 0) context.console.out(table.text());
        context.console.say(counted(table.rows(), "row") +
                            "; `filial round cancel CUSTOMER` at the home gives one up");
    }
    return fresh ? kDone : kStale;
}

Result<int> run_grant_list(Context& context, const AccountListArgs& args) {
    const auto heard = heard_stores(context);
    if (!heard)
        return tl::unexpected(with_advice(heard.error(), "grant list", Process::subscriber));
    auto link = context.connect(Process::subscriber);
    if (!link) return tl::unexpected(link.error());
    Table table({"OF", "ID", "OWNER", "HOLDER", ">EPOCH", ">OUT", ">ROOM", "LAST HEARD", "NOTE"});
    bool fresh = true;
    std::size_t rows = 0;
    const auto add = [&](const AnswerRow& row, bool asked_for) {
        ++rows;
        fresh = fresh && row.freshness.verdict == schema::Verdict::fresh;
        const std::string& holder = field_of(row, "holder");
        const bool open = field_of(row, "open") == "yes";
        const std::string& refused = field_of(row, "refused");
        const std::string note = !refused.empty()                 ? "refused: " + refused
                                 : asked_for                      ? "asked for"
                                 : field_of(row, "lost") == "yes" ? "unaccounted"
                                                                  : "";
        const std::string room = open ? amount_of(row, row.second) : "";
        if (!context.console.json) {
            table.add({field_of(row, "of"), row.key, row.store, holder, field_of(row, "epoch"),
                       amount_of(row, row.value),
                       asked_for ? ""
                       : open    ? room
                                 : "closed",
                       heard_text(*heard, holder), note});
            return;
        }
        Json out;
        out["of"] = field_of(row, "of");
        out["id"] = row.key;
        out["owner"] = row.store;
        out["holder"] = holder;
        out["state"] = !refused.empty()                 ? "refused"
                       : asked_for                      ? "requested"
                       : field_of(row, "lost") == "yes" ? "unaccounted"
                                                        : "held";
        out["out"] = amount_of(row, row.value);
        out["room"] = open ? Json(room) : Json(nullptr);
        out["last_heard_seconds"] = heard_json(*heard, holder);
        if (!refused.empty()) out["reason"] = refused;
        context.console.line(dump(out));
    };
    bool goods_alone = false;
    for (const QueryKind kind : {QueryKind::list_grants, QueryKind::list_requests}) {
        Query query;
        query.kind = kind;
        query.store = args.at;
        const bool asked_for = kind == QueryKind::list_requests;
        const auto ask = [&] {
            if (goods_alone) query.topic = schema::kTopicStock;
            return ask_pages(**link, query, [&](const AnswerRow& row) { add(row, asked_for); });
        };
        auto asked = ask();
        if (!asked && asked.error().code == schema::Errc::not_held && !goods_alone) {
            goods_alone = true;
            context.console.say("filial: credit is not listed: " + asked.error().message);
            asked = ask();
        }
        if (!asked) {
            return tl::unexpected(with_advice(asked.error(), "grant list", Process::subscriber));
        }
    }
    if (rows == 0) {
        const auto known = knows_store(context, args.at, "grant list");
        if (!known) return tl::unexpected(known.error());
    }
    if (!context.console.json) {
        if (table.rows() > 0) context.console.out(table.text());
        context.console.say(counted(table.rows(), "row"));
    }
    return fresh && !goods_alone ? kDone : kStale;
}

}  // namespace filial::cli
