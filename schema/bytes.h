#pragma once

#include <string>
#include <string_view>

namespace filial::schema {

/// Owned bytes, not text. std::string, since every library here takes and gives it.
using Bytes = std::string;
/// Bytes that somebody else owns.
using ByteView = std::string_view;

}  // namespace filial::schema
