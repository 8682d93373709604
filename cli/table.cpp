#include "cli/table.h"

#include <algorithm>

#include "schema/result.h"

namespace filial::cli {

std::size_t width_of(const std::string& text) {
    // Every byte but those that continue a character of UTF-8.
    return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
        return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
    }));
}

Table::Table(std::vector<std::string> headers) {
    for (std::string& header : headers) {
        const bool right = header.starts_with('>');
        right_.push_back(right);
        if (right) header.erase(0, 1);
    }
    rows_.push_back(std::move(headers));
}

void Table::add(std::vector<std::string> cells) {
    schema::check(cells.size() == right_.size(), "a row has a cell for each column");
    rows_.push_back(std::move(cells));
}

std::string Table::text() const {
    std::vector<std::size_t> widths(right_.size(), 0);
    for (const auto& row : rows_) {
        for (std::size_t i = 0; i < row.size(); ++i) {
            widths[i] = std::max(widths[i], width_of(row[i]));
        }
    }
    std::string text;
    for (const auto& row : rows_) {
        std::string line;
        for (std::size_t i = 0; i < row.size(); ++i) {
            const std::string space(widths[i] - width_of(row[i]), ' ');
            if (i > 0) line += "  ";
            line += right_[i] ? space + row[i] : row[i] + space;
        }
        line.erase(line.find_last_not_of(' ') + 1);
        text += line + "\n";
    }
    return text;
}

}  // namespace filial::cli
