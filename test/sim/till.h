#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "schema/messages.h"
#include "test/sim/network.h"
#include "test/sim/operations.h"
#include "test/sim/plan.h"
#include "test/sim/process.h"

namespace filial::sim {

/// A till's software: counts its tickets, sends each until it is answered, in order, and keeps what
/// it was told. It survives everything.
class Till {
  public:
    Till(int id, Machine& machine, Network& network, const Plan& plan, Random& random,
         const Time& now, Operations& operations);

    /// When it wants to be woken next. `open`: it may begin new tickets.
    Time turn(bool open);
    bool idle() const { return waiting_.empty(); }
    void add_first(schema::Operation operation) { first_.push_back(std::move(operation)); }

    const Machine& machine() const { return machine_; }
    const schema::ClientId& client() const { return client_; }
    struct Booked {
        schema::Epoch epoch;
        schema::Sequence first;
        schema::Sequence last;
        Time at = 0;  ///< When it was told.
    };
    /// What it was told: accepted, by number. More than one place only where a life of the log
    /// ended in between.
    using Told = std::vector<Booked>;
    const std::map<std::uint64_t, Told>& booked() const { return booked_; }
    /// What it handed in under that number.
    const std::vector<schema::Operation>& operations(std::uint64_t number) const {
        return made_.at(number);
    }
    const std::string& wrong() const { return wrong_; }
    std::int64_t refused() const { return refused_; }
    std::int64_t busy() const { return busy_; }
    std::int64_t repeated() const { return repeated_; }
    /// Its tickets are decided in the order of their numbers, whatever was busy. Not if it sends on
    /// behind a ticket that waits where its publisher may end and forget what it told.
    bool keeps_order() const;
    /// What it waits for.
    std::string text() const;

  private:
    struct Ticket {
        schema::Ticket ticket;
        Time sent = kNever;   ///< Not over this connection.
        Time not_before = 0;  ///< After a Busy.
    };
    void receive();
    void take(const schema::Message& message);
    void send(Time& next);
    Ticket* find(std::uint64_t request);
    void done(std::uint64_t number);

    int id_;
    Machine& machine_;
    Network& network_;
    const Plan& plan_;
    Random& random_;
    const Time& now_;
    Operations& operations_;
    schema::ClientId client_{};
    std::unique_ptr<core::Transport> transport_;
    std::unique_ptr<core::Caller> caller_;
    std::uint64_t connection_ = 0;
    std::uint64_t number_ = 0;
    std::uint64_t requests_ = 0;
    Time next_ticket_ = 0;
    std::deque<schema::Operation> first_;
    std::deque<Ticket> waiting_;
    std::map<std::uint64_t, std::vector<schema::Operation>> made_;
    std::map<std::uint64_t, Told> booked_;
    std::map<std::uint64_t, std::uint64_t> number_of_;  ///< By request.
    std::optional<schema::Ticket> again_;               ///< One that is sent though it is done.
    std::string wrong_;
    std::int64_t refused_ = 0, busy_ = 0, repeated_ = 0;
    schema::Parser parser_;
};

}  // namespace filial::sim
