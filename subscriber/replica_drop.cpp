#include "subscriber/replica_drop.h"

#include <vector>

#include "subscriber/number_record.h"
#include "subscriber/received_log.h"
#include "subscriber/replica.h"
#include "subscriber/replica_keys.h"

namespace filial::subscriber {

using schema::Bytes;
using schema::ByteView;
using schema::Errc;
using schema::Result;
using schema::StoreId;

namespace {

/// Bytes of one write: bounded memory, and a write that a small memtable takes whole.
constexpr std::size_t kWriteBytes = 512 << 10;

/// Calls `erase(write, key)` for every key that begins with `prefix` and writes what it added.
template <class Erase>
Result<void> erase_some(ReplicaStore& store, ByteView prefix, const Erase& erase) {
    bool more = true;
    Bytes above;  // Looked at up to here: what is erased is not walked over again.
    while (more) {
        more = false;
        const auto made = store.begin();
        ReplicaWrite& write = *made;
        const auto scanned = store.scan(prefix, Bytes(above), [&](ByteView key, ByteView) {
            above = key;
            erase(write, key);
            more = write.bytes() >= kWriteBytes;
            return !more;
        });
        if (!scanned) return scanned;
        if (write.empty()) return {};
        if (const auto written = store.write(write, false); !written) return written;
    }
    return {};
}

Result<void> erase_below(ReplicaStore& store, ByteView prefix) {
    return erase_some(store, prefix, [](ReplicaWrite& write, ByteView key) { write.erase(key); });
}

/// Erases what stands among the contributions of other logs.
Result<void> erase_among_others(ReplicaStore& store, const StoreId& origin,
                                const std::string& topic) {
    for (const char family : families_of(topic)) {
        const auto erased =
            erase_some(store, Bytes(1, family), [&](ReplicaWrite& write, ByteView key) {
                const auto name = parse_contribution(key);
                if (name && name->store == origin && name->topic == topic) write.erase(key);
            });
        if (!erased) return erased;
    }
    return {};
}

}  // namespace

Result<void> drop_topic(ReplicaStore& store, const StoreId& origin, const std::string& topic) {
    const auto begin = store.begin();
    begin->put(log_key('d', origin.value(), topic), "1");
    if (const auto written = store.write(*begin, true); !written) return written;
    const Bytes contributions = contribution_prefix(topic, origin.value());
    if (const auto erased = erase_below(store, contributions); !erased) return erased;
    if (const auto erased = erase_among_others(store, origin, topic); !erased) return erased;
    for (const char family : {'x', 'u', 'i'}) {
        const Bytes parked = log_key(family, origin.value(), topic) + '\0';
        if (const auto erased = erase_below(store, parked); !erased) return erased;
    }
    const auto end = store.begin();
    ReceivedLog::forget(*end, origin, topic);
    for (const char family : {'p', 'm', 'z', 'j', 'd'})
        end->erase(log_key(family, origin.value(), topic));
    return store.write(*end, true);
}

Result<void> finish_drops(ReplicaStore& store) {
    std::vector<std::pair<StoreId, std::string>> begun;
    const auto scanned = store.scan("d", {}, [&](ByteView key, ByteView) {
        begun.push_back(parse_log_key(key));
        return true;
    });
    if (!scanned) return scanned;
    for (const auto& [origin, topic] : begun) {
        if (const auto dropped = drop_topic(store, origin, topic); !dropped) return dropped;
    }
    return {};
}

Result<void> drop_family(ReplicaStore& store, char family) {
    return erase_below(store, Bytes(1, family));
}

Result<void> check_against_contributions(const ReplicaStore& store) {
    Result<void> result;
    for (const char* family : {"c", "s", "k", "t", "y"}) {
        const auto scanned = store.scan(family, {}, [&](ByteView key, ByteView value) {
            const auto name = parse_contribution(key);
            if (!name) {
                result = schema::fail(Errc::corrupt,
                                      "replica: " + Bytes(key.substr(1)) + " is no contribution");
            } else if (name->part == Part::number) {
                const auto number = NumberRecord::decode(value);
                if (!number) result = schema::fail("sum of " + name->key, number.error());
            }
            return result.has_value();
        });
        if (!scanned) return scanned;
        if (!result) return result;
    }
    return result;
}

Result<bool> Replica::scrub(std::size_t bytes) {
    if (!walking_) {
        if (!scrub_) scrub_.emplace();
        const auto more = scrub_->step(*store_, bytes);
        if (!more) return schema::fail("the replica cannot be read", more.error());
        if (*more) return false;
        damages_ = scrub_->damages();
        scrub_.reset();
        if (const auto dropped = drop_damaged(0); !dropped) return tl::unexpected(dropped.error());
        // One damaged row hides no other: the rest is looked at all the same.
        dropped_ = damages_.size();
        begin_walks();
        walking_ = true;
        return false;
    }
    if (const auto over = walk(bytes); !over || !*over) return over;
    walking_ = false;
    if (const auto dropped = drop_damaged(dropped_); !dropped) {
        return tl::unexpected(dropped.error());
    }
    return true;
}

Result<void> Replica::drop_damaged(std::size_t from) {
    std::set<StoreId> damaged;
    for (std::size_t i = from; i < damages_.size(); ++i) damaged.insert(damages_[i].store);
    for (const StoreId& store : damaged) {
        if (const auto dropped = drop_log(store); !dropped) return dropped;
    }
    return {};
}

Result<void> Replica::check_sums() const { return check_against_contributions(*store_); }

}  // namespace filial::subscriber
