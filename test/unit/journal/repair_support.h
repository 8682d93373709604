#pragma once

#include <doctest/doctest.h>

#include "core/journal/journal_repair.h"
#include "core/journal/log_rebuild.h"
#include "test/unit/broker/log_maker.h"
#include "test/unit/journal/journal_support.h"

/// A journal that is damaged and built again as the publisher does it.
namespace filial::repair_test {

namespace fs = std::filesystem;
using namespace test;

using broker::LogMaker;
using core::JournalRepair;
using core::LogCopy;
using core::LogRebuild;
using core::RocksJournal;
using schema::Errc;
using schema::Result;
using schema::Sequence;

inline const schema::StoreId kLost{"store1"};
constexpr std::uint64_t kLostEvents = 120;

inline core::JournalOptions small(const fs::path& dir, std::size_t memtable_bytes = 64 << 10) {
    auto options = options_in(dir, "store1");
    options.memtable_bytes = memtable_bytes;
    return options;
}

/// Commits of five events, the last of them witnessed.
inline void fill(const fs::path& dir, const LogMaker& log, std::uint64_t upto = kLostEvents,
                 std::size_t memtable_bytes = 64 << 10) {
    const auto journal = opened(small(dir, memtable_bytes));
    LogCopy copy(*journal, kLost);
    while (copy.end().value() < upto) {
        const std::uint64_t from = copy.end().value();
        const std::uint64_t to = std::min(from + 5, upto);
        REQUIRE(copy.take(log.range(from, to), schema::Timestamp{1}));
        REQUIRE(copy.commit());
        core::JournalWrite state;
        state.state.emplace_back("own/" + std::to_string(from), "value");
        REQUIRE(journal->commit(state, true));
    }
    REQUIRE(journal->witness());
}

inline LogMaker some_log() {
    LogMaker log("store1");
    log.sell(static_cast<int>(kLostEvents) - 1);
    return log;
}

/// As the publisher does it, with a broker that holds the first `held` events.
inline Result<void> repair(const fs::path& dir, const LogMaker& log, std::uint64_t held) {
    auto repair = JournalRepair::open(small(dir));
    if (!repair) return tl::unexpected(repair.error());
    auto held_open = std::make_unique<LogRebuild>(**repair, kLost);
    LogRebuild& rebuild = *held_open;
    for (;;) {
        while (rebuild.salvage(1 << 10)) {
        }
        REQUIRE(rebuild.commit());
        const std::uint64_t end = rebuild.end().value();
        if (end >= rebuild.known_end().value() && rebuild.witnessed()) break;
        if (end >= held) {
            if (!rebuild.witnessed()) break;  // The broker has no more: that is all there was.
            return schema::fail(Errc::gap, core::events_text(rebuild.end(), rebuild.known_end()));
        }
        const auto taken =
            rebuild.take(log.range(end, std::min(end + 7, held)), schema::Timestamp{2});
        if (!taken) return taken;
    }
    held_open.reset();
    const auto kept = (*repair)->finish("a test");
    if (!kept) return tl::unexpected(kept.error());
    return {};
}

/// Whether the journal opens and is the log, all of it.
inline bool is_whole(const fs::path& dir, const LogMaker& log) {
    const auto journal = RocksJournal::open(small(dir));
    if (!journal) return false;
    if ((*journal)->end(kLost).value() != kLostEvents) return false;
    const auto range = (*journal)->read({kLost, {"*"}, Sequence{0}, 1 << 20});
    if (!range) return false;
    const auto found = schema::events_in_order(range->segments);
    const auto expected = schema::events_in_order(log.range(0, kLostEvents).segments);
    REQUIRE(expected);
    return found && *found == *expected;
}

}  // namespace filial::repair_test
