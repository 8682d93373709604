#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

#include "schema/bytes.h"
#include "schema/ids.h"

namespace filial::schema {

/// Leaves of one row that columns take apart; a row with more of them stays whole.
constexpr std::size_t kLeavesMax = 48;
/// Bytes of a form: the longest of the product's own rows has 50.
constexpr std::size_t kFormMax = 120;

/// One value of a row.
struct Leaf {
    enum class Kind : std::uint8_t { number, text, bytes };
    Kind kind = Kind::number;
    std::int64_t number = 0;
    std::uint32_t from = 0;  ///< Of a text or bytes: where in FlatRow::bytes, and how long.
    std::uint32_t size = 0;
};

/// A row taken apart: what all rows of its kind have alike (`form`), and its values in order.
/// A payload that is itself an array is opened. Leaves begin with client and position, which
/// stand beside the row. A row that is not in the one canonical encoding, or is larger than
/// columns are made for, is one leaf of bytes: taken apart or not, `put_together` gives back
/// exactly its bytes.
struct FlatRow {
    Bytes bytes;                            ///< The client, and behind it the row.
    std::array<char, kFormMax> form_bytes;  ///< One byte an element: see Form.
    std::size_t form_size = 0;
    std::array<Leaf, kLeavesMax> leaves;
    std::size_t count = 0;
    std::array<std::uint8_t, kLeavesMax> numbers;  ///< Which leaves are numbers, in order.
    std::size_t number_count = 0;
    std::array<std::uint8_t, kLeavesMax> texts;  ///< Which are texts.
    std::size_t text_count = 0;

    /// Empties it; `client_bytes` stand first.
    void begin(ByteView client_bytes) {
        bytes.assign(client_bytes);
        form_size = 0;
        count = number_count = text_count = 0;
    }
    /// The caller looks that there are fewer than kLeavesMax.
    void add(const Leaf& leaf) {
        const auto at = static_cast<std::uint8_t>(count);
        if (leaf.kind == Leaf::Kind::number) numbers[number_count++] = at;
        if (leaf.kind == Leaf::Kind::text) texts[text_count++] = at;
        leaves[count++] = leaf;
    }
    std::int64_t number(std::size_t ordinal) const { return leaves[numbers[ordinal]].number; }
    ByteView text_at(std::size_t ordinal) const { return text(leaves[texts[ordinal]]); }
    ByteView form() const { return {form_bytes.data(), form_size}; }
    ByteView row() const {
        return ByteView(bytes).substr(std::min(bytes.size(), sizeof(ClientId)));
    }
    ByteView text(const Leaf& leaf) const { return {bytes.data() + leaf.from, leaf.size}; }
};

/// Elements of a form. 0x90 to 0x9f, 0xc0, 0xc2 and 0xc3 stand for themselves, as in msgpack.
enum class Form : std::uint8_t {
    number = 1,
    text = 2,
    bytes = 3,
    opened = 4,  ///< Bytes that are one array: its elements follow.
    kind = 5,    ///< A text that is alike in all rows of the form: length and bytes follow.
    whole = 6,   ///< The row as it is; nothing else stands in the form.
};

/// Leaves of every row, taken apart or not.
constexpr std::size_t kLeafClient = 0;
constexpr std::size_t kLeafSeq = 1;
constexpr std::size_t kLeavesBeside = 2;

void take_apart(ByteView row, const ClientId& client, Sequence seq, FlatRow& into);

/// The kinds of the leaves in all rows of `form`; empty if `take_apart` cannot make such a form.
std::vector<Leaf::Kind> leaves_of(ByteView form);

/// Builds the row of a form from its leaves, in the one canonical encoding.
class RowBuilder {
  public:
    /// `form` must be one that `leaves_of` accepts, and outlive the builder.
    RowBuilder(ByteView form, FlatRow& into) : form_(form), into_(into) {}
    /// Writes what comes before the next leaf. True if one comes, false at the row's end.
    bool next();
    void number(std::int64_t value);
    void text(ByteView text);
    void bytes(ByteView bytes);

  private:
    void close();
    ByteView form_;
    FlatRow& into_;
    std::size_t at_ = 0;
    bool opened_ = false;
    std::size_t opened_at_ = 0;            ///< Where the opened payload begins in the row.
    std::array<std::uint8_t, 24> open_{};  ///< Elements to come of the opened payload's arrays.
    std::size_t depth_ = 0;
};

}  // namespace filial::schema
