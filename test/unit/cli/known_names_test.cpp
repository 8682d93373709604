// A name that nobody knows is told, with those that are: it is no empty answer.
#include <doctest/doctest.h>

#include "cli/tap_session.h"
#include "test/unit/cli/fake_link.h"

using namespace filial;
using schema::Message;
using schema::QueryKind;
using schema::Result;

namespace {

/// A replica that has heard of store2 and store3, and in which nothing is found.
Result<Message> nothing_is_here(const Message& message) {
    const auto* query = std::get_if<schema::Query>(&message);
    if (query == nullptr) return schema::fail(schema::Errc::invalid, "only questions");
    schema::Answer answer;
    if (query->kind == QueryKind::reached) {
        for (const char* store : {"store2", "store3"}) answer.rows.emplace_back().store = store;
    }
    const bool by_key = query->kind == QueryKind::day_totals || query->kind == QueryKind::debt;
    if (by_key) return schema::fail(schema::Errc::not_found, query->key + ": not known here");
    return Message{answer};
}

}  // namespace

TEST_CASE("names: a store that was never heard of is told, with those that were, and exit code 6") {
    Shell shell(nothing_is_here);
    for (const std::vector<std::string>& verb : {std::vector<std::string>{"list", "stock", "--at"},
                                                 {"list", "debts", "--at"},
                                                 {"transfer", "list", "--at"},
                                                 {"rounds", "--at"},
                                                 {"grant", "list", "--at"}}) {
        CAPTURE(verb[0]);
        CAPTURE(verb[1]);
        const auto run = [&](const std::string& store) {
            std::vector<std::string> args = verb;
            args.push_back(store);
            return shell.run(args);
        };
        CHECK(run("sotre2") == 6);
        CHECK(shell.err.find("of a store sotre2; stores here: store2, store3") !=
              std::string::npos);
        CHECK(run("store2") == 0);
        CHECK(run("store1") == 0);  // Its own, of which nothing has come yet.
        CHECK(shell.run({verb.begin(), verb.end() - 1}) == 0);
    }
    CHECK(shell.run({"why", "stock", "tea", "--at", "sotre2"}) == 6);
    CHECK(shell.err.find("of a store sotre2") != std::string::npos);
    CHECK(shell.run({"why", "stock", "tea", "--at", "store2"}) == 6);
    CHECK(shell.err.find("no event of it has come here") != std::string::npos);
    CHECK(shell.run({"close-day", "2010-12-01", "--show", "--by", "sotre2"}) == 6);
    CHECK(shell.err.find("of a store sotre2") != std::string::npos);
    CHECK(shell.run({"close-day", "2010-12-01", "--show", "--by", "store2"}) == 6);
    CHECK(shell.err.find("2010-12-01: not known here") != std::string::npos);
}

TEST_CASE("names: a store to which nobody may answer is granted nothing") {
    int tickets = 0;
    Shell shell([&](Message message) -> Result<Message> {
        if (!std::holds_alternative<schema::Ticket>(message)) return nothing_is_here(message);
        ++tickets;
        return Message(schema::Accepted{});
    });
    CHECK(shell.run({"grant", "ann", "5.00", "--to", "sotre2"}) == 6);
    CHECK(shell.err.find("sotre2") != std::string::npos);
    CHECK(shell.run({"grant", "--stock", "tea", "5", "--to", "sotre2"}) == 6);
    CHECK(tickets == 0);
    CHECK(shell.run({"grant", "ann", "5.00", "--to", "store2"}) == 0);
    CHECK(tickets == 1);
}

TEST_CASE("names: a customer whom nobody knows has no conflicts, and that is told") {
    Shell shell(nothing_is_here);
    CHECK(shell.run({"conflicts", "12431"}) == 6);
    CHECK(shell.err.find("12431: not known here") != std::string::npos);
    CHECK(shell.run({"conflicts"}) == 0);
}

TEST_CASE("names: a tap says that the log it waits for is not there, and goes on waiting") {
    for (const auto& [offers, told] :
         {std::pair<std::vector<std::string>, bool>{{"store2", "store3"}, true},
          {{"sotre2"}, false},
          {{"*"}, false}}) {
        cli::TapSettings settings;
        settings.topic = "stock";
        settings.store = "sotre2";
        settings.own_store = "store1";
        settings.name = "feed";
        settings.peer = "head";
        cli::TapState state;
        cli::TapSession session(settings, state);
        session.greet(5, schema::Timestamp{1}, core::BootTime{1});
        schema::Welcome welcome;
        welcome.hello_nonce = 5;
        welcome.self.nonce = 7;
        welcome.self.store = "head";
        welcome.self.offers = offers;
        REQUIRE(session.take(welcome, schema::Timestamp{1}, core::BootTime{1}));
        const auto notes = session.take_notes();
        REQUIRE(notes.size() == (told ? 2 : 1));  // The first one says where it begins.
        if (told)
            CHECK(notes[1].find("sotre2 at head, which has store2, store3") != std::string::npos);
        CHECK_FALSE(session.done());
    }
}
