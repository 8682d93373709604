#pragma once

#include <cstdint>
#include <string>

#include "cli/context.h"

namespace filial::cli {

struct ImportArgs {
    std::string file;    ///< "-" is standard input.
    std::string source;  ///< Empty: the file's name.
    std::uint64_t window = 64;
    bool strict = false;
    std::string at;        ///< For lines without a time; empty: now.
    std::string document;  ///< For lines without a document.
    bool fact = false;
    double wait_seconds = 60;  ///< For a publisher that does not answer.
};

/// `filial import`. Returns 0 when every line is booked or was before, 4 if some were refused, 2
/// if some were no operations; `unreachable` with how far it came when the publisher stays away.
schema::Result<int> run_import(Context& context, const ImportArgs& args);

}  // namespace filial::cli
