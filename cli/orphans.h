#pragma once

#include <string>

#include "cli/context.h"

namespace filial::cli {

struct OrphanArgs {
    std::string folder;  ///< A publisher's folder: set aside, of an old disk, of a backup.
    bool reissue = false;
    double wait_seconds = 30;  ///< For a publisher that does not take tickets yet.
};

/// `filial orphans FOLDER`: the tail of an older log of this store that is not in the log that goes
/// on, ticket by ticket. With --reissue the physical facts among them are booked again, each as the
/// ticket of its till that it was, so that neither a second run, nor a second disk with the same
/// tail, nor the till that hands it in again books anything twice. Exit code 4 if a ticket was
/// refused. The folder is not touched.
schema::Result<int> run_orphans(Context& context, const OrphanArgs& args);

}  // namespace filial::cli
