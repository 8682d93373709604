#include "core/journal/store_logs.h"

#include <algorithm>
#include <utility>

#include "core/journal/log_head.h"
#include "schema/epoch_record.h"
#include "schema/planted.h"

namespace filial::core {

using schema::Errc;
using schema::Range;
using schema::Result;
using schema::Segment;
using schema::Sequence;
using schema::StoreId;

namespace {

/// The rows above `after`; its chain head stays right, since it belongs to the last row.
Segment rows_above(const Segment& segment, Sequence after) {
    Segment rest;
    rest.topic = segment.topic;
    rest.epoch = segment.epoch;
    rest.append(segment, after);
    return rest;
}

/// Blocks by column carry no chain head: it follows from the rows and the one before them. Where
/// that is not known, or a row is none that can be read, it stays unknown.
void count_chain(const LogHead& held, const StoreId& store, Segment& rows) {
    const TopicHead* topic = held.find(rows.topic);
    const schema::Hash before = topic != nullptr ? topic->chain : schema::Hash{};
    if (topic != nullptr && topic->events > 0 && before == schema::Hash{}) return;
    const auto head = schema::chain_after(store, rows, before);
    if (head) rows.chain = schema::Bytes(schema::view(*head));
}

/// The same, always; `forked` where the sender's head is another one.
Result<void> prove_chain(const LogHead& held, const StoreId& store, Segment& rows) {
    const schema::Bytes said = std::exchange(rows.chain, {});
    count_chain(held, store, rows);
    if (rows.chain.empty()) rows.chain = said;
    if (said.empty() || said == rows.chain) return {};
    return schema::fail(
        Errc::forked,
        store.value() + ": " + rows.topic + " up to " + std::to_string(rows.last().value()) +
            " is another log than the one here: its chain is " + schema::to_hex(said) +
            ", on what is held here it would be " + schema::to_hex(rows.chain));
}

}  // namespace

StoreLogs::StoreLogs(Journal& journal, const Clock& clock, Chains chains)
    : journal_(journal), clock_(clock), chains_(chains) {}

LogHead StoreLogs::staged_head(const StoreId& store) const {
    if (const auto at = staged_.find(store); at != staged_.end()) return at->second;
    auto head = journal_.head(store).value_or(LogHead{});
    head.store = store;
    return head;
}

std::vector<StoreId> StoreLogs::logs() const {
    std::vector<StoreId> all = journal_.logs();
    for (const auto& [store, head] : staged_) {
        if (!journal_.head(store)) all.push_back(store);
    }
    return all;
}

Sequence StoreLogs::staged_end(const StoreId& store) const {
    const auto at = staged_.find(store);
    return at != staged_.end() ? at->second.end : journal_.end(store);
}

/// The incarnation that `range` is a part of, if it may stand behind `held`.
Result<schema::Incarnation> StoreLogs::check_life(const LogHead& held, const Range& range) {
    const std::string& store = range.store.value();
    const auto epoch = [](schema::Epoch e) { return "epoch " + std::to_string(e.value()); };
    if (range.epoch < held.epoch) {
        return schema::fail(Errc::stale_incarnation, store + " speaks as " + epoch(range.epoch) +
                                                         ", held here is " + epoch(held.epoch));
    }
    const auto record = schema::find_epoch_record(range);
    if (!record) return schema::fail(store, record.error());
    const bool goes_on = held.end.value() == 0 || range.epoch == held.epoch;
    if (!goes_on && !(*record && (*record)->seq == schema::next(held.end))) {
        const std::string begins =
            *record ? "begins at " + std::to_string((*record)->seq.value())
                    : "has no beginning above " + std::to_string(range.after.value());
        return schema::fail(Errc::forked, store + ": " + epoch(range.epoch) + " " + begins +
                                              ", but " + epoch(held.epoch) + " is held up to " +
                                              std::to_string(held.end.value()) +
                                              ": nothing is taken until head office has decided "
                                              "which of the two goes on");
    }
    if (!*record) return held.incarnation;
    const schema::Incarnation& speaks = (*record)->opened.incarnation;
    const bool other = held.incarnation != schema::Incarnation{} && speaks != held.incarnation;
    if (range.epoch == held.epoch && other) {
        return schema::fail(
            Errc::forked,
            store + ": two machines write " + epoch(held.epoch) + " of its log: held is that of " +
                schema::to_hex(schema::view(held.incarnation)) + " up to " +
                std::to_string(held.end.value()) + ", " + schema::to_hex(schema::view(speaks)) +
                " began another at " + std::to_string((*record)->seq.value()) +
                ": stop the second machine, or give it a store name of its own");
    }
    return speaks;
}

/// Where the log ended at `at`, which is at or below what is staged, as far as it is written.
Result<LogHead> StoreLogs::written_at(const StoreId& store, Sequence at) const {
    const Sequence written = std::min(at, journal_.end(store));
    if (written.value() == 0) return LogHead{};
    return journal_.head_at(store, written);
}

/// The chain behind `topic` at `at`, going on from what is written; nullopt where it is not known.
Result<std::optional<schema::Hash>> StoreLogs::chain_at(const LogHead& written,
                                                        const StoreId& store,
                                                        const std::string& topic,
                                                        Sequence at) const {
    using Found = std::optional<schema::Hash>;
    const TopicHead* head = written.find(topic);
    schema::Hash chain = head != nullptr ? head->chain : schema::Hash{};
    if (head != nullptr && head->events > 0 && chain == schema::Hash{}) return Found();
    for (const Append& append : staged_write_.appends) {
        if (append.store != store || append.after >= at) continue;
        for (Segment part : append.segments) {
            if (part.topic != topic) continue;
            part.cut(at);
            const auto behind = schema::chain_after(store, part, chain);
            if (!behind) return tl::unexpected(behind.error());
            chain = *behind;
        }
    }
    return Found(chain);
}

/// A range that begins below what is held, or is held as a whole, counts only if it is of the same
/// log: else the log would have some events of one machine and later ones of another.
Result<void> StoreLogs::check_overlap(const LogHead& held, const Range& range) const {
    const Sequence end = std::min(range.upto, held.end);
    const auto first = written_at(range.store, range.after);
    if (!first) return tl::unexpected(first.error());
    // Where the range ends at what is held or above, that is known without a look.
    const bool inside = range.upto < held.end;
    const auto last = inside ? written_at(range.store, range.upto) : Result<LogHead>(held);
    if (!last) return tl::unexpected(last.error());
    for (const TopicHead& topic : held.topics) {
        const auto before = chain_at(*first, range.store, topic.topic, range.after);
        if (!before) return tl::unexpected(before.error());
        const auto here = inside ? chain_at(*last, range.store, topic.topic, range.upto)
                                 : Result<std::optional<schema::Hash>>(topic.chain);
        if (!here) return tl::unexpected(here.error());
        if (!*before || !*here || **here == schema::Hash{}) continue;
        schema::Hash chain = **before;
        for (Segment part : range.segments) {
            if (part.topic != topic.topic) continue;
            part.cut(end);
            if (part.empty()) continue;
            const auto behind = schema::chain_after(range.store, part, chain);
            if (!behind) return tl::unexpected(behind.error());
            chain = *behind;
        }
        if (chain == **here) continue;
        return schema::fail(Errc::gap, range.store.value() + ": " + topic.topic +
                                           " has other events up to " +
                                           std::to_string(end.value()) +
                                           " than are held: it is asked for again from there");
    }
    return {};
}

/// Nothing of it is new. Whoever has other events at these places does not go on behind ours.
Result<void> StoreLogs::known(const LogHead& held, const Range& range) const {
    if (range.epoch != held.epoch) return {};
    auto same = check_overlap(held, range);
    // What is trimmed cannot be compared.
    return same || same.error().code != Errc::gap ? Result<void>() : same;
}

Result<void> StoreLogs::stage(Range range) {
    const LogHead held = staged_head(range.store);
    const Sequence end = held.end;
    if (range.upto <= end) return known(held, range);
    if (range.after > end) {
        return schema::fail(Errc::gap, range.store.value() + ": begins after " +
                                           std::to_string(range.after.value()) + ", held is " +
                                           std::to_string(end.value()));
    }
    const auto incarnation = check_life(held, range);
    if (!incarnation) return tl::unexpected(incarnation.error());
    if (range.after < end) {
        if (const auto same = check_overlap(held, range); !same) return same;
    }
    Append append;
    append.store = range.store;
    append.epoch = range.epoch;
    append.incarnation = *incarnation;
    append.after = end;
    append.upto = range.upto;
    append.at = clock_.wall();
    std::uint64_t rows = 0;
    for (Segment& segment : range.segments) {
        Segment rest = range.after == end ? std::move(segment) : rows_above(segment, end);
        rows += rest.rows.size();
        if (rest.empty()) continue;
        if (chains_ == Chains::proved) {
            const auto same = prove_chain(held, append.store, rest);
            if (!same) return same;
        } else if (rest.chain.empty()) {
            count_chain(held, append.store, rest);
        }
        append.segments.push_back(std::move(rest));
    }
    // A broker takes whole logs: every position between the ends must be there.
    if (rows != range.upto.value() - end.value()) {
        return schema::fail(Errc::corrupt,
                            range.store.value() + ": " + std::to_string(rows) + " events for " +
                                std::to_string(range.upto.value() - end.value()) + " positions");
    }
    auto head = advance(held, append);
    if (!head) return tl::unexpected(head.error());
    staged_[range.store] = std::move(*head);
    staged_write_.appends.push_back(std::move(append));
    return {};
}

Result<void> StoreLogs::commit(JournalWrite more) {
    for (auto& entry : more.state) staged_write_.state.push_back(std::move(entry));
    if (staged_write_.empty()) return {};
    const bool sync =
        !staged_write_.appends.empty() && !schema::planted(schema::Bug::broker_acks_unsynced);
    if (const auto ok = journal_.commit(staged_write_, sync); !ok) {
        return schema::fail("store logs", ok.error());
    }
    staged_write_ = {};
    staged_.clear();
    return {};
}

}  // namespace filial::core
