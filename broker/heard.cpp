#include "broker/heard.h"

#include <algorithm>

namespace filial::broker {

using schema::Epoch;
using schema::Position;
using schema::Sequence;
using schema::StoreId;

namespace {

/// How far the store that made the mark has read `store`'s log.
Position reached(const schema::Mark& mark, const StoreId& store) {
    Position most{store, {}, {}};
    for (const Position& taken : mark.taken) {
        if (taken.store == store) most = std::max(most, taken);
    }
    for (const schema::Reached& applied : mark.applied) {
        if (applied.store != store) continue;
        for (const schema::TopicEnd& topic : applied.topics) {
            most = std::max(most, Position{store, applied.epoch, topic.seq});
        }
    }
    return most;
}

}  // namespace

Epoch known_epoch(const StoreId& store, const core::MarkBook& marks) {
    Epoch most;
    for (const auto& [of, held] : marks.all())
        most = std::max(most, reached(held.mark, store).epoch);
    return most;
}

std::string not_heard(const StoreId& store, const Attempt& attempt, const core::LogHead* held,
                      const std::vector<core::Admission>& admitted, const core::MarkBook& marks,
                      const HeardStores& heard) {
    std::string silent;
    for (const core::Admission& one : admitted) {
        const bool counts = one.publish && one.store != store.value();
        if (!counts || marks.find(StoreId{one.store}) != nullptr) continue;
        silent += (silent.empty() ? "" : ", ") + one.store;
    }
    if (!silent.empty()) {
        return "not heard here yet: " + silent + "; they may know more of the log of " +
               store.value() + " than is held here";
    }
    for (const core::Admission& one : admitted) {
        const bool counts = one.publish && one.store != store.value();
        if (!counts || heard.has(StoreId{one.store})) continue;
        silent += (silent.empty() ? "" : ", ") + one.store;
    }
    if (!silent.empty()) {
        return "not heard here since this broker's memory began: " + silent +
               "; what others pass on of them may be older, and they may have read more of the "
               "log of " +
               store.value() + " than is held here";
    }
    for (const core::Admission& one : admitted) {
        const core::HeldMark* mark = marks.find(StoreId{one.store});
        const bool counts = one.publish && one.store != store.value();
        if (!counts || !mark->mark.applied.empty()) continue;
        silent += (silent.empty() ? "" : ", ") + one.store;
    }
    if (!silent.empty()) {
        return silent + " has not said what it has read: its replica may hold more of the log of " +
               store.value() + " than is held here";
    }
    const Position here{store, held ? held->epoch : Epoch{}, held ? held->end : Sequence{}};
    const Position brought = std::max(Position{store, attempt.epoch, attempt.end},
                                      Position{store, attempt.most.first, attempt.most.second});
    for (const auto& [of, mark] : marks.all()) {
        const Position most = reached(mark.mark, store);
        if (most.seq.value() == 0 || most <= std::max(here, brought)) continue;
        return of.value() + " has read the log of " + store.value() + " up to " + to_string(most) +
               ", held here is " + to_string(here) +
               ": what lies between is on no disk that has asked";
    }
    return {};
}

}  // namespace filial::broker
