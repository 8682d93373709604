#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "schema/bytes.h"
#include "schema/ids.h"
#include "schema/result.h"

namespace filial::subscriber {

/// What one log says of one number, a SKU's stock or a customer's debt: the sum over its epochs,
/// and beside it what each epoch adds, of which the sum can be made again.
///
///     sum(8), then for each epoch from the lowest: epoch(4) number(8)
class NumberRecord {
  public:
    std::int64_t sum() const { return sum_; }

    /// Adds to the epoch's number and to the sum. False, and nothing changed, where one of them
    /// would leave 64 bits.
    bool add(schema::Epoch epoch, std::int64_t delta);

    void append_to(schema::Bytes& bytes) const;
    /// `corrupt` unless epochs rise and their numbers make up the sum.
    static schema::Result<NumberRecord> decode(schema::ByteView bytes);
    /// The sum alone, of a record's bytes.
    static std::int64_t sum_of(schema::ByteView bytes);

  private:
    using Part = std::pair<schema::Epoch, std::int64_t>;
    std::int64_t* find(schema::Epoch epoch);

    std::int64_t sum_ = 0;
    Part newest_{};  ///< Epoch 0: there is none yet.
    std::vector<Part>
        older_;  ///< Nearly always empty: a store has one epoch until it loses its log.
};

}  // namespace filial::subscriber
