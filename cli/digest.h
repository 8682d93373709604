#pragma once

#include <string>

#include "cli/context.h"

namespace filial::cli {

struct DigestArgs {
    std::string at;     ///< Only this store's log.
    std::string topic;  ///< Only this topic.
    bool last = false;  ///< What the last look found, without another one.
    bool mend = false;
    std::int64_t wait_seconds = 300;  ///< For the look.
};

/// `filial digest`: what the replica's copy of each topic of each log comes to, at an exact
/// position, held against its source's: the own publisher, the brokers. Where they differ the
/// range is narrowed down to the first events that do; with `mend` the log is loaded again. Exit
/// code 0: all equal; 1: something differs or is damaged; 3: something could not be compared.
schema::Result<int> run_digest(Context& context, const DigestArgs& args);

}  // namespace filial::cli
