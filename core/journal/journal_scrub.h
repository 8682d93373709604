#pragma once

#include <optional>
#include <vector>

#include "core/journal/journal_store.h"
#include "core/journal/log_check.h"

namespace filial::core {

/// One look at everything that a journal holds, in steps that bound the time each of them takes:
/// every row of every log against its chain and head, every value of the state.
class JournalScrub {
  public:
    /// Begins with the heads as they are now.
    explicit JournalScrub(const LogHeads& heads);

    /// Reads about `bytes` further; false when all is read. `now`: the heads as they have become,
    /// where logs may be trimmed between the steps.
    bool step(const JournalStore& store, std::size_t bytes, const LogHeads* now = nullptr);

    const std::vector<LogDamage>& damages() const { return damages_; }
    std::uint64_t rows() const { return rows_; }
    std::uint64_t bytes() const { return bytes_; }

  private:
    bool check_state(const JournalStore& store, std::size_t bytes);

    std::vector<LogHead> logs_;    ///< Those still to do, the next one last.
    std::optional<LogCheck> log_;  ///< The one under way.
    std::vector<JournalColumn> state_{kRedoColumn, kStateColumn};
    schema::Bytes state_at_;
    std::vector<LogDamage> damages_;
    std::uint64_t rows_ = 0;
    std::uint64_t bytes_ = 0;
    schema::Parser parser_;
};

}  // namespace filial::core
