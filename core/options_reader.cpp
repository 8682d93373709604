#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "core/options.h"
#include "core/options_remote.h"
#include "core/options_table.h"

extern char** environ;

namespace filial::core {

using schema::Errc;
using schema::fail;
using schema::Result;
using std::filesystem::path;

namespace {

constexpr std::string_view kPrefix = "FILIAL_";

Result<void> unknown(const std::string& where, const std::string& name) {
    std::string known;
    const std::string table = name.substr(0, name.find('.') + 1);
    for (const OptionRow& row : option_rows()) {
        const bool beside = table.empty() ? row.name.find('.') == std::string_view::npos
                                          : row.name.substr(0, table.size()) == table;
        if (beside) known += (known.empty() ? "" : ", ") + std::string(row.name);
    }
    if (known.empty()) known = "one of the tables of filial.toml";
    return fail(Errc::invalid, where + ": " + name + ": unknown option, expected " + known);
}

Result<void> read_table(Options& options, const TomlTable& table) {
    const std::string file = options.file.string();
    const std::string where = file + ":" + std::to_string(table.line);
    if (table.name == "hub" || table.name == "peer") {
        auto& to = table.name == "hub" ? options.hubs : options.peers;
        const std::size_t before = to.size();
        if (auto read = read_remote(to, table, file); !read) return read;
        if (to.size() > before) options.origins[table.name + " " + to.back().name] = where;
        return {};
    }
    const auto rows = option_rows();
    const bool known = std::any_of(rows.begin(), rows.end(), [&](const OptionRow& row) {
        return row.name.rfind(table.name + ".", 0) == 0;
    });
    if (!table.name.empty() && (!known || table.of_list)) {
        return fail(Errc::invalid,
                    where + ": [" + table.name +
                        "]: unknown table, expected [[hub]], [[peer]], [publisher], "
                        "[subscriber], [broker], [central], [sync], [freshness], [limits], [disk] "
                        "or [log]");
    }
    for (const TomlEntry& entry : table.entries) {
        const std::string name = (table.name.empty() ? "" : table.name + ".") + entry.key;
        const std::string at = file + ":" + std::to_string(entry.line);
        const OptionRow* row = find_option(name);
        if (row == nullptr) return unknown(at, name);
        std::string why;
        if (row->kind().index() != entry.value.index()) {
            why = "it is " + std::string(toml_kind(entry.value));
        } else {
            why = row->set(options, entry.value, options.file.parent_path());
        }
        if (!why.empty()) {
            return fail(Errc::invalid,
                        at + ": " + name + ": " + why + ", expected " + std::string(row->expected));
        }
        options.origins[name] = at;
    }
    return {};
}

Result<void> read_tables(Options& options, const std::vector<TomlTable>& tables) {
    for (const TomlTable& table : tables) {
        if (auto read = read_table(options, table); !read) return read;
    }
    return {};
}

Result<void> read_file(Options& options) {
    const auto tables = read_toml(options.file);
    if (tables) return read_tables(options, *tables);
    const bool missing = tables.error().code == Errc::not_found;
    return fail(Errc::invalid,
                tables.error().message + (missing ? "; run `filial init`, or name another file "
                                                    "with --config or FILIAL_CONFIG"
                                                  : ""));
}

/// Variables that look like options but are none: a slip that would silently do nothing.
void check_variables(Options& options) {
    for (char** variable = environ; variable != nullptr && *variable != nullptr; ++variable) {
        const std::string_view text = *variable;
        if (text.rfind(kPrefix, 0) != 0) continue;
        const std::string_view name = text.substr(0, text.find('='));
        if (name == "FILIAL_CONFIG" || name == "FILIAL_BIN" || name == "FILIAL_OUT" ||
            name == "FILIAL_FULL" || name.rfind("FILIAL_TEST_", 0) == 0) {
            continue;
        }
        const auto rows = option_rows();
        const bool known = std::any_of(rows.begin(), rows.end(), [&](const OptionRow& row) {
            return variable_of(row) == name;
        });
        if (known) continue;
        options.warnings.push_back("environment " + std::string(name) +
                                   ": names no option and changes nothing; "
                                   "FILIAL_PUBLISHER_LISTEN is [publisher] listen");
    }
}

Result<void> override_with(Options& options, const Overrides& overrides, bool from_flags) {
    for (const auto& [name, text] : overrides) {
        const OptionRow* row = find_option(name);
        const std::string where = from_flags || row == nullptr ? "flag " + name : variable_of(*row);
        if (row == nullptr) return unknown("flag", name);
        const std::string why = set_from_text(options, *row, text, std::filesystem::current_path());
        if (!why.empty()) {
            return fail(Errc::invalid,
                        where + ": " + why + ", expected " + std::string(row->expected));
        }
        options.origins[name] = where;
    }
    return {};
}

}  // namespace

Overrides overrides_from_environment() {
    Overrides overrides;
    for (const OptionRow& row : option_rows()) {
        const char* value = std::getenv(variable_of(row).c_str());
        if (value != nullptr) overrides[std::string(row.name)] = value;
    }
    return overrides;
}

Result<void> parse_options(Options& options, schema::ByteView text) {
    const auto tables = parse_toml(text, options.file.string());
    if (!tables) return tl::unexpected(tables.error());
    return read_tables(options, *tables);
}

Result<Options> load_options(const path& file, const Overrides& flags) {
    Options options;
    std::error_code error;
    const path here = std::filesystem::current_path(error);
    if (!file.empty()) options.file = (here / file).lexically_normal();
    options.data = file.empty() ? here : options.file.parent_path();

    if (!file.empty()) {
        if (auto read = read_file(options); !read) return tl::unexpected(read.error());
    }
    check_variables(options);
    auto overridden = override_with(options, overrides_from_environment(), false);
    if (overridden) overridden = override_with(options, flags, true);
    if (!overridden) return tl::unexpected(overridden.error());

    if (options.sockets.empty()) options.sockets = default_sockets(options.data);
    if (auto checked = check_options(options); !checked) return tl::unexpected(checked.error());
    return options;
}

}  // namespace filial::core
