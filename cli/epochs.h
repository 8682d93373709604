#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "cli/json.h"
#include "core/journal/log_epochs.h"
#include "schema/ids.h"

namespace filial::cli {

/// "epoch 2 goes on behind event 100, since 2026-02-02 ...; events 101 to 120 given up by ann:
/// both disks died".
std::string epoch_text(const core::EpochBegun& begun);
Json epochs_json(const std::vector<core::EpochBegun>& epochs);

/// Of the store's log in a publisher's folder, as it stands on the disk; none where it cannot be
/// read: why not is another question.
std::vector<core::EpochBegun> epochs_in(const std::filesystem::path& folder,
                                        const schema::StoreId& store);

}  // namespace filial::cli
