#include "subscriber/replica_drop.h"

#include <map>
#include <vector>

#include "schema/amounts.h"
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

/// Erases everything below `prefix` and, beside each contribution, what is read from it.
Result<void> erase_below(ReplicaStore& store, ByteView prefix) {
    bool more = true;
    Bytes above;  // Erased up to here: what is erased is not walked over again.
    while (more) {
        more = false;
        ReplicaWrite write;
        const auto scanned = store.scan(prefix, Bytes(above), [&](ByteView key, ByteView) {
            write.erase(key);
            above = key;
            if (const auto name = parse_contribution(key)) {
                const Bytes reading = reading_key(*name);
                if (!reading.empty()) write.erase(reading);
            }
            more = write.bytes() >= kWriteBytes;
            return !more;
        });
        if (!scanned) return scanned;
        if (write.empty()) return {};
        if (const auto written = store.write(write, false); !written) return written;
    }
    return {};
}

/// Sums and copies as the contributions make them.
Result<std::map<Bytes, Bytes>> rebuild(const ReplicaStore& store) {
    std::map<Bytes, Bytes> expected;
    Result<void> added;
    const auto scanned = store.scan("c", {}, [&](ByteView key, ByteView value) {
        const auto name = parse_contribution(key);
        if (!name) {
            added = schema::fail(Errc::corrupt, "replica: the key of a contribution is damaged");
            return false;
        }
        const Bytes reading = reading_key(*name);
        if (reading.empty()) return true;
        const auto [at, first] = expected.try_emplace(reading, value);
        if (first || name->part != Part::number) return true;
        const auto sum = schema::add(number_of(at->second), number_of(value));
        if (!sum) {
            added = schema::fail("sum of " + name->key, sum.error());
            return false;
        }
        at->second = number_value(*sum);
        return true;
    });
    if (!scanned) return tl::unexpected(scanned.error());
    if (!added) return tl::unexpected(added.error());
    return expected;
}

}  // namespace

Result<void> drop_topic(ReplicaStore& store, const StoreId& origin, const std::string& topic) {
    ReplicaWrite begin;
    begin.put(log_key('d', origin.value(), topic), "1");
    if (const auto written = store.write(begin, true); !written) return written;
    const Bytes contributions = contribution_prefix(topic, origin.value());
    if (const auto erased = erase_below(store, contributions); !erased) return erased;
    const Bytes parked = log_key('x', origin.value(), topic) + '\0';
    if (const auto erased = erase_below(store, parked); !erased) return erased;
    ReplicaWrite end;
    for (const char family : {'p', 'm', 'd'}) end.erase(log_key(family, origin.value(), topic));
    return store.write(end, true);
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
    auto expected = rebuild(store);
    if (!expected) return tl::unexpected(expected.error());
    Result<void> result;
    const auto differs = [&](ByteView key, const char* how) {
        result = schema::fail(Errc::corrupt, "replica: " + Bytes(key.substr(1)) + " " + how);
        return false;
    };
    for (const char* family : {"s", "k", "t"}) {
        const auto scanned = store.scan(family, {}, [&](ByteView key, ByteView value) {
            const auto at = expected->find(Bytes(key));
            if (at == expected->end()) return differs(key, "comes from no contribution");
            if (at->second != value) return differs(key, "differs from its contributions");
            expected->erase(at);
            return true;
        });
        if (!scanned) return scanned;
        if (!result) return result;
    }
    if (!expected->empty()) differs(expected->begin()->first, "is missing");
    return result;
}

Result<void> Replica::check_sums() const { return check_against_contributions(*store_); }

}  // namespace filial::subscriber
