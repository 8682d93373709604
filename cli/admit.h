#pragma once

#include <string>
#include <vector>

#include "cli/context.h"

namespace filial::cli {

struct AdmitArgs {
    std::string store;
    std::string key;
    std::vector<std::string> read;  ///< Topics; empty: all.
    bool tickets = false;
    bool relay = false;
    bool list = false;
    std::string revoke;
};

/// `filial admit`: writes this folder's allow list, which the running programs read again at once.
schema::Result<int> run_admit(Context& context, const AdmitArgs& args);

}  // namespace filial::cli
