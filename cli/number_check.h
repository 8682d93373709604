#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <string>

namespace filial::cli {

/// For an option that takes a whole number from `least` to `most`, in decimal digits and nothing
/// else: the conversion alone would take -1 for 2^64-1 and 010 for eight. `what` says what is
/// counted. A value that is refused is named, with what is allowed.
CLI::Validator whole_number(std::uint64_t least, std::uint64_t most, const std::string& what);

/// For an option that takes seconds: digits, with a fraction or without, at most a year.
CLI::Validator seconds_number();

}  // namespace filial::cli
