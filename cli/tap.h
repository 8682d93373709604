#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "cli/context.h"

namespace filial::cli {

struct TapArgs {
    std::string topic;  ///< "*" for all.
    std::string store;
    std::optional<std::uint64_t> from;
    std::string name;  ///< Durable: goes on where it was.
    std::string hub;   ///< Which one; empty: the first, else the own publisher.
    bool publisher = false;
    std::uint64_t count = 0;
    bool live = false;
    std::string out;  ///< File to append to; empty: standard output.
};

/// `filial tap`: events as JSON lines until it is interrupted or `count` is reached.
schema::Result<int> run_tap(Context& context, const TapArgs& args);

}  // namespace filial::cli
