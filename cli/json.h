#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "schema/bytes.h"

namespace filial::cli {

/// JSON as the command line prints it: members in the order in which they were set.
using Json = nlohmann::ordered_json;

/// One line without a newline. Text that is not UTF-8 is mended, never an error.
std::string dump(const Json& value);

/// For opaque bytes (RFC 4648, with padding).
std::string to_base64(schema::ByteView bytes);
/// False when `text` is not base64.
bool from_base64(std::string_view text, schema::Bytes& bytes);

/// Microseconds as seconds; null for the -1 that means "not known".
Json seconds_or_null(std::int64_t microseconds);

}  // namespace filial::cli
