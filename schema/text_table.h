#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace filial::schema {

/// Numbers of a row's payload that are kept by its key.
constexpr std::size_t kNumbersByKey = 6;

/// Texts that were seen, numbered from 0 as they came. Looked up several times a row, and added to
/// once in a while: so every text knows its rank, and a new one moves the ranks behind it.
class TextTable {
  public:
    static constexpr std::uint32_t kNone = UINT32_MAX;
    struct Entry {
        std::string text;
        std::array<std::int64_t, kNumbersByKey> numbers{};  ///< Of the last row with this key.
        std::uint8_t count = 0;
    };

    std::uint32_t find(std::string_view text) const {
        if (slots_.empty()) return kNone;
        const std::uint32_t hash = hash_of(text);
        for (std::size_t at = hash & mask();; at = (at + 1) & mask()) {
            const Slot& slot = slots_[at];
            if (slot.id == kNone) return kNone;
            if (slot.hash == hash && this->at(slot.id).text == text) return slot.id;
        }
    }
    /// Adds a text that is not there: `find` has said so.
    std::uint32_t add(std::string_view text) {
        const auto id = static_cast<std::uint32_t>(size());
        if (id % kChunk == 0) chunks_.push_back(std::make_unique<Chunk>());
        at(id).text = text;
        if (2 * (size() + 1) > slots_.size()) grow();
        put({hash_of(text), id});
        const std::uint32_t rank = first_not_below(text);
        order_.insert(order_.begin() + rank, Ranked{first8(text), id});
        make_room(rank);
        if (size_ == ranks_.size()) ranks_.resize(size_ + kChunk);
        ranks_[size_++] = rank;
        bytes_ += text.size();
        return id;
    }
    /// How many texts come before that one in bytewise order.
    std::size_t rank_of(std::uint32_t id) const { return ranks_[id]; }
    /// The text of that rank.
    std::uint32_t ranked(std::size_t rank) const { return order_[rank].id; }
    Entry& at(std::uint32_t id) { return (*chunks_[id / kChunk])[id % kChunk]; }
    const Entry& at(std::uint32_t id) const { return (*chunks_[id / kChunk])[id % kChunk]; }
    std::size_t size() const { return size_; }
    std::size_t bytes() const { return bytes_; }

  private:
    struct Ranked {
        std::uint64_t first;  ///< The text's first bytes: mostly they tell, without a look at it.
        std::uint32_t id;
    };
    struct Slot {
        std::uint32_t hash = 0;
        std::uint32_t id = kNone;
    };
    static constexpr std::size_t kChunk = 64;
    using Chunk = std::array<Entry, kChunk>;

    static std::uint64_t first8(std::string_view text) {
        std::uint64_t value = 0;
        for (std::size_t i = 0; i < 8; ++i) {
            value = value << 8 | (i < text.size() ? static_cast<unsigned char>(text[i]) : 0u);
        }
        return value;
    }
    static std::uint32_t hash_of(std::string_view text) {
        return static_cast<std::uint32_t>(std::hash<std::string_view>()(text));
    }
    std::size_t mask() const { return slots_.size() - 1; }
    /// Moves the ranks from this one on. In pieces of a fixed size, which go through wide
    /// registers; behind the last rank it moves what is overwritten.
    void make_room(std::uint32_t rank) {
        constexpr std::size_t kPiece = 16;
        static_assert(kChunk % kPiece == 0);
        for (std::size_t at = 0; at < size_; at += kPiece) {
            std::uint32_t* piece = ranks_.data() + at;
            for (std::size_t i = 0; i < kPiece; ++i) piece[i] += piece[i] >= rank ? 1u : 0u;
        }
    }
    void put(Slot slot) {
        std::size_t at = slot.hash & mask();
        while (slots_[at].id != kNone) at = (at + 1) & mask();
        slots_[at] = slot;
    }
    void grow() {
        std::vector<Slot> old(std::max<std::size_t>(2 * slots_.size(), 2 * kChunk));
        old.swap(slots_);
        for (const Slot& slot : old) {
            if (slot.id != kNone) put(slot);
        }
    }
    std::uint32_t first_not_below(std::string_view text) const {
        const std::uint64_t first = first8(text);
        const auto found =
            std::partition_point(order_.begin(), order_.end(), [&](const Ranked& one) {
                return one.first != first ? one.first < first : at(one.id).text < text;
            });
        return static_cast<std::uint32_t>(found - order_.begin());
    }

    std::vector<std::unique_ptr<Chunk>> chunks_;  ///< Texts stay where they are: views are of them.
    std::vector<Slot> slots_;                     ///< By hash; a power of two, at most half full.
    std::vector<Ranked> order_;                   ///< In bytewise order.
    std::vector<std::uint32_t> ranks_;            ///< By number; a multiple of kChunk.
    std::size_t size_ = 0;
    std::size_t bytes_ = 0;
};

}  // namespace filial::schema
