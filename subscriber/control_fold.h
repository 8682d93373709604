#pragma once

#include <string>

#include "ledger/state.h"
#include "schema/event.h"
#include "schema/grant_payloads.h"
#include "schema/ids.h"
#include "subscriber/replica_keys.h"
#include "subscriber/replica_store.h"

namespace filial::subscriber {

class Records;

/// What one store's topics control and accounts say of limits, reserved stock, rounds and other
/// stores' epochs, by the publisher's own rules: ledger::apply over the events of one of them
/// alone. Records of its state are kept, as contributions: of accounts "pot/c/..." and
/// "room/c/...", of control "pot/s/...", "room/s/..." and "lives". Three things are not as in the
/// publisher, since the topics are read apart:
///
///     a room of credit   `base` is what is left: own moves come as debt.told
///     a pot of credit    `limit` is 0: limits are in topic debts (HandedLimits)
///                        what lost epochs held, and told again, stands in `shares` still: the
///                        lives are in control, and who reads the pot leaves it out by them
class ControlFold {
  public:
    /// `records` must outlive it. `log_is_new`: as Records::get.
    ControlFold(Records& records, schema::StoreId store, bool log_is_new)
        : records_(records), store_(std::move(store)), log_is_new_(log_is_new) {}

    /// Whether events of this kind in this topic change anything here.
    static bool takes(std::string_view topic, std::string_view kind);

    /// Applies one event that it takes. Nothing is changed where it fails: `corrupt` (also of a
    /// customer in control) or `overflow` for the event, `io` where the records cannot be read.
    schema::Result<void> apply(const schema::LoggedEvent& logged);
    /// A payment whose document was paid before, in the log of the customer's home.
    schema::Result<void> note_paid_twice(const std::string& topic, const schema::Event& event,
                                         const std::string& taken_at, const std::string& document,
                                         std::int64_t cents);

  private:
    schema::Result<void> note_account(const schema::LoggedEvent& logged);
    schema::Result<void> note_limit(const schema::LoggedEvent& logged,
                                    const schema::AccountStep& step);
    schema::Result<void> move_room(ledger::State& state, const schema::LoggedEvent& logged);
    schema::Bytes key_of(Part part, const std::string& topic, const std::string& key) const;

    Records& records_;
    schema::StoreId store_;
    bool log_is_new_;
};

/// A store's folded state as the replica holds it, with the store's own debts and stock beside it,
/// so that ledger::reserve, ledger::awaited and ledger::read_pot can be asked. It cannot be
/// changed.
class HeldState : public ledger::State {
  public:
    /// `store` must outlive it.
    HeldState(const ReplicaStore& store, schema::StoreId origin)
        : store_(store), origin_(std::move(origin)) {}

    std::optional<schema::Bytes> get(schema::ByteView key) const override;
    void put(schema::ByteView key, schema::Bytes value) override;
    void erase(schema::ByteView key) override;
    /// The first time that the database could not be read.
    const schema::Result<void>& failed() const { return failed_; }

  private:
    const ReplicaStore& store_;
    schema::StoreId origin_;
    mutable schema::Result<void> failed_;
};

}  // namespace filial::subscriber
