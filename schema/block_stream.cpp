#include "schema/block_stream.h"

#include <lz4.h>
#include <lz4hc.h>

#include <algorithm>
#include <memory>

#include "schema/hash.h"
#include "schema/limits.h"

namespace filial::schema {
namespace {

std::uint32_t check_of(ByteView raw) {
    const Hash hash = hash_of(raw);
    std::uint32_t check = 0;
    for (std::size_t i = 0; i < 4; ++i) check = check << 8 | static_cast<unsigned char>(hash[i]);
    return check;
}

int size_of(ByteView bytes) { return static_cast<int>(bytes.size()); }

}  // namespace

void StreamHistory::add(ByteView raw) {
    bytes_ += raw;
    // Not at every piece: what is kept has to be moved.
    if (bytes_.size() > 4 * kHistoryBytes) bytes_.erase(0, bytes_.size() - kHistoryBytes);
    ++number_;
}

ByteView StreamHistory::last() const {
    const std::size_t size = std::min(bytes_.size(), kHistoryBytes);
    return ByteView(bytes_).substr(bytes_.size() - size);
}

StreamPiece pack_piece(ByteView raw, StreamHistory& history) {
    check(raw.size() <= kMessageBytesMax, "a piece is no larger than a message");
    const std::unique_ptr<LZ4_streamHC_t, decltype(&LZ4_freeStreamHC)> stream(LZ4_createStreamHC(),
                                                                              &LZ4_freeStreamHC);
    StreamPiece piece;
    piece.number = history.number() + 1;
    piece.raw_size = raw.size();
    piece.check = check_of(raw);
    if (stream != nullptr && !raw.empty()) {
        const ByteView before = history.last();
        LZ4_resetStreamHC_fast(stream.get(), LZ4HC_CLEVEL_MAX);
        LZ4_loadDictHC(stream.get(), before.data(), size_of(before));
        piece.data.resize(static_cast<std::size_t>(LZ4_compressBound(size_of(raw))));
        const int size = LZ4_compress_HC_continue(stream.get(), raw.data(), piece.data.data(),
                                                  size_of(raw), size_of(piece.data));
        piece.data.resize(static_cast<std::size_t>(std::max(size, 0)));
    }
    if (piece.data.empty() || piece.data.size() >= raw.size()) piece.data = raw;
    history.add(raw);
    return piece;
}

Result<Bytes> unpack_piece(const StreamPiece& piece, StreamHistory& history) {
    if (piece.raw_size > kMessageBytesMax) return fail(Errc::too_large, "a piece of more than any");
    if (piece.number != history.number() + 1) {
        return fail(Errc::gap, "piece " + std::to_string(piece.number) + " came behind " +
                                   std::to_string(history.number()));
    }
    Bytes raw;
    if (piece.data.size() == piece.raw_size) {
        raw = piece.data;
    } else {
        // lz4 makes 255 bytes of one at most.
        if (piece.raw_size > 255 * piece.data.size() + 255) {
            return fail(Errc::corrupt, "a piece cannot hold what it says");
        }
        const ByteView before = history.last();
        raw.resize(static_cast<std::size_t>(piece.raw_size));
        const int size =
            LZ4_decompress_safe_usingDict(piece.data.data(), raw.data(), size_of(piece.data),
                                          size_of(raw), before.data(), size_of(before));
        if (size != size_of(raw)) return fail(Errc::corrupt, "a piece is damaged");
    }
    if (check_of(raw) != piece.check) return fail(Errc::corrupt, "a piece has another checksum");
    history.add(raw);
    return raw;
}

}  // namespace filial::schema
