#include "cli/csv.h"

#include <algorithm>

namespace filial::cli {

std::string csv_cell(std::string_view text) {
    if (text.find_first_of(",\"\r\n") == std::string_view::npos) return std::string(text);
    std::string quoted = "\"";
    for (const char c : text) {
        if (c == '"') quoted += '"';
        quoted += c;
    }
    return quoted + "\"";
}

void CsvTable::add(std::initializer_list<std::string_view> cells) {
    std::string row;
    bool first = true;
    for (const std::string_view cell : cells) {
        if (!first) row += ',';
        first = false;
        row += csv_cell(cell);
    }
    rows_.push_back(std::move(row));
}

std::string CsvTable::text() {
    std::sort(rows_.begin(), rows_.end());
    std::string text = header_ + "\n";
    for (const std::string& row : rows_) text += row + "\n";
    return text;
}

}  // namespace filial::cli
