#pragma once

#include <string>
#include <vector>

#include "schema/error.h"

namespace CLI {
class App;
class ParseError;
}  // namespace CLI

namespace filial::cli {

/// Why a command line could not be read, as an error of kind `invalid` that says which verb was
/// tried, why, and where its help is: "parked show: KEY is required; see `filial parked show
/// --help`". A word in the place of a verb is named with the verbs that may stand there. `app` has
/// tried to parse and failed with `why`.
schema::Error usage_error(const CLI::App& app, const CLI::ParseError& why);

/// The words of the verb that `app` has read: "parked show"; empty where it read none.
std::string verb_of(const CLI::App& app);

/// `error` of a verb, with the verb in front where what was typed is at fault and the message does
/// not begin with the verb itself.
schema::Error with_verb(schema::Error error, const std::string& verb);

}  // namespace filial::cli
