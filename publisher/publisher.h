#pragma once

#include <deque>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/clock.h"
#include "core/journal/journal.h"
#include "core/journal/scrub_pace.h"
#include "core/link/allow_list.h"
#include "core/link/host.h"
#include "core/options.h"
#include "publisher/clients.h"
#include "publisher/control_inbox.h"
#include "publisher/gathering.h"
#include "publisher/hubs.h"
#include "publisher/intake.h"
#include "publisher/legs.h"
#include "publisher/live_questions.h"
#include "publisher/mark_maker.h"
#include "publisher/outbox.h"
#include "publisher/receivers.h"
#include "publisher/rounds.h"
#include "schema/messages.h"

namespace filial::publisher {

/// The store's side: tickets and the notices of other stores -> decide -> outbox -> served to
/// whoever may have it. One thread.
class Publisher : public core::Host {
  public:
    /// Opens the store's log in `journal`, makes it if it is new, and makes the state beside it
    /// where only the log is there. `forked` if it would be new but the replica of this folder has
    /// read one of this store: that one was lost. All references must outlive the publisher;
    /// `allow` may be null where only this machine's programs reach it.
    static schema::Result<std::unique_ptr<Publisher>> open(const core::Options& options,
                                                           core::Journal& journal,
                                                           const core::Clock& clock,
                                                           const core::AllowList* allow);
    /// Before the first turn: where answers and marks go. Must outlive the turns.
    void attach(Legs& legs) { legs_ = &legs; }
    /// For tests: how tickets are put into commits.
    void groups(const GroupSizes& sizes) {
        sizes_ = sizes;
        intake_.groups(sizes);
    }
    /// Makes copies of the journal for `filial backup`; without it there are none.
    using CopyTo = std::function<schema::Result<void>(const std::filesystem::path&)>;
    void copies(CopyTo copy_to) { copy_to_ = std::move(copy_to); }

    /// Why this log must not go on here: it went on elsewhere, or what is held of it is not what is
    /// here. From then on nothing is booked; the process has to go into quarantine.
    const std::optional<std::string>& over() const { return over_; }

    schema::Epoch epoch() const { return outbox_->epoch(); }
    const schema::Incarnation& incarnation() const { return outbox_->incarnation(); }

    std::vector<schema::StoreId> held() const override { return {outbox_->store()}; }
    schema::Sequence end(const schema::StoreId& store) const override;
    schema::Epoch epoch(const schema::StoreId& store) const override;
    schema::Incarnation incarnation(const schema::StoreId& store) const override;
    schema::Result<schema::Range> read(const core::ReadRequest& request) override;
    /// Brokers, and this machine's own replica, show by their position and its proof whether the
    /// log that they hold is this one. One that is not ends this life of it, see `over`.
    schema::Result<void> may_fetch(const core::Peer& peer, const schema::Fetch& fetch) override;
    /// A broker knows a later epoch: that ends this life of the log too, where the broker counts.
    void turned_away(const core::Peer& peer, const schema::Error& error) override;
    void reached(const core::Peer& peer, const schema::Fetch& fetch) override;
    /// Topics control and accounts of every other store, from brokers only: what a broker holds, a
    /// restored head office cannot forget. A broker is one that we dial, or that is admitted as a
    /// relay.
    std::optional<core::Want> want(const core::Peer& peer, const schema::StoreId& store) override;
    schema::Result<void> take(const core::Peer& peer, schema::Range range) override;
    /// While tickets of many clients are on their way, see Gathering.
    bool gathers() override;
    /// Commits everything that waits: a few tickets at once, many in groups, each decided while
    /// those before it go to the disk. The last groups of many may be in hand afterwards, while
    /// more is read: see `pending`. Without room on the disk tickets are answered Busy and notices
    /// stay; tried again a moment later.
    schema::Result<void> flush() override;
    bool pending() const override { return !in_hand_.empty() || intake_.unstaged() > 0; }
    /// Waits for what is in hand, and answers it: before anything but `get` and `scan` is asked of
    /// the journal, and before an end. What failed is said by the next flush.
    void settle();
    std::vector<schema::TopicEnd> durable(const core::Want& want) const override;
    void marked(const core::Peer&, const schema::Mark&) override {}
    void applied(const core::Peer& peer, const schema::Applied& applied) override;
    void outcounted(const core::Peer& peer, const schema::Mark& mark) override;
    /// Answered within kLiveEvery with a mark made for it: what is durable then.
    void confirm(const core::Peer& peer, const schema::Confirm& asked) override {
        if (asked.store == outbox_->store()) live_.take(peer.name, asked.nonce);
    }
    void request(const core::Requester& from, schema::Message message) override;
    void turn(core::BootTime now) override;

