// An option's value as one text: of an environment variable, or of a flag.
#include <cctype>
#include <charconv>

#include "core/options_table.h"

namespace filial::core {

using Texts = std::vector<std::string>;
using std::filesystem::path;

namespace {

/// The elements between commas, without blanks around them; none of an empty text.
Texts split(std::string_view list) {
    Texts parts;
    while (!list.empty()) {
        const std::size_t comma = std::min(list.find(','), list.size());
        std::string_view part = list.substr(0, comma);
        while (!part.empty() && part.front() == ' ') part.remove_prefix(1);
        while (!part.empty() && part.back() == ' ') part.remove_suffix(1);
        parts.emplace_back(part);
        list.remove_prefix(std::min(comma + 1, list.size()));
    }
    return parts;
}

}  // namespace

std::string set_from_text(Options& options, const OptionRow& row, std::string_view given,
                          const path& base) {
    TomlValue value = row.kind();
    if (std::holds_alternative<std::string>(value)) {
        value = std::string(given);
    } else if (std::holds_alternative<Texts>(value)) {
        value = split(given);
    } else if (auto* flag = std::get_if<bool>(&value)) {
        if (given != "true" && given != "false") return "\"" + std::string(given) + "\"";
        *flag = given == "true";
    } else {
        auto& number = std::get<std::int64_t>(value);
        const auto [end, error] =
            std::from_chars(given.data(), given.data() + given.size(), number);
        if (error != std::errc() || end != given.data() + given.size() || given.empty()) {
            return "\"" + std::string(given) + "\" is no number";
        }
    }
    return row.set(options, value, base);
}

bool is_dialable(std::string_view endpoint) {
    const bool ipc = endpoint.starts_with("ipc://") && endpoint.size() > 6;
    const bool tcp = endpoint.starts_with("tcp://") && endpoint.rfind(':') > 6 &&
                     endpoint.rfind(':') != std::string_view::npos && endpoint.back() != ':';
    return ipc || tcp;
}

std::string variable_of(const OptionRow& row) {
    std::string name = "FILIAL_";
    for (const char c : row.name) {
        name += c == '.' || c == '-'
                    ? '_'
                    : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    }
    return name;
}

}  // namespace filial::core
