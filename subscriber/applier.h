#pragma once

#include <map>
#include <string>
#include <vector>

#include "schema/event.h"
#include "schema/payloads.h"
#include "schema/segment.h"
#include "subscriber/numbers.h"
#include "subscriber/parked_keys.h"
#include "subscriber/records.h"

namespace filial::subscriber {

/// An event of the own log that changes a customer's debt.
struct OwnDebt {
    schema::Epoch epoch;
    schema::Sequence seq;
    std::string customer;
    std::int64_t cents = 0;
    std::string addressee;  ///< His home, if the publisher knew it: then it was told, right behind.
};

/// News of a debt that another store took into its log.
struct TakenDebt {
    schema::Position cause;  ///< The debt.told that it took.
    schema::Position by;
    bool applied = false;  ///< It booked it; else it passed it on to another store.
};

/// Turns events into changes of the replica's records. It keeps nothing between events but what
/// waits in `numbers` and `records` for the next write; who calls it sees to it that each event
/// comes once and in its log's order.
class Applier {
  public:
    /// All must outlive it. `own` is the store whose debts events are collected; events of
    /// `hold_kinds` are not applied.
    Applier(Numbers& numbers, Records& records, ParkedKeys& parked, schema::StoreId own,
            std::vector<std::string> hold_kinds = {})
        : numbers_(numbers),
          records_(records),
          parked_(parked),
          own_(std::move(own)),
          hold_kinds_(std::move(hold_kinds)) {}

    /// Applies the rows of `segment` above `after`. `through` is the last one applied (or parked,
    /// at `now`), also on failure: `corrupt` where a row cannot be read at all, or what the
    /// database says.
    schema::Result<void> apply(const schema::StoreId& store, const schema::Segment& segment,
                               schema::Sequence after, schema::Sequence& through,
                               schema::Timestamp now);

    /// Adds what earlier events of this topic of the log came to, of a base. `corrupt` where the
    /// topic has no numbers, or the sum leaves 64 bits.
    schema::Result<void> add_sum(const schema::StoreId& store, const std::string& topic,
                                 schema::Epoch epoch, const std::string& key, std::int64_t sum);

    /// Applies the only row of `segment`, which was parked; or what still keeps it from being
    /// applied, and nothing changed.
    schema::Result<std::optional<Obstacle>> retry(const schema::StoreId& store,
                                                  const schema::Segment& segment);

    /// The own debts events since the last call.
    std::vector<OwnDebt> take_own_debts();

    /// What others did with told debts since the last call.
    std::vector<TakenDebt> take_taken_debts();

    /// Since the start: "events_applied", "events_parked", "events_repeated", ...
    const std::map<std::string, std::int64_t>& counters() const { return counters_; }

  private:
    struct Row;
    enum class Outcome { done, unknown };
    schema::Result<std::optional<Obstacle>> try_row(const Row& row);
    schema::Result<void> take_row(const Row& row, std::size_t index, schema::Timestamp now,
                                  std::int64_t& applied);
    schema::Result<Outcome> apply_row(const Row& row);
    schema::Result<Outcome> stock(const Row& row);
    schema::Result<Outcome> debts(const Row& row);
    schema::Result<Outcome> customers(const Row& row);
    schema::Result<Outcome> control(const Row& row);
    schema::Result<Outcome> accounts(const Row& row);
    schema::Result<Outcome> fold(const Row& row);
    schema::Result<Outcome> day(const Row& row);
    schema::Result<Outcome> application(const Row& row);
    schema::Result<Outcome> add_number(const Row& row, std::int64_t delta);

    Numbers& numbers_;
    Records& records_;
    ParkedKeys& parked_;
    bool is_held(std::string_view kind) const;

    schema::StoreId own_;
    std::vector<std::string> hold_kinds_;
    schema::Parser parser_;
    schema::Event event_;      ///< Reused, so that its texts keep their memory.
    bool log_is_new_ = false;  ///< Of the segment that is applied: Records::is_new_log.
    std::vector<OwnDebt> own_debts_;
    std::vector<TakenDebt> taken_debts_;
    std::map<std::string, std::int64_t> counters_;
};

}  // namespace filial::subscriber
