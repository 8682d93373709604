#pragma once

#include <compare>
#include <utility>

namespace filial::schema {

/// A number (or text) of one meaning: one explicit way in, one spelled-out way out.
template <class T, class Tag>
class Strong {
  public:
    constexpr Strong() = default;
    constexpr explicit Strong(T value) : value_(std::move(value)) {}
    constexpr const T& value() const { return value_; }
    friend constexpr auto operator<=>(const Strong&, const Strong&) = default;
    friend constexpr bool operator==(const Strong&, const Strong&) = default;

  private:
    T value_{};
};

}  // namespace filial::schema
