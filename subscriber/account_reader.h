#pragma once

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "ledger/pot.h"
#include "ledger/room.h"
#include "schema/grant_payloads.h"
#include "subscriber/account_notes.h"
#include "subscriber/replica_reader.h"

namespace filial::subscriber {

/// What one (store, epoch) holds of a limit or of a place's goods: by the log of the owner, and by
/// its own. Cents, or thousandths.
struct HeldPart {
    schema::StoreId store;
    schema::Epoch epoch;
    std::int64_t out = 0;              ///< By the owner; 0 where it knows nothing of it.
    std::optional<std::int64_t> room;  ///< By its own log; nullopt: nothing is open there.
    bool lost = false;                 ///< That epoch is over: what is out is unaccounted.
    bool waits = false;                ///< A round, or a block, waits for its answer.
    /// Given and not taken, handed back and not booked, charged and not booked.
    std::int64_t on_way() const { return out - room.value_or(0); }
};

/// A customer's limit, or a SKU of which a place reserved something, as its owner's log has it.
struct PotView {
    schema::GrantOf of = schema::GrantOf::credit;
    std::string id;
    std::string owner;  ///< The customer's home, or the place.
    ledger::Pot pot;
    std::int64_t reserve = 0;
    std::int64_t balance = 0;     ///< What the customer owes by all logs that are here.
    bool limited = false;         ///< Somebody ever set a limit, or gave a part away.
    std::vector<HeldPart> parts;  ///< By store and epoch.

    std::int64_t unaccounted() const;
};

/// Reads limits, grants and rounds as the replica has folded them.
class AccountReader {
  public:
    /// `store` must outlive it.
    explicit AccountReader(const ReplicaStore& store) : store_(store), reader_(store) {}

    /// What is known of a customer's account. Without a home that is known, a pot that says
    /// nothing.
    schema::Result<PotView> credit(const CustomerRecord& record,
                                   const std::vector<schema::StoreId>& stores) const;
    schema::Result<PotView> stock(const std::string& place, const std::string& sku,
                                  const std::vector<schema::StoreId>& stores) const;
    /// To whom this home gave a part of the customer's limit that it has not booked back as closed:
    /// who, beside home, may charge him. Nobody where nothing of home's log is here.
    schema::Result<std::set<std::string>> holders(const std::string& home,
                                                  const std::string& customer) const;
    /// Which of all stores will not come back, by the logs of these.
    schema::Result<std::set<schema::StoreId>> retired(
        const std::vector<schema::StoreId>& stores) const;
    schema::Result<AccountNotes> notes(const std::string& home, const std::string& customer) const;
    schema::Result<std::vector<PaidTwice>> paid_twice(const std::string& home,
                                                      const std::string& customer) const;

    struct Found {
        std::string owner;
        schema::GrantOf of = schema::GrantOf::credit;
        std::string id;
        ledger::Pot pot;
    };
    using Visit = std::function<bool(const Found&, schema::ByteView cursor)>;
    /// Every pot of `owner`, by its cursor; ends when the visitor returns false.
    schema::Result<void> scan(const schema::StoreId& owner, schema::ByteView after,
                              const Visit& visit) const;

    /// What `holder` has of somebody's limit or goods, by its own log; of credit, base is what is
    /// left.
    struct HeldRoom {
        schema::GrantOf of = schema::GrantOf::credit;
        std::string id;
        ledger::Room room;
    };
    using RoomVisit = std::function<bool(const HeldRoom&, schema::ByteView cursor)>;
    schema::Result<void> scan_rooms(const schema::StoreId& holder, schema::ByteView after,
                                    const RoomVisit& visit) const;

  private:
    schema::Result<void> fill(PotView& view, std::int64_t limit,
                              const std::vector<schema::StoreId>& stores) const;
    /// The records of a store's state whose names begin with `family`, of credit and then of goods,
    /// by what follows and by their whole key; ends when `each` returns false.
    schema::Result<void> scan_state(const schema::StoreId& owner, std::string_view family,
                                    schema::ByteView after,
                                    const std::function<bool(schema::GrantOf, schema::ByteView name,
                                                             schema::ByteView key)>& each) const;

    const ReplicaStore& store_;
    ReplicaReader reader_;
};

}  // namespace filial::subscriber
