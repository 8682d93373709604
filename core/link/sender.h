#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/clock.h"
#include "core/journal/journal.h"
#include "core/link/column_memories.h"
#include "schema/messages.h"

namespace filial::core {

/// The giving end of a session: what the other end has fetched, what is on the way to it, and what
/// to read next. Pure: reads are asked for and supplied, time comes in. It keeps nothing about a
/// receiver but this; when the session ends, it is gone, and the receiver's next fetch says all.
class Sender {
  public:
    using EndOf = std::function<schema::Sequence(const schema::StoreId&)>;

    /// The line is dear from now on: blocks go by column to whoever can take them, building on rows
    /// that `rows` gives, and events that come one by one are gathered for `gather_for_us`.
    /// `memories` must outlive it.
    void dear_line(ColumnMemories& memories, ColumnMemories::Rows rows, std::int64_t gather_for_us);

    /// Confirms what is durable there and sets the credit, at most kCreditBytes whatever is asked:
    /// what is on the way is memory of this end. A restart, or the first fetch of a log, begins
    /// again at its positions. Later fetches of the same log that name other topics restart as
    /// well. `invalid` for a fetch without topics, with one twice, or with "*" and others.
    schema::Result<void> fetch(const schema::Fetch& fetch);

    /// What to read next, logs in turn; nullopt while nothing new is there, or the credit of what
    /// is on the way is used up. `end` gives each log's last durable event.
    std::optional<ReadRequest> next(const EndOf& end, BootTime now);

    /// What was read for `next`. The block to send; nullopt when the range holds no event of the
    /// asked topics: such ranges are joined and sent at most once in kQuietEvery, since they only
    /// move a position. Ends earlier than the range where the topics meet others of the fetch.
    std::optional<schema::Block> supply(const schema::Range& range, BootTime now);

    /// Whether a fetch has begun this log here and it was not dropped since.
    bool gives(const schema::StoreId& store) const { return flows_.contains(store); }

    /// Forgets one log, when it cannot be served.
    void drop(const schema::StoreId& store) { flows_.erase(store); }

    std::size_t bytes_on_the_way(const schema::StoreId& store) const;
    /// Whether all that was sent is confirmed.
    bool all_confirmed() const;
    /// Everything of the log up to here was sent, as far as it was asked for; 0 if none of it is.
    schema::Sequence sent_upto(const schema::StoreId& store) const;

  private:
    struct Cursor {
        schema::Sequence sent;     ///< Receiver has, or will get, everything up to here.
        schema::Sequence scanned;  ///< Nothing of this topic stands in (sent, scanned].
    };
    struct Flight {
        std::vector<std::string> topics;
        schema::Sequence upto;
        std::size_t bytes;
    };
    struct Flow {
        std::map<std::string, Cursor> topics;
        std::vector<Flight> flights;
        std::uint64_t credit = 0;
        std::size_t bytes = 0;  ///< Of all flights.
        BootTime last_sent;
        bool columns = false;       ///< The receiver takes blocks by column,
        bool dictionaries = false;  ///< and knows the rows before them.
        std::uint64_t block_events = 0;
        std::optional<schema::Sequence> at_once;  ///< Up to here nothing is gathered.
        std::optional<BootTime> gathering;        ///< Since when events wait.
    };
    bool gathered(Flow& flow, schema::Sequence end, BootTime now) const;
    schema::Block packed(const Flow& flow, const schema::Range& range);
    static void confirm(Flow& flow, const schema::Fetch& fetch);
    static bool cut_to_meet(const Flow& flow, schema::Range& range);
    static bool ready(const Flow& flow, schema::Sequence end, BootTime now);

    std::map<schema::StoreId, Flow> flows_;
    ColumnMemories* memories_ = nullptr;  ///< On a dear line.
    ColumnMemories::Rows rows_;
    std::int64_t gather_for_us_ = 0;
    schema::StoreId last_;  ///< Served last: the next one in turn comes first.
};

/// How long a range without events may wait for one with events.
constexpr std::int64_t kQuietEvery = kSecond;
/// How long an event may wait for others on a dear line, and for how many: a block of its own costs
/// as much around it as a hundred events in one.
constexpr std::int64_t kGatherFor = 2 * kSecond;
/// The same while a line is up for a call: nobody hangs up before they are there.
constexpr std::int64_t kGatherCalled = 3 * kSecond / 10;
constexpr std::uint64_t kGatherEvents = 128;

}  // namespace filial::core
