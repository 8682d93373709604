#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "test/faults/faulty_disk.h"
#include "test/faults/story.h"

namespace filial::test {

/// A program, and the one or two lives in which its disk fails.
struct Trial {
    std::string who;  ///< "publisher", "broker" or "replica".
    DiskFault fault = DiskFault::none;
    std::uint64_t at = 0;
    DiskFault then = DiskFault::none;  ///< In the next life, which begins with what is left.
    std::uint64_t then_at = 0;
    std::uint32_t seed = 1;
};

/// What FILIAL_FAULT_POINT takes: "publisher torn 37 power_cut 12 1".
std::string to_string(const Trial& trial);
std::optional<Trial> parse_trial(const std::string& text);
const char* name_of(DiskFault fault);

struct Outcome {
    std::string wrong;  ///< Empty: every promise held.
    bool happened = false;
    bool happened_then = false;
    std::uint64_t writes = 0;  ///< Of the first life.
    std::uint64_t reads = 0;
    std::uint64_t writes_then = 0;
    std::uint64_t reads_then = 0;
};

/// Plays it in a process of its own, so that one that is aborted, or hangs, is a wrong like any
/// other. This process must not have opened a database.
Outcome play(const Trial& trial);

}  // namespace filial::test
