#include "core/link/column_memories.h"

#include <algorithm>

#include "schema/columns.h"
#include "schema/limits.h"

namespace filial::core {
namespace {

/// A store's log takes about 1.2 MiB: those of a chain of 13 stores for two receivers.
constexpr std::size_t kBytesMax = 32 << 20;

}  // namespace

using schema::ColumnMemory;
using schema::Errc;
using schema::Range;
using schema::Result;
using schema::Sequence;

Result<ColumnMemory> ColumnMemories::take(const Log& log, Sequence after, Sequence upto,
                                          const Rows& rows) {
    if (upto < after ||
        upto.value() - after.value() > schema::kDictionaryStep + schema::kDictionaryLeast) {
        return schema::fail(Errc::dictionary_missing,
                            log.store.value() + ": a block builds on events " +
                                std::to_string(after.value()) + " to " +
                                std::to_string(upto.value()) + ", which is more than any may");
    }
    auto best = entries_.end();
    for (auto at = entries_.begin(); at != entries_.end(); ++at) {
        const bool fits = at->after == after && at->upto <= upto && at->log == log;
        if (fits && (best == entries_.end() || best->upto < at->upto)) best = at;
    }
    ColumnMemory memory;
    Sequence known = after;
    if (best != entries_.end()) {
        memory = std::move(best->memory);
        known = best->upto;
        bytes_ -= best->bytes;
        entries_.erase(best);
    }
    while (known < upto) {
        ReadRequest request{log.store, log.topics, known, schema::kBlockBytesGoal};
        auto range = rows(request, upto);
        if (!range) return tl::unexpected(range.error());
        if (range->upto > upto) {
            range->upto = upto;
            for (schema::Segment& segment : range->segments) segment.cut(upto);
            std::erase_if(range->segments, [](const auto& segment) { return segment.empty(); });
        }
        if (range->after != known || range->upto <= known) {
            return schema::fail(Errc::dictionary_missing, log.store.value() +
                                                              ": only the events "
                                                              "up to " +
                                                              std::to_string(known.value()) +
                                                              " are at hand");
        }
        schema::write_columns(*range, memory);
        rows_learned_ += range->count();
        known = range->upto;
    }
    return memory;
}

void ColumnMemories::put(const Log& log, Sequence after, Sequence upto, ColumnMemory memory) {
    const std::size_t bytes = memory.bytes();
    entries_.push_front(Entry{log, after, upto, std::move(memory), bytes});
    bytes_ += bytes;
    while (bytes_ > kBytesMax && entries_.size() > 1) {
        bytes_ -= entries_.back().bytes;
        entries_.pop_back();
    }
}

}  // namespace filial::core
