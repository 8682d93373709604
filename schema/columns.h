#pragma once

#include <functional>
#include <vector>

#include "schema/block.h"
#include "schema/column_memory.h"

namespace filial::schema {

/// The rows of a range in the order of their positions, whatever their topics.
void each_row(const Range& range,
              const std::function<void(const Segment& segment, std::size_t index)>& visit);

/// [topic, seq, client, row] of each row, in the order of their positions: what the checksum of a
/// block by columns is over, and its raw size.
Bytes listed_rows(const Range& range);

/// The rows by columns. Chain heads are not among them: they follow from the rows. `memory` must
/// have seen what `read_columns` will have seen there; it has seen these rows then, too.
Bytes write_columns(const Range& range, ColumnMemory& memory);

/// Into `range`, whose fields but the segments are filled; one segment a topic, sorted by it, and
/// no chain heads. Exactly `count` rows, of at most `listed_max` bytes as they are listed; that
/// list goes to `listed`. `corrupt` on damage; `memory` is of no use after that.
Result<void> read_columns(ByteView columns, std::uint64_t count, std::uint64_t listed_max,
                          ColumnMemory& memory, Range& range, Bytes& listed);

}  // namespace filial::schema
