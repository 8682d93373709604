#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <string_view>

#include "core/options.h"
#include "core/options_toml.h"

namespace filial::core {

/// One option that has one value: how it is named, read and shown. The table of all of them is the
/// only place that knows their names.
struct OptionRow {
    std::string_view name;      ///< "publisher.listen"; the part before the dot is its [table].
    std::string_view expected;  ///< For errors: "expected ...".
    /// Which kind of TomlValue it has in the file: an empty one of that kind.
    TomlValue (*kind)();
    /// Sets it. Returns why the value cannot be (empty: it was set). `base` is the folder that
    /// relative paths begin at.
    std::string (*set)(Options& options, const TomlValue& value, const std::filesystem::path& base);
    TomlValue (*get)(const Options& options);
};

/// In the order of the documentation.
std::span<const OptionRow> option_rows();
const OptionRow* find_option(std::string_view name);

/// "FILIAL_PUBLISHER_LISTEN" for "publisher.listen".
std::string variable_of(const OptionRow& row);

/// Reads the value of a flag or a variable: text, a number, true or false, or a comma list.
/// Returns why it cannot be; empty if it was set.
std::string set_from_text(Options& options, const OptionRow& row, std::string_view text,
                          const std::filesystem::path& base);

/// tcp://HOST:PORT or ipc://PATH.
bool is_dialable(std::string_view endpoint);

/// Where local sockets are when the options do not say: `data`, or a short folder in /tmp.
std::filesystem::path default_sockets(const std::filesystem::path& data);

}  // namespace filial::core
