#include "cli/usage.h"

#include <CLI/CLI.hpp>

namespace filial::cli {

using schema::Errc;
using schema::Error;

namespace {

const CLI::App& deepest(const CLI::App& app) {
    const CLI::App* at = &app;
    while (!at->get_subcommands().empty()) at = at->get_subcommands().front();
    return *at;
}

/// The verbs below one, as a person would say them: "list, show, retry or waive".
std::string verbs_below(const CLI::App& app) {
    const auto verbs = app.get_subcommands({});
    std::string text;
    for (std::size_t i = 0; i < verbs.size(); ++i) {
        text += i == 0 ? "" : i + 1 == verbs.size() ? " or " : ", ";
        text += verbs[i]->get_name();
    }
    return text;
}

std::string first_word(const std::vector<std::string>& words) {
    for (const std::string& word : words) {
        if (!word.starts_with("-")) return word;
    }
    return "";
}

std::string joined_words(const std::vector<std::string>& words) {
    std::string text;
    for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
    return text;
}

}  // namespace

std::string verb_of(const CLI::App& app) {
    std::string verb;
    for (const CLI::App* at = &app; !at->get_subcommands().empty();) {
        at = at->get_subcommands().front();
        verb += (verb.empty() ? "" : " ") + at->get_name();
    }
    return verb;
}

Error usage_error(const CLI::App& app, const CLI::ParseError& why) {
    const CLI::App& at = deepest(app);
    const std::string verb = verb_of(app);
    const std::string help = "`filial " + verb + (verb.empty() ? "" : " ") + "--help`";
    // What no verb takes falls through to the one at the top.
    const auto left = app.remaining(true);
    const bool verb_is_missing =
        at.get_require_subcommand_min() > 0 && at.get_subcommands().empty();
    if (verb_is_missing) {
        const bool at_top = verb.empty();
        const std::string word = first_word(left);
        const std::string tried = verb + (at_top || word.empty() ? "" : " ") + word;
        const std::string what = word.empty() ? "a verb is missing" : "there is no such verb";
        const std::string which = at_top ? "" : ", it is one of " + verbs_below(at);
        return {Errc::invalid,
                (tried.empty() ? "" : tried + ": ") + what + which + "; see " + help};
    }
    const bool too_much = why.get_exit_code() == static_cast<int>(CLI::ExitCodes::ExtrasError);
    const std::string what =
        too_much ? joined_words(left) + " is not expected here" : std::string(why.what());
    return {Errc::invalid, (verb.empty() ? "" : verb + ": ") + what + "; see " + help};
}

Error with_verb(Error error, const std::string& verb) {
    if (error.code != Errc::invalid || verb.empty()) return error;
    // An operation's name has dashes where the verb has blanks: "customer-add".
    const std::string first = verb.substr(0, verb.find(' '));
    const std::string& text = error.message;
    const bool said = text.starts_with(first) && text.size() > first.size() &&
                      std::string_view(" :-").find(text[first.size()]) != std::string_view::npos;
    if (!said) error.message = verb + ": " + error.message;
    return error;
}

}  // namespace filial::cli
