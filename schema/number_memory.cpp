#include <algorithm>
#include <bit>

#include "schema/leaf_memory.h"

namespace filial::schema {
namespace {

/// Numbers of every row: position, version, time, ticket number, index, count. The payload's
/// follow.
constexpr std::size_t kNumbersBeside = 6;
constexpr std::size_t kSeq = 0, kTime = 2, kTicket = 3;
/// Payload numbers of a row that the next values are compared with.
constexpr std::uint8_t kNumbersNearby = 6;

/// Ways in which a number is foreseen.
struct NumberWay {
    enum : std::uint8_t {
        one_more = 0,   ///< One more than in the row before, whatever its form.
        as_before = 1,  ///< As in the row before.
        same = 2,       ///< As in the last row of this form.
        same_step = 3,  ///< As far from the last one as that was from the one before.
        by_key = 4,     ///< As in the last row with the same key.
        before_0 = 5,   ///< The row before's payload numbers.
        negated_0 = before_0 + kNumbersNearby,
        own_0 = negated_0 + kNumbersNearby,  ///< This row's payload numbers before this one.
        ways = own_0 + kNumbersNearby,
    };
};

constexpr std::int64_t kScales[] = {1, 1'000, 1'000'000};
constexpr std::uint8_t kScaleLast = 2;
/// So often a larger unit has to fit before it is taken.
constexpr std::uint8_t kLargerAfter = 3;

std::int64_t plus(std::int64_t a, std::int64_t b) {
    return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) + static_cast<std::uint64_t>(b));
}
std::int64_t minus(std::int64_t a, std::int64_t b) {
    return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) - static_cast<std::uint64_t>(b));
}

std::uint16_t average(std::uint16_t before, std::int64_t value) {
    const int bits = static_cast<int>(std::bit_width(fold(value))) * 16;
    return static_cast<std::uint16_t>(before + (bits - before) / 8);
}

}  // namespace

/// Of 255: below it a way fails more often than not.
constexpr std::uint8_t kHitsMin = 128;

void Choice::missed(std::uint8_t better) {
    hits_ = static_cast<std::uint8_t>(hits_ - (hits_ >> 3));
    if (better == kNoWay) return;
    if (better != other_) {
        other_ = better;
        other_hits_ = 0;
    }
    if (++other_hits_ < 2 && hits_ >= kHitsMin) return;
    way_ = other_;
    other_ = kNoWay;
}

NumberMemory::NumberMemory(std::size_t ordinal)
    : choice_(ordinal == kSeq || ordinal == kTicket ? NumberWay::one_more
              : ordinal == kTime                    ? NumberWay::as_before
                                                    : NumberWay::same) {}

bool NumberMemory::by_way(const Nearby& nearby, std::size_t ordinal, std::uint8_t way,
                          std::int64_t& value) const {
    const FlatRow& before = nearby.before;
    const bool there = ordinal < before.number_count;
    switch (way) {
        case NumberWay::same:
            value = last_;
            return true;
        case NumberWay::same_step:
            value = plus(last_, step_);
            return true;
        case NumberWay::as_before:
            if (there) value = before.number(ordinal);
            return there;
        case NumberWay::one_more:
            if (there) value = plus(before.number(ordinal), 1);
            return there;
        default:
            break;
    }
    if (ordinal < kNumbersBeside) return false;
    if (way == NumberWay::by_key) {
        const std::size_t at = ordinal - kNumbersBeside;
        if (nearby.key == nullptr || at >= nearby.key->count) return false;
        value = nearby.key->numbers[at];
        return true;
    }
    const bool own = way >= NumberWay::own_0;
    const bool negated = way >= NumberWay::negated_0 && !own;
    const std::size_t at = kNumbersBeside + way -
                           (own       ? NumberWay::own_0
                            : negated ? NumberWay::negated_0
                                      : NumberWay::before_0);
    if (at >= (own ? ordinal : before.number_count)) return false;
    value = (own ? nearby.own : before).number(at);
    if (negated) value = minus(0, value);
    return true;
}

