#include <doctest/doctest.h>

#include "cli/app.h"
#include "cli/json.h"
#include "schema/error.h"
#include "test/unit/cli/fake_link.h"

using namespace filial;
using cli::Json;

int Shell::run(const std::vector<std::string>& args) {
    out.clear();
    err.clear();
    return cli::run(context, args);
}

TEST_CASE("doctor: a program that counts no looks is judged by its health at once") {
    Shell shell([](const schema::Message& message) -> schema::Result<schema::Message> {
        if (std::get<schema::StatusAsk>(message).look) FAIL("asked to look");
        schema::Status status;
        status.health = "in quarantine, nothing is booked: it was copied";
        status.counters = {{"blocks", 7}};
        return schema::Message{status};
    });
    CHECK(shell.run({"doctor", "--json"}) == 1);
    const Json place = Json::parse(shell.out)["places"][0];
    CHECK(place["process"] == "publisher");
    CHECK(place["state"] == "unknown");
    CHECK(place["why"] ==
          "it does not look through what it keeps now: in quarantine, nothing is booked: it was "
          "copied");
    CHECK(place["todo"] == "do what it says, then `filial doctor` again");
}

TEST_CASE("help: every verb says what it does, and shows an example") {
    Shell shell;
    const auto all = cli::help_of_all(shell.context);
    std::vector<std::string> names;
    for (const auto& [name, help] : all) {
        CAPTURE(name);
        names.push_back(name);
        CHECK(help.find("Example:") != std::string::npos);
        CHECK(help.find("filial " + name.substr(0, name.find(' '))) != std::string::npos);
    }
    for (const char* name : {"init",
                             "admit",
                             "sell",
                             "return",
                             "adjust",
                             "count",
                             "receive",
                             "charge",
                             "credit-note",
                             "pay",
                             "limit",
                             "customer add",
                             "customer edit",
                             "transfer send",
                             "transfer receive",
                             "transfer cancel",
                             "transfer more",
                             "transfer correct",
                             "transfer write-off",
                             "transfer list",
                             "conflicts",
                             "resolve",
                             "why",
                             "close-day",
                             "tasks",
                             "grant",
                             "grant return",
                             "grant ask",
                             "grant recall",
                             "grant refuse",
                             "grant write-off",
                             "grant list",
                             "recall",
                             "sell-reserved",
                             "ship",
                             "close-account",
                             "reopen-account",
                             "block-customer",
                             "unblock-customer",
                             "move-home",
                             "merge",
                             "customer merge",
                             "customer block",
                             "round cancel",
                             "round verdict",
                             "retire-store",
                             "tail-told",
                             "account",
                             "rounds",
                             "void",
                             "publish",
                             "ticket",
                             "import",
                             "export",
                             "get",
                             "list",
                             "queue",
                             "receiver list",
                             "receiver remove",
                             "status",
                             "tap",
                             "version",
                             "config"}) {
        CAPTURE(name);
        CHECK(std::find(names.begin(), names.end(), name) != names.end());
    }
}

TEST_CASE("help: asked for, it goes to stdout and is a success") {
    Shell shell;
    CHECK(shell.run({"--help"}) == 0);
    CHECK(shell.out.find("Exit codes:") != std::string::npos);
    CHECK(shell.run({"transfer", "send", "--help"}) == 0);
    CHECK(shell.out.find("--to") != std::string::npos);
    CHECK(shell.err.empty());
    CHECK(shell.run({"version"}) == 0);
    CHECK(shell.out.starts_with("filial "));
    CHECK(shell.run({"version", "--json"}) == 0);
    CHECK(Json::parse(shell.out)["version"] == FILIAL_VERSION);
}

TEST_CASE("exit codes: wrong usage is 2, with one line that says why") {
    Shell shell;
    for (const std::vector<std::string>& args : {std::vector<std::string>{},
                                                 {"steal"},
                                                 {"sell", "A"},
                                                 {"sell", "A", "1", "2"},
                                                 {"sell", "A", "x"},
                                                 {"sell", "A", "0"},
                                                 {"pay", "C", "1.234"},
                                                 {"get", "control", "x"},
                                                 {"list", "nonsense"},
                                                 {"sell", "A", "1", "--client", "till"},
                                                 {"admit"},
                                                 {"transfer", "send", "T", "A", "1"},
                                                 {"get", "stock", "A", "--max-age", "soon"},
                                                 {"sell", "A", "1", "--at", "noon"},
                                                 {"customer", "add", "C", "--home", "Store 1"},
                                                 {"customer", "edit", "C"},
                                                 {"publish", "stock", "A", "x"}}) {
        CAPTURE(args.size());
        const std::string verb = args.empty() ? "" : args[0];
        CAPTURE(verb);
        CHECK(shell.run(args) == 2);
        CHECK(shell.out.empty());
        CHECK(shell.err.starts_with("filial: "));
        CHECK(std::count(shell.err.begin(), shell.err.end(), '\n') == 1);
    }
}

