#pragma once

#include <string>
#include <vector>

#include "cli/context.h"

namespace filial::cli {

struct InitArgs {
    std::string store;
    std::vector<std::string> hubs;  ///< "NAME=tcp://host:port=KEY", or one endpoint alone.
    std::string hub_name;           ///< With one endpoint alone.
    std::string hub_key;
    std::string dir;  ///< Empty: ./STORE
    bool broker = false;
    std::string listen;
};

/// `filial init`: folder, keys, filial.toml. Never changes a store that is there: `invalid`.
schema::Result<int> run_init(Context& context, const InitArgs& args);

}  // namespace filial::cli
