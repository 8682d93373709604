// The replica's part in parked keys: retries, and why a value is behind.
#include "core/log.h"
#include "subscriber/replica.h"
#include "subscriber/replica_keys.h"

namespace filial::subscriber {

using schema::ByteView;
using schema::Errc;
using schema::Result;
using schema::StoreId;

Result<void> Replica::begin_retry(ParkedScope scope, std::optional<Waiver> waiver) {
    if (!scope.key.empty()) {
        const auto held = parked_.find(StoreId{scope.store}, scope.topic, scope.key);
        if (!held) return tl::unexpected(held.error());
        if (!*held) {
            return schema::fail(Errc::not_found, scope.topic + " " + scope.key + " of " +
                                                     scope.store + " is not parked here");
        }
    }
    retry_.emplace(std::move(scope), std::move(waiver));
    return {};
}

Result<bool> Replica::retry_parked(std::size_t bytes) {
    if (!retry_) return true;
    if (const auto flushed = flush(); !flushed) return tl::unexpected(flushed.error());
    const auto more = retry_->step(*store_, applier_, parked_, bytes);
    if (!more) {
        retry_.reset();
        return tl::unexpected(more.error());
    }
    unparked_ = unparked_ || records_.changed();
    if (unparked_) ++upsets_;
    if (!*more) {
        retried_ = retry_->outcome();
        retry_.reset();
    }
    if (const auto flushed = flush(); !flushed) return tl::unexpected(flushed.error());
    return !*more;
}

std::string Replica::why_behind(const StoreId& store, const std::string& topic,
                                const std::string& key) const {
    if (!parked_.any(store, topic)) return {};
    const auto found = parked_.find(store, topic, key);
    if (!found) return "what is parked of it cannot be read: " + found.error().message;
    if (!*found) return {};
    const ParkedState& state = **found;
    std::string text =
        "behind since " + schema::to_string(schema::Position{store, state.epoch, state.first}) +
        " (" + std::to_string(state.events) + (state.events == 1 ? " event of " : " events of ") +
        topic + "): " + state.obstacle.reason;
    return text;
}

std::vector<std::string> Replica::waivers_of(const StoreId& store, const std::string& topic,
                                             const std::string& key) const {
    std::vector<std::string> texts;
    if (!parked_.any_waived(store, topic)) return texts;
    constexpr std::size_t kNamed = 3;
    schema::Parser parser;
    std::size_t count = 0;
    const schema::Bytes prefix = waived_prefix(store.value(), topic, key);
    // One that cannot be read is found by whoever looks for the key's events.
    (void)store_->scan(prefix, {}, [&](ByteView at, ByteView value) {
        if (++count > kNamed) return true;
        const auto event = decode_parked_event(parser, value);
        if (!event || !event->waiver) return true;
        const schema::Position position{store, event->epoch,
                                        schema::Sequence{read_u64(at.substr(prefix.size()))}};
        texts.push_back(schema::to_string(position) + " is left out: " + event->waiver->reason +
                        " (" + event->waiver->who + ", " + schema::to_string(event->waiver->at) +
                        ")");
        return true;
    });
    if (count > kNamed) texts.push_back("and " + std::to_string(count - kNamed) + " more events");
    return texts;
}

}  // namespace filial::subscriber
