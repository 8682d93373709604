#pragma once

#include <string>
#include <vector>

#include "core/link/sender.h"
#include "test/support/memory_journal.h"

namespace filial::test {

/// The log of store1 in a journal in memory, and what its senders do with it.
class OneLog {
  public:
    /// One commit with an event of each of these topics, in this order.
    void append(const std::vector<std::string>& topics, std::size_t row_bytes = 16);
    schema::Sequence end() const { return journal_.end(store); }
    /// All of it.
    schema::Range whole() const;

    /// What `sender` wants read, read and supplied, until it wants no more. `goal` ends reads
    /// early, `blocks` the whole.
    std::vector<schema::Block> pump(core::Sender& sender, core::BootTime now, std::size_t goal = 0,
                                    std::size_t blocks = 1'000) const;

    schema::StoreId store{"store1"};

  private:
    MemoryJournal journal_;
};

std::vector<std::string> rows_of(const schema::Range& range, const std::string& topic);

schema::Fetch fetch_of(const std::vector<std::pair<std::string, std::uint64_t>>& after,
                       bool restart = false, std::uint64_t credit = 1 << 20);

constexpr core::BootTime at_second(std::int64_t seconds) {
    return core::BootTime{seconds * core::kSecond};
}

}  // namespace filial::test
