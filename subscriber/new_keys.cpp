#include "subscriber/new_keys.h"

#include <functional>

#include "subscriber/replica_keys.h"

namespace filial::subscriber {

using schema::ByteView;

namespace {

/// Lines, as powers of two: 2 KiB, and 256 KiB.
constexpr int kFewest = 5;
constexpr int kMost = 12;
/// Keys for each line before there are twice as many. Half of a line's bits are set by 70; of those
/// that were divided among its forebears two from each time are in the way, 14 in all.
constexpr std::size_t kKeysALine = 4;
constexpr int kBitsAKey = 5;

/// Calls `each(word, bit)` for each bit of a key until it returns false.
template <class Each>
bool all_bits(std::uint64_t hash, const Each& each) {
    for (int i = 0; i < kBitsAKey; ++i) {
        const auto at = static_cast<std::size_t>(hash & 511);
        if (!each(at / 64, std::uint64_t{1} << (at % 64))) return false;
        hash >>= 9;
    }
    return true;
}

std::uint64_t hash_of(ByteView key) { return std::hash<ByteView>{}(key); }

}  // namespace

bool NewKeys::is_new_log(const schema::StoreId& store, std::string_view topic) {
    const auto [at, first] = logs_.try_emplace({store, std::string(topic)}, false);
    if (!first) return at->second;
    const auto position = store_.get(log_key('p', store.value(), topic));
    at->second = position && !*position;
    if (at->second && lines_.empty()) {
        power_ = kFewest;
        lines_.resize(std::size_t{1} << power_);
    }
    return at->second;
}

/// The upper bits: the lower ones choose the bits in it.
std::size_t NewKeys::line_of(std::uint64_t hash) const { return hash >> (64 - power_); }

/// The keys of a line go to two lines, one beside the other: both get all its bits.
void NewKeys::grow() {
    std::vector<Line> more;
    more.reserve(2 * lines_.size());
    for (const Line& line : lines_) more.insert(more.end(), 2, line);
    lines_ = std::move(more);
    ++power_;
}

bool NewKeys::may_have(ByteView key) const {
    if (lines_.empty()) return true;
    const std::uint64_t hash = hash_of(key);
    const Line& line = lines_[line_of(hash)];
    return all_bits(
        hash, [&](std::size_t word, std::uint64_t bit) { return (line.words[word] & bit) != 0; });
}

void NewKeys::written(ByteView key) {
    if (lines_.empty()) return;
    if (++keys_ > kKeysALine * lines_.size() && power_ < kMost) grow();
    const std::uint64_t hash = hash_of(key);
    Line& line = lines_[line_of(hash)];
    all_bits(hash, [&](std::size_t word, std::uint64_t bit) {
        line.words[word] |= bit;
        return true;
    });
}

}  // namespace filial::subscriber
