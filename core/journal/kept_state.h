#pragma once

#include <rocksdb/write_batch.h>
#include <tsl/robin_map.h>

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "core/journal/journal_store.h"
#include "core/journal/key_runs.h"
#include "core/journal/redo_record.h"

namespace filial::core {

/// The owner's state: rows of column family `state`, and in front of them what commits changed
/// lately. A commit brings one redo record however many keys it changed; each later commit also
/// writes some of the older changes as rows, a key that changed often once, and the records whose
/// changes all have rows are deleted with the last of them. So a row costs a write only when it has
/// come to rest, and every commit is still one batch. Used by one thread at a time; `add` and `due`
/// may be asked while another one reads.
class KeptState {
  public:
    /// Changes in memory of about `bytes_goal` bytes become rows while the next ones are gathered:
    /// at most two and a half times as much is held.
    explicit KeptState(std::size_t bytes_goal) : bytes_goal_(bytes_goal) {}

    /// The records that are there, at opening. `corrupt` if one is damaged.
    schema::Result<void> load(const JournalStore& store);

    /// What one commit brings, for `wrote`.
    struct Step {
        std::vector<RedoPtr> records;
        std::size_t rows = 0;   ///< Older changes that it writes as rows.
        bool all_rows = false;  ///< No older change is left then, and their records go.
    };
    /// Bytes that `add` may put into a batch beside the changes themselves.
    std::size_t older_bytes() const { return old_.bytes; }
    /// Puts `changes` into the batch; nothing changes here before `wrote`. `too_large` for an entry
    /// of more than kStateEntryBytesMax.
    schema::Result<Step> add(rocksdb::WriteBatch& batch, const JournalStore& store,
                             const std::vector<StateEntry>& changes) const;
    /// That batch is in the database. Afterwards `due` is asked: where it gives something, that has
    /// to be passed to `turn`. Making it takes long and changes nothing.
    void wrote(Step step);
    /// By key.
    using Change = std::pair<schema::ByteView, std::optional<schema::ByteView>>;
    std::optional<std::vector<Change>> due() const;
    void turn(std::vector<Change> sorted);

    /// As Journal::get and Journal::scan.
    schema::Result<std::optional<schema::Bytes>> get(const JournalStore& store,
                                                     schema::ByteView key) const;
    schema::Result<void> scan(
        const JournalStore& store, schema::ByteView prefix, schema::ByteView after,
        const std::function<bool(schema::ByteView, schema::ByteView)>& each) const;

  private:
    using Changes = tsl::robin_map<schema::ByteView, std::optional<schema::ByteView>>;
    /// Successive records and what they come to.
    struct Generation {
        std::uint64_t first = 0;  ///< Number of the first record.
        std::vector<RedoPtr> records;
        Changes changes;        ///< Views of the records' bytes.
        std::size_t bytes = 0;  ///< In memory, about.
        KeyRuns keys;           ///< Of `changes`, for whoever walks: few commits do.

        void take(RedoPtr record);
    };
    class Walk;

    std::size_t bytes_goal_;
    mutable Generation young_;
    Generation old_;            ///< Becoming rows.
    std::vector<Change> rows_;  ///< All of `old_`, in the order of keys.
    std::size_t next_row_ = 0;  ///< In `rows_`: the first that is not written yet.
    std::uint64_t next_record_ = 1;
};

}  // namespace filial::core
