#include "subscriber/parked_keys.h"

#include "subscriber/replica_keys.h"

namespace filial::subscriber {

using schema::Bytes;
using schema::ByteView;
using schema::Result;
using schema::Sequence;
using schema::StoreId;

namespace {

/// 128 KiB: of 10,000 parked keys one other key in 2,500 is asked for in vain, of 100,000 one in
/// 30; of a million all are, which costs a look into the database for each event.
constexpr std::size_t kFilterWords = 1 << 14;
constexpr std::size_t kFilterBits = kFilterWords * 64;

/// Two places of the filter.
std::pair<std::size_t, std::size_t> filter_bits(const Bytes& name) {
    const std::size_t hash = std::hash<Bytes>{}(name);
    return {hash % kFilterBits, (hash >> 32 | hash << 32) / 7 % kFilterBits};
}

Sequence seq_behind(ByteView key) {
    return Sequence{key.size() < 8 ? 0 : read_u64(key.substr(key.size() - 8))};
}

}  // namespace

Result<void> ParkedKeys::load() {
    std::uint64_t rows = 0, listed = 0;
    const auto counted_rows = store_.scan("x", {}, [&](ByteView, ByteView) {
        ++rows;
        return true;
    });
    if (!counted_rows) return counted_rows;
    schema::Parser parser;
    Result<void> result;
    const auto keys = store_.scan("u", {}, [&](ByteView key, ByteView value) {
        const auto state = decode_parked_state(parser, value);
        if (!state) result = tl::unexpected(state.error());
        if (!state) return false;
        const auto name = parse_parked_name(key);
        counted({name.store, name.topic}, 1, static_cast<std::int64_t>(state->events));
        listed += state->events;
        remember(Bytes(key));
        return true;
    });
    if (!keys) return keys;
    if (!result) return result;
    const auto waived = store_.scan("g", {}, [&](ByteView key, ByteView) {
        const auto name = parse_waived_key(key);
        ++counts_[{name.store, name.topic}].waived;
        ++waived_;
        return true;
    });
    if (!waived) return waived;
    return rows == listed ? Result<void>() : make_list();
}

Result<void> ParkedKeys::make_list() {
    for (auto& [log, count] : counts_) count.keys = count.events = 0;
    keys_ = 0;
    events_ = 0;
    const auto old = store_.scan("u", {}, [&](ByteView key, ByteView) {
        records_.erase(Bytes(key));
        return true;
    });
    if (!old) return old;
    schema::Parser parser;
    Result<void> result;
    const auto scanned = store_.scan("x", {}, [&](ByteView key, ByteView value) {
        const auto event = decode_parked_event(parser, value);
        if (!event || key.size() < 9) {
            result = schema::fail(schema::Errc::corrupt, "replica: a parked row is damaged");
            return false;
        }
        const auto [store, topic] = parse_log_key(key.substr(0, key.size() - 9));
        Bytes name = parked_name(store.value(), topic, event->key);
        auto held = find(store, topic, event->key);
        if (!held) result = tl::unexpected(held.error());
        if (!held) return false;
        ParkedState state = held->value_or(
            ParkedState{0, event->epoch, seq_behind(key), {}, event->obstacle, event->since, 0});
        counted({store, topic}, *held ? 0 : 1, 1);
        ++state.events;
        state.last = seq_behind(key);
        remember(name);
        records_.put(std::move(name), encode(state));
        return true;
    });
    return scanned ? result : scanned;
}

void ParkedKeys::remember(const Bytes& name) {
    if (filter_.empty()) filter_.resize(kFilterWords);
    const auto [one, two] = filter_bits(name);
    filter_[one / 64] |= std::uint64_t{1} << one % 64;
    filter_[two / 64] |= std::uint64_t{1} << two % 64;
}

bool ParkedKeys::may_have(const Bytes& name) const {
    if (filter_.empty()) return false;
    const auto [one, two] = filter_bits(name);
    return (filter_[one / 64] >> one % 64 & 1) != 0 && (filter_[two / 64] >> two % 64 & 1) != 0;
}

void ParkedKeys::counted(const LogTopic& log, std::int64_t keys, std::int64_t events) {
    Count& count = counts_[log];
    count.keys += static_cast<std::uint64_t>(keys);
    count.events += static_cast<std::uint64_t>(events);
    keys_ += static_cast<std::size_t>(keys);
    events_ += static_cast<std::uint64_t>(events);
    if (keys_ == 0) filter_ = {};
}

bool ParkedKeys::any(const StoreId& store, std::string_view topic) const {
    if (keys_ == 0) return false;
    const auto found = counts_.find({store, std::string(topic)});
    return found != counts_.end() && found->second.keys > 0;
}

bool ParkedKeys::any_waived(const StoreId& store, std::string_view topic) const {
    if (counts_.empty()) return false;
    const auto found = counts_.find({store, std::string(topic)});
    return found != counts_.end() && found->second.waived > 0;
}

bool ParkedKeys::is_named(const StoreId& store, std::string_view topic,
                          std::string_view key) const {
    if (contains(store, topic, key)) return true;
    if (!any_waived(store, topic)) return false;
    bool found = false;
    const auto scanned = store_.scan(waived_prefix(store.value(), topic, key), {},
                                     [&](ByteView, ByteView) { return !(found = true); });
    return found || !scanned;
}

Result<std::optional<ParkedState>> ParkedKeys::find(const StoreId& store, std::string_view topic,
                                                    std::string_view key) const {
    if (filter_.empty()) return std::optional<ParkedState>();
    const Bytes name = parked_name(store.value(), topic, key);
    if (!may_have(name)) return std::optional<ParkedState>();
    const auto value = records_.get(name);
    if (!value) return tl::unexpected(value.error());
    if (!*value) return std::optional<ParkedState>();
    schema::Parser parser;
    auto state = decode_parked_state(parser, **value);
    if (!state) return tl::unexpected(state.error());
    return std::optional<ParkedState>(std::move(*state));
}

bool ParkedKeys::contains(const StoreId& store, std::string_view topic,
                          std::string_view key) const {
    const auto found = find(store, topic, key);
    return !found || found->has_value();
}

Result<void> ParkedKeys::park(const StoreId& store, const schema::Segment& segment,
                              std::size_t index, const std::string& key, const Obstacle& obstacle,
                              schema::Timestamp now) {
    const auto held = find(store, segment.topic, key);
    if (!held) return tl::unexpected(held.error());
    const Sequence seq = segment.seqs[index];
    ParkedState state = held->value_or(ParkedState{0, segment.epoch, seq, {}, obstacle, now, 0});
    ++state.events;
    state.last = seq;
    records_.put(
        parked_key(store.value(), segment.topic, seq),
        encode(ParkedEvent{key, obstacle, segment.epoch, segment.clients[segment.who[index]],
                           segment.rows[index], now, std::nullopt}));
    Bytes name = parked_name(store.value(), segment.topic, key);
    remember(name);
    records_.put(std::move(name), encode(state));
    counted({store, segment.topic}, *held ? 0 : 1, 1);
    return {};
}

void ParkedKeys::release(const Place& place, const std::string& key, ParkedState& state) {
    records_.erase(parked_key(place.store.value(), place.topic, place.seq));
    const bool last = state.events <= 1;
    state.events -= last ? state.events : 1;
    state.first = schema::next(place.seq);
    Bytes name = parked_name(place.store.value(), place.topic, key);
    if (last) {
        records_.erase(std::move(name));
    } else {
        records_.put(std::move(name), encode(state));
    }
    counted({place.store, place.topic}, last ? -1 : 0, -1);
}

void ParkedKeys::keep(const Place& place, const std::string& key, ParkedState& state,
                      const Obstacle& obstacle, std::uint64_t retry) {
    state.first = place.seq;
    state.obstacle = obstacle;
    state.tried = retry;
    records_.put(parked_name(place.store.value(), place.topic, key), encode(state));
}

void ParkedKeys::waive(const Place& place, ParkedEvent event, ParkedState& state,
                       const Waiver& waiver) {
    const std::string key = event.key;
    event.waiver = waiver;
    records_.put(waived_key(place.store.value(), place.topic, key, place.seq), encode(event));
    ++counts_[{place.store, place.topic}].waived;
    ++waived_;
    release(place, key, state);
}

Result<bool> ParkedKeys::is_waived(const Place& place, schema::Epoch epoch,
                                   std::string_view key) const {
    if (!any_waived(place.store, place.topic)) return false;
    const auto value = records_.get(waived_key(place.store.value(), place.topic, key, place.seq));
    if (!value) return tl::unexpected(value.error());
    if (!*value) return false;
    schema::Parser parser;
    const auto event = decode_parked_event(parser, **value);
    if (!event) return tl::unexpected(event.error());
    return event->epoch == epoch;
}

Result<void> ParkedKeys::forget_waiver(const Place& place, std::string_view key) {
    Bytes name = waived_key(place.store.value(), place.topic, key, place.seq);
    const auto value = records_.get(name);
    if (!value) return tl::unexpected(value.error());
    if (!*value) return {};
    records_.erase(std::move(name));
    --counts_[{place.store, place.topic}].waived;
    --waived_;
    return {};
}

void ParkedKeys::forget(const StoreId& store, std::string_view topic) {
    const auto found = counts_.find({store, std::string(topic)});
    if (found == counts_.end()) return;
    const Count count = found->second;
    counted(found->first, -static_cast<std::int64_t>(count.keys),
            -static_cast<std::int64_t>(count.events));
}

Result<void> ParkedKeys::stands(ByteView name, ByteView value) {
    schema::Parser parser;
    const auto state = decode_parked_state(parser, value);
    if (!state) return tl::unexpected(state.error());
    const auto key = parse_parked_name(name);
    counted({key.store, key.topic}, 1, static_cast<std::int64_t>(state->events));
    remember(Bytes(name));
    return {};
}

std::vector<schema::ParkedKey> ParkedKeys::all(std::size_t at_most) const {
    std::vector<schema::ParkedKey> list;
    if (keys_ == 0 || at_most == 0) return list;
    // What cannot be read shows where it is needed: here it only names.
    (void)store_.scan("u", {}, [&](ByteView key, ByteView) {
        list.push_back(parse_parked_name(key));
        return list.size() < at_most;
    });
    return list;
}

std::string ParkedKeys::first_reason() const {
    std::string reason;
    if (keys_ == 0) return reason;
    schema::Parser parser;
    (void)store_.scan("u", {}, [&](ByteView, ByteView value) {
        const auto state = decode_parked_state(parser, value);
        if (state) reason = state->obstacle.reason;
        return false;
    });
    return reason;
}

}  // namespace filial::subscriber