  private:
    Publisher(const core::Options& options, core::Journal& journal, const core::Clock& clock,
              const core::AllowList* allow);

    schema::Result<void> may_begin() const;
    bool is_broker(const core::Peer& peer) const;
    bool may_hand_in(const core::Requester& from) const;
    void trouble(const core::Requester& to, std::uint64_t request, schema::Errc code,
                 std::string message);
    bool finishable() const { return !in_hand_.front() || outbox_->finishable(); }
    schema::Result<void> stage_group();
    schema::Result<void> begin_group();
    schema::Result<void> finish_group();
    schema::Result<void> finish_groups();
    schema::Result<void> commit_groups();
    schema::Result<void> answered(schema::Result<void> done);
    schema::Result<void> no_room(const schema::Error& error);
    /// A write that no ticket waits for failed: unless there is only no room, the process ends.
    void write_failed(const schema::Error& error);
    void look_for_room(core::BootTime now);
    void scrub(core::BootTime now);
    void save_positions(core::BootTime now);
    /// Durable on return.
    schema::Result<schema::Digests> digest(const core::Requester& from,
                                           const schema::DigestAsk& ask) const;
    schema::Result<void> forget(const core::Requester& from, const std::string& receiver);
    schema::Result<void> copy(const core::Requester& from, const schema::Backup& backup);
    void accept_hub(const core::Requester& from, const schema::Readmit& hub);
    std::string unlike(const core::Peer& peer, const schema::Fetch& fetch) const;
    bool went_on_without(const schema::Fetch& fetch) const;
    void make_mark(core::BootTime now);
    void call(const core::Requester& from, const schema::Call& call);
    schema::CallState call_state(std::uint64_t request) const;
    std::uint64_t waiting_for(const std::string& receiver) const;
    schema::Status status(std::uint64_t request) const;
    std::vector<schema::Leg> legs() const;
    schema::Leg outgoing_leg(const std::string& name, const Receiver& receiver) const;
    schema::Leg leg_never_asked(const std::string& hub) const;

    const core::Options& options_;
    core::Journal& journal_;
    const core::Clock& clock_;
    const core::AllowList* allow_;
    Legs* legs_ = nullptr;

    ledger::Inputs policy_;
    std::unique_ptr<Outbox> outbox_;
    Clients clients_;
    Intake intake_;
    Gathering gathering_;
    Rounds rounds_;
    std::string rounds_said_;  ///< Why they stand still.
    std::optional<ControlInbox> control_;
    std::optional<Receivers> receivers_;
    Hubs hubs_;
    MarkMaker marks_;
    LiveQuestions live_;

    CopyTo copy_to_;
    std::optional<std::string> over_;

    core::BootTime started_;
    core::BootTime saved_;
    core::BootTime settled_;  ///< In a turn.
    /// Groups that are not known to be durable, the oldest first: whether the journal has anything
    /// to write for it.
    std::deque<bool> in_hand_;
    GroupSizes sizes_;
    std::size_t answered_ = 0;   ///< Tickets, in this flush.
    core::BootTime full_since_;  ///< Of the last commit that found no room; 0: there is room.
    std::string full_;           ///< What it said.
    std::optional<schema::Error> broken_;  ///< For the next flush: the journal takes nothing more.
    core::ScrubPace pace_;
    std::int64_t groups_ = 0;
    std::int64_t events_ = 0;
};

}  // namespace filial::publisher
