#pragma once

#include <cstdint>
#include <string_view>

#include "schema/bytes.h"

namespace filial::subscriber {

/// What a replica needs of an event that changes a number. Views point into the row.
struct NumberRow {
    std::string_view key;
    std::string_view addressee;
    std::int64_t delta = 0;
    std::uint64_t flags = 0;
};

/// Reads a row of `stock.moved` or `debt.moved` (`payload_fields` 5 or 4, where one more says what
/// there was no room for) exactly as this version writes it, without taking memory: nearly all rows
/// of a log are such, and the general way takes five times as long. False for every other row,
/// which says nothing against it: read it the general way. What this accepts, schema::decode_row
/// and the kind's decoder accept with the same result.
bool read_number_row(schema::ByteView row, std::string_view kind, std::size_t payload_fields,
                     NumberRow& out);

}  // namespace filial::subscriber
