#pragma once

#include "core/process.h"

namespace filial::publisher {

/// The body of filial-publisher: one life of the store's log after the other. In ordinary life it
/// is a Publisher; where the log may have gone on elsewhere (a restored backup, a copied folder, a
/// broker that holds more or something else) a Rejoiner, until head office has readmitted this
/// machine; where the journal is damaged a LogRepair. Ends with the process.
schema::Result<void> serve(core::Process& process);

}  // namespace filial::publisher
