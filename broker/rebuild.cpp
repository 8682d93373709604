#include "broker/rebuild.h"

#include "broker/heard_stores.h"
#include "broker/life.h"
#include "core/journal/log_base.h"
#include "core/journal/log_rebuild.h"
#include "core/log.h"

namespace filial::broker {

using core::Level;
using schema::Result;

namespace {

constexpr std::size_t kRescueStep = 1 << 20;

Result<void> write_state(core::DamagedJournal& repair) {
    core::JournalWrite write;
    std::size_t bytes = 0;
    const auto commit = [&] {
        const auto done = repair.target().commit(write, true);
        write = {};
        bytes = 0;
        return done;
    };
    // Epochs granted and machines met may be among what is lost: stores must see that.
    const bool whole = repair.state_is_whole();
    if (!whole) {
        core::log(Level::error,
                  "a part of what this broker granted and met cannot be read: stores take it for "
                  "one without its memory until it is accepted there",
                  {});
    }
    for (auto& [key, value] : repair.rescued()) {
        if (core::is_base_key(key)) continue;  // The stores send the whole logs again.
        if (!whole && (is_life_key(key) || is_heard_key(key))) continue;
        bytes += key.size() + value.size();
        write.state.emplace_back(key, value);
        if (bytes < kRescueStep) continue;
        if (const auto done = commit(); !done) return done;
    }
    return commit();
}

}  // namespace

Result<void> rebuild_journal(core::DamagedJournal& damaged, const std::string& why,
                             const std::function<bool()>& stop) {
    core::log(Level::error, "the journal is damaged and is repaired", {{"why", why}});
    for (const schema::StoreId& store : damaged.stores()) {
        core::LogRebuild log(damaged, store);
        bool more = true;
        while (more) {
            if (stop()) return {};
            more = log.salvage(kRescueStep);
            if (const auto done = log.commit(); !done) return done;
        }
        if (log.end() >= log.known_end()) continue;
        core::log(Level::error, "a part of a log cannot be read: the store is asked for it again",
                  {{"store", store.value()},
                   {"whole_upto", log.end().value()},
                   {"ended", log.known_end().value()},
                   {"why", log.why()}});
    }
    if (const auto done = write_state(damaged); !done) return done;
    const auto kept = damaged.finish(why);
    if (!kept) return tl::unexpected(kept.error());
    core::log(Level::warn, "the journal is repaired", {{"damaged", kept->string()}});
    return {};
}

}  // namespace filial::broker
