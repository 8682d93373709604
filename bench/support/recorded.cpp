#include "bench/support/recorded.h"

#include "core/journal/rocks_journal.h"
#include "schema/segment.h"

namespace filial::bench {

using schema::Result;

namespace {

/// A ticket's events stand together; its first one has index 0.
Result<std::uint64_t> tickets_in(schema::Parser& parser, const schema::Segment& segment) {
    std::uint64_t tickets = 0;
    for (std::size_t i = 0; i < segment.rows.size(); ++i) {
        const auto logged = segment.event(parser, i);
        if (!logged) return tl::unexpected(logged.error());
        if (logged->event.index == 0) ++tickets;
    }
    return tickets;
}

}  // namespace

Result<std::vector<RecordedGroup>> recorded_groups(const std::filesystem::path& dir,
                                                   const std::string& store, std::uint64_t after) {
    core::JournalOptions options;
    options.dir = dir;
    const auto journal = core::RocksJournal::open(options);
    if (!journal) return tl::unexpected(journal.error());
    const schema::StoreId name{store};
    schema::Parser parser;
    std::vector<RecordedGroup> groups;
    for (schema::Sequence at{after}; at < (*journal)->end(name);) {
        // A goal of one byte ends with the first commit.
        const auto range = (*journal)->read({name, {std::string(schema::kAllTopics)}, at, 1});
        if (!range) return tl::unexpected(range.error());
        RecordedGroup group;
        for (const schema::Segment& segment : range->segments) {
            const auto tickets = tickets_in(parser, segment);
            if (!tickets) return tl::unexpected(tickets.error());
            group.tickets += *tickets;
            group.events += segment.rows.size();
            group.bytes += schema::encode(segment).size();
        }
        groups.push_back(group);
        at = range->upto;
    }
    return groups;
}

}  // namespace filial::bench
