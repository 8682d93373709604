#pragma once

#include <doctest/doctest.h>

#include <functional>
#include <map>
#include <string>

#include "schema/segment.h"
#include "subscriber/replica_keys.h"
#include "subscriber/replica_store.h"
#include "test/unit/subscriber/replica_support.h"

/// A replica whose folder was changed behind its back.
namespace filial::subscriber {

/// As a broker sends it: each topic with its chain head behind the last row.
inline schema::Range with_chains(schema::Range range, std::map<std::string, schema::Hash>& heads) {
    for (schema::Segment& segment : range.segments) {
        const auto head = schema::chain_after(range.store, segment, heads[segment.topic]);
        REQUIRE(head);
        heads[segment.topic] = *head;
        segment.chain = schema::Bytes(schema::view(*head));
    }
    return range;
}

/// Changes what RocksDB takes for whole.
inline void overwrite(const ReplicaOptions& options,
                      const std::function<void(ReplicaWrite&)>& change) {
    auto store = ReplicaStore::open(options.store);
    REQUIRE(store);
    const auto write = (*store)->begin();
    change(*write);
    REQUIRE((*store)->write(*write, true));
}

/// In the place of the piece of that topic which ends where this one does.
inline void overwrite_piece(const ReplicaOptions& options, const schema::StoreId& store,
                            const schema::Segment& piece) {
    schema::Bytes key(piece.topic);
    key += '\0';
    key += store.value();
    key += '\0';
    append_u64(key, piece.last().value());
    schema::Writer out;
    out.array(3).u64(1).i64(0);
    schema::write_segment(out, piece);
    const schema::Bytes value = out.take();
    overwrite(options, [&](ReplicaWrite& write) { write.put_received(key, value); });
}

}  // namespace filial::subscriber
