#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "core/journal/journal.h"
#include "schema/bundle.h"
#include "schema/column_memory.h"

namespace filial::cli {

/// Packs the ranges of one log for a bundle, in their order: by columns, each block building on
/// those before it in the bundle and on nothing else, so that whoever has the file can read it.
class BundlePacker {
  public:
    schema::Block pack(const schema::Range& range);

  private:
    schema::ColumnMemory memory_;
    std::optional<schema::Sequence> start_;  ///< Above it, all rows so far are in the memory.
    schema::Sequence upto_;
    schema::Epoch epoch_;
};

/// One log in a bundle, read as a journal is: forwards at the cost of one pass, from anywhere at
/// that of beginning again. Holds one block unpacked.
class BundledLog {
  public:
    /// `bundle` must outlive it and have this log.
    BundledLog(const schema::Bundle& bundle, const schema::BundleLog& log);

    const schema::BundleLog& log() const { return log_; }
    /// Up to where it is whole.
    schema::Sequence upto() const { return upto_; }
    /// Of `request.topics` what one block has above `request.after`, which lies in [after, upto).
    /// `corrupt` where a block cannot be unpacked. Topics must be the log's own, or any of them
    /// where it has all.
    schema::Result<schema::Range> read(const core::ReadRequest& request);

  private:
    schema::Result<void> unpack_next();

    const schema::BundleLog& log_;
    std::vector<const schema::Block*> blocks_;
    schema::Sequence upto_;
    std::size_t next_ = 0;  ///< Block to unpack next.
    schema::ColumnMemory memory_;
    std::optional<schema::Range> range_;  ///< Of the block before it.
};

/// The rows of `topics` in `range` above `after`.
schema::Range part_of(const schema::Range& range, const std::vector<std::string>& topics,
                      schema::Sequence after);

}  // namespace filial::cli
