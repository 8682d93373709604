#include "core/journal/log_reader.h"

#include <iterator>
#include <memory>

#include "core/journal/log_cursor.h"
#include "core/journal/log_head.h"
#include "schema/limits.h"

namespace filial::core {

using schema::Errc;
using schema::fail;
using schema::Range;
using schema::Result;
using schema::Sequence;

namespace {

/// What a segment adds to a row at most: its length, the step to its position, a client of its own
/// and the index of that.
constexpr std::size_t kRowOverhead = 3 + 9 + 18 + 3;
/// What segments add beside their rows: names, epochs, heads of arrays, chain heads.
constexpr std::size_t kSegmentsOverhead = 8 * 1024;
/// How far back a commit's clients are looked for among those of the range.
constexpr std::size_t kClientsSearched = 64;
constexpr std::size_t kRangeBytesMax = schema::kBlockBytesMax - kSegmentsOverhead;

using Cursors = std::vector<std::unique_ptr<LogCursor>>;

bool asked(const std::vector<std::string>& topics, const std::string& topic) {
    for (const std::string& one : topics) {
        if (one == topic || one == schema::kAllTopics) return true;
    }
    return false;
}

/// Puts `more` behind `to`, without copying a row.
void join(schema::Segment& to, schema::Segment more) {
    std::vector<std::uint32_t> index_of;
    index_of.reserve(more.clients.size());
    for (const schema::ClientId& client : more.clients) {
        // Of the few clients of a store, the last ones are nearly always the right ones.
        std::size_t at = to.clients.size(), searched = 0;
        while (at > 0 && searched < kClientsSearched && to.clients[at - 1] != client) {
            --at;
            ++searched;
        }
        if (at == 0 || to.clients[at - 1] != client) {
            to.clients.push_back(client);
            at = to.clients.size();
        }
        index_of.push_back(static_cast<std::uint32_t>(at - 1));
    }
    for (const std::uint32_t index : more.who) to.who.push_back(index_of[index]);
    to.seqs.insert(to.seqs.end(), more.seqs.begin(), more.seqs.end());
    to.rows.insert(to.rows.end(), std::make_move_iterator(more.rows.begin()),
                   std::make_move_iterator(more.rows.end()));
    to.chain = std::move(more.chain);
}

/// Builds one range from commits in the order of their ends.
class Merge {
  public:
    Merge(const LogHead& head, const ReadRequest& request) : head_(head), request_(request) {
        range_.store = head.store;
        range_.topics = request.topics;
        range_.after = request.after;
        range_.upto = request.after;
        range_.end = head.end;
    }

    bool full() const { return range_.upto > range_.after && bytes_ >= request_.bytes_goal; }

    /// Takes what the topics have of the commit that ends at `upto`; false, and takes nothing, if
    /// that is of the next epoch or would make more than a block can carry.
    Result<bool> take(std::vector<LogValue> parts, Sequence upto) {
        std::size_t rows = 0, bytes = 0;
        for (const LogValue& part : parts) {
            if (part.segment.epoch != parts.front().segment.epoch) {
                return fail(Errc::corrupt, "commit up to " + std::to_string(upto.value()) +
                                               ": its topics name different epochs");
            }
            if (epoch_ && part.segment.epoch != *epoch_) return false;
            rows += part.segment.rows.size();
            bytes += part.segment.size();
        }
        const bool first = rows_ == 0;
        if (!first && rows_ + rows > schema::kArrayElementsMax) return false;
        if (!first && bytes_ + bytes + (rows_ + rows) * kRowOverhead > kRangeBytesMax) {
            return false;
        }
        for (LogValue& part : parts) add(std::move(part.segment));
        range_.upto = upto;
        return true;
    }

    /// `all`: nothing of the asked topics is left behind the last commit taken.
    Range finish(bool all) {
        range_.epoch = epoch_.value_or(head_.epoch);
        if (all && range_.epoch == head_.epoch) range_.upto = head_.end;
        return std::move(range_);
    }

  private:
    void add(schema::Segment segment) {
        if (segment.last() <= request_.after) return;
        epoch_ = segment.epoch;
        if (segment.first() <= request_.after) {
            schema::Segment rest;
            rest.topic = segment.topic;
            rest.epoch = segment.epoch;
            rest.append(segment, request_.after);
            segment = std::move(rest);
        }
        bytes_ += segment.size();
        rows_ += segment.rows.size();
        for (schema::Segment& one : range_.segments) {
            if (one.topic == segment.topic) return join(one, std::move(segment));
        }
        range_.segments.push_back(std::move(segment));
    }

