#pragma once

#include <map>
#include <string>
#include <vector>

#include "ledger/decide.h"
#include "ledger/state.h"
#include "schema/grant_payloads.h"
#include "schema/payloads.h"

namespace filial::test {

/// One store of the story: its log in memory and the state folded from it.
class StoreLog {
  public:
    /// Charges beyond the own room are booked and flagged, as in a shop without limits.
    explicit StoreLog(const std::string& name) : self_(name) {
        inputs.policy.refuse_beyond_room = false;
    }
    /// What it decides with beside its log.
    ledger::Inputs inputs;
    bool validates = true;  ///< Off for amounts that no operation may have.

    /// A ticket of these operations; on success it stands in the log.
    tl::expected<ledger::Decision, ledger::Refusal> hand_in(
        const std::vector<schema::Operation>& operations);
    /// One operation that has to succeed: its events.
    std::vector<schema::LoggedEvent> done(const schema::Operation& operation);
    /// One operation that has to be refused: the sentence.
    std::string refused(const schema::Operation& operation,
                        schema::Errc code = schema::Errc::refused);

    /// Takes every notice for this store in `other`'s log above `after`: the events that it made.
    std::vector<schema::LoggedEvent> take_from(const StoreLog& other,
                                               schema::Sequence after = schema::Sequence{0});
    std::vector<schema::LoggedEvent> take(const schema::Position& origin,
                                          const schema::Event& notice);

    std::string hand(const std::string& sku) const;  ///< On hand, as printed.
    std::string owes(const std::string& customer) const;

    /// The machine is replaced: the log ends behind its first `kept` events and goes on in the next
    /// epoch.
    void reopen(std::size_t kept);

    /// The state folded anew from the log.
    ledger::MapState replayed() const;

    const schema::StoreId& name() const { return self_; }
    const ledger::MapState& state() const { return state_; }
    const std::vector<schema::LoggedEvent>& log() const { return log_; }
    schema::Position next() const;

  private:
    std::vector<schema::LoggedEvent> add(ledger::Decision decision);

    schema::StoreId self_;
    schema::Epoch epoch_{1};
    ledger::MapState state_;
    std::vector<schema::LoggedEvent> log_;
};

/// In how many orders a scenario is told: $FILIAL_INTERLEAVINGS, or `otherwise`.
unsigned interleavings(unsigned otherwise);

// Operations, as short as a story needs them.
schema::Operation goods(schema::OperationKind kind, const std::string& sku,
                        const std::string& quantity, const std::string& document = {});
schema::Operation money(schema::OperationKind kind, const std::string& customer,
                        const std::string& amount, const std::string& document = {});
schema::Operation person(schema::OperationKind kind, const std::string& customer,
                         const std::string& home,
                         std::vector<std::pair<std::string, std::string>> fields);
schema::Operation transfer(schema::OperationKind kind, const std::string& id,
                           const std::string& peer, const std::string& sku = {},
                           const std::string& quantity = "0");
/// One that names another store: a grant, a recall, a change of home.
schema::Operation with_peer(schema::Operation operation, const std::string& peer);
schema::Operation as_fact(schema::Operation operation);
schema::Operation about(schema::OperationKind kind, const std::string& subject,
                        const std::string& peer = {});
schema::Operation void_of(const std::string& document);

// Payloads of events that have to be readable.
schema::StockMoved stock(const schema::LoggedEvent& logged);
schema::DebtMoved debt(const schema::LoggedEvent& logged);
schema::TransferStep step(const schema::LoggedEvent& logged);
schema::GrantStep grant(const schema::LoggedEvent& logged);
schema::DebtTold told(const schema::LoggedEvent& logged);
schema::AccountStep account(const schema::LoggedEvent& logged);
schema::CustomerChanged customer(const schema::LoggedEvent& logged);

}  // namespace filial::test
