#pragma once

#include <string>

#include "cli/context.h"

namespace filial::cli {

struct DoctorArgs {
    bool repair = false;
    bool accept_loss = false;
    std::string reason;               ///< Of accept_loss, for the record.
    std::int64_t wait_seconds = 300;  ///< For programs that look, or repair.
};

/// `filial doctor`: everything that the programs of this folder keep is read, by themselves where
/// they run; what is damaged is said by store, topic and position, with what to do. Exit code 1 if
/// anything is. With `repair` a program that runs is waited for until it has repaired what it
/// found, and one that does not run repairs at its next start. With `accept_loss` the publisher,
/// which waits for what nobody has, goes on without it: `refused` where nothing is missing.
schema::Result<int> run_doctor(Context& context, const DoctorArgs& args);

}  // namespace filial::cli
