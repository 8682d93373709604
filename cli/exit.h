#pragma once

#include <string>

#include "cli/console.h"
#include "schema/error.h"

namespace filial::cli {

/// What the shell is told. docs/operating.md has the table.
enum ExitCode : int {
    kDone = 0,  ///< Done, or fresh.
    kFailed = 1,
    kUsage = 2,    ///< Wrong usage, configuration or input.
    kStale = 3,    ///< Answered, but older than the policy allows.
    kRefused = 4,  ///< A rule of the ledger says no.
    kUnreachable = 5,
    kNotFound = 6,
    kNotAllowed = 7,  ///< Not who it says, or not allowed.
};

/// The exit code of an error, from schema's table.
int exit_code_of(schema::Errc code);

/// {"error": {"code", "message"}} on one line.
std::string error_json(const schema::Error& error);

/// Prints the error as one line "filial: what was tried: why; what to do" on stderr, or with
/// --json as an object on stdout. Returns the exit code.
int report(Console& console, const schema::Error& error);

}  // namespace filial::cli
