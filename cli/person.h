#pragma once

#include <string>

namespace filial::cli {

/// Of whose shell this is, for the record.
std::string this_person();

}  // namespace filial::cli
