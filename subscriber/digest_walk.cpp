#include "subscriber/digest_walk.h"

#include <set>
#include <utility>

#include "schema/planted.h"
#include "subscriber/received_log.h"
#include "subscriber/replica_keys.h"
#include "subscriber/snapshot_shelf.h"

namespace filial::subscriber {

using schema::Bytes;
using schema::ByteView;
using schema::Hash;
using schema::Result;
using schema::Segment;
using schema::Sequence;
using schema::StoreId;

namespace {

constexpr std::uint64_t kWaypointEvents = 4'096;
constexpr std::size_t kPositionBytes8 = 8;

/// One record of events as they came.
Result<Segment> received_segment(schema::Parser& parser, ByteView value) {
    auto fields = parser.array(value);
    if (!fields) return tl::unexpected(fields.error());
    fields->skip();  // Version.
    fields->skip();  // When it came.
    return schema::read_segment(*fields);
}

void append_counted(Bytes& to, ByteView bytes) {
    append_u32(to, static_cast<std::uint32_t>(bytes.size()));
    to += bytes;
}

}  // namespace

Result<void> each_contribution(const ReplicaStore& kept, const StoreId& store,
                               const std::string& topic, const ReplicaStore::Visit& each) {
    bool more = true;
    const auto by_log =
        kept.scan(contribution_prefix(topic, store.value()), {}, [&](ByteView key, ByteView value) {
            more = each(key, value);
            return more;
        });
    if (!by_log || !more) return by_log;
    for (const char family : families_of(topic)) {
        const Bytes prefix(1, family);
        const auto among = kept.scan(prefix, {}, [&](ByteView key, ByteView value) {
            const auto name = parse_contribution(key);
            if (!name || name->store != store || name->topic != topic) return true;
            more = each(key, value);
            return more;
        });
        if (!among || !more) return among;
    }
    return {};
}

DigestWalk::DigestWalk(const ReplicaStore& kept, const ParkedKeys& parked, StoreId store,
                       std::string topic, StoreId own)
    : kept_(kept),
      parked_(parked),
      numbers_(shadow_),
      records_(shadow_),
      parks_(shadow_, records_),
      applier_(numbers_, records_, parks_, std::move(own)) {
    digest_.store = std::move(store);
    digest_.topic = std::move(topic);
}

void DigestWalk::damaged(Sequence after, Sequence upto, std::string why) {
    if (digest_.damage) return;
    digest_.damage = {digest_.store, digest_.topic, after, upto, std::move(why)};
}

bool DigestWalk::leaves_out() const {
    return parked_.any(digest_.store, digest_.topic) ||
           parked_.any_waived(digest_.store, digest_.topic);
}

/// Without the rows that the replica did not apply: they are parked, or were given up.
Result<Segment> DigestWalk::applied_of(const Segment& segment) {
    if (!leaves_out()) return segment;
    const bool waived = parked_.any_waived(digest_.store, digest_.topic);
    std::set<Sequence> left_out;
    const Bytes prefix = log_key('x', digest_.store.value(), digest_.topic) + '\0';
    const Bytes above =
        parked_key(digest_.store.value(), digest_.topic, Sequence{segment.first().value() - 1});
    const auto scanned = kept_.scan(prefix, above, [&](ByteView key, ByteView) {
        const Sequence seq{read_u64(key.substr(prefix.size()))};
        if (seq > segment.last()) return false;
        left_out.insert(seq);
        return true;
    });
    if (!scanned) return tl::unexpected(scanned.error());
    digest_.parked += left_out.size();
    schema::Parser parser;
    schema::Event event;
    Segment rest;
    rest.topic = segment.topic;
    rest.epoch = segment.epoch;
    for (std::size_t i = 0; i < segment.rows.size(); ++i) {
        if (left_out.contains(segment.seqs[i])) continue;
        if (waived) {
            const auto read = schema::decode_row(parser, segment.rows[i], event);
            if (!read) return tl::unexpected(read.error());
            const auto given_up = parked_.is_waived({digest_.store, digest_.topic, segment.seqs[i]},
                                                    segment.epoch, event.key);
            if (!given_up) return tl::unexpected(given_up.error());
            if (*given_up) ++digest_.waived;
            if (*given_up) continue;
        }
        rest.add(segment.seqs[i], segment.clients[segment.who[i]], segment.rows[i]);
    }
    return rest;
}

/// What the state began with, if that was a snapshot.
Result<void> DigestWalk::take_base() {
    const auto base = held_base(kept_, digest_.store, digest_.topic);
    if (!base || !*base) return base ? Result<void>() : tl::unexpected(base.error());
    const schema::BaseInfo& info = (*base)->info;
    const auto read =
        each_base_row(kept_, digest_.store, digest_.topic, **base, [&](const schema::BaseRow& row) {
            if (row.kind == schema::BaseRow::Kind::held) return Result<void>();
            if (row.kind == schema::BaseRow::Kind::sum) {
                return applier_.add_sum(digest_.store, digest_.topic, row.epoch, row.key, row.sum);
            }
            const auto rest = applied_of(segment_of(digest_.topic, row));
            if (!rest) return Result<void>(tl::unexpected(rest.error()));
            Sequence through;
            if (rest->empty()) return Result<void>();
            return applier_.apply(digest_.store, *rest, Sequence{0}, through, {});
        });
    digest_.begin_with(info);
    if (read) return {};
    if (read.error().code != schema::Errc::corrupt) return read;
    damaged({}, info.upto, read.error().message);
    return {};
}

Result<void> DigestWalk::take(const Segment& segment) {
    const Sequence before = digest_.last;
    if (segment.first() <= before) {
        damaged(before, segment.last(), "events stand twice among those that came");
        return {};
    }
    const auto chain = schema::chain_after(digest_.store, segment, digest_.chain);
    if (!chain) {
        damaged(before, segment.last(), chain.error().message);
        return {};
    }
    digest_.chain = *chain;
    const bool said =
        segment.chain.size() == chain->size() && segment.chain != Bytes(segment.chain.size(), '\0');
    if (said && segment.chain != schema::view(*chain)) {
        damaged(before, segment.last(),
                "the events differ from the chain head that came with them");
    }
    digest_.last = segment.last();
    digest_.events += segment.rows.size();
    since_waypoint_ += segment.rows.size();
    if (since_waypoint_ >= kWaypointEvents) {
        digest_.waypoints[digest_.last] = digest_.chain;
        since_waypoint_ = 0;
    }
    if (!leaves_out()) return apply(segment, before);
    const auto rest = applied_of(segment);
    if (!rest) return tl::unexpected(rest.error());
    return rest->empty() ? Result<void>() : apply(*rest, before);
}

Result<void> DigestWalk::apply(const Segment& segment, Sequence before) {
    Sequence through;
    const auto applied = applier_.apply(digest_.store, segment, before, through, {});
    if (!applied && applied.error().code != schema::Errc::corrupt) return applied;
    if (!applied) damaged(before, segment.last(), applied.error().message);
    (void)applier_.take_own_debts();
    (void)applier_.take_taken_debts();
    return {};
}

Result<void> DigestWalk::flush() {
    const auto write = shadow_.begin();
    numbers_.write_into(*write);
    records_.write_into(*write);
    if (const auto written = shadow_.write(*write, false); !written) return written;
    numbers_.written();
    records_.written();
    return {};
}

Result<bool> DigestWalk::step(schema::Epoch epoch, Sequence position, std::size_t bytes) {
    digest_.epoch = epoch;
    digest_.position = position;
    if (!std::exchange(begun_, true)) {
        if (const auto taken = take_base(); !taken) return tl::unexpected(taken.error());
    }
    Bytes prefix(digest_.topic);
    prefix += '\0';
    prefix += digest_.store.value();
    prefix += '\0';
    std::size_t read = 0;
    schema::Parser parser;
    Result<void> result;
    const auto look = [&](ByteView key, ByteView value) {
        if (key.size() != prefix.size() + kPositionBytes8) return true;
        const Sequence last{read_u64(key.substr(prefix.size()))};
        if (last > position) return false;
        at_ = key;
        read += value.size() + 1;
        const auto segment = received_segment(parser, value);
        if (!segment || segment->empty() || segment->last() != last) {
            damaged(digest_.last, last, "a record of events cannot be read");
            return false;
        }
        result = take(*segment);
        return result.has_value() && !digest_.damage && read < bytes;
    };
    const auto scanned = kept_.scan_received(prefix, at_.empty() ? prefix : at_ + '\0', look);
    if (!scanned) return tl::unexpected(scanned.error());
    if (!result) return tl::unexpected(result.error());
    if (const auto flushed = flush(); !flushed) return tl::unexpected(flushed.error());
    if (!digest_.damage && read >= bytes) return true;
    if (digest_.damage) return false;
    if (const auto compared = compare(); !compared) return tl::unexpected(compared.error());
    return false;
}

Result<void> DigestWalk::compare() {
    digest_.known = parks_.empty();
    if (!digest_.known || schema::planted(schema::Bug::look_compares_nothing)) return {};
    // All of them in one order: those by the log, then the families.
    std::set<ByteView> made;
    for (const auto& [key, value] : shadow_.rows()) {
        const auto name = parse_contribution(key);
        if (name && name->store == digest_.store && name->topic == digest_.topic) made.insert(key);
    }
    std::string differs;
    Bytes row;
    Hash content{};
    const auto scanned =
        each_contribution(kept_, digest_.store, digest_.topic, [&](ByteView key, ByteView value) {
            const auto name = parse_contribution(key);
            const auto found = shadow_.rows().find(key);
            made.erase(key);
            const bool same = found != shadow_.rows().end() && found->second == value;
            if (!same && name) differs = name->key;
            row = Bytes(schema::view(content));
            append_counted(row, key);
            append_counted(row, value);
            content = schema::hash_of(row);
            return same;
        });
    if (!scanned) return scanned;
    if (differs.empty() && !made.empty()) differs = parse_contribution(*made.begin())->key;
    digest_.content = content;
    if (differs.empty()) return {};
    damaged({}, digest_.position, "what is said of " + differs + " is not what its events come to");
    return {};
}

Result<std::optional<std::pair<Sequence, Hash>>> chain_at(const ReplicaStore& kept,
                                                          const LogDigest& digest, Sequence at) {
    using Found = std::optional<std::pair<Sequence, Hash>>;
    if (at > digest.position || at < digest.from) return Found();
    Sequence last;
    Hash chain{};
    const auto behind = digest.waypoints.upper_bound(at);
    if (behind != digest.waypoints.begin()) {
        last = std::prev(behind)->first;
        chain = std::prev(behind)->second;
    }
    const ReceivedLog received(kept);
    // In the pieces that they came in: an epoch is the same all through one.
    Bytes prefix(digest.topic);
    prefix += '\0';
    prefix += digest.store.value();
    prefix += '\0';
    Bytes from = prefix;
    append_u64(from, last.value() + 1);
    schema::Parser parser;
    Result<void> result;
    const auto scanned = kept.scan_received(prefix, from, [&](ByteView, ByteView value) {
        auto segment = received_segment(parser, value);
        if (!segment) {
            result = tl::unexpected(segment.error());
            return false;
        }
        if (segment->first() > at) return false;
        const bool ends = segment->last() >= at;
        segment->cut(at);
        if (segment->empty()) return false;
        const auto next = schema::chain_after(digest.store, *segment, chain);
        if (!next) {
            result = tl::unexpected(next.error());
            return false;
        }
        chain = *next;
        last = segment->last();
        return !ends;
    });
    if (!scanned) return tl::unexpected(scanned.error());
    if (!result) return tl::unexpected(result.error());
    return Found({last, chain});
}

}  // namespace filial::subscriber
