#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "schema/mark.h"
#include "subscriber/applier.h"
#include "subscriber/records.h"

namespace filial::subscriber {

/// Own debts events that the customer's home has not booked yet: they are inside the balance, and
/// an answer says how much of it home does not know. Home's `debt.applied` takes them away. One of
/// a customer whose home the publisher did not know was told to nobody: home's mark takes it away,
/// once home's replica has it (`applied`).
class PendingDebts {
  public:
    explicit PendingDebts(schema::StoreId own) : own_(std::move(own)) {}
    schema::Result<void> load(const ReplicaStore& store);

    /// `home` is empty where it is not known yet. Kept in the next write of `records`.
    void add(Records& records, const OwnDebt& debt, const std::string& home);

    /// Takes from `home`'s mark how much of our log its replica has applied. True if that is more
    /// than before: `prune` then.
    bool confirm(Records& records, const schema::Mark& mark);

    /// A store took news of an own debt into its log: it booked it, or passed it on to the store
    /// that it takes for home.
    void taken(Records& records, const TakenDebt& news);

    /// Forgets what is confirmed. `home_of` tells a customer's home now; empty for not known.
    using HomeOf = std::function<std::string(const std::string& customer)>;
    void prune(Records& records, const std::string& home, const HomeOf& home_of);

    /// Sum of the events of `customer` that `home` has not confirmed, in cents. A sum that
    /// would leave 64 bits ends before that.
    std::int64_t of(const std::string& customer, const std::string& home) const;
    std::size_t size() const { return entries_.size(); }
    /// Whether this own event waits for its customer's home.
    bool contains(schema::Sequence own) const { return entries_.contains(own); }
    void forget(Records& records);

  private:
    struct Entry {
        std::string customer;
        std::int64_t cents = 0;
        std::string home;       ///< When it was last looked up.
        schema::Position told;  ///< The news that waits to be booked; no store: it was not told.
        bool is_told() const { return !told.store.value().empty(); }
    };
    schema::Sequence confirmed(const std::string& home) const;
    /// Whether `home`'s mark says that this entry, told to nobody, has arrived.
    bool arrived(schema::Sequence own, const Entry& entry, const std::string& home) const;
    void keep(Records& records, schema::Sequence own, const Entry& entry);

    schema::StoreId own_;
    std::map<schema::Sequence, Entry> entries_;
    std::multimap<std::string, schema::Sequence> by_customer_;
    std::map<std::string, schema::Sequence> confirmed_;
    std::map<schema::Position, schema::Sequence> told_;  ///< The entry that waits for this news.
    std::map<std::string, schema::Position> booked_;     ///< Last own news that a store booked.
    /// News that another store passed on as its own; no store: what was passed on is booked. Kept
    /// for own debts that come here after it.
    std::map<schema::Position, schema::Position> passed_;
    bool is_followed(const schema::Position& news) const;
    void follow(Records& records, const TakenDebt& news);
    void erase(std::map<schema::Sequence, Entry>::iterator& at, Records& records);
};

}  // namespace filial::subscriber
