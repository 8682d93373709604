#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "broker/agreed_time.h"
#include "broker/confirm_relay.h"
#include "broker/heard_stores.h"
#include "broker/readmissions.h"
#include "broker/receiver_registry.h"
#include "broker/retention.h"
#include "core/clock.h"
#include "core/journal/journal.h"
#include "core/journal/scrub_pace.h"
#include "core/journal/store_logs.h"
#include "core/link/exchange.h"
#include "core/log.h"
#include "core/options.h"

namespace filial::broker {

/// Receives the logs of all stores, keeps them durably, acknowledges after that, and sends them on
/// to whoever may have them. Brokers chain: one that is dialled as a hub is a source like a store.
class Broker : public core::Host {
  public:
    static constexpr std::int64_t kScrubEvery = 86'400 * core::kSecond;
    /// All references must outlive it; `allow` may be null where only this machine's programs reach
    /// it.
    static schema::Result<std::unique_ptr<Broker>> open(core::Journal& journal,
                                                        const core::Clock& clock,
                                                        schema::StoreId self,
                                                        const core::AllowList* allow,
                                                        std::int64_t scrub_every_us = kScrubEvery,
                                                        KeepPolicy keep = {});
    /// Before the first turn: where marks and answers go. Restores the saved marks into its book.
    schema::Result<void> attach(core::Exchange& exchange);

    /// A publisher whose log is not the one held under its store's name and in its epoch, or that
    /// is in an earlier one: another machine goes on.
    std::optional<schema::Error> refuses(const core::Peer& peer) override;
    bool goes_before(const core::Peer& newer, const core::Peer& older) override;
    /// Also those of which all that came has yet to be written: else their stores would take them
    /// for not here.
    std::vector<schema::StoreId> held() const override { return logs_.logs(); }
    schema::Sequence end(const schema::StoreId& store) const override;
    schema::Epoch epoch(const schema::StoreId& store) const override;
    schema::Incarnation incarnation(const schema::StoreId& store) const override;
    schema::Result<schema::Range> read(const core::ReadRequest& request) override;
    /// Another broker shows with its positions which log it holds: `forked` for another one.
    schema::Result<void> may_fetch(const core::Peer& peer, const schema::Fetch& fetch) override;
    schema::Sequence kept_after(const schema::StoreId& store,
                                const std::string& topic) const override;
    schema::Result<schema::Chunk> snapshot(const core::Peer& peer, const schema::SnapshotAsk& ask,
                                           std::size_t most) override;
    void reached(const core::Peer& peer, const schema::Fetch& fetch) override;
    std::optional<core::Want> want(const core::Peer& peer, const schema::StoreId& store) override;
    schema::Result<void> take(const core::Peer& peer, schema::Range range) override;
    bool keeps_rows() const override { return true; }
    schema::Result<schema::Range> held_rows(const core::ReadRequest& request,
                                            schema::Sequence upto) override;
    schema::Result<void> flush() override;
    std::vector<schema::TopicEnd> durable(const core::Want& want) const override;
    void not_served(const core::Peer& peer, const schema::Trouble& trouble) override;
    void marked(const core::Peer& peer, const schema::Mark& mark) override;
    void applied(const core::Peer&, const schema::Applied&) override {}
    void confirm(const core::Peer& peer, const schema::Confirm& asked) override;
    void confirmed(const core::Peer& peer, const schema::Confirmed& answer,
                   const schema::Mark& mark) override;
    /// What is held of its log, and whether head office has readmitted it.
    void rejoin(const core::Peer& peer, const schema::Rejoin& asked) override;
    void request(const core::Requester& from, schema::Message message) override;
    void turn(core::BootTime now) override;
    /// What a person has to know, in one line; "ok" where that is nothing.
    std::string health() const;

  private:
    Broker(core::Journal& journal, const core::Clock& clock, schema::StoreId self,
           const core::AllowList* allow, ReceiverRegistry registry, Readmissions readmissions,
           HeardStores heard, std::int64_t scrub_every_us, KeepPolicy keep);
    void scrub(core::BootTime now);
    void trim(core::BootTime now);
    void trouble(const core::Requester& to, std::uint64_t request, schema::Errc code,
                 std::string message);
    /// Durable on return.
    schema::Result<schema::Digests> digest(const core::Requester& from,
                                           const schema::DigestAsk& ask) const;
    schema::Result<void> forget(const core::Requester& from, const std::string& receiver);
    /// A write beside the logs failed: unless there is only no room, the process ends.
    void write_failed(const schema::Error& error);
    void forget_revoked(core::JournalWrite& write);
    bool is_second_machine(const core::Peer& peer);
    std::optional<schema::Error> is_over(const core::Peer& peer);
    schema::Result<void> readmit(const core::Requester& from, const schema::Readmit& who);
    schema::Result<void> save(Readmissions& readmissions);
    schema::Result<void> keep_grant(Readmissions with);
    schema::Result<void> raise(const schema::StoreId& store, const schema::Rejoin& asked);
    void answer_rejoin(const std::string& receiver, const schema::StoreId& store,
                       const schema::Incarnation& incarnation);
    bool may_ask(const core::Requester& from) const;
    schema::Status status(std::uint64_t request) const;
    std::vector<schema::Leg> outgoing_legs() const;

    core::Journal& journal_;
    const core::Clock& clock_;
    schema::StoreId self_;
    const core::AllowList* allow_;
    ReceiverRegistry registry_;
    Readmissions readmissions_;
    HeardStores heard_;
    AgreedTime time_;
    core::StoreLogs logs_;
    Retention retention_;
    ConfirmRelay confirms_;
    core::Exchange* exchange_ = nullptr;
    std::set<schema::StoreId> new_marks_;
    core::BootTime started_;
    core::BootTime saved_;
    std::string trouble_;                  ///< Why the last flush failed; empty when it did not.
    std::optional<schema::Error> broken_;  ///< For the next flush: the journal takes nothing more.
    core::LastingTrouble full_;
    core::ScrubPace pace_;
    /// By store, the last incarnation that is not the one held: logged and shown once each.
    std::map<schema::StoreId, schema::Incarnation> second_machines_;
    /// A log of which this broker holds less than the one that it fetches from still keeps.
    struct CutOff {
        std::string peer;
        schema::Sequence held;
        std::string why;
    };
    std::map<schema::StoreId, CutOff> cut_off_;
    std::set<std::string> crowded_;  ///< Stores with more receivers than are remembered.
};

}  // namespace filial::broker
