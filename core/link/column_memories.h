#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <string>
#include <vector>

#include "core/journal/journal.h"
#include "schema/column_memory.h"
#include "schema/limits.h"

namespace filial::core {

/// Where the rows that a block at `after` builds on begin: above this position.
constexpr schema::Sequence dictionary_start(schema::Sequence after) {
    const std::uint64_t step = after.value() - after.value() % schema::kDictionaryStep;
    return schema::Sequence{step < schema::kDictionaryLeast ? 0 : step - schema::kDictionaryLeast};
}

/// What this process knows of the rows that blocks by column build on, for all its lines. Kept
/// between blocks, so that a block costs its own rows alone; made again from the log where it is
/// not there. Bounded: what was not used for the longest time goes first.
class ColumnMemories {
  public:
    /// The rows of a log above `request.after`, up to `upto` or less; as Host::held_rows.
    using Rows = std::function<schema::Result<schema::Range>(const ReadRequest& request,
                                                             schema::Sequence upto)>;
    /// A log as it is seen by who fetches some topics of it.
    struct Log {
        schema::StoreId store;
        schema::Epoch epoch;
        std::vector<std::string> topics;
        friend bool operator==(const Log&, const Log&) = default;
    };

    /// The memory of the rows in (after, upto], which the caller then owns: it goes on with it and
    /// puts it back. Fails as `rows` does; `dictionary_missing` where it gives too little, or
    /// for more than any sender builds on.
    schema::Result<schema::ColumnMemory> take(const Log& log, schema::Sequence after,
                                              schema::Sequence upto, const Rows& rows);
    void put(const Log& log, schema::Sequence after, schema::Sequence upto,
             schema::ColumnMemory memory);

    /// Rows that were taken in again since the start.
    std::uint64_t rows_learned() const { return rows_learned_; }
    std::size_t bytes() const { return bytes_; }

  private:
    struct Entry {
        Log log;
        schema::Sequence after;
        schema::Sequence upto;
        schema::ColumnMemory memory;
        std::size_t bytes;
    };
    std::list<Entry> entries_;  ///< Used last first.
    std::size_t bytes_ = 0;
    std::uint64_t rows_learned_ = 0;
};

}  // namespace filial::core
