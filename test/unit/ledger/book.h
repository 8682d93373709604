#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "test/unit/ledger/story_items.h"

namespace filial::test {

/// The checker: adds up the events of some prefixes of all logs by itself, without the ledger's
/// state, and says what does not add up. `pools` are customers, and the one SKU of the warehouse.
class Book {
  public:
    /// `homes`: first home of each customer. Customers with the same group are the same person once
    /// they are merged, and are added up together.
    struct Pool {
        std::string name;
        std::string home;
        int group = 0;
        bool stock = false;
    };
    Book(std::vector<std::string> stores, std::vector<Pool> pools);

    /// The next event of this store's log. Says what it should not have done, or "".
    std::string add(const std::string& store, const Item& item);

    /// What is wrong with the sums now, or "".
    std::string wrong() const;

  private:
    struct Place {  // (store, epoch)
        int store = 0;
        std::uint32_t epoch = 0;
        auto operator<=>(const Place&) const = default;
    };
    struct OnItsWay {
        int to = 0;
        std::uint32_t epoch = 0;  ///< The holder's.
        std::uint32_t log_epoch = 0;
        std::uint64_t seq = 0;
        std::int64_t amount = 0;
        bool given = false;      ///< Else it comes back, or is a debt that was told.
        std::int64_t limit = 0;  ///< Of an account that is handed over.
        bool handed = false;
        bool roomed = false;  ///< It moved a room as well.
        bool moves = false;   ///< A debt or a claim that was told; else an amount of a grant.
    };
    struct Hold {
        int home = -1;
        std::uint32_t epoch = 0;
        bool open = false;
        std::int64_t room = 0;
    };
    struct Account {           // One pool in one store's log.
        std::int64_t own = 0;  ///< Debt moved here, or goods on hand.
        bool home = false;
        bool fenced = false, closed = false, blocked = false;
        std::int64_t limit = 0;
        std::int64_t booked = 0;
        std::map<Place, std::int64_t> out;
        std::map<Place, Hold> holds;  ///< By own epoch; store of the key is unused.
        std::vector<OnItsWay> sent;
        std::int64_t claims = 0;   ///< Made here, less shipped from here.
        std::int64_t unknown = 0;  ///< Moves that nobody was told of.
        std::int64_t flagged = 0;
    };
    struct Life {
        std::uint32_t epoch = 1, told = 0;
        bool retired = false;
    };
    struct Store {
        std::vector<Account> accounts;
        std::vector<Life> lives;                                     ///< Of the others.
        std::vector<std::pair<std::uint32_t, std::uint64_t>> taken;  ///< Last cause, by store.
        std::set<std::pair<int, std::uint64_t>> resolved;            ///< Grants taken: home, seq.
        std::string moved_alone;  ///< Pool of a debt that nobody has been told of yet.
    };
    struct Sum {
        std::int64_t total = 0, limit = 0, negative = 0, flagged = 0;
        void add(std::int64_t part) {
            total += part;
            if (part < 0) negative -= part;
        }
    };

    int store_index(const std::string& name) const;
    int pool_index(const std::string& name) const;
    bool lost(const Store& store, Place place) const;
    bool told(const Store& store, Place place) const;
    std::int64_t reserve(const Store& store, int pool) const;
    std::string add_move(int s, Account& account, int pool, const Item& item);
    std::string add_claim(Account& account, const Item& item);
    static void take_out(Account& account, Place place, std::int64_t amount);
    std::string add_grant(int s, Account& account, const Item& item);
    void add_account(Account& account, const Item& item);
    void add_life(int s, const Item& item);
    bool took(int s, const OnItsWay& sent, int from) const;
    void sum(int pool, Sum& sum) const;
    std::string holders_of_closed(int pool) const;

    std::vector<std::string> names_;
    std::vector<Pool> pools_;
    std::vector<Store> stores_;
};

}  // namespace filial::test
