#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "ledger/register.h"
#include "schema/result.h"
#include "subscriber/account_notes.h"

namespace filial::subscriber {

/// A limit as one log has it: the last one that it set.
struct LimitPart {
    schema::StoreId store;
    schema::Epoch epoch;
    schema::Sequence seq;
    schema::Timestamp at;
    std::int64_t cents = 0;
};

schema::Bytes encode(const LimitPart& limit);  ///< Without store and epoch: they are in the key.

/// Everything that the replica holds of one customer.
struct CustomerRecord {
    std::string customer;
    std::vector<std::pair<schema::StoreId, std::int64_t>> debts;  ///< Contributions, in cents.
    std::vector<LimitPart> limits;
    std::vector<ledger::PartOf> parts;
    std::vector<std::pair<schema::StoreId, HandedLimits>> handed;  ///< By the log that says it.

    /// Takes one record of the family `k`: what stands behind the customer's name in its key, and
    /// its value. `corrupt` if it is none.
    schema::Result<void> add(schema::Parser& parser, schema::ByteView rest, schema::ByteView value);

    bool empty() const { return debts.empty() && limits.empty() && parts.empty(); }
    /// `overflow` if the sum leaves 64 bits.
    schema::Result<std::int64_t> balance() const;
    /// The store that keeps his debts now: as registered, and as the homes before handed him over.
    /// Empty where it is not known.
    std::string home() const;
    /// The limit that counts: home's last one, 0 if it has none; set there, or handed to it. Where
    /// no home is known (the topic `customers` is not subscribed), the one with the greatest
    /// (declared time, store, epoch, seq).
    std::int64_t limit(const std::string& home) const;

  private:
    const HandedLimits* handed_by(const std::string& store) const;
};

}  // namespace filial::subscriber
