#pragma once

#include <string>

namespace filial::core {

/// From here on a process that gets no memory says so in one line on stderr and ends at once with
/// `exit_code`, whatever thread asked: nothing that is under way can be trusted to go on. What was
/// answered is durable by then, as after a SIGKILL, and the next start goes on from there. Called
/// once, before other threads begin.
void end_without_memory(const std::string& program, int exit_code);

}  // namespace filial::core
