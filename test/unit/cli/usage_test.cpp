// What is said where the command line cannot be read: what was tried, why, and where its help is.
#include <doctest/doctest.h>

#include "cli/app.h"
#include "cli/json.h"
#include "test/unit/cli/fake_link.h"

using namespace filial;
using cli::Json;

TEST_CASE("usage: an error names the verb that was tried, why, and its help") {
    Shell shell;
    const auto said = [&](const std::vector<std::string>& args) {
        CHECK(shell.run(args) == 2);
        return shell.err;
    };
    CHECK(
        said({"parked", "frob"}) ==
        "filial: parked frob: there is no such verb, it is one of list, show, retry or waive; see "
        "`filial parked --help`\n");
    CHECK(said({"parked"}) ==
          "filial: parked: a verb is missing, it is one of list, show, retry or waive; see `filial "
          "parked --help`\n");
    CHECK(said({"frob"}) == "filial: frob: there is no such verb; see `filial --help`\n");
    CHECK(said({"frob", "--at", "x"}).starts_with("filial: frob: there is no such verb"));
    CHECK(said({}) == "filial: a verb is missing; see `filial --help`\n");
    CHECK(said({"parked", "show"}) ==
          "filial: parked show: KEY is required; see `filial parked show --help`\n");
    CHECK(said({"sell", "A", "1", "2", "--nope"}) ==
          "filial: sell: 2 --nope is not expected here; see `filial sell --help`\n");
    CHECK(said({"sell", "A", "1", "--client"}).starts_with("filial: sell: --client: "));
    CHECK(said({"list", "nonsense"}).starts_with("filial: list: WHAT: nonsense"));
    CHECK(said({"doctor", "--accept-loss"}) ==
          "filial: doctor: --accept-loss requires --reason; see `filial doctor --help`\n");
    CHECK(
        said({"doctor", "--accept-loss", "--reason", ""}).starts_with("filial: doctor: --reason"));
    CHECK(said({"admit"}) ==
          "filial: admit: STORE and KEY are missing; see `filial admit --help`\n");
    CHECK(shell.run({"parked", "frob", "--json"}) == 2);
    const std::string message = Json::parse(shell.out)["error"]["message"].get<std::string>();
    CHECK(message.starts_with("parked frob: "));
}

TEST_CASE("usage: every verb without what it needs is named in the error") {
    Shell shell;
    std::size_t verbs = 0;
    for (const auto& [name, help] : cli::help_of_all(shell.context)) {
        CAPTURE(name);
        std::vector<std::string> args;
        for (std::size_t at = 0; at <= name.size();) {
            const std::size_t end = std::min(name.find(' ', at), name.size());
            args.push_back(name.substr(at, end - at));
            at = end + 1;
        }
        args.emplace_back("--no-such-flag");
        ++verbs;
        CHECK(shell.run(args) == 2);
        CHECK(shell.err.starts_with("filial: " + name + ": "));
        CHECK(shell.err.find("see `filial " + name + " --help`") != std::string::npos);
        CHECK(std::count(shell.err.begin(), shell.err.end(), '\n') == 1);
    }
    CHECK(verbs > 60);
}

TEST_CASE("usage: what a verb finds wrong in what was typed names the verb, once") {
    Shell shell;
    const auto said = [&](const std::vector<std::string>& args) {
        CHECK(shell.run(args) == 2);
        return shell.err;
    };
    CHECK(said({"reload"}).starts_with("filial: reload: name a store"));
    CHECK(said({"transfer", "list", "--overdue", "soon"})
              .starts_with("filial: transfer list: --overdue: "));
    CHECK(said({"customer", "add", "C", "--home", "Store 1"}).find("customer add: customer") ==
          std::string::npos);
    CHECK(said({"get", "control", "x"}).starts_with("filial: get: \"control\""));
    shell.context.loaded.reset();
    CHECK(said({"--config", "/nonexistent/filial.toml", "status"})
              .starts_with("filial: status: read the configuration: there is no "));
}