/// The first way in which `actual` would have been foreseen, as `by_way` tells.
std::uint8_t NumberMemory::right_way(const Nearby& nearby, std::size_t ordinal,
                                     std::int64_t actual) const {
    const FlatRow &before = nearby.before, &own = nearby.own;
    const bool runs_on = ordinal == kSeq || ordinal == kTime || ordinal == kTicket;
    if (runs_on && ordinal < before.number_count) {
        const std::int64_t there = before.number(ordinal);
        if (plus(there, 1) == actual) return NumberWay::one_more;
        if (there == actual) return NumberWay::as_before;
    }
    if (last_ == actual) return NumberWay::same;
    if (plus(last_, step_) == actual) return NumberWay::same_step;
    if (ordinal < kNumbersBeside) return Choice::kNoWay;
    const std::size_t at_key = ordinal - kNumbersBeside;
    const bool by_key = nearby.key != nullptr && at_key < nearby.key->count;
    if (by_key && nearby.key->numbers[at_key] == actual) return NumberWay::by_key;
    const auto payload_numbers = [](std::size_t count) {
        const std::size_t of_payload = count - std::min(count, kNumbersBeside);
        return static_cast<std::uint8_t>(std::min<std::size_t>(of_payload, kNumbersNearby));
    };
    const auto find = [&](const FlatRow& row, std::size_t count, std::int64_t wanted,
                          std::uint8_t first) {
        for (std::uint8_t i = 0; i < payload_numbers(count); ++i) {
            if (row.number(kNumbersBeside + i) == wanted)
                return static_cast<std::uint8_t>(first + i);
        }
        return Choice::kNoWay;
    };
    std::uint8_t way = find(before, before.number_count, actual, NumberWay::before_0);
    if (way != Choice::kNoWay) return way;
    way = find(before, before.number_count, minus(0, actual), NumberWay::negated_0);
    if (way != Choice::kNoWay) return way;
    return find(own, ordinal, actual, NumberWay::own_0);
}

void NumberMemory::learn_unit(std::int64_t written) {
    const bool larger = scale_ < kScaleLast && written % kScales[scale_ + 1] == 0;
    if (written % kScales[scale_] != 0) {
        while (written % kScales[scale_] != 0) --scale_;
        larger_ = 0;
    } else if (written != 0) {
        larger_ = larger ? static_cast<std::uint8_t>(larger_ + 1) : std::uint8_t{0};
        if (larger_ == kLargerAfter) {
            ++scale_;
            larger_ = 0;
        }
    }
}

std::int64_t NumberMemory::code_value(BitCoder& coder, LeafModels& models,
                                      std::int64_t value) const {
    const std::int64_t scale = kScales[scale_];
    if (scale == 1) return unfold(models.number.code(coder, fold(value)));
    if (coder.bit(models.kinds[0], value % scale == 0)) {
        const auto units = unfold(models.number.code(coder, fold(value / scale)));
        return static_cast<std::int64_t>(static_cast<std::uint64_t>(units) *
                                         static_cast<std::uint64_t>(scale));
    }
    return unfold(models.further.code(coder, fold(value)));
}

std::int64_t NumberMemory::code(BitCoder& coder, LeafModels& models, Nearby& nearby,
                                std::size_t ordinal, std::int64_t value) {
    std::int64_t seen = 0;
    const bool there = by_way(nearby, ordinal, choice_.way(), seen);
    const bool right =
        there && coder.bit(foreseen_[nearby.calm ? 1 : 0], coder.writing() && value == seen);
    if (right) {
        choice_.hit();
        value = seen;
    } else {
        nearby.calm = false;
        const bool difference = as_difference();
        const std::int64_t coded =
            code_value(coder, models, difference ? minus(value, last_) : value);
        value = difference ? plus(coded, last_) : coded;
        learn_unit(coded);
        value_bits_ = average(value_bits_, value);
        difference_bits_ = average(difference_bits_, minus(value, last_));
        choice_.missed(right_way(nearby, ordinal, value));
    }
    step_ = minus(value, last_);
    last_ = value;
    return value;
}

}  // namespace filial::schema
