#pragma once

#include <cstddef>
#include <vector>

#include "schema/bytes.h"

namespace filial::core {

/// Keys that come in no order, for somebody who seldom walks through a few of them in theirs:
/// adding one costs nothing, and a walk sorts what came since the last one into a run. A run is
/// merged with the one before it once that is less than twice as long, so there are few, and each
/// key is compared about log(n) times whatever the number of walks. The bytes are somebody else's.
/// Used by one thread.
class KeyRuns {
  public:
    /// `key` is not there yet.
    void add(schema::ByteView key) { unsorted_.push_back(key); }

    /// The keys from `from` on, in bytewise order; of no use after the next `add`.
    class Walk {
      public:
        Walk(KeyRuns& keys, schema::ByteView from);
        /// nullptr at the end.
        const schema::ByteView* here() const;
        void next();

      private:
        struct Place {
            const schema::ByteView* at;
            const schema::ByteView* end;
        };
        void find_least();
        std::vector<Place> places_;  ///< Of each run, none at its end.
        std::size_t least_ = 0;
    };

  private:
    void sort();

    std::vector<schema::ByteView> unsorted_;
    std::vector<std::vector<schema::ByteView>> runs_;
};

}  // namespace filial::core
