#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "schema/bytes.h"

namespace filial::schema {

/// One decoded value. Texts and bytes are views of what was read; elements stand in the tree.
struct Value {
    enum class Kind : std::uint8_t { nil, boolean, positive, negative, text, bytes, array, other };

    Kind kind = Kind::nil;
    std::uint32_t size = 0;  ///< Of a text, of bytes, of an array.
    union {
        std::uint64_t number = 0;  ///< Of a boolean 0 or 1; the place of an array's first element.
        std::int64_t minus;
        const char* at;
    };

    ByteView view() const { return {at, size}; }
};

/// Reads one encoded value with all that is in it by msgpack-c, in one walk and without an
/// allocation of its own once it has grown. The limits of schema/limits.h hold before anything is
/// spent: a value takes 16 bytes for each byte that was read, at most. What our formats do not have
/// (maps, floats, extension types) is walked over and is `other`.
class ValueTree {
  public:
    /// False if `bytes` are not one whole value: see `error`. The views are of `bytes`.
    bool read(ByteView bytes);
    std::string_view error() const { return error_; }

    const Value& root() const { return places_[0]; }
    const Value* elements(const Value& array) const { return places_.get() + array.number; }

  private:
    friend class TreeBuilder;
    /// Room for `count` more behind those that are taken, and for `most` in all at most. What is in
    /// it is not said: each place is written before it is read, or the whole is refused.
    std::size_t take(std::size_t count, std::size_t most);

    std::unique_ptr<Value[]> places_;
    std::size_t room_ = 0;   ///< Of `places_`.
    std::size_t taken_ = 0;  ///< Of them, from the first on.
    std::string_view error_;
};

}  // namespace filial::schema
