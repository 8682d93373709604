// docs/operating.md names no verb and no option that `filial --help` does not have.
#include <doctest/doctest.h>

#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <sstream>

#include "cli/app.h"
#include "test/unit/cli/fake_link.h"

using namespace filial;

namespace {

std::string text_of_file(const std::string& name) {
    std::ifstream in(std::string(PROJECT_DIR) + "/" + name);
    REQUIRE_MESSAGE(in, name);
    std::stringstream text;
    text << in.rdbuf();
    return text.str();
}

std::set<std::string> options_in(const std::string& text) {
    static const std::regex option("--[a-z][a-z-]*");
    std::set<std::string> found;
    for (std::sregex_iterator at(text.begin(), text.end(), option), end; at != end; ++at) {
        found.insert(at->str());
    }
    return found;
}

/// Every verb with the options in its help; of one that does nothing without a verb below it, this
/// word too.
constexpr const char* kNeedsVerb = " SUBCOMMAND";
using Verbs = std::map<std::string, std::set<std::string>>;
Verbs all_verbs() {
    Shell shell;
    Verbs verbs;
    for (const auto& [name, help] : cli::help_of_all(shell.context)) {
        verbs[name] = options_in(help);
        if (help.find(kNeedsVerb) != std::string::npos) verbs[name].insert(kNeedsVerb);
        verbs[name].insert({"--config", "--set", "--json", "--version", "--help"});
    }
    return verbs;
}

/// What stands between backticks, a line each.
std::vector<std::string> quoted_in(std::string text) {
    std::replace(text.begin(), text.end(), '\n', ' ');
    std::vector<std::string> quoted;
    static const std::regex code("`([^`]+)`");
    for (std::sregex_iterator at(text.begin(), text.end(), code), end; at != end; ++at) {
        quoted.push_back((*at)[1]);
    }
    return quoted;
}

/// The commands of an indented line; what stands behind two blanks says what they do.
void add_commands(const std::string& line, std::vector<std::string>& commands) {
    static const std::regex command("(^|[^\\w./-])filial ((?!  )[^;])*");
    for (std::sregex_iterator at(line.begin(), line.end(), command), end; at != end; ++at) {
        const std::string text = at->str();
        commands.push_back(text.substr(text.find("filial ")));
    }
}

/// What of the command is not there; empty where all is.
std::string wrong_with(const std::string& command, const Verbs& verbs) {
    std::istringstream in(command);
    std::vector<std::string> words;
    for (std::string word; in >> word;) words.push_back(word);
    std::size_t at = 1;
    while (at < words.size() && (words[at] == "--config" || words[at] == "--set")) at += 2;
    if (at >= words.size()) return "";
    if (std::isupper(static_cast<unsigned char>(words[at].front())) != 0) return "";  // VERB
    std::string verb = words[at];
    if (at + 1 < words.size() && verbs.contains(verb + " " + words[at + 1])) {
        verb += " " + words[at + 1];
    }
    if (verb.starts_with("--")) return verb == "--help" || verb == "--version" ? "" : verb;
    const auto found = verbs.find(verb);
    if (found == verbs.end()) return "no verb " + verb;
    if (found->second.contains(kNeedsVerb) && at + 1 < words.size()) {
        return "no verb " + verb + " " + words[at + 1];
    }
    for (const std::string& option : options_in(command)) {
        if (!found->second.contains(option)) return verb + " has no " + option;
    }
    return "";
}

}  // namespace

TEST_CASE("operating: every command of the manual has its verb and its options") {
    const Verbs verbs = all_verbs();
    std::istringstream in(text_of_file("docs/operating.md"));
    std::vector<std::string> commands;
    std::string prose;
    for (std::string line; std::getline(in, line);) {
        if (line.starts_with("    ")) {
            add_commands(line, commands);
        } else {
            prose += line + "\n";
        }
    }
    const std::size_t in_blocks = commands.size();
    for (const std::string& quoted : quoted_in(prose)) add_commands(quoted, commands);
    CHECK(in_blocks > 60);
    CHECK(commands.size() > in_blocks + 30);
    for (const std::string& command : commands) {
        CAPTURE(command);
        CHECK(wrong_with(command, verbs) == "");
    }
}

TEST_CASE("operating: an option that stands alone in the manual is one of some verb") {
    std::set<std::string> known = options_in(text_of_file("scripts/queue-depth"));
    for (const auto& [verb, options] : all_verbs()) known.insert(options.begin(), options.end());
    std::size_t alone = 0;
    for (const std::string& quoted : quoted_in(text_of_file("docs/operating.md"))) {
        if (!quoted.starts_with("--")) continue;
        for (const std::string& option : options_in(quoted)) {
            ++alone;
            CAPTURE(option);
            CHECK(known.contains(option));
        }
    }
    CHECK(alone > 20);
}

TEST_CASE("operating: every verb of the table of JSON is one") {
    const Verbs verbs = all_verbs();
    const std::string text = text_of_file("docs/operating.md");
    std::istringstream in(text.substr(text.find("\n## JSON\n")));
    std::size_t rows = 0;
    for (std::string line; std::getline(in, line);) {
        if (!line.starts_with("| `")) continue;
        ++rows;
        for (const std::string& quoted : quoted_in(line.substr(0, line.find('|', 1)))) {
            CAPTURE(quoted);
            CHECK(wrong_with("filial " + quoted, verbs) == "");
        }
    }
    CHECK(rows > 25);
}

TEST_CASE("operating: a verb or an option that is not there is found") {
    const Verbs verbs = all_verbs();
    CHECK(wrong_with("filial frob", verbs) == "no verb frob");
    CHECK(wrong_with("filial parked frob", verbs) == "no verb parked frob");
    CHECK(wrong_with("filial grant ann 5 --to store2", verbs) == "");
    CHECK(wrong_with("filial --config x sell A 1 --at now --doc 1", verbs) == "");
    CHECK(wrong_with("filial sell A 1 --nope", verbs) == "sell has no --nope");
    std::vector<std::string> commands;
    add_commands("    filial pay 1 2  says --nope; filial frob --x", commands);
    CHECK(commands == std::vector<std::string>{"filial pay 1 2", "filial frob --x"});
}
