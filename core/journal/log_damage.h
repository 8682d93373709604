#pragma once

#include <string>
#include <vector>

#include "schema/ids.h"

namespace filial::core {

/// Events of one topic of a log, those above `after` up to `upto`, that cannot be read or are not
/// those that were written. The other topics between these positions may be whole.
struct LogDamage {
    schema::StoreId store;
    std::string topic;  ///< "*": of every topic, or of one that is not known; empty: the state.
    schema::Sequence after;
    schema::Sequence upto;  ///< At most up to here.
    std::string why;
    friend bool operator==(const LogDamage&, const LogDamage&) = default;
};

/// "store1, stock: events 101 to 180: block checksum mismatch".
std::string to_string(const LogDamage& damage);
/// The first few of them in one sentence, and how many there are.
std::string to_string(const std::vector<LogDamage>& damages);
/// "events 101 to 180", "event 101".
std::string events_text(schema::Sequence after, schema::Sequence upto);

}  // namespace filial::core
