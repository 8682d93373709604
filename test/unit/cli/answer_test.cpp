#include <doctest/doctest.h>

#include "cli/answer_text.h"
#include "test/unit/cli/fake_link.h"

using namespace filial;
using cli::Json;
using schema::Answer;
using schema::AnswerRow;
using schema::Message;
using schema::Query;
using schema::Result;
using schema::Verdict;

namespace {

AnswerRow stock_row(const std::string& store, std::int64_t thousandths, Verdict verdict) {
    AnswerRow row;
    row.store = store;
    row.key = "85123A";
    row.value = thousandths;
    row.freshness.ever = true;
    row.freshness.as_of = schema::Timestamp{1'795'349'603'000'000};
    row.freshness.age_us = (3 * 3600 + 12 * 60) * core::kSecond;
    row.freshness.verdict = verdict;
    row.freshness.source = "broker head";
    row.freshness.positions = {{schema::StoreId{store}, schema::Epoch{1}, schema::Sequence{42}}};
    return row;
}

/// A replica with these rows, in pages of two.
FakeLink::Answer replica(std::vector<AnswerRow> rows, std::string unit, Query* asked = nullptr) {
    return [=](Message message) -> Result<Message> {
        const Query query = std::get<Query>(message);
        if (asked != nullptr) *asked = query;
        const std::size_t from = query.after.empty() ? 0 : std::stoul(query.after);
        Answer answer;
        answer.unit = unit;
        for (std::size_t i = from; i < std::min(from + 2, rows.size()); ++i) {
            answer.rows.push_back(rows[i]);
        }
        if (from + 2 < rows.size()) answer.next = std::to_string(from + 2);
        return Message(answer);
    };
}

}  // namespace

TEST_CASE("get: a row says its value and how old it is, for people") {
    Shell shell(replica({stock_row("store1", 112'000, Verdict::fresh)}, "thousandths"));
    CHECK(shell.run({"get", "stock", "85123A", "--at", "store1"}) == 0);
    CHECK(shell.out.starts_with("stock 85123A at store1: 112\nThis data is from 2026-11-22 "));
    CHECK(shell.out.find(" (3 h 12 min ago).\n") != std::string::npos);
    AnswerRow relayed = stock_row("store1", 1'500, Verdict::notice);
    relayed.freshness.age_exact = false;
    relayed.freshness.partial = true;
    relayed.pending = 500;
    const std::string text = cli::freshness_text(relayed, "thousandths");
    CHECK(text.find("(at least 3 h 12 min ago)") != std::string::npos);
    CHECK(text.find("Of this 0.5 was entered here") != std::string::npos);
    CHECK(text.find("incomplete") != std::string::npos);
    CHECK(cli::stale_text(relayed) == "incomplete");
}

TEST_CASE("S21: scenario 8, a view of goods that travel says that its data is from 2010-12-22") {
    AnswerRow row = stock_row("store5", 0, Verdict::ask);
    row.key = "22943";
    row.freshness.as_of = *schema::parse_timestamp("2010-12-22T12:30:00Z");
    row.freshness.age_us = std::int64_t{13} * 24 * 3600 * core::kSecond;
    Shell shell(replica({row}, "thousandths"));
    CHECK(shell.run({"get", "stock", "22943", "--at", "store5"}) == 3);
    CHECK(shell.out.starts_with("stock 22943 at store5: 0\nThis data is from 2010-12-22 "));
    CHECK(shell.out.find(" (13 d ago).\n") != std::string::npos);
    CHECK(shell.run({"list", "stock"}) == 3);
    CHECK(shell.out.find("2010-12-22 ") != std::string::npos);
    CHECK(shell.out.find("13 d old, older than the policy") != std::string::npos);
    CHECK(shell.err ==
          "1 row\nfilial: list stock: 1 row not fresh, first 22943 at store5: 13 d old, older than "
          "the policy\n");
}

TEST_CASE("get: the exit code is 3 when one row is stale, 6 when there is none") {
    Shell stale(replica({stock_row("a", 1, Verdict::fresh), stock_row("b", 2, Verdict::fresh),
                         stock_row("c", 3, Verdict::notice)},
                        "thousandths"));
    CHECK(stale.run({"get", "stock", "85123A"}) == 3);
    CHECK(stale.out.find("at c: 0.003\n") != std::string::npos);
    AnswerRow never = stock_row("a", 0, Verdict::refuse);
    never.freshness.ever = false;
    Shell unknown(replica({never}, "thousandths"));
    CHECK(unknown.run({"get", "stock", "85123A", "--json"}) == 3);
    const Json row = Json::parse(unknown.out);
    CHECK(row["as_of"].is_null());
    CHECK(row["age_seconds"].is_null());
    CHECK(row["verdict"] == "refuse");
    Shell empty(replica({}, "thousandths"));
    CHECK(empty.run({"get", "stock", "X"}) == 6);
    CHECK(empty.err.find("nothing is known of it") != std::string::npos);
}

TEST_CASE("get: JSON has one object a row with all that is promised") {
    Query asked;
    Shell shell(replica({stock_row("a", -1'500, Verdict::fresh), stock_row("b", 2, Verdict::fresh),
                         stock_row("c", 3, Verdict::fresh)},
                        "thousandths", &asked));
    CHECK(shell.run({"get", "stock", "85123A", "--max-age", "10m", "--json"}) == 0);
    CHECK(asked.max_age_us == 600 * core::kSecond);
    CHECK(std::count(shell.out.begin(), shell.out.end(), '\n') == 3);
    const Json row = Json::parse(shell.out.substr(0, shell.out.find('\n')));
    CHECK(row["store"] == "a");
    CHECK(row["key"] == "85123A");
    CHECK(row["value"] == "-1.5");
    CHECK(row["unit"] == "units");
    CHECK(row["as_of"] == "2026-11-22T12:13:23Z");
    CHECK(row["age_seconds"] == 11'520.0);
    CHECK(row["source"] == "broker head");
    CHECK(row["verdict"] == "fresh");
    CHECK(row["pending"] == "0");
    CHECK(row["partial"] == false);
    CHECK(row["positions"][0]["store"] == "a");
    CHECK(row["positions"][0]["epoch"] == 1);
    CHECK(row["positions"][0]["seq"] == 42);
}

TEST_CASE("get: debts, customers and values of application topics") {
    AnswerRow debt = stock_row("", 182'574, Verdict::fresh);
    debt.second = 200'000;
    debt.fields = {{"home", "store10"}};
    Shell debts(replica({debt}, "cents"));
    CHECK(debts.run({"get", "debt", "12377"}) == 0);
    CHECK(debts.out.find(": 1825.74 of a limit of 2000.00\n  home: store10\n") !=
          std::string::npos);
    CHECK(debts.run({"get", "debt", "12377", "--json"}) == 0);
    CHECK(Json::parse(debts.out)["limit"] == "2000.00");
    CHECK(Json::parse(debts.out)["unit"] == "money");

    AnswerRow customer = stock_row("", 0, Verdict::fresh);
    customer.fields = {{"phone", "1"}, {"phone", "2"}, {"country", "Peru"}};
    Shell customers(replica({customer}, ""));
    CHECK(customers.run({"get", "customer", "1", "--json"}) == 0);
    const Json json = Json::parse(customers.out);
    CHECK(json["value"].is_null());
    CHECK(json["fields"]["phone"] == Json::array({"1", "2"}));
    CHECK(json["fields"]["country"] == "Peru");

    AnswerRow value = stock_row("head", 0, Verdict::fresh);
    value.payload = "2.95";
    Query asked;
    Shell values(replica({value}, "", &asked));
    CHECK(values.run({"get", "prices", "A"}) == 0);
    CHECK(asked.kind == schema::QueryKind::value);
    CHECK(asked.topic == "prices");
    CHECK(values.out.starts_with("prices 85123A at head: 2.95\n"));
}

TEST_CASE("list: a table for people, one object a row as JSON, filters are passed on") {
    Query asked;
    AnswerRow row = stock_row("store3", -2'000, Verdict::fresh);
    Shell shell(replica({row, row, row}, "thousandths", &asked));
    CHECK(shell.run({"list", "stock", "--below-zero", "--at", "store3"}) == 0);
    CHECK(asked.filter == schema::kBelowZero);
    CHECK(asked.store == "store3");
    CHECK(shell.out.starts_with("STORE   SKU     QTY  AS OF"));
    CHECK(shell.err == "3 rows\n");
    CHECK(shell.run({"list", "debts", "--over-limit", "--json"}) == 0);
    CHECK(asked.filter == schema::kOverLimit);
    CHECK(std::count(shell.out.begin(), shell.out.end(), '\n') == 3);
    CHECK(shell.run({"list", "stock", "--over-limit"}) == 2);
}

TEST_CASE("S43: get --official prints live rows, or names who is missing and ends with 5") {
    Query asked;
    AnswerRow live = stock_row("store1", 112'000, Verdict::fresh);
    live.freshness.age_us = 40'000;
    live.freshness.source = "live";
    Shell shell(replica({live}, "thousandths", &asked));
    CHECK(shell.run({"get", "stock", "85123A", "--at", "store1", "--official", "--wait", "3s"}) ==
          0);
    CHECK(asked.kind == schema::QueryKind::official);
    CHECK(asked.topic == "stock");
    CHECK(asked.store == "store1");
    CHECK(asked.limit == 3'000);
    CHECK(shell.out.starts_with("stock 85123A at store1: 112\n"));

    AnswerRow silent = stock_row("store9", 0, Verdict::ask);
    silent.fields = {{"why", "the customer's home"}, {"lack", "silent"}};
    AnswerRow never = silent;
    never.store = "store4";
    never.freshness.ever = false;
    Shell refused(replica({silent, never}, std::string(schema::kUnitMissing)));
    CHECK(refused.run({"get", "debt", "12377", "--official"}) == 5);
    CHECK(refused.out == "");
    CHECK(refused.err.find("no official answer: store9 (the customer's home) was last heard "
                           "2026-11-22") != std::string::npos);
    CHECK(refused.err.find("store4 (the customer's home) was never heard") != std::string::npos);
    CHECK(refused.run({"get", "debt", "12377", "--official", "--json"}) == 5);
    const Json json = Json::parse(refused.out);
    CHECK(json["error"]["code"] == "unreachable");
    CHECK(json["missing"][0]["store"] == "store9");
    CHECK(json["missing"][0]["age_seconds"] == 11'520.0);
    CHECK(json["missing"][1]["as_of"].is_null());
    CHECK(refused.run({"get", "debt", "12377", "--official", "--wait", "1d"}) == 2);
}

TEST_CASE("S27: a policy that is official asks for a live answer without the flag") {
    Query asked;
    Shell shell(replica({stock_row("", 1, Verdict::fresh)}, "cents", &asked));
    CHECK(shell.run({"get", "debt", "12377", "--for", "credit-check"}) == 0);
    CHECK(asked.kind == schema::QueryKind::official);
    CHECK(asked.topic == "debts");
    CHECK(shell.run({"get", "debt", "12377"}) == 0);
    CHECK(asked.kind == schema::QueryKind::debt);
    CHECK(asked.max_age_us == std::int64_t{86'400} * core::kSecond);
    shell.context.loaded->freshness.credit_check_us = 60 * core::kSecond;
    CHECK(shell.run({"get", "debt", "12377", "--for", "credit-check"}) == 0);
    CHECK(asked.kind == schema::QueryKind::debt);
    CHECK(asked.max_age_us == 60 * core::kSecond);
    shell.context.loaded->freshness.stock_us = -1;
    CHECK(shell.run({"get", "stock", "A"}) == 0);
    CHECK(asked.kind == schema::QueryKind::official);
    CHECK(shell.run({"get", "stock", "A", "--for", "credit-check"}) == 2);
    CHECK(shell.run({"get", "debt", "A", "--for", "fun"}) == 2);
}

TEST_CASE("S21: without a terminal the value is printed, why it is stale goes to stderr") {
    Shell shell(replica({stock_row("store1", 112'000, Verdict::ask)}, "thousandths"));
    CHECK(shell.run({"get", "stock", "85123A"}) == 3);
    CHECK(shell.out.starts_with("stock 85123A at store1: 112\nThis data is from 2026-11-22 "));
    CHECK(shell.out.find("[y/N]") == std::string::npos);
    CHECK(shell.err ==
          "filial: get stock 85123A: not fresh: store1: 3 h 12 min old, older than the "
          "policy\n");
    CHECK(shell.run({"get", "stock", "85123A", "--json"}) == 3);
    CHECK(shell.err == "");
    CHECK(Json::parse(shell.out)["verdict"] == "ask");
}

TEST_CASE("S43: who may still charge is said in words with its age") {
    AnswerRow debt = stock_row("store1", 100, Verdict::ask);
    debt.fields = {{"home", "store1"}, {"unheard:store2", "7200"}, {"unheard:store3", ""}};
    const std::string text = cli::freshness_text(debt, "cents");
    CHECK(text.find("store2 may still charge and was last heard 2 h ago.\n") != std::string::npos);
    CHECK(text.find("store3 may still charge and was never heard.\n") != std::string::npos);
}

TEST_CASE("list: a store's name that is none is refused before anybody is asked") {
    Shell shell;
    CHECK(shell.run({"list", "stock", "--at", "No Store"}) == 2);
    CHECK(shell.err.find("--at") != std::string::npos);
}
