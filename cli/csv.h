#pragma once

#include <cstddef>
#include <filesystem>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "schema/result.h"

namespace filial::cli {

/// A cell of RFC 4180: quoted only where it holds a comma, a quote or a line break.
std::string csv_cell(std::string_view text);

/// One CSV file, gathered in memory and written with its rows in bytewise order.
class CsvTable {
  public:
    explicit CsvTable(std::string header) : header_(std::move(header)) {}
    void add(std::initializer_list<std::string_view> cells);
    std::size_t rows() const { return rows_.size(); }
    /// Header, then the rows sorted bytewise as whole lines, each ended by a newline.
    std::string text();

  private:
    std::string header_;
    std::vector<std::string> rows_;
};

}  // namespace filial::cli
