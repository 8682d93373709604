#pragma once

#include <string>

#include "schema/operation.h"

namespace filial::cli {

/// One sentence for the person who booked this: what happens next and who is waited for. Empty
/// where nothing does: what was booked is done. `here`: the store that booked it.
std::string next_step(const schema::Operation& operation, const std::string& here);

}  // namespace filial::cli
