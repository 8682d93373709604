#pragma once

#include "core/options.h"
#include "ledger/setting.h"

namespace filial::publisher {

/// All of them hold; a build for the simulator can break one on purpose (schema/planted.h).
ledger::Rules rules_of_this_build();

/// [limits] of the configuration, as decisions take it.
ledger::Policy policy_of(const core::Options& options);

}  // namespace filial::publisher
