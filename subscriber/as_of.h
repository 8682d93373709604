#pragma once

#include <deque>
#include <map>
#include <string>
#include <vector>

#include "core/link/mark_book.h"
#include "schema/ids.h"

namespace filial::subscriber {

/// A mark that the replica waits for or has reached, without what only publishers need.
struct AsOfMark {
    core::HeldMark held;
    std::string source;  ///< Who brought it: "own publisher", "broker head", "peer store1".
};

/// How far the replica had read each log when its store said "so far by my clock at T". As-of comes
/// from here alone, never from the last event, so a quiet store is not a stale one. Pure.
class AsOfBook {
  public:
    /// Takes a mark that is newer than any of that store before; an older one is left out. Of the
    /// marks not reached yet the next ones are kept and the newest.
    void offer(const core::HeldMark& held, const std::string& source);

    /// The replica holds `positions` (by topic) of that log, in `epoch`. A mark is reached in a
    /// topic when its last event of that topic is held. Returns the topics whose newest reached
    /// mark is another one now.
    std::vector<std::string> advance(const schema::StoreId& store, schema::Epoch epoch,
                                     const std::map<std::string, schema::Sequence>& positions);

    /// The newest mark reached in that topic; null for "never".
    const AsOfMark* find(const schema::StoreId& store, const std::string& topic) const;

    /// The newest mark of that store that is known, reached or not; null for none. Older ones do
    /// not move its as-of.
    const AsOfMark* newest(const schema::StoreId& store) const;

    void forget(const schema::StoreId& store) { logs_.erase(store); }

    static schema::Bytes save(const AsOfMark& mark);
    schema::Result<void> restore(const schema::StoreId& store, const std::string& topic,
                                 schema::ByteView saved);

  private:
    struct Log {
        std::deque<AsOfMark> waiting;  ///< Oldest first.
        std::map<std::string, AsOfMark> reached;
    };
    std::map<schema::StoreId, Log> logs_;
};

}  // namespace filial::subscriber
