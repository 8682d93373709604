#include "cli/json.h"
#include "test/unit/cli/account_company.h"

using namespace filial;
using cli::Json;
using schema::AnswerRow;
using schema::QueryKind;

TEST_CASE(
    "N1: an account shows limit, debt, reserve, each holder with its room, and what was decided") {
    AccountCompany company;
    company.account("store1", "open");
    company.holder("store9", false);
    company.rows[QueryKind::account].push_back(
        made_row("store3", "ann", 1'500, {{"row", "request"}}));
    company.rows[QueryKind::account].push_back(made_row("store1", "ann", 2'000,
                                                        {{"row", "note"},
                                                         {"kind", "round.refused"},
                                                         {"at", "2026-01-01T10:00:00Z"},
                                                         {"for", "close"},
                                                         {"reason", "owes 20.00"}}));
    Shell shell(link_to_company(company));
    REQUIRE(shell.run({"account", "ann"}) == 0);
    for (const std::string part :
         {"account ann at store1: open", "limit 100.00, owes 20.00; left at home 40.00", "store9",
          "60.00", "40.00", "2 d ago", "store3 asks for 15.00",
          "`filial grant ann 15.00 --to store3`", "round.refused close owes 20.00"}) {
        CAPTURE(part);
        CHECK(has(shell.out, part));
    }
    REQUIRE(shell.run({"account", "ann", "--json"}) == 0);
    const Json json = Json::parse(shell.out);
    CHECK(json["limit"] == "100.00");
    CHECK(json["contributions"]["store9"] == "20.00");
    CHECK(json["holders"][0]["room"] == "40.00");
    CHECK(json["holders"][0]["on_its_way"] == "20.00");
    CHECK(json["holders"][0]["last_heard_seconds"] == 172'800);
    CHECK(json["requests"][0]["store"] == "store3");
    CHECK(json["history"][0]["reason"] == "owes 20.00");
    CHECK(json["round"].is_null());
}

TEST_CASE("N3: the waiting list has every round with whom it waits for") {
    AccountCompany company;
    company.rows[QueryKind::list_rounds] = {
        made_row("store1", "ann", 1,
                 {{"state", "waiting"},
                  {"round", "3"},
                  {"for", "close"},
                  {"since", "2026-01-01T10:00:00Z"},
                  {"waits", "store9"},
                  {"lost:store3", "1200"}}),
        made_row("store1", "bob", 0, {{"state", "ready"}, {"round", "1"}, {"for", "merge"}})};
    Shell shell(link_to_company(company));
    REQUIRE(shell.run({"rounds"}) == 0);
    CHECK(has(shell.out, "waiting for store9, last heard 2 d ago, and what store3 lost (12.00)"));
    CHECK(has(shell.out, "`filial round verdict bob`"));
    REQUIRE(shell.run({"rounds", "--json"}) == 0);
    const Json json = Json::parse(shell.out.substr(0, shell.out.find('\n')));
    CHECK(json["waits_for"][0]["store"] == "store9");
    CHECK(json["waits_for"][0]["last_heard_seconds"] == 172'800);
}

TEST_CASE("N1: grant list has each holder's part and the requests that wait") {
    AccountCompany company;
    AnswerRow held = made_row(
        "store1", "ann", 6'000,
        {{"of", "credit"}, {"holder", "store9"}, {"epoch", "1"}, {"open", "yes"}, {"lost", "no"}});
    held.second = 4'000;
    company.rows[QueryKind::list_grants] = {held};
    company.rows[QueryKind::list_requests] = {
        made_row("store1", "tea", 5'000, {{"of", "stock"}, {"holder", "store3"}})};
    Shell shell(link_to_company(company));
    REQUIRE(shell.run({"grant", "list"}) == 0);
    CHECK(company.booked.empty());
    CHECK(has(shell.out, "60.00"));
    CHECK(has(shell.out, "asked for"));
    REQUIRE(shell.run({"grant", "list", "--json"}) == 0);
    const Json first = Json::parse(shell.out.substr(0, shell.out.find('\n')));
    CHECK(first["out"] == "60.00");
    CHECK(first["room"] == "40.00");
    CHECK(first["state"] == "held");
}

TEST_CASE(
    "S35: grant list where stock alone is copied has its grants, and says what is not there") {
    AccountCompany company;
    company.copies_stock_alone = true;
    company.rows[QueryKind::list_grants] = {
        made_row("store1", "tea", 5'000, {{"of", "stock"}, {"holder", "store9"}, {"open", "no"}})};
    Shell shell(link_to_company(company));
    CHECK(shell.run({"grant", "list"}) == 3);
    CHECK(has(shell.out, "tea"));
    CHECK(has(shell.out, "2 d ago"));
    CHECK(has(shell.err, "credit is not listed: accounts are not here"));
    CHECK(shell.run({"rounds"}) == 6);
    CHECK(has(shell.err, "accounts are not here"));
}

TEST_CASE("S35: tasks where stock alone is copied are those of goods, and say what is not known") {
    AccountCompany company;
    company.copies_stock_alone = true;
    company.rows[QueryKind::list_transfers] = {made_row(
        "store1", "T1", 2'000, {{"owner", "store1"}, {"state", "missing"}, {"sku", "tea"}})};
    company.rows[QueryKind::verdicts] = {made_row(
        "office", "tea", 0, {{"for", "store1"}, {"finding", "parked"}, {"text", "look at it"}})};
    company.rows[QueryKind::list_requests] = {
        made_row("store1", "tea", 5'000, {{"of", "stock"}, {"holder", "store9"}})};
    Shell shell(link_to_company(company));
    CHECK(shell.run({"tasks"}) == 3);
    for (const std::string part : {"transfer T1", "parked tea", "`filial grant --stock tea 5"}) {
        CAPTURE(part);
        CHECK(has(shell.out, part));
    }
    CHECK(has(shell.err, "3 tasks of store1"));
    CHECK(has(shell.err, "debts, customers, accounts not looked through: accounts are not here"));
    CHECK(shell.run({"tasks", "--json"}) == 3);
    const std::size_t last = shell.out.rfind('\n', shell.out.size() - 2);
    const Json json = Json::parse(shell.out.substr(last + 1));
    CHECK(json["kind"] == "not-known");
    CHECK(json["owner"] == "store1");
    CHECK(json["topics"] == Json({"debts", "customers", "accounts"}));
    CHECK(shell.run({"conflicts"}) == 6);
    CHECK(has(shell.err, "conflicts: accounts are not here"));
}

TEST_CASE("S35: status --flags where stock alone is copied says what was not looked through") {
    AccountCompany company;
    company.rows[QueryKind::flagged] = {made_row("store1", "2", 3, {})};
    Shell shell(link_to_company(company));
    CHECK(shell.run({"status", "--flags", "--json"}) == 0);
    CHECK_FALSE(Json::parse(shell.out).contains("not_looked_through"));
    company.copies_stock_alone = true;
    CHECK(shell.run({"status", "--flags"}) == 3);
    CHECK(has(shell.err, "debts, accounts not looked through"));
    CHECK(shell.run({"status", "--flags", "--json"}) == 3);
    const Json json = Json::parse(shell.out);
    CHECK(json["store1"]["below_zero"] == 3);
    CHECK(json["not_looked_through"] == Json({"debts", "accounts"}));
}

TEST_CASE("N3, N6: tasks of limits and accounts name what to type") {
    AccountCompany company;
    company.rows[QueryKind::list_rounds] = {
        made_row("store1", "ann", 1,
                 {{"state", "waiting"},
                  {"for", "close"},
                  {"since", "2010-11-29T08:00:00Z"},
                  {"waits", "store9"}}),
        made_row("store1", "new", 1,
                 {{"state", "waiting"},
                  {"for", "close"},
                  {"since", "2010-12-01T07:00:00Z"},
                  {"waits", "store9"}}),
        made_row("store1", "bob", 0, {{"state", "review"}, {"for", "close"}})};
    company.rows[QueryKind::list_requests] = {
        made_row("store1", "ann", 5'000, {{"of", "credit"}, {"holder", "store9"}}),
        made_row("store1", "tea", 5'000, {{"of", "stock"}, {"holder", "store9"}})};
    company.rows[QueryKind::account_tasks] = {
        made_row("store1", "ann", 900, {{"task", "beyond"}, {"of", "credit"}}),
        made_row("store1", "ann", 800,
                 {{"task", "beyond"}, {"of", "credit"}, {"holder", "store9"}}),
        made_row("store1", "ann", 700,
                 {{"task", "unaccounted"}, {"of", "credit"}, {"holder", "store9"}}),
        made_row(
            "store1", "ann", -600,
            {{"task", "paid-twice"}, {"of", "credit"}, {"holder", "store9"}, {"document", "r1"}}),
        made_row("store1", "rum", 3'000,
                 {{"task", "cut"}, {"of", "stock"}, {"by", "store9"}, {"why", "less"}}),
        made_row("store1", "eve", 300,
                 {{"task", "cut"}, {"of", "credit"}, {"by", "store9"}, {"why", "less"}})};
    company.rows[QueryKind::account_tasks][4].second = 2'000;
    Shell shell(link_to_company(company));
    REQUIRE(shell.run({"tasks"}) == 0);
    for (const std::string part :
         {"waiting for store9, last heard 2 d ago; `filial round cancel ann`",
          "`filial reopen-account bob`", "`filial grant ann 50.00 --to store9`",
          "`filial grant --stock tea 5 --to store9`", "`filial limit ann AMOUNT`",
          "`filial grant ann 8.00 --to store9`", "`filial grant write-off ann --of store9`",
          "`filial charge ann 6.00 --doc r1 --fact`",
          "store9 took back 3 of what was reserved here (less), 2 is left",
          "`filial grant ask --stock rum 3 --home store9`",
          "`filial grant return --stock rum --to store9`", "`filial grant ask eve 3.00`",
          "`filial grant return eve`"}) {
        CAPTURE(part);
        CHECK(has(shell.out, part));
    }
    CHECK_FALSE(has(shell.out, "customer new"));  // It has not waited for long.
}

TEST_CASE(
    "N1: a request that was refused shows in grant list with the reason, and among the tasks of "
    "whoever asked") {
    AccountCompany company;
    company.rows[QueryKind::list_requests] = {
        made_row("store1", "ann", 3'000,
                 {{"of", "credit"}, {"holder", "store9"}, {"refused", "pays late"}})};
    Shell shell(link_to_company(company));
    REQUIRE(shell.run({"grant", "list"}) == 0);
    CHECK(has(shell.out, "refused: pays late"));
    REQUIRE(shell.run({"grant", "list", "--json"}) == 0);
    const Json json = Json::parse(shell.out);
    CHECK(json["state"] == "refused");
    CHECK(json["reason"] == "pays late");
    CHECK(json["holder"] == "store9");
    REQUIRE(shell.run({"tasks", "--json"}) == 0);
    CHECK(shell.out.empty());  // Of whoever refused nothing is wanted any more.
    AnswerRow held =
        made_row("store1", "rum", 2'000,
                 {{"task", "refused"}, {"of", "stock"}, {"by", "store9"}, {"why", "none left"}});
    held.second = 1'000;
    company.rows[QueryKind::account_tasks] = {
        made_row("store1", "eve", 3'000,
                 {{"task", "refused"}, {"of", "credit"}, {"by", "store9"}, {"why", "pays late"}}),
        held};
    REQUIRE(shell.run({"tasks"}) == 0);
    for (const std::string part :
         {"store9 gives no 30.00 more (pays late): take cash",
          "`filial grant ask eve 30.00 --home store9` asks again",
          "`filial grant return eve` leaves it at that\n", "store9 gives no 2 more (none left)",
          "`filial grant return --stock rum --to store9` leaves it at that and gives back what is "
          "held"}) {
        CAPTURE(part);
        CHECK(has(shell.out, part));
    }
    REQUIRE(shell.run({"tasks", "--json"}) == 0);
    CHECK(Json::parse(shell.out.substr(0, shell.out.find('\n')))["kind"] == "refused");
}

TEST_CASE("N11: what a merged customer owes is said to count with whom he was merged into") {
    AccountCompany company;
    company.account("store1", "merged");
    auto& head = company.rows[QueryKind::account].back();
    head.fields.emplace_back("into", "anna");
    Shell shell(link_to_company(company));
    REQUIRE(shell.run({"account", "ann"}) == 0);
    CHECK(has(shell.out, "owes 20.00, which counts against the limit of anna"));
    CHECK_FALSE(has(shell.out, "left at home"));
    company.rows[QueryKind::list_debts] = {
        made_row("store1", "anna", 1'100, {{"home", "store1"}, {"merged:ann", "2000"}})};
    REQUIRE(shell.run({"list", "debts", "--over-limit"}) == 0);
    CHECK(has(shell.out, "11.00 and 20.00 as ann"));
}
