#pragma once

#include <string>

#include "cli/context.h"

namespace filial::cli {

/// `filial restore DIR`: puts a backup in the place of this store's log and replica, which are set
/// aside and never removed, and stamps it: the store books nothing until head office has readmitted
/// it. `locked` while a program runs, `corrupt` for a backup that is not whole; then nothing was
/// changed.
schema::Result<int> run_restore(Context& context, const std::string& dir);

/// `filial replace-store`: the same without a backup: the log is built again from what the brokers
/// hold. A log that is here is set aside; the replica stays.
schema::Result<int> run_replace_store(Context& context);

/// `filial readmit [STORE CODE]`, at head office: this machine goes on as that store, and no other.
/// Without STORE: who has asked, and what became of it. `anyway`: why it goes on although stores
/// were not heard; else empty.
schema::Result<int> run_readmit(Context& context, const std::string& store, const std::string& code,
                                const std::string& anyway);

/// `filial accept-hub [HUB CODE]`, at a store: the broker of HUB, which lost its memory, is the
/// company's in the life that begins with CODE. Without HUB: which lives are known here.
schema::Result<int> run_accept_hub(Context& context, const std::string& hub,
                                   const std::string& code, const std::string& reason);

}  // namespace filial::cli
