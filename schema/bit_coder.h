#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <memory>

#include "schema/bytes.h"

namespace filial::schema {

/// How probable a 1 is at one place, learned from what stood there. Quick at first, steadier later.
class BitModel {
  public:
    /// Of 2^12, never 0 or all.
    std::uint32_t ones() const { return state_ >> 4; }
    void learn(bool bit) {
        const std::uint32_t seen = state_ & 15u;
        const unsigned rate = kRate[seen];
        std::uint32_t probable = state_ >> 4;
        probable =
            bit ? probable + ((4'080 - probable) >> rate) : probable - ((probable - 16) >> rate);
        state_ = static_cast<std::uint16_t>(probable << 4 | (seen < 15 ? seen + 1 : seen));
    }

  private:
    static constexpr std::uint8_t kRate[16] = {1, 2, 2, 3, 3, 3, 4, 4, 4, 4, 4, 4, 4, 4, 4, 5};
    std::uint16_t state_ = 2'048u << 4;
};

/// Bits as a binary range coder packs them: a bit that was to be expected costs next to nothing.
/// The same calls write and read: what writes gives its bit, what reads gives it back. Reading
/// past the end reads zeros; the caller bounds how much it reads.
class BitCoder {
  public:
    /// For writing.
    BitCoder() = default;
    /// For reading.
    explicit BitCoder(ByteView bytes);

    bool writing() const { return writing_; }
    bool bit(BitModel& model, bool bit) {
        const std::uint32_t bound = (range_ >> 12) * model.ones();
        if (writing_) {
            bit ? range_ = bound : (low_ += bound, range_ -= bound);
        } else {
            bit = code_ < bound;
            bit ? range_ = bound : (code_ -= bound, range_ -= bound);
        }
        model.learn(bit);
        while (range_ < kRangeMin) next_byte();
        return bit;
    }
    /// The lowest `count` bits, all alike probable.
    std::uint64_t bits(std::uint64_t value, unsigned count);

    /// What was written, at its shortest.
    Bytes finish();
    /// Whether all was read that was there.
    bool at_end() const { return at_ >= bytes_.size(); }

  private:
    static constexpr std::uint32_t kRangeMin = 1u << 24;
    void next_byte();
    void shift_low();

    bool writing_ = true;
    std::uint32_t range_ = UINT32_MAX;
    std::uint64_t low_ = 0;
    std::uint32_t code_ = 0;
    std::uint8_t held_ = 0;      ///< Last byte, as long as a carry may still change it,
    std::uint64_t carries_ = 0;  ///< and so many bytes of 255 behind it.
    bool first_ = true;
    Bytes out_;
    ByteView bytes_;
    std::size_t at_ = 0;
};

/// Numbers from 0 whose small ones, and whose size, repeat.
class NumberModel {
  public:
    std::uint64_t code(BitCoder& coder, std::uint64_t value);

  private:
    static constexpr unsigned kWhole = 8;  ///< Up to so many bits all of them are learned,
    static constexpr unsigned kTop = 3;    ///< above only so many behind the first.
    std::array<BitModel, 128> size_;
    std::array<BitModel, (1u << kWhole)> small_;
    std::array<BitModel, (1u << kTop) * 64> top_;
};

/// Any bytes, letter by letter.
class LetterModel {
  public:
    char code(BitCoder& coder, char letter);

  private:
    std::array<BitModel, 256> letters_;
};

/// Signed numbers, so that small ones are small.
constexpr std::uint64_t fold(std::int64_t value) {
    return (static_cast<std::uint64_t>(value) << 1) ^ static_cast<std::uint64_t>(value >> 63);
}
constexpr std::int64_t unfold(std::uint64_t value) {
    return static_cast<std::int64_t>((value >> 1) ^ (~(value & 1) + 1));
}

}  // namespace filial::schema
