#pragma once

#include <string>
#include <vector>

#include "core/options.h"
#include "core/options_toml.h"

namespace filial::core {

/// Reads one [[hub]] or [[peer]] behind those of `to`. `invalid` with file, line, key and reason.
schema::Result<void> read_remote(std::vector<Remote>& to, const TomlTable& table,
                                 const std::string& file);

}  // namespace filial::core
