#include "cli/account.h"

#include "cli/answer_text.h"
#include "cli/heard.h"
#include "cli/json.h"
#include "cli/pages.h"
#include "cli/table.h"
#include "cli/time_text.h"
#include "schema/amounts.h"

namespace filial::cli {

using schema::AnswerRow;
using schema::Query;
using schema::QueryKind;
using schema::Result;

namespace {

std::string money(std::int64_t cents) { return to_string(schema::Money{cents}); }

std::string cents_field(const AnswerRow& row, const std::string& name) {
    return money(std::strtoll(field_of(row, name).c_str(), nullptr, 10));
}

bool says_yes(const AnswerRow& row, const std::string& name) {
    return field_of(row, name) == "yes";
}

/// What an account is, in words: "open", "blocked, open", "round 3 (close)".
std::string standing_text(const AnswerRow& row) {
    std::string text = field_of(row, "standing");
    if (text == "round") text += " " + field_of(row, "round") + " (" + field_of(row, "for") + ")";
    if (text == "moved") text += " to " + field_of(row, "peer");
    if (text == "merged") text += " into " + field_of(row, "into");
    if (says_yes(row, "review")) text += ", to be reviewed: something was booked after it closed";
    return (says_yes(row, "blocked") ? "blocked, " : "") + text;
}

Json holder_json(const AnswerRow& row, const Heard& heard) {
    Json out;
    out["store"] = row.store;
    out["epoch"] = std::strtoull(field_of(row, "epoch").c_str(), nullptr, 10);
    out["out"] = money(row.value);
    out["room"] = says_yes(row, "open") ? Json(money(row.second)) : Json(nullptr);
    out["on_its_way"] = money(row.value - row.second);
    out["lost"] = says_yes(row, "lost");
    out["waits"] = says_yes(row, "waits");
    out["last_heard_seconds"] = heard_json(heard, row.store);
    return out;
}

Json note_json(const AnswerRow& row) {
    Json out;
    out["kind"] = field_of(row, "kind");
    out["seq"] = std::strtoull(field_of(row, "seq").c_str(), nullptr, 10);
    out["at"] = field_of(row, "at");
    out["for"] = field_of(row, "for");
    out["peer"] = field_of(row, "peer");
    out["reason"] = field_of(row, "reason");
    out["debt"] = money(row.value);
    return out;
}

Json account_json(const AccountRows& rows, const Heard& heard) {
    const AnswerRow& head = rows.account;
    Json out;
    out["customer"] = head.key;
    const std::string& home = field_of(head, "home");
    out["home"] = home.empty() ? Json(nullptr) : Json(home);
    out["standing"] = field_of(head, "standing");
    out["blocked"] = says_yes(head, "blocked");
    out["review"] = says_yes(head, "review");
    for (const char* name : {"round", "for", "since", "peer", "into"}) {
        const std::string& value = field_of(head, name);
        out[name] = value.empty() ? Json(nullptr) : Json(value);
    }
    out["limit"] = money(head.second);
    out["balance"] = money(head.value);
    out["pending"] = money(head.pending);
    out["reserve"] = cents_field(head, "reserve");
    out["unaccounted"] = cents_field(head, "unaccounted");
    Json at = Json::object();
    for (const auto& [name, value] : head.fields) {
        if (name.starts_with("at:")) at[name.substr(3)] = cents_field(head, name);
    }
    out["contributions"] = std::move(at);
    Json merged = Json::object();
    for (const auto& [name, value] : head.fields) {
        if (name.starts_with("merged:")) merged[name.substr(7)] = cents_field(head, name);
    }
    out["merged"] = std::move(merged);
    out["holders"] = Json::array();
    for (const AnswerRow& row : rows.holders) out["holders"].push_back(holder_json(row, heard));
    out["requests"] = Json::array();
    for (const AnswerRow& row : rows.requests) {
        Json request;
        request["store"] = row.store;
        request["amount"] = money(row.value);
        out["requests"].push_back(std::move(request));
    }
    out["history"] = Json::array();
    for (const AnswerRow& row : rows.notes) out["history"].push_back(note_json(row));
    Json as_of = row_json(head, QueryKind::account, "cents");
    for (const char* name : {"as_of", "age_seconds", "age_exact", "verdict", "partial"}) {
        out[name] = as_of[name];
    }
    return out;
}

void print_account(Console& console, const AccountRows& rows, const Heard& heard) {
    const AnswerRow& head = rows.account;
    const std::string& home = field_of(head, "home");
    console.line("account " + head.key + (home.empty() ? "" : " at " + home) + ": " +
                 standing_text(head));
    if (field_of(head, "standing") == "merged") {
        console.line("  owes " + money(head.value) + ", which counts against the limit of " +
                     field_of(head, "into"));
    } else {
        console.line("  limit " + money(head.second) + ", owes " + money(head.value) +
                     "; left at home " + cents_field(head, "reserve"));
    }
    const std::string unaccounted = cents_field(head, "unaccounted");
    if (unaccounted != "0.00") {
        console.line("  unaccounted " + unaccounted +
                     ": a store that lost its log, or is no more, may have spent it");
    }
    for (const auto& [name, value] : head.fields) {
        if (!name.starts_with("at:")) continue;
        console.line("  booked at " + name.substr(3) + ": " + cents_field(head, name));
    }
    for (const auto& [name, value] : head.fields) {
        if (!name.starts_with("merged:")) continue;
        console.line("  and " + cents_field(head, name) + " as " + name.substr(7) +
                     ", who was merged into him");
    }
    const auto since = schema::parse_timestamp(field_of(head, "since"));
    const std::string waiting = waiting_for(heard, rows.awaited());
    if (since) {
        console.line("  round since " + local_time(*since) +
                     (waiting.empty() ? "; everybody has answered" : ""));
    }
    if (!waiting.empty()) console.line("  " + waiting);
    Table table({"HOLDER", ">EPOCH", ">OUT", ">ROOM", ">ON ITS WAY", "LAST HEARD", "NOTE"});
    for (const AnswerRow& row : rows.holders) {
        const std::string note = says_yes(row, "lost")    ? "unaccounted"
                                 : says_yes(row, "waits") ? "waited for"
                                                          : "";
        table.add({row.store, field_of(row, "epoch"), money(row.value),
                   says_yes(row, "open") ? money(row.second) : "closed",
                   money(row.value - row.second), heard_text(heard, row.store), note});
    }
    if (table.rows() > 0) console.out(table.text());
    for (const AnswerRow& row : rows.requests) {
        console.line("  " + row.store + " asks for " + money(row.value) + ": `filial grant " +
                     head.key + " " + money(row.value) + " --to " + row.store + "` gives it");
    }
    for (const AnswerRow& row : rows.notes) {
        const auto at = schema::parse_timestamp(field_of(row, "at"));
        std::string text = "  " + (at ? local_time(*at) : "?") + "  " + field_of(row, "kind");
        for (const char* name : {"for", "peer", "reason"}) {
            if (!field_of(row, name).empty()) text += " " + field_of(row, name);
        }
        console.line(text);
    }
    console.out(freshness_text(head, "cents"));
}

}  // namespace

WaitsFor AccountRows::awaited() const {
    WaitsFor waits;
    for (const AnswerRow& row : holders) {
        if (!says_yes(row, "waits")) continue;
        if (says_yes(row, "lost")) {
            waits.lost.push_back("what " + row.store + " lost (" + money(row.value) + ")");
        } else {
            waits.stores.push_back(row.store);
        }
    }
    return waits;
}

Result<AccountRows> account_rows(Context& context, const std::string& customer) {
    Query query;
    query.kind = QueryKind::account;
    query.key = customer;
    auto link = context.connect(Process::subscriber);
    if (!link) return tl::unexpected(link.error());
    AccountRows rows;
    const auto asked = ask_pages(**link, query, [&](const AnswerRow& row) {
        const std::string& what = field_of(row, "row");
        if (what == "account") rows.account = row;
        if (what == "holder") rows.holders.push_back(row);
        if (what == "request") rows.requests.push_back(row);
        if (what == "note") rows.notes.push_back(row);
    });
    if (!asked) return tl::unexpected(asked.error());
    return rows;
}

Result<int> run_account(Context& context, const std::string& customer) {
    const std::string doing = "account " + customer;
    const auto rows = account_rows(context, customer);
    if (!rows) return tl::unexpected(with_advice(rows.error(), doing, Process::subscriber));
    const auto heard = heard_stores(context);
    if (!heard) return tl::unexpected(with_advice(heard.error(), doing, Process::subscriber));
    if (context.console.json) {
        context.console.line(dump(account_json(*rows, *heard)));
    } else {
        print_account(context.console, *rows, *heard);
    }
    const bool fresh = rows->account.freshness.verdict == schema::Verdict::fresh;
    return fresh ? kDone : kStale;
}

}  // namespace filial::cli
