#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "schema/codec.h"
#include "schema/ids.h"

namespace filial::schema {

/// Positions that one question may name; each costs a walk through one commit of the log.
constexpr std::size_t kDigestPositionsMax = 64;

/// "What does your copy of this topic of this log come to, up to each of these positions?", to a
/// publisher, a broker or a subscriber. The answer is Digests. With `reload`, to a subscriber of
/// the same machine: drop the log, or the topic of it that is named, and load it again; no store:
/// of every log. The answer has no positions then.
struct DigestAsk {
    std::uint64_t request = 0;
    StoreId store;
    std::string topic;
    std::vector<Sequence> at;
    bool reload = false;  ///< Left out of the bytes where it is false.
    friend bool operator==(const DigestAsk&, const DigestAsk&) = default;
};

/// The chain of hashes over all events of a topic up to a position: equal at two ends only where
/// all of them are.
struct ChainAt {
    Sequence at;    ///< As it was asked.
    Sequence last;  ///< The topic's last event at or below it.
    Bytes chain;    ///< 32 bytes; empty: not known at this end.
    friend bool operator==(const ChainAt&, const ChainAt&) = default;
};

/// Positions that are beyond what is held are left out.
struct Digests {
    std::uint64_t request = 0;
    Epoch epoch;   ///< Of the log that is held.
    Sequence end;  ///< How far it is held.
    std::vector<ChainAt> chains;
    friend bool operator==(const Digests&, const Digests&) = default;
};

void write_digest_ask(Writer& out, const DigestAsk& ask);
DigestAsk read_digest_ask(Fields& fields);
void write_digests(Writer& out, const Digests& digests);
Digests read_digests(Fields& fields);

}  // namespace filial::schema
