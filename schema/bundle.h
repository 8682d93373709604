#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "schema/ids.h"
#include "schema/messages.h"
#include "schema/result.h"
#include "schema/timestamp.h"

namespace filial::schema {

/// A part of one log in a bundle: all events of `topics` in (after, upto], and nothing else.
struct BundleLog {
    StoreId store;
    Epoch epoch;                      ///< In which the log stood at `upto`.
    Incarnation incarnation{};        ///< Of that epoch; zeros: not known to the writer.
    std::vector<std::string> topics;  ///< {"*"} for all.
    Sequence after;
    Sequence upto;
    friend bool operator==(const BundleLog&, const BundleLog&) = default;
};

/// What a bundle says of itself before anything else.
struct BundleHeader {
    std::uint64_t id = 0;      ///< Random: the same file, read twice, is known by it.
    std::uint64_t number = 0;  ///< Counted by its writer for this addressee, from 1; for people.
    StoreId from;              ///< Whose machine wrote it.
    StoreId to;                ///< Whom it is for.
    Timestamp written;         ///< By the writer's clock.
    std::string software;
    std::vector<BundleLog> logs;
    /// What its writer holds durably of other logs: the acknowledgement of bundles that came the
    /// other way.
    std::vector<Position> holds;
    friend bool operator==(const BundleHeader&, const BundleHeader&) = default;
};

/// Makes the bytes of a bundle: a header, then blocks and marks as on the wire (session 0), then a
/// trailer. Each record's checksum goes on from the one before it, so that none can be left out,
/// put elsewhere or taken from another bundle.
class BundleWriter {
  public:
    explicit BundleWriter(const BundleHeader& header);
    /// A block or a mark; the blocks of one log go on from each other, from its `after` to `upto`.
    void add(const Message& message);
    /// Ends it.
    Bytes take();

  private:
    void record(char type, ByteView payload);
    Bytes bytes_;
    std::uint64_t check_;
    std::uint64_t records_ = 0;
};

/// A bundle as far as it is whole.
struct Bundle {
    BundleHeader header;
    std::vector<Block> blocks;       ///< In the order of the file; of each log without a hole.
    std::vector<MarkMessage> marks;  ///< As the writer held them; session 0.
    /// Why the rest of it is missing; nullopt where all of it is here.
    std::optional<Error> damage;

    /// Up to where the blocks that are here go; `log.after` where there are none.
    Sequence whole_upto(const BundleLog& log) const;
};

/// What of `bytes` is whole. `corrupt` if that is not even the header, `schema_too_new` for one of
/// a later version; else the first damage or the cut is told in `damage`, and nothing behind it is
/// believed.
Result<Bundle> parse_bundle(ByteView bytes);

}  // namespace filial::schema
