#include "cli/json.h"
#include "schema/payloads.h"
#include "test/unit/cli/account_company.h"

using namespace filial;
using cli::Json;
using schema::QueryKind;
using K = schema::OperationKind;

TEST_CASE(
    "N1, N2: the verbs of grants hand in what they say, of a limit or with --stock of goods") {
    struct Case {
        std::vector<std::string> args;
        K kind;
        std::string subject, peer;
        std::int64_t amount;  ///< Or quantity.
    };
    const std::vector<Case> cases{
        {{"grant", "ann", "60.00", "--to", "store9"}, K::grant, "ann", "store9", 6'000},
        {{"grant", "--stock", "tea", "5", "--to", "store9"}, K::reserve, "tea", "store9", 5'000},
        {{"grant", "return", "ann"}, K::grant_return, "ann", "", 0},
        {{"grant", "return", "ann", "5"}, K::grant_return, "ann", "", 500},
        {{"grant", "return", "--stock", "tea", "--to", "w"}, K::reserve_return, "tea", "w", 0},
        {{"grant", "ask", "ann", "5"}, K::grant_ask, "ann", "", 500},
        {{"grant", "ask", "--stock", "tea", "5", "--home", "w"}, K::reserve_ask, "tea", "w", 5'000},
        {{"grant", "recall", "ann", "--from", "store9"}, K::grant_recall, "ann", "store9", 0},
        {{"recall", "ann", "7", "--from", "store9"}, K::grant_recall, "ann", "store9", 700},
        {{"recall", "--stock", "tea", "--from", "store9"}, K::reserve_recall, "tea", "store9", 0},
        {{"grant", "refuse", "ann", "--to", "store9", "--reason", "late"},
         K::grant_refuse,
         "ann",
         "store9",
         0},
        {{"grant", "refuse", "--stock", "tea", "--to", "store9"},
         K::reserve_refuse,
         "tea",
         "store9",
         0},
        {{"grant", "write-off", "ann", "--of", "store9"}, K::grant_write_off, "ann", "store9", 0},
        {{"grant", "write-off", "--stock", "tea", "--of", "store9"},
         K::reserve_write_off,
         "tea",
         "store9",
         0},
        {{"sell-reserved", "tea", "2", "--from", "w"}, K::sell_reserved, "tea", "w", 2'000},
        {{"ship", "tea", "2", "--for", "store9"}, K::ship, "tea", "store9", 2'000},
    };
    for (const Case& each : cases) {
        AccountCompany company;
        Shell shell(link_to_company(company));
        CAPTURE(each.args[0]);
        CAPTURE(each.args[1]);
        CHECK(shell.run(each.args) == 0);
        CAPTURE(shell.err);
        REQUIRE(company.booked.size() == 1);
        const schema::Operation& operation = company.booked[0];
        CHECK(operation.kind == each.kind);
        CHECK(operation.subject == each.subject);
        CHECK(operation.peer == each.peer);
        CHECK(operation.amount.value() + operation.quantity.value() == each.amount);
        CHECK(has(next_line(shell), "Next: "));
    }
}

TEST_CASE("transfers: what is to be typed at the destination is said in whole") {
    AccountCompany company;
    Shell shell(link_to_company(company));
    REQUIRE(shell.run({"transfer", "send", "T1", "--to", "store3", "22423", "2"}) == 0);
    CHECK(has(next_line(shell),
              "store3 receives it with `filial transfer receive T1 --from store1 22423 QTY`;"));
}

TEST_CASE("N3, S44: the verbs of accounts and stores hand in what they say") {
    struct Case {
        std::vector<std::string> args;
        K kind;
        std::string subject, peer;
    };
    const std::vector<Case> cases{
        {{"close-account", "ann"}, K::close_account, "ann", ""},
        {{"reopen-account", "ann"}, K::reopen_account, "ann", ""},
        {{"block-customer", "ann"}, K::block_customer, "ann", ""},
        {{"customer", "block", "ann"}, K::block_customer, "ann", ""},
        {{"unblock-customer", "ann"}, K::unblock_customer, "ann", ""},
        {{"move-home", "ann", "--to", "store9"}, K::move_home, "ann", "store9"},
        {{"merge", "ann", "--into", "anna", "--home", "store9"}, K::merge, "ann", "store9"},
        {{"customer", "merge", "ann", "--into", "anna", "--home", "store9"},
         K::merge,
         "ann",
         "store9"},
        {{"round", "cancel", "ann"}, K::round_cancel, "ann", ""},
        {{"round", "verdict", "ann"}, K::round_verdict, "ann", ""},
        {{"retire-store", "store9"}, K::retire_store, "store9", ""},
        {{"tail-told"}, K::tail_told, "store1", ""},
    };
    for (const Case& each : cases) {
        AccountCompany company;
        Shell shell(link_to_company(company));
        CAPTURE(each.args[0]);
        CHECK(shell.run(each.args) == 0);
        REQUIRE(company.booked.size() == 1);
        CHECK(company.booked[0].kind == each.kind);
        CHECK(company.booked[0].subject == each.subject);
        CHECK(company.booked[0].peer == each.peer);
        if (each.kind == K::merge) CHECK(company.booked[0].fields[0].second == "anna");
        CHECK(has(next_line(shell), "Next: "));
    }
}

TEST_CASE("grants: what is missing or too much on the line is said, and nothing is handed in") {
    for (const std::vector<std::string>& args :
         {std::vector<std::string>{"grant"},
          {"grant", "ann", "60.00"},
          {"grant", "ann", "--to", "store9"},
          {"grant", "--stock", "tea", "ann", "5", "--to", "store9"},
          {"grant", "return", "ann", "5", "6"},
          {"grant", "return", "ann", "5", "--from", "store9"},
          {"grant", "ann", "x", "--to", "store9"},
          {"grant", "ask", "ann"},
          {"grant", "write-off", "ann"},
          {"grant", "write-off", "ann", "5", "--of", "store9"},
          {"recall", "ann"},
          {"merge", "ann", "--into", "anna"},
          {"move-home", "ann"},
          {"round", "ann"}}) {
        AccountCompany company;
        Shell shell(link_to_company(company));
        CAPTURE(args.size());
        CAPTURE(args[0]);
        CHECK(shell.run(args) == 2);
        CHECK(company.booked.empty());
        CHECK(shell.err.starts_with("filial: "));
    }
}

TEST_CASE(
    "N3: closing an account ends in a sentence that names who is waited for and when he was "
    "heard") {
    AccountCompany company;
    company.account("store1", "round");
    company.holder("store3", true);
    company.holder("store9", true);
    Shell shell(link_to_company(company));
    REQUIRE(shell.run({"close-account", "ann"}) == 0);
    const std::string next = next_line(shell);
    CHECK(has(next, "waiting for store3, not heard of yet, and store9, last heard 2 d ago"));
    CHECK(has(next, "closes the account"));
    CHECK(has(next, "`filial round cancel ann`"));
    CHECK(next.find('\n') == next.size() - 1);
    REQUIRE(shell.run({"close-account", "ann", "--json"}) == 0);
    CHECK(has(Json::parse(shell.out)["next"].get<std::string>(), "waiting for store3"));
}

TEST_CASE("N3: asked at another store, closing waits for the customer's home") {
    AccountCompany company;
    company.account("store9", "open");
    Shell shell(link_to_company(company));
    REQUIRE(shell.run({"close-account", "ann"}) == 0);
    CHECK(has(next_line(shell), "store9, the customer's home, closes the account"));
    CHECK(has(next_line(shell), "waiting for store9, last heard 2 d ago"));
}

TEST_CASE("N3: grant, recall and block each say what happens next and who is waited for") {
    AccountCompany company;
    company.account("store1", "open");
    Shell shell(link_to_company(company));
    REQUIRE(shell.run({"grant", "ann", "60.00", "--to", "store9"}) == 0);
    CHECK(has(next_line(shell), "store9 may spend it as soon as it has it"));
    CHECK(has(next_line(shell), "waiting for store9, last heard 2 d ago"));
    REQUIRE(shell.run({"recall", "ann", "--from", "store9"}) == 0);
    CHECK(has(next_line(shell), "store9 hands back what it has not spent"));
    CHECK(has(next_line(shell), "waiting for store9, last heard 2 d ago"));
    REQUIRE(shell.run({"block-customer", "ann"}) == 0);
    CHECK(has(next_line(shell), "nobody is waited for"));
    company.holder("store9", true);
    REQUIRE(shell.run({"block-customer", "ann"}) == 0);
    CHECK(has(next_line(shell), "until they answer they may charge him"));
    CHECK(has(next_line(shell), "waiting for store9, last heard 2 d ago"));
}

TEST_CASE("N3: without a replica the sentence says where to look") {
    AccountCompany company;
    company.replica_answers = false;
    Shell shell(link_to_company(company));
    REQUIRE(shell.run({"close-account", "ann"}) == 0);
    CHECK(has(next_line(shell), "`filial rounds` says who is waited for"));
    REQUIRE(shell.run({"block-customer", "ann"}) == 0);
    CHECK(has(next_line(shell), "`filial account ann` says who"));
    REQUIRE(shell.run({"grant", "ann", "60.00", "--to", "store9"}) == 0);
    CHECK(has(next_line(shell), "waiting for store9."));
}

TEST_CASE("N3: a verdict says what was decided, with its reason") {
    AccountCompany company;
    company.account("store1", "open");
    company.rows[QueryKind::account].push_back(
        made_row("store1", "ann", 2'000,
                 {{"row", "note"}, {"kind", "round.refused"}, {"reason", "owes 20.00"}}));
    Shell shell(link_to_company(company));
    REQUIRE(shell.run({"round", "verdict", "ann"}) == 0);
    CHECK(has(next_line(shell), "he owes 20.00"));
}

TEST_CASE(
    "N3: what a cancelled round, an opened account or a lifted block leaves in the way is said") {
    struct Case {
        std::vector<std::string> args;
        std::string standing;
        bool blocked;
        std::string says;
    };
    const std::vector<Case> cases{
        {{"round", "cancel", "ann"}, "open", false, "he may be charged at his home again"},
        {{"round", "cancel", "ann"}, "open", true, "stays blocked until `filial unblock-customer"},
        {{"reopen-account", "ann"}, "open", true, "stays blocked"},
        {{"unblock-customer", "ann"}, "closed", false, "until `filial reopen-account ann`"},
        {{"unblock-customer", "ann"}, "round", false, "waiting for store9, last heard 2 d"},
    };
    for (const Case& each : cases) {
        AccountCompany company;
        company.account("store1", each.standing);
        if (each.blocked) {
            company.rows[QueryKind::account][0].fields.emplace_back("blocked", "yes");
        }
        if (each.standing == "round") company.holder("store9", true);
        Shell shell(link_to_company(company));
        CAPTURE(each.args[0]);
        CAPTURE(each.standing);
        CHECK(shell.run(each.args) == 0);
        const std::string next = next_line(shell);
        CAPTURE(next);
        CHECK(has(next, each.says));
    }
}

TEST_CASE("N3: no customer is handed over to a store that was never heard of") {
    for (const std::vector<std::string>& args :
         {std::vector<std::string>{"move-home", "ann", "--to", "store77"},
          {"merge", "ann", "--into", "anna", "--home", "store77"},
          {"leave", "--to", "store77"}}) {
        AccountCompany company;
        Shell shell(link_to_company(company));
        CAPTURE(args[0]);
        CHECK(shell.run(args) == 6);
        CHECK(has(shell.err, "store77"));
        CHECK(company.booked.empty());
        company.replica_answers = false;
        CHECK(shell.run(args) == 0);
    }
}

TEST_CASE("S42: what moves a debt names the customer's home as the replica shows it") {
    for (const std::vector<std::string>& args :
         {std::vector<std::string>{"pay", "ann", "5"},
          {"charge", "ann", "5", "--fact"},
          {"credit-note", "ann", "5", "--client", "till", "--number", "3"},
          {"grant", "ask", "ann", "5"},
          {"close-account", "ann"},
          {"block-customer", "ann"}}) {
        AccountCompany company;
        company.rows[QueryKind::debt] = {made_row("store9", "ann", 2'000, {})};
        Shell shell(link_to_company(company));
        CAPTURE(args[0]);
        CHECK(shell.run(args) == 0);
        REQUIRE(company.booked.size() == 1);
        CHECK(company.booked[0].peer == "store9");
        // Nobody is waited for, and what was typed stays.
        company.replica_answers = false;
        CHECK(shell.run(args) == 0);
        CHECK(company.booked[1].peer == "");
    }
    AccountCompany company;
    company.rows[QueryKind::debt] = {made_row("store9", "ann", 2'000, {})};
    Shell shell(link_to_company(company));
    CHECK(shell.run({"pay", "ann", "5", "--home", "store3"}) == 0);
    CHECK(shell.run({"sell", "tea", "5"}) == 0);
    CHECK(shell.run({"limit", "ann", "5"}) == 0);
    CHECK(shell.run({"grant", "ann", "5", "--to", "store3"}) == 0);
    REQUIRE(company.booked.size() == 4);
    CHECK(company.booked[0].peer == "store3");
    CHECK(company.booked[1].peer == "");
    CHECK(company.booked[2].peer == "");
    CHECK(company.booked[3].peer == "store3");
}

TEST_CASE("operations: an empty word is no zero, and not what is meant when none is there") {
    for (const std::vector<std::string>& args : {std::vector<std::string>{"limit", "ann", ""},
                                                 {"count", "tea", ""},
                                                 {"charge", "ann", ""},
                                                 {"transfer", "write-off", "T1", ""},
                                                 {"grant", "ann", "", "--to", "store9"},
                                                 {"grant", "return", "ann", ""},
                                                 {"recall", "ann", "", "--from", "store9"},
                                                 {"recall", "", "--from", "store9"},
                                                 {"close-day", ""}}) {
        AccountCompany company;
        Shell shell(link_to_company(company));
        CAPTURE(args[0]);
        CHECK(shell.run(args) == 2);
        CHECK(company.booked.empty());
    }
}

TEST_CASE("S17: a limit cut below what is out says from whom it is asked back") {
    AccountCompany company;
    company.account("store1", "open");
    company.holder("store9", false);
    Shell shell(link_to_company(company));
    CHECK(shell.run({"limit", "ann", "10.00"}) == 0);
    CHECK_FALSE(has(shell.err, "Next: "));
    company.flags = schema::kFlagOverCommitted;
    CHECK(shell.run({"limit", "ann", "10.00"}) == 0);
    const std::string next = next_line(shell);
    CAPTURE(next);
    CHECK(has(next, "is asked back"));
    CHECK(has(next, "waiting for store9, last heard 2 d"));
}
