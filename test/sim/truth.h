#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "test/sim/process.h"
#include "test/sim/till.h"
#include "test/unit/ledger/book.h"

namespace filial::sim {

/// What is so in a simulated company, known from its disks and tills alone, and what must hold. The
/// numbers are those of the invariants:
///
///   I1  nothing is served or confirmed that no sync covers (`served`, `reached`)
///   I2  one content for one position in the whole world (`taking`, `broker_wrote`); two only where
///       a clone ran beside its store, and then one of them is in the log in the end
///   I3  what anybody takes is a part of its origin's log, in order (`broker_wrote`); of lives that
///       ended nothing is kept beyond what the next one goes on from (`at_the_end`)
///   I4  a position says what is applied (`at_the_end`: replicas equal a replay)
///   I5  every event takes effect once (the same, over kills, power cuts and older folders)
///   I6  what a till was told is accepted is in the log, once, or behind where the next life of the
///       log goes on, or in a log that was set aside (`at_the_end`); what people give up, no broker
///       had acknowledged (`life_begins`)
///   I7  a receiver's confirmed position is synced there (`reached`)
///   I8  a replica's order is the log's (the same)
///   I9  nothing that came of an older session changes anything (`changing`)
///   I10 I11 I12  limits, grants, rooms and closings add up in all synced logs, also over lives of
///   a
///       log: what an earlier life of a holder had is unaccounted at home until it is told or
///       written off (`check_ledger`); a store in quarantine books nothing, and opens no life that
///       head office has not granted (`publisher_wrote`)
///   I13 an answer contains all that its source had synced when its as-of says (`check_as_of`)
///   I14 what waits in the network is bounded (`check_memory`)
///   I15 no damaged or foreign range is accepted (`taking`)
///   I16 once everything is mended all is equal soon (Company::run)
///   I17 every ticket gets its answer (`all_answered`, part of I16)
///   I18 one seed, one trace (program `sim`, --twice)
///
/// Not looked at: how a machine knows that its folder came from another one (core/machine.h).
class Truth : public Watch {
  public:
    Truth(const Time& now, std::vector<std::unique_ptr<Machine>>& machines)
        : now_(now), machines_(machines) {}
    /// Once the machines are there: listens to their disks.
    void begin(const std::vector<std::string>& stores, std::vector<test::Book::Pool> pools);
    struct Who {
        Machine* machine = nullptr;
        Role role = Role::publisher;
    };
    void add_process(Who who) { processes_.push_back(who); }

    void reached(int process, const core::Peer& peer, const schema::Fetch& fetch) override;
    void taking(int process, const core::Peer& peer, const schema::Range& range) override;
    void served(int process, const schema::Range& range) override;
    void changing(int process, const core::Peer& peer) override;
    /// Whether that process got what it hears now over an older session than the newest.
    std::function<bool(int process)> over_older;

    /// A second machine with the disk of that store: what it books is what a fork has.
    void add_clone(Machine& clone);
    /// A copy of the store's machine runs from now on: the two cannot be told apart at first.
    void cloned(const schema::StoreId& store) { logs_.at(store.value()).cloned = true; }
    /// People have given up what nobody has of that log.
    void loss_accepted(const schema::StoreId& store) {
        logs_.at(store.value()).loss_accepted = true;
    }
    /// Up to where brokers have had that log, in the life that goes on: what others may have taken.
    schema::Sequence acknowledged(const schema::StoreId& store) const {
        return logs_.at(store.value()).acknowledged;
    }
    /// Head office has said that this incarnation goes on.
    void readmitted(const schema::Incarnation& incarnation) { readmitted_.insert(incarnation); }

    void check_as_of(const Machine& machine, const subscriber::Replica& replica);
    void check_ledger();
    void check_memory(std::size_t bytes);
    /// Events that stand there unapplied.
    std::int64_t parked(const Machine& machine) const;

    /// True once everything is everywhere.
    bool settled(const std::vector<std::pair<Machine*, Life*>>& lives, std::string& what) const;
    void check_at_the_end(const std::vector<std::pair<Machine*, Life*>>& lives,
                          const std::vector<std::unique_ptr<Till>>& tills, bool looks);

