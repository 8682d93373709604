#include "subscriber/parked_retry.h"

#include "schema/hash.h"
#include "subscriber/replica_keys.h"

namespace filial::subscriber {

using schema::Bytes;
using schema::ByteView;
using schema::Result;
using schema::Sequence;
using schema::StoreId;

namespace {

constexpr std::size_t kRetrySeqBytes = 8;

std::uint64_t retry_number() { return read_u64(schema::random_bytes(8)) | 1; }

}  // namespace

ParkedRetry::ParkedRetry(ParkedScope scope, std::optional<Waiver> waiver)
    : scope_(std::move(scope)), waiver_(std::move(waiver)), number_(retry_number()), prefix_("x") {
    if (scope_.store.empty()) return;
    prefix_ += scope_.store + '\0';
    if (!scope_.topic.empty()) prefix_ += scope_.topic + '\0';
}

/// Of one key alone: nothing of it stands below its first event.
Result<void> ParkedRetry::begin(const ParkedKeys& parked) {
    begun_ = true;
    if (scope_.key.empty()) return {};
    const auto state = parked.find(StoreId{scope_.store}, scope_.topic, scope_.key);
    if (!state) return tl::unexpected(state.error());
    if (!*state || (*state)->first.value() == 0) return {};
    above_ = parked_key(scope_.store, scope_.topic, Sequence{(*state)->first.value() - 1});
    return {};
}

Result<bool> ParkedRetry::step(const ReplicaStore& store, Applier& applier, ParkedKeys& parked,
                               std::size_t bytes) {
    if (!begun_) {
        if (const auto ok = begin(parked); !ok) return tl::unexpected(ok.error());
    }
    std::size_t read = 0;
    Result<void> result;
    schema::Parser parser;
    const Bytes from = above_;
    const auto scanned = store.scan(prefix_, from, [&](ByteView key, ByteView value) {
        above_ = key;
        read += key.size() + value.size();
        auto event = decode_parked_event(parser, value);
        if (!event || key.size() <= kRetrySeqBytes) {
            result = schema::fail(schema::Errc::corrupt, "replica: a parked row is damaged");
            return false;
        }
        if (scope_.key.empty() || event->key == scope_.key) {
            const ByteView log = key.substr(0, key.size() - kRetrySeqBytes - 1);
            auto [origin, topic] = parse_log_key(log);
            const Sequence seq{read_u64(key.substr(key.size() - kRetrySeqBytes))};
            result = retry({std::move(origin), std::move(topic), seq}, std::move(*event), applier,
                           parked);
        }
        return result.has_value() && read < bytes;
    });
    if (!scanned) return tl::unexpected(scanned.error());
    if (!result) return tl::unexpected(result.error());
    return read >= bytes;
}

Result<void> ParkedRetry::retry(const ParkedKeys::Place& place, ParkedEvent event, Applier& applier,
                                ParkedKeys& parked) {
    const std::string key = event.key;
    const auto held = parked.find(place.store, place.topic, key);
    if (!held) return tl::unexpected(held.error());
    if (!*held) {
        return schema::fail(schema::Errc::corrupt,
                            "replica: a parked event's key is not among the parked ones");
    }
    ParkedState state = **held;
    if (state.tried == number_) {
        ++outcome_.left;
        return {};
    }
    schema::Segment segment;
    segment.topic = place.topic;
    segment.epoch = event.epoch;
    segment.add(place.seq, event.client, event.row);
    const auto obstacle = applier.retry(place.store, segment);
    if (!obstacle) return tl::unexpected(obstacle.error());
    if (!*obstacle) {
        parked.release(place, key, state);
        ++outcome_.applied;
    } else if (waiver_) {
        event.obstacle = **obstacle;
        parked.waive(place, std::move(event), state, *waiver_);
        ++outcome_.waived;
    } else {
        parked.keep(place, key, state, **obstacle, number_);
        ++outcome_.left;
    }
    return {};
}

}  // namespace filial::subscriber
