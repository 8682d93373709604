#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "broker/receiver_registry.h"
#include "broker/store_logs.h"
#include "core/clock.h"
#include "core/journal/journal.h"
#include "core/link/exchange.h"
#include "core/log.h"
#include "core/options.h"

namespace filial::broker {

/// Receives the logs of all stores, keeps them durably, acknowledges after that, and sends them on
/// to whoever may have them. Brokers chain: one that is dialled as a hub is a source like a store.
class Broker : public core::Host {
  public:
    /// All references must outlive it; `allow` may be null where only this machine's programs reach
    /// it.
    static schema::Result<std::unique_ptr<Broker>> open(core::Journal& journal,
                                                        const core::Clock& clock,
                                                        schema::StoreId self,
                                                        const core::AllowList* allow);
    /// Before the first turn: where marks and answers go. Restores the saved marks into its book.
    schema::Result<void> attach(core::Exchange& exchange);

    /// A publisher whose log is not the one held under its store's name and in its epoch.
    std::optional<schema::Error> refuses(const core::Peer& peer) override;
    std::vector<schema::StoreId> held() const override { return journal_.logs(); }
    schema::Sequence end(const schema::StoreId& store) const override;
    schema::Epoch epoch(const schema::StoreId& store) const override;
    schema::Result<schema::Range> read(const core::ReadRequest& request) override;
    void reached(const core::Peer& peer, const schema::Fetch& fetch) override;
    std::optional<core::Want> want(const core::Peer& peer, const schema::StoreId& store) override;
    schema::Result<void> take(const core::Peer& peer, schema::Range range) override;
    schema::Result<void> flush() override;
    std::vector<schema::TopicEnd> durable(const core::Want& want) const override;
    void marked(const core::Peer& peer, const schema::Mark& mark) override;
    void applied(const core::Peer&, const schema::Applied&) override {}
    void request(const core::Requester& from, schema::Message message) override;
    void turn(core::BootTime now) override;

  private:
    Broker(core::Journal& journal, const core::Clock& clock, schema::StoreId self,
           const core::AllowList* allow, ReceiverRegistry registry);
    void trouble(const core::Requester& to, std::uint64_t request, schema::Errc code,
                 std::string message);
    /// Durable on return.
    schema::Result<void> forget(const core::Requester& from, const std::string& receiver);
    void forget_revoked(core::JournalWrite& write);
    bool is_second_machine(const core::Peer& peer);
    bool may_ask(const core::Requester& from) const;
    schema::Status status(std::uint64_t request) const;
    std::string health() const;
    std::vector<schema::Leg> outgoing_legs() const;

    core::Journal& journal_;
    const core::Clock& clock_;
    schema::StoreId self_;
    const core::AllowList* allow_;
    ReceiverRegistry registry_;
    StoreLogs logs_;
    core::Exchange* exchange_ = nullptr;
    std::set<schema::StoreId> new_marks_;
    core::BootTime started_;
    core::BootTime saved_;
    std::string trouble_;  ///< Why the last flush failed; empty when it did not.
    core::LastingTrouble full_;
    /// By store, the last incarnation that is not the one held: logged and shown once each.
    std::map<schema::StoreId, schema::Incarnation> second_machines_;
    std::set<std::string> crowded_;  ///< Stores with more receivers than are remembered.
};

}  // namespace filial::broker
