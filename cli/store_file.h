#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/options.h"
#include "schema/result.h"

namespace filial::cli {

/// What a new store's filial.toml says.
struct StoreFile {
    std::string store;
    std::vector<core::Remote> hubs;
    bool broker = false;
    std::string listen;  ///< Of the broker if it is one, else of the publisher; empty: none.
};

/// The file's text: the chosen values, and everything else as comments with its default.
std::string store_file_text(const StoreFile& file);

/// "NAME=tcp://host:port=KEY" as `init --broker` prints it. `invalid` with the right form.
schema::Result<core::Remote> parse_hub(std::string_view text);
/// NAME, endpoint and KEY each alone. `invalid` naming what is wrong.
schema::Result<core::Remote> check_hub(core::Remote hub);

}  // namespace filial::cli
