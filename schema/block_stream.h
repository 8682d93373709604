#pragma once

#include <cstdint>

#include "schema/bytes.h"
#include "schema/result.h"

namespace filial::schema {

/// What one end of a session has said, packed against what it said before: names, positions and
/// marks come again and again. One direction of one session; both ends hold the same last 64 KiB,
/// since a session loses nothing and keeps its order.
class StreamHistory {
  public:
    StreamHistory() = default;
    /// With bytes before the first piece that both ends know.
    explicit StreamHistory(Bytes known) : bytes_(std::move(known)) {}
    void add(ByteView raw);
    /// At most kHistoryBytes, the newest.
    ByteView last() const;
    /// Pieces so far.
    std::uint64_t number() const { return number_; }

  private:
    Bytes bytes_;
    std::uint64_t number_ = 0;
};
constexpr std::size_t kHistoryBytes = 64 * 1024;

/// A piece of what is said: bytes as one lz4 block whose dictionary is the history before it, or as
/// they are where that is not longer.
struct StreamPiece {
    std::uint64_t number = 0;    ///< Of the piece in its direction, from 1.
    std::uint64_t raw_size = 0;  ///< At most kMessageBytesMax.
    std::uint32_t check = 0;     ///< First 4 bytes of the BLAKE2b-256 of the bytes.
    Bytes data;
    friend bool operator==(const StreamPiece&, const StreamPiece&) = default;
};

StreamPiece pack_piece(ByteView raw, StreamHistory& history);
/// `gap` where it is not the next one, `corrupt` or `too_large` as for any packed bytes; the
/// history is then of no use: the session has to end.
Result<Bytes> unpack_piece(const StreamPiece& piece, StreamHistory& history);

}  // namespace filial::schema
