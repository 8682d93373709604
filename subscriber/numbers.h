#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "schema/ids.h"
#include "subscriber/number_record.h"
#include "subscriber/replica_store.h"

namespace filial::subscriber {

/// The replica's counters: what each log adds to a SKU or to a customer's debt, and the sum over
/// that log's epochs. Deltas are added here in memory, each checked, however many events there are
/// of one key; the database sees one record a key and flush. Records read or written stay in memory
/// up to a bound.
class Numbers {
  public:
    /// `store` must outlive it.
    explicit Numbers(const ReplicaStore& store) : store_(store) {}

    /// Handle of one topic of one log; valid until `forget`.
    std::size_t slot(std::string_view topic, const schema::StoreId& store);

    /// False, and no number changed, where a sum would leave 64 bits. Fails when the database does,
    /// and with `corrupt` where it holds a damaged record.
    schema::Result<bool> add(std::size_t slot, schema::Epoch epoch, std::string_view key,
                             std::int64_t delta);

    /// Adds what changed since the last `written`.
    void write_into(ReplicaWrite& write);
    /// That write is in the database.
    void written();
    bool changed() const { return !changed_.empty(); }
    /// Forgets everything in memory, staged changes included.
    void forget();

  private:
    struct Cell {
        NumberRecord record;
        bool changed = false;
    };
    struct Hash {
        using is_transparent = void;
        std::size_t operator()(std::string_view text) const {
            return std::hash<std::string_view>{}(text);
        }
    };
    using Cells = std::unordered_map<std::string, Cell, Hash, std::equal_to<>>;
    struct Slot {
        std::string topic;
        schema::StoreId store;
        Cells cells;
        /// Every record that the database has of it is in `cells`: a log that is new here is
        /// replayed without asking for what cannot be there.
        bool complete = false;
    };
    struct Change {
        const Slot* slot;
        Cells::value_type* cell;
    };

    schema::Result<Cell> load(const Slot& slot, std::string_view key) const;

    const ReplicaStore& store_;
    std::vector<std::unique_ptr<Slot>> slots_;
    std::vector<Change> changed_;
    std::size_t held_ = 0;
};

}  // namespace filial::subscriber
