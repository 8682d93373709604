#pragma once

#include <string>
#include <string_view>

#include "schema/bytes.h"

/// Names inside the replica's keys are written as they stand in an exported CSV line: the cell and
/// the comma behind it. So RocksDB's bytewise order is the order of the exported rows, and no name
/// can be the beginning of another one.
namespace filial::subscriber {

/// Appends the cell of RFC 4180 (quoted only where it holds a comma, a quote or a line break) and
/// its comma.
void append_csv(schema::Bytes& to, std::string_view text);

/// Reads what append_csv wrote at the beginning of `from` and takes it off. Bytes that are no such
/// cell give an empty text and leave `from` empty.
std::string take_csv(schema::ByteView& from);

}  // namespace filial::subscriber
