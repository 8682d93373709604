#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

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

    const Value& root() const { return values_.front(); }
    const Value* elements(const Value& array) const { return values_.data() + array.number; }

  private:
    std::vector<Value> values_;
    std::string_view error_;
};

}  // namespace filial::schema
