#pragma once

#include <filesystem>
#include <functional>

#include "schema/bytes.h"
#include "schema/result.h"

namespace filial::core {

/// Copies one of RocksDB's write-ahead logs and leaves out the records that are damaged: RocksDB
/// itself gives up all that stands behind one in the same 32 KiB. What of it is the log that was
/// written its reader has to prove. False, and nothing is written, where every record is whole.
///
/// A log is blocks of 32 KiB, a block is records one behind the other, little-endian:
///
///     0 checksum u32  4 length u16  6 type u8  7 data
///
/// of types 1 whole, 2 first, 3 middle and 4 last part; where less than 7 bytes are left of a
/// block, they are zeros. The checksum is CRC-32C over type and data, turned right by 15 bits, plus
/// 0xa282ead8.
schema::Result<bool> copy_write_log(const std::filesystem::path& from,
                                    const std::filesystem::path& to);

/// Every record of such a log that is whole, in their order. `io` where it cannot be read.
schema::Result<void> read_write_log(const std::filesystem::path& from,
                                    const std::function<void(schema::ByteView)>& each);

}  // namespace filial::core
