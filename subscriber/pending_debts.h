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
/// an answer says how much of it home does not know. Home's mark (`applied`) takes them away.
class PendingDebts {
  public:
    explicit PendingDebts(schema::StoreId own) : own_(std::move(own)) {}
    schema::Result<void> load(const ReplicaStore& store);

    /// `home` is empty where it is not known yet. Kept in the next write of `records`.
    void add(Records& records, const OwnDebt& debt, const std::string& home);

    /// Takes from `home`'s mark how much of our log its replica has applied. True if that is more
    /// than before: `prune` then.
    bool confirm(Records& records, const schema::Mark& mark);

    /// Forgets what is confirmed. `home_of` tells a customer's home now; empty for not known.
    using HomeOf = std::function<std::string(const std::string& customer)>;
    void prune(Records& records, const std::string& home, const HomeOf& home_of);

    /// Sum of the events of `customer` that `home` has not confirmed, in cents. A sum that
    /// would leave 64 bits ends before that.
    std::int64_t of(const std::string& customer, const std::string& home) const;
    std::size_t size() const { return entries_.size(); }
    void forget(Records& records);

  private:
    struct Entry {
        std::string customer;
        std::int64_t cents = 0;
        std::string home;  ///< When it was last looked up.
    };
    schema::Sequence confirmed(const std::string& home) const;

    schema::StoreId own_;
    std::map<schema::Sequence, Entry> entries_;
    std::multimap<std::string, schema::Sequence> by_customer_;
    std::map<std::string, schema::Sequence> confirmed_;
    void erase(std::map<schema::Sequence, Entry>::iterator& at, Records& records);
};

}  // namespace filial::subscriber
