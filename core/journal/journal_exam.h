#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/journal/head_witness.h"
#include "core/journal/log_damage.h"

namespace filial::core {

/// What stands in a journal's folder, as far as it can be told without its process.
struct JournalExam {
    bool any = false;        ///< There is a journal, or a witness that there was one.
    std::string unreadable;  ///< Why the database cannot be opened at all; empty where it can.
    std::vector<LogHead> heads;
    std::optional<WitnessSlot> witness;
    std::vector<LogDamage> damages;
    std::uint64_t rows = 0;
    std::uint64_t bytes = 0;
    bool whole() const { return unreadable.empty() && damages.empty(); }
};

/// Reads every row of the database in `dir`, of which only its owner knows what it means: whether
/// it can be read. `unreadable` says the first place where it cannot. Writes nothing; fails as
/// examine_journal.
schema::Result<JournalExam> examine_database(const std::filesystem::path& dir,
                                             const std::vector<std::string>& columns);

/// Reads all of the journal in `dir`, every row of it, and writes nothing. `witness_of`: the store
/// whose head witness stands there; empty for none. `locked` while a process has it open, `io`.
schema::Result<JournalExam> examine_journal(const std::filesystem::path& dir,
                                            const std::string& witness_of);

}  // namespace filial::core
