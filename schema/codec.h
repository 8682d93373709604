#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "schema/bytes.h"
#include "schema/result.h"

namespace filial::schema {

/// Builds one canonical encoding: msgpack in its shortest form, fields in a fixed order. The only
/// way in which bytes of our formats are made.
class Writer {
  public:
    Writer& array(std::size_t elements);
    Writer& u64(std::uint64_t value);
    Writer& i64(std::int64_t value);
    Writer& boolean(bool value);
    Writer& nil();
    Writer& str(std::string_view text);  ///< Text: UTF-8, checked where people hand it in.
    Writer& bin(ByteView bytes);         ///< Anything else.
    Writer& raw(ByteView encoded);       ///< Values that are encoded already.

    const Bytes& bytes() const { return bytes_; }
    Bytes take() { return std::move(bytes_); }
    std::size_t size() const { return bytes_.size(); }
    /// Room for so many bytes in all, so that adding them moves nothing.
    void reserve(std::size_t bytes) { bytes_.reserve(bytes); }

  private:
    Bytes bytes_;
};

class Parser;

/// Reads the elements of one decoded array in order. A missing element reads as the default value
/// (readers fill what older writers do not send); a wrong type marks the whole parse as failed and
/// reads as the default. Ask `Parser::finish` at the end. Views point into the bytes
/// given to the parser and live as long as those and the parser's next call.
class Fields {
  public:
    Fields() = default;
    std::size_t size() const { return size_; }
    std::size_t read() const { return at_; }
    bool more() const { return at_ < size_; }

    std::uint64_t u64();
    std::uint32_t u32();  ///< Fails above 32 bits.
    std::int64_t i64();
    bool boolean();
    std::string_view str();  ///< nil reads as empty.
    ByteView bin();          ///< nil reads as empty.
    Fields array();          ///< nil reads as empty.
    bool next_is_nil() const;
    void skip() { ++at_; }
    /// Fails the parse: a value of the right type that cannot be taken.
    void refuse(std::string_view expected);

  private:
    friend class Parser;
    const void* elements_ = nullptr;
    std::size_t size_ = 0;
    std::size_t at_ = 0;
    Parser* parser_ = nullptr;
    const void* take();
};

/// Decodes msgpack with limits that hold before memory is spent: bytes cost at most 16 times their
/// own number, which is kept for the next ones. Reusable. One thread at a time.
class Parser {
  public:
    Parser();
    ~Parser();
    Parser(const Parser&) = delete;
    Parser& operator=(const Parser&) = delete;

    /// One array that takes all of `bytes`. `corrupt` if it is anything else, is cut off, is
    /// deeper or longer than schema/limits.h allows, or has bytes behind it.
    Result<Fields> array(ByteView bytes);

    /// `corrupt`, naming `what`, if any read since `array` met a wrong type.
    Result<void> finish(std::string_view what) const;

    /// The encoded elements of the array in `bytes` from `index` on, empty if it has no more: for
    /// trailing fields that this version does not know, kept byte for byte.
    static Result<ByteView> elements_from(ByteView bytes, std::size_t index);
    /// How many encoded values stand one after the other in `bytes`, to its very end.
    static Result<std::size_t> count_values(ByteView bytes);

  private:
    friend class Fields;
    void wrong(std::string_view expected);
    Fields fields_of(const void* array);
    struct Memory;
    std::unique_ptr<Memory> memory_;
    std::string error_;
};

/// True if `text` is well-formed UTF-8 (no overlong forms, no surrogates).
bool is_utf8(std::string_view text);

}  // namespace filial::schema
