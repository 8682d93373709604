#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/journal/folder.h"
#include "core/journal/head_witness.h"
#include "core/journal/log_salvage.h"
#include "core/journal/rocks_database.h"
#include "core/journal/rocks_journal.h"

namespace filial::core {

/// A damaged journal and the one that is built to take its place, in `repair` beside it. What was
/// built so far stays over a restart. The damaged one is not written to: it is moved aside at the
/// end and stays there.
class JournalRepair {
  public:
    /// Of the journal with these options. `locked` if another process has it, `no_space`, `io`.
    static schema::Result<std::unique_ptr<JournalRepair>> open(JournalOptions options);

    /// Where the log is built again.
    RocksJournal& target() { return *target_; }
    /// What of the log of `store` can be read in the damaged one; null where nothing can.
    std::unique_ptr<LogSalvage> source(const schema::StoreId& store) const;
    /// Why the damaged database could not be opened as it is; empty where it could.
    const std::string& unreadable() const { return unreadable_; }
    /// How far the log was acknowledged; nullopt where that is not known.
    const std::optional<WitnessSlot>& witness() const { return witness_; }

    /// The stores of whose logs anything can be found in the damaged one.
    std::vector<schema::StoreId> stores() const;
    /// The values of the damaged state, as far as they can be read: some may be missing, others
    /// older than they were.
    std::map<schema::Bytes, schema::Bytes> rescued() const;

    /// Ends the repair: the target is the journal from now on, and the witness, where there is one,
    /// says how far its log goes. Gives the path of the damaged database, empty if there was none.
    /// What is interrupted in here is done again by the next repair.
    /// `why` goes with it, as DAMAGED/why, for people.
    schema::Result<std::filesystem::path> finish(const std::string& why);

  private:
    JournalRepair() = default;
    schema::Result<void> read_witness();
    void open_damaged(const RocksMemory& memory);

    JournalOptions options_;
    FolderLock lock_;
    std::unique_ptr<RocksJournal> target_;
    std::optional<RocksDatabase> damaged_;
    std::string unreadable_;
    std::optional<WitnessSlot> witness_;
};

/// The note in a journal's folder that asks for its repair at the next start; with why, for people.
schema::Result<void> ask_for_repair(const std::filesystem::path& dir, const std::string& why);
/// What it says; nullopt if there is none.
std::optional<std::string> repair_asked(const std::filesystem::path& dir);

}  // namespace filial::core
