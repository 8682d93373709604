#pragma once

#include <cstdint>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "test/unit/ledger/store_log.h"

namespace filial::test {

/// Stores that send each other goods, take each other's notices late, in order and often twice,
/// start again, and are replaced by machines that know no more than their broker. Beside the logs
/// it keeps what really happened, each fact once; wrong() says what the logs say otherwise.
class TradingCompany {
  public:
    explicit TradingCompany(std::uint64_t seed, const ledger::Rules& rules = {});

    /// Somebody does something, news arrive, or a machine starts again.
    void step();
    /// Any set of prefixes, and the greatest causally closed one in it.
    void check_a_cut();
    /// What was lost is told again, all news arrive, and the whole is checked.
    void settle();

    /// The first thing that was wrong, or "".
    const std::string& wrong() const { return wrong_; }
    std::size_t operations() const { return operations_; }
    std::size_t done() const { return done_; }
    const std::map<std::string, std::size_t>& happened() const { return happened_; }

  private:
    /// Goods that were moved by hand. Its identity is where it was written first: a store that lost
    /// it tells it again, at another position, and it still happened once.
    struct Fact {
        schema::Position id;
        schema::Operation operation;
    };
    struct Store {
        StoreLog log;
        std::size_t acked = 0;  ///< What the broker has; a replaced machine begins there.
        std::map<std::size_t, Fact> facts;  ///< By the number of events before it.
        std::vector<Fact> lost;             ///< Not told again yet.
        std::vector<std::size_t> read;      ///< How far in the log of each other one.
    };
    using Prefixes = std::vector<std::size_t>;

    std::size_t any(std::size_t below);
    void operate(Store& store);
    void attempt(Store& store, const schema::Operation& operation);
    bool hand_in(Store& store, const Fact& fact);
    void deliver(std::size_t to, std::size_t from, bool all);
    void restart(const Store& store);
    void restore(Store& store);
    void tell_lost(Store& store);
    void check(const Prefixes& upto, bool closed);
    void check_balance(const Prefixes& upto);
    void check_hands(const Store& store, std::size_t upto);
    void check_cancellations(const Prefixes& upto);
    void close(Prefixes& upto) const;
    void fail(const std::string& what);

    std::mt19937_64 random_;
    std::vector<Store> stores_;
    std::map<std::string, std::size_t> happened_;
    std::size_t operations_ = 0;
    std::size_t done_ = 0;
    std::string wrong_;
};

}  // namespace filial::test
