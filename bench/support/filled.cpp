#include "bench/support/filled.h"

#include "core/clock.h"
#include "core/journal/rocks_journal.h"
#include "core/link/mark_book.h"
#include "subscriber/replica.h"

namespace filial::bench {

using schema::Result;
using schema::StoreId;

namespace {

/// The mark that a store's publisher makes when its own replica has everything of the others: as
/// large as a mark becomes.
schema::Mark full_mark(const MarketDay& day, const DayLog& own, const core::Journal& journal) {
    schema::Mark mark;
    mark.store = StoreId{own.store};
    mark.epoch = schema::Epoch{1};
    mark.counter = 70'000 + own.end.value() % 1'000;
    mark.at = core::SystemClock().wall();
    mark.end = own.end;
    for (const DayLog& log : day.logs) {
        const auto head = journal.head(StoreId{log.store});
        std::vector<schema::TopicEnd> ends;
        for (const core::TopicHead& topic : head->topics) ends.push_back({topic.topic, topic.last});
        if (log.store == own.store) {
            mark.ends = std::move(ends);
            continue;
        }
        for (schema::TopicEnd& end : ends) end.seq = log.end;
        mark.applied.push_back({StoreId{log.store}, mark.epoch, std::move(ends)});
        mark.taken.push_back({StoreId{log.store}, mark.epoch, log.end});
    }
    return mark;
}

}  // namespace

Result<void> fill_broker(const core::Options& options, const MarketDay& day) {
    core::JournalOptions journal_options;
    journal_options.dir = options.broker_dir();
    auto journal = core::RocksJournal::open(journal_options);
    if (!journal) return tl::unexpected(journal.error());
    for (const DayLog& log : day.logs) {
        for (const schema::Range& block : log.blocks) {
            core::Append append;
            append.store = block.store;
            append.epoch = block.epoch;
            append.after = block.after;
            append.upto = block.upto;
            append.segments = block.segments;
            core::JournalWrite write;
            write.appends.push_back(std::move(append));
            if (const auto ok = (*journal)->commit(write, false); !ok) return ok;
        }
    }
    core::JournalWrite marks;
    for (const DayLog& log : day.logs) {
        core::HeldMark held;
        held.mark = full_mark(day, log, **journal);
        held.bytes = encode(held.mark);
        held.received = core::SystemClock().boot();
        held.boot_id = core::SystemClock().boot_id();
        marks.state.emplace_back("mark\n" + log.store, core::MarkBook::save(held));
    }
    return (*journal)->commit(marks, true);
}

Result<void> fill_replica(const core::Options& options, const MarketDay& day) {
    subscriber::ReplicaOptions replica_options;
    replica_options.store.dir = options.subscriber_dir();
    replica_options.own = options.store;
    replica_options.topics = options.subscriber.topics;
    replica_options.stores = options.subscriber.stores;
    auto replica = subscriber::Replica::open(std::move(replica_options));
    if (!replica) return tl::unexpected(replica.error());
    for (const DayLog& log : day.logs) {
        for (const schema::Range& block : log.blocks) {
            if (block.upto > log.night) break;
            if (const auto ok = (*replica)->take(block); !ok) return ok;
            if (const auto ok = (*replica)->flush(true); !ok) return ok;
        }
    }
    return {};
}

}  // namespace filial::bench
