#pragma once

#include <map>

#include "subscriber/replica_keys.h"
#include "test/unit/subscriber/replica_support.h"

/// Replicas that take kinds for unknown, and what is parked there.
namespace filial::subscriber {

/// A replica of store9 that takes these kinds for unknown.
inline ReplicaOptions holding(const Folder& folder, std::vector<std::string> kinds) {
    ReplicaOptions options = replica_options(folder, "store9");
    options.topics.emplace_back("names");
    options.hold_kinds = std::move(kinds);
    return options;
}

/// Retries in small steps until it is over.
inline ParkedOutcome retry(Replica& replica, ParkedScope scope = {},
                           std::optional<Waiver> waiver = {}, std::size_t bytes = 3'000) {
    const auto begun = replica.begin_retry(std::move(scope), std::move(waiver));
    REQUIRE_MESSAGE(begun, begun.error().message);
    for (;;) {
        const auto over = replica.retry_parked(bytes);
        REQUIRE_MESSAGE(over, over.error().message);
        if (*over) return replica.retried();
    }
}

/// All rows of the replica's state but positions, marks and what depends on when something came.
inline std::map<schema::Bytes, schema::Bytes> state_of(const Replica& replica) {
    std::map<schema::Bytes, schema::Bytes> rows;
    for (const char* family : {"c", "s", "k", "t", "y", "q", "x", "u", "g"}) {
        const auto scanned =
            replica.kept().scan(family, {}, [&](schema::ByteView key, schema::ByteView value) {
                rows[schema::Bytes(key)] = value;
                return true;
            });
        REQUIRE(scanned);
    }
    return rows;
}

inline schema::Query parked_query(const std::string& store = {}, const std::string& topic = {},
                                  const std::string& key = {}) {
    schema::Query query;
    query.kind = key.empty() ? schema::QueryKind::parked : schema::QueryKind::parked_events;
    query.store = store;
    query.topic = topic;
    query.key = key;
    return query;
}

}  // namespace filial::subscriber
