#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/journal/journal.h"
#include "schema/rejoin.h"

namespace filial::broker {

/// One attempt of a machine to go on as a store, kept as the proof of a second one: what it held
/// and why it asked, and what became of it.
struct Attempt {
    schema::Incarnation incarnation{};
    schema::Epoch epoch;   ///< Of the log that it has; 0: none.
    schema::Sequence end;  ///< Of that log.
    /// The furthest that it said while this process runs: a log that it has set aside since is on
    /// its disk all the same.
    std::pair<schema::Epoch, schema::Sequence> most;
    std::string machine;    ///< What it is called; empty where it came no further than a greeting.
    std::string reason;     ///< Why it asked.
    schema::Timestamp at;   ///< By this machine's clock, when it was first met.
    schema::Epoch granted;  ///< 0: not readmitted.
    friend bool operator==(const Attempt&, const Attempt&) = default;
};

/// Which machines want to go on as which stores, and which of them head office has let: an epoch is
/// granted here and nowhere else, to one incarnation, and never twice. Kept for good.
class Readmissions {
  public:
    /// `corrupt` where a record cannot be read.
    static schema::Result<Readmissions> load(const core::Journal& journal);

    /// Of one store, since its newest life was granted: whoever has its key could greet with a new
    /// name each time, and what is listed has to fit into one answer.
    static constexpr std::size_t kGreetingsKept = 64;
    static constexpr std::size_t kAttemptsKept = 1'000;
    /// A machine was met; true if that is news, so that there is something to `save`. Beyond so
    /// many it is not kept, and gives false.
    bool met(const schema::StoreId& store, Attempt attempt);
    /// Grants the epoch behind `held`, the first and all that was granted before to the one attempt
    /// whose incarnation, in hexadecimal, begins with `name`; the same one again gets the same
    /// epoch.
    /// `not_found` or `invalid` where it is none, or more than one; `invalid` for fewer than 8
    /// digits.
    schema::Result<Attempt> grant(const schema::StoreId& store, const std::string& name,
                                  schema::Epoch held);
    /// The newest life says that its log has been in epoch `said`: where it was granted that one or
    /// an earlier one, as by its greeting alone, which says none, it is granted the next. True if
    /// it was.
    bool raise(const schema::StoreId& store, const schema::Incarnation& life, schema::Epoch said);
    /// Whether the one attempt whose incarnation begins with `name` was granted an epoch already.
    bool is_granted(const schema::StoreId& store, const std::string& name) const;
    /// The newest life that was granted; nullptr for none. Valid until the next `met` or `grant`,
    /// as what `find` gives is.
    const Attempt* life(const schema::StoreId& store) const;
    const Attempt* find(const schema::StoreId& store, const schema::Incarnation& of) const;

    /// Attempts that nobody has decided on: later than the newest granted one of their store.
    std::vector<std::pair<schema::StoreId, Attempt>> open() const;
    std::vector<std::pair<schema::StoreId, Attempt>> all() const;

    bool changed() const { return !unsaved_.empty(); }
    void save(core::JournalWrite& write);
    /// That write was made.
    void saved() { unsaved_.clear(); }

  private:
    schema::Result<std::size_t> named(const schema::StoreId& store, const std::string& name) const;

    using Attempts = std::vector<Attempt>;  ///< In the order in which they were met.
    std::map<schema::StoreId, Attempts> stores_;
    std::vector<std::pair<schema::StoreId, schema::Incarnation>> unsaved_;
};

/// Why this machine can never get back what it lacks of the log, of which events are kept here from
/// behind `kept_after` on; empty where it can.
std::string out_of_reach(const schema::StoreId& store, const Attempt& attempt,
                         schema::Sequence kept_after);

/// A sentence about it, for people.
std::string attempt_text(const schema::StoreId& store, const Attempt& attempt);

}  // namespace filial::broker
