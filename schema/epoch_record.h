#pragma once

#include <optional>

#include "schema/block.h"
#include "schema/payloads.h"

namespace filial::schema {

/// The first event of an epoch: whose log it is from there on, and where it goes on from.
struct EpochRecord {
    Sequence seq;
    LogOpened opened;
};

/// The epoch record that `range` holds; nullopt if it holds none. Only the first event of `control`
/// can be one, since a range never runs over the end of an epoch. `corrupt` if that event cannot be
/// read.
Result<std::optional<EpochRecord>> find_epoch_record(const Range& range);

/// The epoch of the rows above `held`; 0 if there are none. A range without rows says nothing of
/// its epoch: its sender may have read on into the next one before it cut the range.
Epoch epoch_above(const Segment& segment, Sequence held);

}  // namespace filial::schema
