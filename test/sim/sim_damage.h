#pragma once

#include <memory>

#include "core/journal/damaged_journal.h"
#include "test/sim/sim_journal.h"

namespace filial::sim {

/// A damaged journal on a simulated disk, and the disk on which it is built again. Both outlive it.
class SimDamage : public core::DamagedJournal {
  public:
    SimDamage(SimJournal& damaged, SimJournal& target);

    core::Journal& target() override { return target_; }
    std::unique_ptr<core::LogRemains> source(const schema::StoreId& store) const override;
    const std::string& unreadable() const override { return unreadable_; }
    const std::optional<core::WitnessSlot>& witness() const override { return damaged_.witness(); }
    std::vector<schema::StoreId> stores() const override { return damaged_.logs(); }
    std::map<schema::Bytes, schema::Bytes> rescued() const override;
    /// Where state is lost here, all of it is.
    bool state_is_whole() const override { return !damaged_.data().state.empty(); }
    schema::Result<std::filesystem::path> finish(const std::string& why) override;

  private:
    SimJournal& damaged_;
    SimJournal& target_;
    std::string unreadable_;
};

}  // namespace filial::sim
