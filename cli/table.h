#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace filial::cli {

/// Rows of text for people, in columns that are as wide as they need to be.
class Table {
  public:
    /// A header that begins with '>' is of a column of numbers, set to the right.
    explicit Table(std::vector<std::string> headers);
    /// As many cells as there are headers.
    void add(std::vector<std::string> cells);
    /// Without the headers.
    std::size_t rows() const { return rows_.size() - 1; }
    /// Two blanks between columns, none at the end of a line.
    std::string text() const;

  private:
    std::vector<bool> right_;
    std::vector<std::vector<std::string>> rows_;  ///< The first one is the header.
};

/// Columns that `text` takes at a terminal: characters, not bytes.
std::size_t width_of(const std::string& text);

}  // namespace filial::cli
