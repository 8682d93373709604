#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "schema/bytes.h"

namespace filial::schema {

/// Walks over encoded values without building them, and holds the limits before anything is spent:
/// nothing is deeper or longer than schema/limits.h allows, and nothing says that it has more
/// elements or bytes than there are left. A step that returns false ends the walk; see `error`.
class Walker {
  public:
    explicit Walker(ByteView bytes) : bytes_(bytes) {}
    std::size_t at() const { return at_; }
    std::size_t left() const { return bytes_.size() - at_; }
    std::string_view error() const { return error_; }

    /// Over the head of an array; gives its number of elements.
    bool array_head(std::uint64_t& elements);
    /// Over one whole value.
    bool skip();

  private:
    unsigned char byte() { return static_cast<unsigned char>(bytes_[at_++]); }
    bool wrong(std::string_view why);
    bool number(std::size_t size, std::uint64_t& value);
    bool pass(std::uint64_t size);
    bool sized(std::size_t size, std::uint64_t more = 0);
    bool fits(std::uint64_t elements);
    bool one(std::uint64_t& inside);

    ByteView bytes_;
    std::size_t at_ = 0;
    std::string_view error_;
};

}  // namespace filial::schema
