#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace filial::schema {

/// Numbers of a row's payload that are kept by its key.
constexpr std::size_t kNumbersByKey = 6;

/// Texts that were seen, numbered from 0 as they came.
class TextTable {
  public:
    static constexpr std::uint32_t kNone = UINT32_MAX;
    struct Entry {
        std::string text;
        std::array<std::int64_t, kNumbersByKey> numbers{};  ///< Of the last row with this key.
        std::uint8_t count = 0;
    };

    std::uint32_t find(std::string_view text) const {
        const auto at = ids_.find(text);
        return at == ids_.end() ? kNone : at->second;
    }
    /// Adds it if it is new.
    std::uint32_t learn(std::string_view text) {
        const std::uint32_t known = find(text);
        if (known != kNone) return known;
        const auto id = static_cast<std::uint32_t>(entries_.size());
        entries_.emplace_back().text = text;
        ids_.emplace(entries_.back().text, id);
        order_.insert(order_.begin() + static_cast<std::ptrdiff_t>(rank_of(text)),
                      Ranked{first8(text), id});
        bytes_ += text.size();
        return id;
    }
    /// How many texts come before it in bytewise order.
    std::size_t rank_of(std::string_view text) const {
        const std::uint64_t first = first8(text);
        const auto at = std::partition_point(order_.begin(), order_.end(), [&](const Ranked& one) {
            return one.first != first ? one.first < first : entries_[one.id].text < text;
        });
        return static_cast<std::size_t>(at - order_.begin());
    }
    /// The text of that rank.
    std::uint32_t ranked(std::size_t rank) const { return order_[rank].id; }
    Entry& at(std::uint32_t id) { return entries_[id]; }
    const Entry& at(std::uint32_t id) const { return entries_[id]; }
    std::size_t size() const { return entries_.size(); }
    std::size_t bytes() const { return bytes_; }

  private:
    struct Ranked {
        std::uint64_t first;  ///< The text's first bytes: mostly they tell, without a look at it.
        std::uint32_t id;
    };
    static std::uint64_t first8(std::string_view text) {
        std::uint64_t value = 0;
        for (std::size_t i = 0; i < 8; ++i) {
            value = value << 8 | (i < text.size() ? static_cast<unsigned char>(text[i]) : 0u);
        }
        return value;
    }

    std::deque<Entry> entries_;  ///< Its elements stay where they are: the views point into them.
    std::unordered_map<std::string_view, std::uint32_t> ids_;
    std::vector<Ranked> order_;  ///< In bytewise order.
    std::size_t bytes_ = 0;
};

}  // namespace filial::schema
