#include "schema/bit_coder.h"

namespace filial::schema {

BitCoder::BitCoder(ByteView bytes) : writing_(false), bytes_(bytes) {
    for (int i = 0; i < 4; ++i) next_byte();
    range_ = UINT32_MAX;
}

void BitCoder::next_byte() {
    range_ <<= 8;
    if (writing_) return shift_low();
    const char byte = at_ < bytes_.size() ? bytes_[at_] : '\0';
    ++at_;
    code_ = code_ << 8 | static_cast<unsigned char>(byte);
}

/// The highest byte of `low_` goes out as soon as no carry can reach it any more.
void BitCoder::shift_low() {
    if (low_ < 0xff00'0000u || low_ > UINT32_MAX) {
        const auto carry = static_cast<std::uint8_t>(low_ >> 32);
        if (!first_) out_.push_back(static_cast<char>(held_ + carry));
        for (; carries_ > 0; --carries_) out_.push_back(static_cast<char>(0xff + carry));
        first_ = false;
        held_ = static_cast<std::uint8_t>(low_ >> 24);
    } else {
        ++carries_;
    }
    low_ = (low_ & 0x00ff'ffffu) << 8;
}

std::uint64_t BitCoder::bits(std::uint64_t value, unsigned count) {
    std::uint64_t got = 0;
    for (unsigned i = count; i > 0; --i) {
        range_ >>= 1;
        bool bit = (value >> (i - 1) & 1) != 0;
        if (writing_) {
            if (bit) low_ += range_;
        } else {
            bit = code_ >= range_;
            if (bit) code_ -= range_;
        }
        got = got << 1 | static_cast<std::uint64_t>(bit);
        while (range_ < kRangeMin) next_byte();
    }
    return got;
}

Bytes BitCoder::finish() {
    // Of the values that read alike, the one that ends with the most zeros: those are left out.
    for (unsigned zeros = 32; zeros > 0; --zeros) {
        const std::uint64_t mask = (std::uint64_t{1} << zeros) - 1;
        const std::uint64_t end = (low_ + mask) & ~mask;
        if (end - low_ >= range_) continue;
        low_ = end;
        break;
    }
    for (int i = 0; i < 5; ++i) shift_low();
    while (!out_.empty() && out_.back() == '\0') out_.pop_back();
    return std::move(out_);
}

std::uint64_t NumberModel::code(BitCoder& coder, std::uint64_t value) {
    const auto width = static_cast<unsigned>(std::bit_width(value));
    std::uint32_t node = 1;
    for (int i = 6; i >= 0; --i) {
        const bool bit = coder.bit(size_[node], (width >> i & 1) != 0);
        node = node << 1 | static_cast<std::uint32_t>(bit);
    }
    const unsigned size = node & 127u;
    if (size == 0) return 0;
    if (size > 64) return 0;  // No writer makes it.
    std::uint64_t got = 1;
    unsigned left = size - 1;
    if (size <= kWhole) {
        for (; left > 0; --left) {
            // What is known of the number, and behind it a 1 that says how much that is.
            BitModel& model = small_[got << left | std::uint64_t{1} << (left - 1)];
            const bool bit = coder.bit(model, (value >> (left - 1) & 1) != 0);
            got = got << 1 | static_cast<std::uint64_t>(bit);
        }
        return got;
    }
    for (unsigned i = 0; i < kTop; ++i, --left) {
        BitModel& model = top_[(size - 1) << kTop | (got & ((1u << kTop) - 1))];
        const bool bit = coder.bit(model, (value >> (left - 1) & 1) != 0);
        got = got << 1 | static_cast<std::uint64_t>(bit);
    }
    return got << left | coder.bits(value, left);
}

char LetterModel::code(BitCoder& coder, char letter) {
    std::uint32_t node = 1;
    for (int i = 7; i >= 0; --i) {
        const bool bit =
            coder.bit(letters_[node], (static_cast<unsigned char>(letter) >> i & 1) != 0);
        node = node << 1 | static_cast<std::uint32_t>(bit);
    }
    return static_cast<char>(node & 255u);
}

}  // namespace filial::schema