    /// The first thing that was wrong; empty while there is none.
    const std::string& wrong() const { return wrong_; }
    void fail(const std::string& what);
    std::int64_t events() const;
    /// Every log as text, for a person who looks for the reason.
    std::string story() const;
    std::int64_t asked() const { return as_of_checks_; }
    /// What came of logs whose life ended, and of clones.
    const std::map<std::string, std::int64_t>& counts() const { return counts_; }

  private:
    struct Row {
        std::uint32_t epoch = 0;
        std::uint64_t hash = 0;
        friend bool operator==(const Row&, const Row&) = default;
    };
    struct Moment {
        Time at = 0;
        schema::Sequence end;
    };
    struct Log {
        Machine* machine = nullptr;
        std::vector<Row> rows;  ///< By position, of the life that goes on.
        schema::Epoch epoch;
        schema::Sequence durable;       ///< What of it was synced once.
        schema::Sequence acknowledged;  ///< And at a broker.
        /// What stood at a place in a life that ended, or stands there at a clone.
        std::map<std::pair<std::uint32_t, std::uint64_t>, std::set<std::uint64_t>> others;
        struct Begins {
            schema::Epoch epoch;
            schema::Sequence from;  ///< What it goes on from.
            std::uint32_t of = 0;   ///< The epoch of the event there; 0 before the first one.
            Time at = 0;
        };
        std::vector<Begins> lives;
        std::vector<Machine*> clones;
        bool cloned = false;
        bool loss_accepted = false;
        std::map<std::string, std::vector<Moment>> synced;
        std::size_t fed = 0;  ///< To the book.
    };
    using Positions = std::map<std::pair<std::string, std::string>, schema::Sequence>;

    static std::string place(const schema::StoreId& store, schema::Sequence seq);
    void publisher_wrote(Log& log, const core::Append& append);
    void publisher_synced(Log& log);
    void clone_wrote(const Machine& clone, const core::Append& append);
    void goes_on_from_the_disk(Log& log, const core::Append& append);
    void given_back(const schema::Range& range);
    void life_begins(Log& log, const core::Append& append);
    void publisher_repaired(Log& log);
    static bool stood(const Log& log, schema::Sequence seq, const Row& row);
    bool in_one_piece() const;
    void check_brokers();
    void check_looks(const std::string& name, subscriber::Replica& replica);
    bool is_lost(const Log& log, const schema::ClientId& client, const Till::Booked& told) const;
    void broker_wrote(const Machine& machine, const core::Append& append);
    void broker_synced(const Machine& machine);
    void check_rows(const std::string& who, const schema::StoreId& store,
                    const std::vector<schema::Segment>& segments);
    void count_kind(std::string_view kind);
    void check_tickets(const std::vector<std::unique_ptr<Till>>& tills);
    void check_order(const Log& log, const Till& till);
    bool was_refused(const Till& till, std::uint64_t number, schema::Sequence from,
                     schema::Sequence before) const;
    void check_replica(const Machine& machine, const subscriber::Replica& replica);
    void check_state(const Machine& machine);
    std::unique_ptr<ReplicaDisk> replayed();
    std::vector<schema::LoggedEvent> events_of(const Log& log, std::size_t from,
                                               std::size_t to) const;

    const Time& now_;
    std::vector<std::unique_ptr<Machine>>& machines_;
    std::vector<Who> processes_;
    std::map<std::string, Log> logs_;  ///< By store.
    std::map<const Machine*, std::map<std::string, schema::Sequence>> broker_synced_;
    std::map<const Machine*, Positions> replica_synced_;
    std::unique_ptr<test::Book> book_;
    Random random_{1};
    Fuse fuse_;
    std::vector<std::string> stores_;
    std::vector<test::Book::Pool> pools_;
    bool feed_again_ = false;  ///< A log has another end than the book was told.
    std::set<schema::Incarnation> readmitted_;
    std::map<std::string, std::int64_t> counts_;
    std::string wrong_;
    std::int64_t as_of_checks_ = 0;
};

}  // namespace filial::sim
