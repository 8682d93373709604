#pragma once

#include <string>

namespace filial::core {

/// From here on a process that cannot go on says so in one line on stderr and ends, whatever thread
/// it was: nothing that is under way can be trusted. Called once, before other threads begin.
///  - It gets no memory: ends with `exit_code`.
///  - A check inside a library, or of ours, has failed: ends by SIGABRT as it would have, behind
///    what the check itself says. RocksDB's do where the disk fails in the middle of a sync, and
///    ZeroMQ's where they get no memory.
/// What was answered is durable by then, as after a SIGKILL; the next start goes on from there.
void say_last_words(const std::string& program, int exit_code);

}  // namespace filial::core
