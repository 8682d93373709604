#pragma once

#include <cstdint>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "ledger/decide.h"
#include "ledger/state.h"
#include "schema/operation.h"
#include "test/unit/ledger/book.h"

namespace filial::test {

/// The one SKU whose home is the first store.
inline constexpr const char* kSku = "22423";

/// How often what happens in a world, and which rule is broken there on purpose.
struct WorldPlan {
    std::uint64_t seed = 1;
    int stores = 4;
    bool restores = true;         ///< Machines come back from what their broker acknowledged.
    bool filters_notices = true;  ///< A notice is taken only once a broker acknowledged it.
    bool planted = false;         ///< Some rule is off: refusals and errors may be odd.
    ledger::Rules rules;
};

/// Some stores, each with its log, what their brokers have, and who has read how far of whom.
/// Everything that happens is drawn from the seed; wrong() says what must not be.
class World {
  public:
    explicit World(const WorldPlan& plan);

    /// One thing happens: mostly an operation, else news arrive, a machine starts again, ...
    void step();
    std::uint64_t operations() const { return operations_; }
    const std::map<std::string, std::uint64_t>& happened() const { return happened_; }

    /// Checks some causally closed set of prefixes, drawn from the seed, and the whole.
    void check_a_cut();
    /// All news arrive everywhere, what lost epochs held is told again, all rounds are decided and
    /// the whole is checked: nobody is waited for that has nothing left to say.
    void settle();
    /// The first thing that was wrong, or "".
    const std::string& wrong() const { return wrong_; }
    /// Every log as text, for a person who looks for the reason.
    std::string story() const;

  private:
    struct Store {
        schema::StoreId id;
        schema::Epoch epoch{1};
        std::vector<schema::LoggedEvent> log;
        std::vector<Item> items;        ///< Of the log.
        std::size_t acked = 0;          ///< What the broker has; a restored machine begins there.
        std::vector<std::size_t> read;  ///< How far in the log of each other one.
        ledger::MapState state;
        ledger::Inputs inputs;
        std::vector<Item> lost;  ///< Of the epoch before, not told again yet.
        std::uint64_t tickets = 0;
    };

    std::size_t pick(std::size_t below) { return random_() % below; }
    bool chance(unsigned in_a_thousand) { return pick(1'000) < in_a_thousand; }
    Store& any() { return stores_[pick(stores_.size())]; }
    std::string any_customer();
    std::size_t home_of(const std::string& customer);
    schema::Timestamp clock();

    void operate();
    schema::Operation operation(std::size_t& who);
    schema::Operation money_operation(std::size_t& who);
    schema::Operation grant_operation(std::size_t& who);
    schema::Operation stock_operation(std::size_t& who);
    schema::Operation account_operation(std::size_t& who);
    void ask_again();
    void settle_debt(std::size_t who, const std::string& customer);
    bool hand_in(std::size_t who, const schema::Operation& operation);
    void book(Store& store, ledger::Decision decision);
    void read_balance(Store& store, const std::string& customer, bool whole = false);
    void check_verdict(const Store& store, const std::string& customer);
    void take(std::size_t to, std::size_t from, std::size_t most);
    void restart(Store& store);
    void restore(Store& store);
    std::vector<schema::Operation> left_to_do(const Store& store, const std::string& heir,
                                              bool& waits) const;
    void hand_over(std::size_t who);
    void leave(std::size_t who);
    void retire_left();
    void leave_in_order();
    void check_waits(std::size_t who);
    void tell_lost(std::size_t who);
    void all_news();
    void decide_rounds();
    void check_finished();
    void check(std::vector<std::size_t> upto);
    void fail(const std::string& what);

    WorldPlan plan_;
    std::mt19937_64 random_;
    std::vector<Store> stores_;
    std::vector<std::string> names_;
    std::vector<Book::Pool> pools_;
    std::set<std::string> merged_;
    std::map<std::string, std::uint64_t> happened_;
    std::uint64_t operations_ = 0;
    std::string wrong_;
};

}  // namespace filial::test
