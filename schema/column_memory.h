#pragma once

#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "schema/bit_coder.h"
#include "schema/flat_row.h"
#include "schema/leaf_memory.h"
#include "schema/result.h"

namespace filial::schema {

/// What the rows of one log so far say about the next one: their forms, what follows what, the
/// texts that were seen. It is a fold over the rows in the order of their positions and of nothing
/// else: two ends that took the same rows, whichever way, hold the same.
///
/// Bounded: when it grows beyond what a log of the product can make of it, it forgets everything at
/// the beginning of a row, at both ends alike. After a failed `read` it is of no use.
class ColumnMemory {
  public:
    ColumnMemory();
    ~ColumnMemory();
    ColumnMemory(ColumnMemory&&) noexcept;
    ColumnMemory& operator=(ColumnMemory&&) noexcept;

    /// Writes one row, behind those before it.
    void write(BitCoder& coder, std::string_view topic, const ClientId& client, Sequence seq,
               ByteView row);
    /// One row as it was read; the views hold until the next one.
    struct Read {
        std::string_view topic;
        ClientId client;
        Sequence seq;
        ByteView row;
    };
    /// `corrupt` where there is no row to read. A row has at most kEventBytesMax.
    Result<Read> read(BitCoder& coder);

    /// Bytes that it holds, about.
    std::size_t bytes() const;

  private:
    struct Place;
    struct Context;
    struct Shape;
    struct Tables;

    bool crowded() const;
    void forget();
    std::uint32_t shape_of(std::string_view topic, ByteView form);
    bool code_shape(BitCoder& coder, std::string_view topic, std::uint32_t& shape);
    bool code_new_shape(BitCoder& coder, std::string_view topic, std::uint32_t& shape);
    bool code_letters(BitCoder& coder, std::size_t most, std::string& text);
    Context& context_of(std::uint32_t shape);
    TextTable& table_of(const Shape& shape, std::size_t ordinal);
    bool code_leaves(BitCoder& coder, std::uint32_t shape);
    bool code_text(BitCoder& coder, Shape& shape, Context& context, std::size_t index,
                   Nearby& nearby);
    void next_row(std::uint32_t shape);

    std::vector<Shape> shapes_;
    std::unordered_map<std::string, std::uint32_t> shape_ids_;  ///< By topic, 0, form.
    std::map<std::string, std::size_t, std::less<>> topics_;
    std::vector<std::unique_ptr<Tables>> tables_;
    TextTable clients_;
    LetterModel letters_;
    NumberModel sizes_;
    NumberModel shape_model_;
    std::size_t leaves_ = 0;  ///< Of all contexts.
    std::uint32_t last_shape_;
    TextTable::Entry* key_ = nullptr;  ///< Of the row in hand.
    std::unique_ptr<FlatRow> before_;
    std::unique_ptr<FlatRow> own_;
    std::string room_;
};

}  // namespace filial::schema
