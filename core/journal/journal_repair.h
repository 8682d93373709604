#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/journal/damaged_journal.h"
#include "core/journal/folder.h"
#include "core/journal/log_salvage.h"
#include "core/journal/rocks_database.h"
#include "core/journal/rocks_journal.h"

namespace filial::core {

/// A damaged journal of RocksDB and its successor, in `repair` beside it. What was built so far
/// stays over a restart. The damaged one is moved aside at the end and stays there; why it was
/// damaged goes with it, as DAMAGED/why.
class JournalRepair : public DamagedJournal {
  public:
    /// Of the journal with these options. `locked` if another process has it, `no_space`, `io`.
    static schema::Result<std::unique_ptr<JournalRepair>> open(JournalOptions options);

    RocksJournal& target() override { return *target_; }
    std::unique_ptr<LogRemains> source(const schema::StoreId& store) const override;
    const std::string& unreadable() const override { return unreadable_; }
    const std::optional<WitnessSlot>& witness() const override { return witness_; }
    std::vector<schema::StoreId> stores() const override;
    std::map<schema::Bytes, schema::Bytes> rescued() const override;
    bool state_is_whole() const override;
    schema::Result<std::filesystem::path> finish(const std::string& why) override;

  private:
    JournalRepair() = default;
    schema::Result<void> read_witness();
    void open_damaged(const RocksMemory& memory);
    /// Whether all of it could be read.
    bool read_state(std::map<schema::Bytes, schema::Bytes>& found) const;

    JournalOptions options_;
    FolderLock lock_;
    std::unique_ptr<RocksJournal> target_;
    std::optional<RocksDatabase> damaged_;
    std::string unreadable_;
    bool writes_left_out_ = false;  ///< Damaged records of its logs of writes.
    std::optional<WitnessSlot> witness_;
};

/// The note in a journal's folder that asks for its repair at the next start; with why, for people.
schema::Result<void> ask_for_repair(const std::filesystem::path& dir, const std::string& why);
/// What it says; nullopt if there is none.
std::optional<std::string> repair_asked(const std::filesystem::path& dir);

}  // namespace filial::core