TEST_CASE("exit codes: a number that cannot be meant is named, with what is allowed") {
    const auto refused = [](std::vector<std::string> args, const std::string& value,
                            const std::string& allowed) {
        CAPTURE(args.front());
        CAPTURE(value);
        Shell shell;
        args.push_back(value);
        CHECK(shell.run(args) == 2);
        CHECK(shell.err.find(args[args.size() - 2] + ": " + value + " is not ") !=
              std::string::npos);
        CHECK(shell.err.find(allowed) != std::string::npos);
    };
    const std::vector<std::vector<std::string>> whole{{"tap", "stock", "--from"},
                                                      {"tap", "stock", "--count"},
                                                      {"import", "f", "--window"},
                                                      {"void", "d", "--client", "t", "--number"}};
    for (const auto& args : whole) {
        for (const char* value :
             {"-1", "0", "1.5", "x", "1x", "010", "0x10", "+1", "18446744073709551616"}) {
            refused(args, value, "a whole number from 1");
        }
    }
    refused({"import", "f", "--window"}, "513", "a whole number from 1 to 512");
    for (const auto& args : {std::vector<std::string>{"import", "f", "--wait"},
                             {"sell", "A", "1", "--wait"},
                             {"orphans", "f", "--wait"}}) {
        for (const char* value : {"-1", "nan", "inf", "1e9", "x", "99999999999"}) {
            refused(args, value, "0 to a year");
        }
    }
}

TEST_CASE("exit codes: every error has its own, and JSON on stdout on demand") {
    for (const schema::ErrorInfo& info : schema::error_table()) {
        CAPTURE(info.name);
        Shell shell([&](schema::Message) -> schema::Result<schema::Message> {
            return schema::fail(info.code, "because");
        });
        CHECK(shell.run({"get", "stock", "A"}) == info.exit_code);
        CHECK(shell.err.starts_with("filial: get stock A: because"));
        CHECK(shell.run({"get", "stock", "A", "--json"}) == info.exit_code);
        CHECK(shell.err.empty());
        const Json error = Json::parse(shell.out)["error"];
        CHECK(error["code"] == info.name);
        CHECK(error["message"].get<std::string>().starts_with("get stock A: because"));
    }
}

TEST_CASE("configuration: a missing file says what to run") {
    Shell shell;
    shell.context.loaded.reset();
    shell.context.config = "/nonexistent/filial.toml";
    CHECK(shell.run({"--config", "/nonexistent/filial.toml", "status"}) == 2);
    CHECK(shell.err.find("filial init STORE") != std::string::npos);
    CHECK(shell.run({"--set", "nonsense", "status"}) == 2);
}

TEST_CASE("flags: a value that looks like a flag, a list or a number keeps its meaning") {
    schema::Ticket seen;
    Shell shell([&](schema::Message message) -> schema::Result<schema::Message> {
        if (!std::holds_alternative<schema::Ticket>(message)) {  // An edit asks the replica first.
            return schema::fail(schema::Errc::unreachable, "nobody there");
        }
        seen = std::get<schema::Ticket>(message);
        return schema::Message(schema::Accepted{});
    });
    CHECK(shell.run({"adjust", "A", "-3"}) == 0);
    CHECK(seen.operations[0].quantity.value() == -3'000);
    CHECK(shell.run({"publish", "prices", "A", "[1,2]"}) == 0);
    CHECK(seen.operations[0].payload == "[1,2]");
    CHECK(shell.run({"customer", "edit", "--field", "a=b=c", "C1", "--field", "d="}) == 0);
    CHECK(seen.operations[0].subject == "C1");
    REQUIRE(seen.operations[0].fields.size() == 2);
    CHECK(seen.operations[0].fields[0].second == "b=c");
    CHECK(shell.run({"--set", "log.level=debug", "sell", "A", "1.5", "--fact", "--doc", "D"}) == 0);
    CHECK(seen.operations[0].fact);
    CHECK(seen.operations[0].document == "D");
    CHECK(seen.operations[0].quantity.value() == 1'500);
    CHECK(seen.operations[0].at == shell.clock.wall());
}
