#pragma once

#include <memory>
#include <string>

#include "core/journal/scrub_pace.h"
#include "core/link/allow_list.h"
#include "core/link/exchange.h"
#include "core/options.h"
#include "subscriber/answers.h"
#include "subscriber/live_answers.h"
#include "subscriber/own_log_source.h"
#include "subscriber/pull_order.h"
#include "subscriber/replica.h"
#include "subscriber/snapshot_pull.h"
#include "subscriber/unparking.h"

namespace filial::subscriber {

/// The receiving end of a store: pulls the logs that the options name from its own publisher, from
/// brokers and from peers, replays them into the replica, and answers questions about it. The first
/// to deliver wins; what comes twice is dropped. It serves no logs. Which log its own store has it
/// writes beside its replica (core/own_log.h).
class Subscriber : public core::Host {
  public:
    /// All must outlive it. `allow` may be null where there is no tcp port.
    Subscriber(const core::Options& options, Replica& replica, const core::Clock& clock,
               const core::AllowList* allow);
    /// Before the first turn: where answers go and marks are.
    void attach(core::Exchange& exchange) {
        exchange_ = &exchange;
        live_.attach(exchange);
        unparking_.attach(exchange);
    }

    /// Its own store's log, for a publisher that repairs it; nobody else asks a subscriber.
    std::vector<schema::StoreId> held() const override;
    schema::Sequence end(const schema::StoreId& store) const override;
    schema::Epoch epoch(const schema::StoreId& store) const override {
        return replica_.epoch(store);
    }
    schema::Result<void> may_fetch(const core::Peer& peer, const schema::Fetch& fetch) override;
    schema::Result<schema::Range> read(const core::ReadRequest& request) override;
    void reached(const core::Peer&, const schema::Fetch&) override {}
    std::optional<core::Want> want(const core::Peer& peer, const schema::StoreId& store) override;
    schema::Result<void> take(const core::Peer& peer, schema::Range range) override;
    bool keeps_rows() const override { return true; }
    schema::Result<schema::Range> held_rows(const core::ReadRequest& request,
                                            schema::Sequence upto) override;
    void not_served(const core::Peer& peer, const schema::Trouble& trouble) override {
        if (trouble.code == schema::Errc::snapshot_needed) {
            snapshots_.needed(peer.name, schema::StoreId{trouble.store}, trouble.topics);
            want_again_ = true;
        }
        if (trouble.code != schema::Errc::forked) return;
        replica_.doubt(schema::StoreId{trouble.store}, source_name(peer), trouble.message);
    }
    void session_began(const core::Peer& peer) override { snapshots_.session_began(peer.name); }
    void chunk(const core::Peer& peer, const schema::Chunk& chunk) override {
        want_again_ = snapshots_.came(peer.name, chunk, clock_.boot()) || want_again_;
    }
    schema::Result<void> flush() override;
    std::vector<schema::TopicEnd> durable(const core::Want& want) const override;
    void marked(const core::Peer& peer, const schema::Mark& mark) override;
    void applied(const core::Peer&, const schema::Applied&) override {}
    void confirmed(const core::Peer&, const schema::Confirmed& answer,
                   const schema::Mark& mark) override {
        live_.confirmed(answer, mark);
    }
    void request(const core::Requester& from, schema::Message message) override;
    void turn(core::BootTime now) override;

    /// Depth of an incoming leg: 0 when every topic has reached its end in the newest mark and in
    /// what the sender said; otherwise the greatest distance between positions, at least the events
    /// that wait (events of other topics in between count too). `oldest_age_us` is the age of the
    /// as-of: what waits is younger.
    schema::Status status(std::uint64_t request) const;

  private:
    bool is_own_publisher(const core::Peer& peer) const;
    bool fetches(const core::Peer& peer, const schema::StoreId& store) const;
    /// `peer` sent a mark that is older than the one at which the replica's as-of stands.
    void tell_newer(const core::Peer& peer, const schema::Mark& mark);
    void note_own_log();
    std::string source_name(const core::Peer& peer) const;
    schema::Result<void> may_ask(const core::Requester& from, const std::string& topic) const;
    void answer(const core::Requester& from, const schema::Query& query);
    void refuse(const core::Requester& from, std::uint64_t request, const schema::Error& error);
    schema::Result<void> copy(const core::Requester& from, const schema::Backup& backup);
    schema::Result<schema::Digests> digest(const core::Requester& from,
                                           const schema::DigestAsk& ask);
    std::string health() const;
    void judge_leg(schema::Leg& leg) const;
    void tell_publisher(core::BootTime now);
    void scrub(core::BootTime now);
    void pull_snapshots(core::BootTime now);
    /// Legs of a call.
    std::vector<core::DialledLeg> legs_away() const;
    void call(const core::Requester& from, const schema::Call& call);
    schema::CallState call_state(const schema::Call& call) const;
    schema::NeedState need_state(const schema::Need& need, bool answered) const;
    std::uint64_t behind(const schema::StoreId& store,
                         const std::vector<std::string>& topics) const;
    bool step_is_here() const;
    void pull_on(core::BootTime now);

    const core::Options& options_;
    Replica& replica_;
    const core::Clock& clock_;
    const core::AllowList* allow_;
    OwnLogSource own_log_;
    Answers answers_;
    LiveAnswers live_;
    Unparking unparking_;
    PullOrder order_;
    SnapshotPull snapshots_;
    core::BootTime pulled_;
    core::BootTime called_until_;
    core::Exchange* exchange_ = nullptr;
    core::BootTime started_;
    core::BootTime told_at_;
    std::uint64_t told_ = 0;             ///< Replica's generation that the publisher was told.
    bool tell_again_ = true;             ///< It may have forgotten: a session is new.
    bool want_again_ = false;            ///< A store is itself again: what was stopped may go on.
    std::string trouble_;                ///< Why the last flush failed; empty when it did not.
    std::optional<core::OwnLog> noted_;  ///< What stands in the replica's folder.
    std::string note_trouble_;           ///< Why it could not be written.
    core::LastingTrouble full_;
    core::ScrubPace pace_;
    std::optional<schema::Error> broken_;  ///< For the next flush: the store cannot be read.
    std::int64_t queries_ = 0;
    std::int64_t queries_refused_ = 0;
};

}  // namespace filial::subscriber
