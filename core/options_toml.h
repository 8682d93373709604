#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "schema/bytes.h"
#include "schema/result.h"

/// TOML as our files use it: values at the top, [tables] and [[lists of tables]], one level deep.
/// The only place that knows the TOML library.
namespace filial::core {

/// What a value may be. Anything else of TOML is refused where it stands.
using TomlValue = std::variant<std::string, std::int64_t, bool, std::vector<std::string>>;

struct TomlEntry {
    std::string key;
    TomlValue value;
    std::size_t line = 0;
};

/// One table, in the order of its first line.
struct TomlTable {
    std::string name;      ///< "" for the top of the file, "publisher" for [publisher].
    bool of_list = false;  ///< One of [[name]].
    std::size_t line = 0;
    std::vector<TomlEntry> entries;  ///< By line.

    const TomlEntry* find(std::string_view key) const;
};

/// `invalid` with "name:line: ..." for text that is no TOML, or has a kind of value or a nesting
/// that our files do not use. `name` is the file's, for messages.
schema::Result<std::vector<TomlTable>> parse_toml(schema::ByteView text, const std::string& name);

/// The file's tables. `not_found` if there is no file.
schema::Result<std::vector<TomlTable>> read_toml(const std::filesystem::path& file);

/// "text", "a number", ...: what a value is, for messages.
std::string_view toml_kind(const TomlValue& value);

/// `text` between quotes, as TOML reads it back.
std::string toml_quoted(std::string_view text);
/// As it would be written in a file.
std::string toml_text(const TomlValue& value);

}  // namespace filial::core
