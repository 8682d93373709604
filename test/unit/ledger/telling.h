#pragma once

#include <doctest/doctest.h>

#include <map>
#include <random>
#include <string>
#include <vector>

#include "ledger/debts.h"
#include "test/unit/ledger/store_log.h"

namespace filial::test {

/// What each store's people do, in their order.
using Script = std::map<std::string, std::vector<schema::Operation>>;

/// One order of everything, drawn from a seed: whose operation is next, and which news come in
/// between, some of them again, with restarts.
class Telling {
  public:
    explicit Telling(unsigned seed) : random_(seed) {}
    /// The whole script, and then all the news.
    Telling(const Script& script, unsigned seed) : Telling(seed) {
        play(script);
        settle();
    }

    /// The next part of the story. Nothing goes to or from `cut_off` meanwhile.
    void play(const Script& script, const std::string& cut_off = {}) {
        for (const auto& [name, operations] : script) stores_.try_emplace(name, name);
        std::map<std::string, std::size_t> done;
        while (true) {
            std::vector<std::string> can;
            for (const auto& [name, operations] : script) {
                if (done[name] < operations.size()) can.push_back(name);
            }
            if (can.empty()) return;
            const std::string& who = can[random_() % can.size()];
            stores_.at(who).done(script.at(who)[done[who]++]);
            if (random_() % 3 == 0) some_news(cut_off);
            if (random_() % 8 == 0) restart();
        }
    }
    /// All news arrive, in some order.
    void settle() {
        for (int few = 0; few < 6; ++few) some_news({});
        for (int round = 0; round < 3; ++round) {
            for (auto& [to, receiver] : stores_) {
                for (auto& [from, sender] : stores_) receiver.take_from(sender);
            }
        }
    }

    StoreLog& at(const std::string& name) { return stores_.at(name); }
    std::vector<const StoreLog*> stores() const {
        std::vector<const StoreLog*> all;
        for (const auto& [name, store] : stores_) all.push_back(&store);
        return all;
    }
    /// What all stores' logs add up to.
    std::string balance(const std::string& customer) {
        std::int64_t sum = 0;
        for (auto& [name, store] : stores_) {
            sum += ledger::own_debt(store.state(), customer)->value();
        }
        return to_string(schema::Money{sum});
    }
    /// What home can still give: limit less all that is owed and granted.
    std::string reserve(const std::string& home, const std::string& customer) {
        const auto& state = at(home).state();
        const auto pot = ledger::read_pot(state, schema::GrantOf::credit, customer);
        REQUIRE(pot);
        const auto left = ledger::reserve(state, schema::GrantOf::credit, customer, *pot);
        REQUIRE(left);
        return to_string(schema::Money{*left});
    }

  private:
    StoreLog& any() {
        auto it = stores_.begin();
        std::advance(it, static_cast<std::ptrdiff_t>(random_() % stores_.size()));
        return it->second;
    }
    /// From the beginning up to somewhere: most of it came before.
    void some_news(const std::string& cut_off) {
        StoreLog& to = any();
        StoreLog& from = any();
        const std::size_t upto = random_() % (from.log().size() + 1);
        if (to.name().value() == cut_off || from.name().value() == cut_off) return;
        for (std::size_t i = 0; i < upto; ++i) {
            const auto& logged = from.log()[i];
            if (!schema::is_notice_topic(logged.event.topic)) continue;
            to.take({from.name(), logged.epoch, logged.seq}, logged.event);
        }
    }
    void restart() {
        StoreLog& store = any();
        REQUIRE(store.replayed().all() == store.state().all());
    }

    std::mt19937 random_;
    std::map<std::string, StoreLog> stores_;
};

}  // namespace filial::test
