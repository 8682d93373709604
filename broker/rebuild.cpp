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

constexpr std::size_t kRebuildStepBytes = 1 << 20;

using AllBases = std::map<schema::StoreId, core::TopicBases>;

/// The whole bases; what is wrong with others is logged.
AllBases bases_of(const core::DamagedJournal& repair) {
    std::vector<std::string> why;
    auto bases = core::whole_bases(repair.rescued(), repair.state_is_whole(), why);
    for (const std::string& one : why) {
        core::log(Level::error, "what stood in place of trimmed events cannot be used",
                  {{"why", one}});
    }
    return bases;
}

/// Whether it is of a base that its log was put together with.
bool is_used(const AllBases& bases, const core::Journal& target, schema::ByteView key) {
    for (const auto& [store, topics] : bases) {
        const auto head = target.head(store);
        for (const auto& [topic, base] : topics) {
            if (!core::is_key_of_base(key, store, topic)) continue;
            const core::TopicHead* held = head ? head->find(topic) : nullptr;
            return held != nullptr && held->kept_after == base.upto;
        }
    }
    return false;
}

void say_lost(const schema::StoreId& store, const core::TopicBases& bases,
              const schema::Error& why) {
    for (const auto& [topic, base] : bases) {
        core::log(Level::error,
                  "a trimmed log cannot be put together with what stands in place of its first "
                  "events: the store is asked for all of it again",
                  {{"store", store.value()},
                   {"topic", topic},
                   {"trimmed_upto", base.upto.value()},
                   {"why", why.message}});
    }
}

Result<void> write_state(core::DamagedJournal& repair, const AllBases& bases) {
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
        // Else the store sends the whole log again.
        if (core::is_base_key(key) && !is_used(bases, repair.target(), key)) continue;
        if (!whole && (is_life_key(key) || is_heard_key(key))) continue;
        bytes += key.size() + value.size();
        write.state.emplace_back(key, value);
        if (bytes < kRebuildStepBytes) continue;
        if (const auto done = commit(); !done) return done;
    }
    return commit();
}

}  // namespace

Result<void> rebuild_journal(core::DamagedJournal& damaged, const std::string& why,
                             const std::function<bool()>& stop) {
    core::log(Level::error, "the journal is damaged and is repaired", {{"why", why}});
    const AllBases bases = bases_of(damaged);
    for (const schema::StoreId& store : damaged.stores()) {
        core::LogRebuild log(damaged, store);
        if (const auto trimmed = bases.find(store); trimmed != bases.end()) {
            const auto kept = log.trimmed(trimmed->second);
            if (!kept) say_lost(store, trimmed->second, kept.error());
        }
        bool more = true;
        while (more) {
            if (stop()) return {};
            more = log.salvage(kRebuildStepBytes);
            if (const auto done = log.commit(); !done) return done;
        }
        if (log.end() >= log.known_end()) continue;
        core::log(Level::error, "a part of a log cannot be read: the store is asked for it again",
                  {{"store", store.value()},
                   {"whole_upto", log.end().value()},
                   {"ended", log.known_end().value()},
                   {"why", log.why()}});
    }
    if (const auto done = write_state(damaged, bases); !done) return done;
    const auto kept = damaged.finish(why);
    if (!kept) return tl::unexpected(kept.error());
    core::log(Level::warn, "the journal is repaired", {{"damaged", kept->string()}});
    return {};
}

}  // namespace filial::broker
