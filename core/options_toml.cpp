#include "core/options_toml.h"

#include <fmt/format.h>

#include <toml++/toml.h>
#include <algorithm>
#include <optional>

#include "core/disk_text.h"

namespace filial::core {

using schema::Errc;
using schema::fail;
using schema::Result;

namespace {

/// A configuration of a thousand stores has 200 KiB.
constexpr std::size_t kTomlBytesMax = 4 * 1024 * 1024;

std::size_t line_of(const toml::node& node) { return node.source().begin.line; }

std::optional<TomlValue> value_from(const toml::node& node) {
    if (const auto* text = node.as_string()) return TomlValue(text->get());
    if (const auto* number = node.as_integer()) return TomlValue(number->get());
    if (const auto* flag = node.as_boolean()) return TomlValue(flag->get());
    const auto* array = node.as_array();
    if (array == nullptr) return std::nullopt;
    std::vector<std::string> texts;
    for (const toml::node& element : *array) {
        const auto* text = element.as_string();
        if (text == nullptr) return std::nullopt;
        texts.push_back(text->get());
    }
    return TomlValue(std::move(texts));
}

/// Turns the library's tree into tables, and stops at the first thing that has no place in it.
class Flattener {
  public:
    explicit Flattener(const std::string& name) : name_(name) {}

    Result<std::vector<TomlTable>> flatten(const toml::table& root) {
        TomlTable top;
        top.line = 1;
        for (const auto& [key, node] : root) add(top, key, node, true);
        std::stable_sort(tables_.begin(), tables_.end(),
                         [](const auto& a, const auto& b) { return a.line < b.line; });
        tables_.insert(tables_.begin(), sorted(std::move(top)));
        if (!error_.empty()) return fail(Errc::invalid, error_);
        return std::move(tables_);
    }

  private:
    void add(TomlTable& to, const toml::key& key, const toml::node& node, bool top) {
        const std::string name(key.str());
        const auto* array = node.as_array();
        const bool list = array != nullptr && !array->empty() && array->front().is_table();
        if (top && node.is_table()) {
            add_table(name, *node.as_table(), false);
        } else if (top && list) {
            for (const toml::node& element : *array) {
                if (element.is_table()) {
                    add_table(name, *element.as_table(), true);
                } else {
                    refuse(line_of(element), name, "tables and values mixed in one list");
                }
            }
        } else if (auto value = value_from(node)) {
            to.entries.push_back({name, std::move(*value), key.source().begin.line});
        } else {
            refuse(key.source().begin.line, name,
                   "expected text, a whole number, true or false, or a list of texts");
        }
    }

    void add_table(const std::string& name, const toml::table& from, bool of_list) {
        TomlTable table{name, of_list, line_of(from), {}};
        for (const auto& [key, node] : from) add(table, key, node, false);
        tables_.push_back(sorted(std::move(table)));
    }

    static TomlTable sorted(TomlTable table) {
        std::stable_sort(table.entries.begin(), table.entries.end(),
                         [](const auto& a, const auto& b) { return a.line < b.line; });
        return table;
    }

    void refuse(std::size_t line, const std::string& key, const std::string& why) {
        if (!error_.empty() && line >= error_line_) return;
        error_line_ = line;
        error_ = fmt::format("{}:{}: {}: {}", name_, line, key, why);
    }

    const std::string& name_;
    std::vector<TomlTable> tables_;
    std::string error_;
    std::size_t error_line_ = 0;
};

}  // namespace

const TomlEntry* TomlTable::find(std::string_view key) const {
    const auto found = std::find_if(entries.begin(), entries.end(),
                                    [&](const TomlEntry& entry) { return entry.key == key; });
    return found == entries.end() ? nullptr : &*found;
}

Result<std::vector<TomlTable>> parse_toml(schema::ByteView text, const std::string& name) try {
    const toml::table root = toml::parse(text, name);
    return Flattener(name).flatten(root);
} catch (const toml::parse_error& e) {
    return fail(Errc::invalid, fmt::format("{}:{}: {}", name, e.source().begin.line,
                                           std::string(e.description())));
}

Result<std::vector<TomlTable>> read_toml(const std::filesystem::path& file) {
    const auto text = read_text(file, kTomlBytesMax);
    if (!text) return tl::unexpected(text.error());
    return parse_toml(*text, file.string());
}

std::string_view toml_kind(const TomlValue& value) {
    constexpr std::string_view kinds[] = {"text", "a number", "true or false", "a list of texts"};
    return kinds[value.index()];
}

std::string toml_quoted(std::string_view text) {
    std::string quoted = "\"";
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\') {
            quoted += '\\';
            quoted += c;
        } else if (byte < 0x20 || byte == 0x7f) {
            quoted += fmt::format("\\u{:04X}", byte);
        } else {
            quoted += c;
        }
    }
    return quoted + '"';
}

std::string toml_text(const TomlValue& value) {
    if (const auto* text = std::get_if<std::string>(&value)) return toml_quoted(*text);
    if (const auto* number = std::get_if<std::int64_t>(&value)) return std::to_string(*number);
    if (const auto* flag = std::get_if<bool>(&value)) return *flag ? "true" : "false";
    std::string list;
    for (const std::string& text : std::get<std::vector<std::string>>(value)) {
        list += (list.empty() ? "" : ", ") + toml_quoted(text);
    }
    return "[" + list + "]";
}

}  // namespace filial::core
