#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>

#include "schema/bit_coder.h"
#include "schema/flat_row.h"
#include "schema/text_table.h"

namespace filial::schema {

/// What is known when a value is coded: the row before, and this one's values so far.
struct Nearby {
    const FlatRow& before;
    const FlatRow& own;
    const TextTable::Entry* key = nullptr;  ///< Of the row's key, where it was seen before.
    bool calm = true;                       ///< Every value of this row so far was as foreseen.
};

/// Which way of foreseeing a value to use: one that was right where this one was not, twice in a
/// row or once after this one failed more often than not.
class Choice {
  public:
    explicit Choice(std::uint8_t way = 0) : way_(way) {}
    std::uint8_t way() const { return way_; }
    void hit() { hits_ = static_cast<std::uint8_t>(hits_ + ((255 - hits_) >> 3)); }
    /// `better` is a way that would have been right; kNoWay if there is none.
    void missed(std::uint8_t better);
    static constexpr std::uint8_t kNoWay = 255;

  private:
    std::uint8_t way_;
    std::uint8_t hits_ = 200;  ///< Decaying share of hits, of 255.
    std::uint8_t other_ = kNoWay;
    std::uint8_t other_hits_ = 0;
};

/// Models that all rows of one form share, made when the first value was not as foreseen.
struct LeafModels {
    std::array<BitModel, 8> kinds;
    NumberModel number;
    NumberModel further;
};

/// One number of one form of rows: what it was, and what it probably is next.
class NumberMemory {
  public:
    explicit NumberMemory(std::size_t ordinal);
    /// Writes `value`, or reads what to return. `calm` of `nearby` becomes false if it was not as
    /// foreseen.
    std::int64_t code(BitCoder& coder, LeafModels& models, Nearby& nearby, std::size_t ordinal,
                      std::int64_t value);

  private:
    bool by_way(const Nearby& nearby, std::size_t ordinal, std::uint8_t way,
                std::int64_t& value) const;
    std::uint8_t right_way(const Nearby& nearby, std::size_t ordinal, std::int64_t actual) const;
    std::int64_t code_value(BitCoder& coder, LeafModels& models, std::int64_t value) const;
    void learn_unit(std::int64_t written);
    bool as_difference() const { return difference_bits_ < value_bits_; }

    std::array<BitModel, 2> foreseen_;
    Choice choice_;
    std::uint8_t scale_ = 0;   ///< Index of the unit it is written in.
    std::uint8_t larger_ = 0;  ///< Times in a row that a larger unit would have done.
    std::uint16_t value_bits_ = 0;
    std::uint16_t difference_bits_ = 0;
    std::int64_t last_ = 0;
    std::int64_t step_ = 0;
};

/// One text of one form of rows.
class TextMemory {
  public:
    explicit TextMemory(std::size_t ordinal);
    /// As NumberMemory::code. The text read is in `text`; false where none can be read.
    bool code(BitCoder& coder, LeafModels& models, LetterModel& letters, Nearby& nearby,
              std::size_t ordinal, TextTable& table, std::string& text);
    /// Number of the last text in its table, or TextTable::kNone.
    std::uint32_t id() const { return last_id_; }

  private:
    bool by_way(const Nearby& nearby, std::size_t ordinal, std::uint8_t way, const TextTable& table,
                ByteView& text);
    bool code_text(BitCoder& coder, LeafModels& models, LetterModel& letters,
                   const TextTable& table, std::string& text, std::uint32_t& id) const;
    bool code_counted(BitCoder& coder, LeafModels& models, std::string& text) const;
    std::uint8_t right_way(const Nearby& nearby, std::size_t ordinal, const TextTable& table,
                           ByteView actual) const;
    void learn(bool one_more, std::size_t ordinal, ByteView actual, std::uint32_t id,
               TextTable& table);
    void keep_kinds(ByteView actual);
    const std::string& of_kind(std::size_t kind) const {
        return kind == 0 ? last_ : older_[kind - 1];
    }

    std::array<BitModel, 2> foreseen_;
    Choice choice_;
    std::uint32_t last_id_ = TextTable::kNone;
    std::string last_;
    std::array<std::string, 3> older_;  ///< Of other kinds: they differ in more than numbers.
    std::string next_;                  ///< Room for what is foreseen.
};

}  // namespace filial::schema