    const LogHead& head_;
    const ReadRequest& request_;
    Range range_;
    std::optional<schema::Epoch> epoch_;
    std::size_t bytes_ = 0;  ///< Of the rows.
    std::size_t rows_ = 0;
};

/// The lowest end of a commit that a cursor stands at; nullopt behind the last.
std::optional<Sequence> lowest(const Cursors& cursors) {
    std::optional<Sequence> low;
    for (const auto& cursor : cursors) {
        if (cursor->valid() && (!low || cursor->upto() < *low)) low = cursor->upto();
    }
    return low;
}

Result<Range> merged(const LogHead& head, const ReadRequest& request, const Cursors& cursors) {
    schema::Parser parser;
    Merge merge(head, request);
    std::vector<LogValue> parts;
    while (const auto upto = lowest(cursors)) {
        if (merge.full()) return merge.finish(false);
        parts.clear();
        for (const auto& cursor : cursors) {
            if (!cursor->valid() || cursor->upto() != *upto) continue;
            auto value = cursor->value(parser);
            if (!value) return tl::unexpected(value.error());
            parts.push_back(std::move(*value));
        }
        const auto taken = merge.take(std::move(parts), *upto);
        if (!taken) return tl::unexpected(taken.error());
        if (!*taken) return merge.finish(false);
        for (const auto& cursor : cursors) {
            if (!cursor->valid() || cursor->upto() != *upto) continue;
            if (const auto ok = cursor->next(); !ok) return tl::unexpected(ok.error());
        }
    }
    for (const auto& cursor : cursors) {
        if (const auto ok = cursor->check_end(request.after); !ok) {
            return tl::unexpected(ok.error());
        }
    }
    return merge.finish(true);
}

/// Adds to `found`, where a topic ended at its last whole commit, the events up to `at` of the
/// commit behind it.
Result<void> add_part(LogCursor& cursor, const schema::StoreId& store, Sequence at,
                      TopicHead& found) {
    schema::Parser parser;
    const auto moved = cursor.valid() ? cursor.next() : cursor.seek(Sequence{0});
    if (!moved || !cursor.valid()) return moved;
    auto value = cursor.value(parser);
    if (!value) return tl::unexpected(value.error());
    schema::Segment& part = value->segment;
    const bool whole = part.last() <= at;
    part.cut(at);
    if (part.empty()) return {};
    // Of a trimmed topic the commit before may be gone: its counts stand in this one.
    const bool counted = value->events_before == found.events;
    const bool known = counted && (found.events == 0 || found.chain != schema::Hash{});
    const auto chain = schema::chain_after(store, part, found.chain);
    if (!chain) return tl::unexpected(chain.error());
    found.last = part.last();
    found.events = value->events_before + part.rows.size();
    found.bytes = value->bytes_before + part.size();
    found.chain = known ? *chain : schema::Hash{};
    if (whole && !known) found.chain = schema::hash_from(value->segment.chain);
    return {};
}

}  // namespace

Result<Range> LogReader::read(const LogHead& head, const ReadRequest& request) const {
    if (request.after > head.end) {
        return fail(Errc::gap, "read of " + head.store.value() + " after " +
                                   std::to_string(request.after.value()) + ": the log ends at " +
                                   std::to_string(head.end.value()));
    }
    if (const auto kept = check_kept(head, request.topics, request.after); !kept) {
        return tl::unexpected(kept.error());
    }
    schema::Parser parser;
    Cursors cursors;
    for (const TopicHead& topic : head.topics) {
        if (topic.last <= request.after || !asked(request.topics, topic.topic)) continue;
        cursors.push_back(std::make_unique<LogCursor>(db_, log_, head, topic));
        if (const auto ok = cursors.back()->go_on_behind(parser, request.after); !ok) {
            return tl::unexpected(ok.error());
        }
    }
    return merged(head, request, cursors);
}

Result<Depth> LogReader::depth(const LogHead& head, const std::vector<std::string>& topics,
                               Sequence after) const {
    schema::Parser parser;
    Depth depth;
    std::optional<Sequence> first;
    for (const TopicHead& topic : head.topics) {
        if (topic.last <= after || !asked(topics, topic.topic)) continue;
        LogCursor cursor(db_, log_, head, topic);
        if (const auto ok = cursor.seek(after); !ok) return tl::unexpected(ok.error());
        auto value = cursor.first_above(parser, after);
        if (!value) return tl::unexpected(value.error());

        std::uint64_t events = value->events_before, bytes = value->bytes_before;
        const schema::Segment& segment = value->segment;
        for (std::size_t i = 0; segment.seqs[i] <= after; ++i) {
            events += 1;
            bytes += segment.rows[i].size();
        }
        if (events > topic.events || bytes > topic.bytes) {
            return fail(Errc::corrupt, "log of " + head.store.value() + ", " + topic.topic +
                                           ": counts more than its head");
        }
        depth.events += topic.events - events;
        depth.bytes += topic.bytes - bytes;
        if (!first || cursor.upto() < *first) {
            first = cursor.upto();
            depth.oldest = value->at;
        }
    }
    return depth;
}

Result<LogHead> LogReader::head_at(const LogHead& head, Sequence at) const {
    schema::Parser parser;
    LogHead then{head.store, head.epoch, head.incarnation, at, {}};
    for (const TopicHead& topic : head.topics) {
        LogCursor cursor(db_, log_, head, topic);
        if (const auto ok = cursor.seek_back(at); !ok) return tl::unexpected(ok.error());
        TopicHead found{topic.topic, {}, 0, 0, {}};
        if (cursor.valid()) {
            const auto value = cursor.value(parser);
            if (!value) return tl::unexpected(value.error());
            const schema::Segment& segment = value->segment;
            found = {topic.topic, segment.last(), value->events_before + segment.rows.size(),
                     value->bytes_before + segment.size(), schema::hash_from(segment.chain)};
        }
        if (at < topic.kept_after) {
            // What came before is not there to count from: that there was something is known.
            found = {topic.topic, at, 1, 0, {}};
        } else if (found.last < at && topic.last > found.last) {
            if (const auto ok = add_part(cursor, head.store, at, found); !ok) {
                return tl::unexpected(ok.error());
            }
        }
        if (found.events > 0) then.topics.push_back(std::move(found));
    }
    return then;
}

}  // namespace filial::core
