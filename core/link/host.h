#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/clock.h"
#include "core/journal/journal.h"
#include "schema/messages.h"

namespace filial::core {

/// Who is at the other end of a session, as its hello said and its key proved.
struct Peer {
    std::string store;  ///< Proved by the key on tcp; as said on ipc.
    std::string role;   ///< "publisher", "subscriber", "broker", "tap", "cli".
    std::string name;   ///< Full name of the receiver there: "store2/subscriber", "store2/tap:x".
    std::string software;
    bool local = false;                 ///< Over ipc, so of this machine.
    bool dialled = false;               ///< We dialled it.
    schema::Epoch epoch;                ///< Of its own log; 0 where it has none.
    schema::Incarnation incarnation{};  ///< Of its own log.
    std::vector<std::string> offers;
    std::uint64_t features = 0;        ///< schema::Feature bits of its greeting.
    std::int64_t clock_offset_us = 0;  ///< Its clock minus ours at the hello; shown only.
};

/// Something to fetch from a peer: a log, its topics and the positions held durably.
struct Want {
    schema::StoreId store;
    schema::Epoch epoch;
    std::vector<schema::TopicEnd> after;  ///< Empty: later; only its marks are wanted now.
    schema::Incarnation incarnation{};    ///< Of that epoch; zeros: not known.
    schema::Bytes proof{};                ///< As in schema::Fetch.
};

/// Where a request came from: pass it back to Exchange::reply. Stays valid after the connection
/// is gone (the reply is then dropped: whoever asked will ask again).
struct Requester {
    std::size_t port = 0;
    schema::Bytes route;
    std::string store;  ///< Proved by its key; empty on ipc: a program of this machine.
    bool local = false;
};

/// What a process does for its legs. Exchange calls it, always from the one loop thread. As a
/// sender it is asked for ranges; as a receiver it is given them, first to stage (take), then to
/// make durable together (flush). All of it must return quickly.
class Host {
  public:
    virtual ~Host() = default;

    /// Asked at a greeting, before anything of the peer is heard: why it may have no session here.
    virtual std::optional<schema::Error> refuses(const Peer&) { return std::nullopt; }
    /// Asked where another machine of its name has a session and speaks of no earlier epoch:
    /// whether that one has to make place. Otherwise the newer one is refused.
    virtual bool goes_before(const Peer& /*newer*/, const Peer& /*older*/) { return false; }
    /// A session stands with it from now on; what was asked of it before gets no answer any more.
    virtual void session_began(const Peer&) {}
    /// Whom we dialled refuses our greeting. Of it only its store and its incarnation are known,
    /// the latter where it says it.
    virtual void turned_away(const Peer&, const schema::Error&) {}

    // --- As a sender ---------------------------------------------------------------------------
    /// Stores whose logs can be fetched here.
    virtual std::vector<schema::StoreId> held() const = 0;
    /// Last *durable* event of that log; 0 if it is not held. Asked in every turn.
    virtual schema::Sequence end(const schema::StoreId& store) const = 0;
    virtual schema::Epoch epoch(const schema::StoreId& store) const = 0;
    /// Of that epoch; zeros where it is not known. A fetch with positions of another log is
    /// refused.
    virtual schema::Incarnation incarnation(const schema::StoreId&) const { return {}; }
    /// As Journal::read. Only positions at or below `end`.
    virtual schema::Result<schema::Range> read(const ReadRequest& request) = 0;
    /// Asked before anything is sent for it: why this peer gets nothing of the log. `forked` where
    /// what it holds is not a part of the log that is here.
    virtual schema::Result<void> may_fetch(const Peer&, const schema::Fetch&) { return {}; }
    /// The last event of that topic ("*": of any) that is not kept for readers any more; 0: all
    /// are. A fetch with it from below gets `snapshot_needed` for it, and is dropped as a whole.
    virtual schema::Sequence kept_after(const schema::StoreId&,
                                        const std::string& /*topic*/) const {
        return {};
    }
    /// The asked piece of what those events come to, of about `most` bytes.
    virtual schema::Result<schema::Chunk> snapshot(const Peer&, const schema::SnapshotAsk& ask,
                                                   std::size_t /*most*/) {
        return schema::fail(schema::Errc::not_held,
                            "no snapshot of " + ask.store.value() + " is made here");
    }
    /// A receiver says what it holds durably: for the registry and the queue's depth.
    virtual void reached(const Peer& peer, const schema::Fetch& fetch) = 0;

    // --- As a receiver -------------------------------------------------------------------------
    /// What to fetch from this peer, which holds `store`; nullopt: nothing. Called for each store
    /// it offers, and again when a store's first mark arrives from it.
    virtual std::optional<Want> want(const Peer& peer, const schema::StoreId& store) = 0;
    /// Stages a range. Positions that are held already are dropped in here. `gap`: it begins
    /// above what is held, the exchange fetches again from `want`. `forked`, `stale_incarnation`,
    /// `not_allowed`, `corrupt`: the leg for this store stops, and says why in its status.
    virtual schema::Result<void> take(const Peer& peer, schema::Range range) = 0;
    /// Whether `held_rows` gives rows again: then blocks may build on them.
    virtual bool keeps_rows() const { return false; }
    /// The durable rows of these topics above `after`, up to `upto` or as far as one look gives
    /// them; what a block builds on that this end took earlier. `dictionary_missing`: it does not
    /// keep them.
    virtual schema::Result<schema::Range> held_rows(const ReadRequest& request, schema::Sequence) {
        return schema::fail(schema::Errc::dictionary_missing,
                            "the events of " + request.store.value() + " are not kept here");
    }
    /// Asked when everything was read that was there: whether to read once more before `flush`, for
    /// what is about to come. Again and again, until it says no.
    virtual bool gathers() { return false; }
    /// Makes everything staged (ranges and tickets) durable and answers the tickets, but for
    /// tickets that are `pending`. An error here ends the process, except `no_space` and `busy`:
    /// staged things stay for the next turn.
    virtual schema::Result<void> flush() = 0;
    /// Whether something is under way that the next flush goes on with: no turn waits before it.
    virtual bool pending() const { return false; }
    /// What is durable now of the topics of this want: what the next fetch acknowledges.
    virtual std::vector<schema::TopicEnd> durable(const Want& want) const = 0;
    /// A newer mark than any before came (already in the exchange's book).
    virtual void marked(const Peer& peer, const schema::Mark& mark) = 0;
    virtual void applied(const Peer& peer, const schema::Applied& applied) = 0;
    /// The peer holds that mark of the own log, and takes the ones that are made here for older: a
    /// copy of this machine has counted further. Nobody shows a new age before marks count above.
    /// The word of a subscriber, which is nobody's to speak for a log, comes once a second at most,
    /// and with a counter that is not far above the last own mark's.
    virtual void outcounted(const Peer&, const schema::Mark&) {}

    /// A fetch got no log but this answer: `not_held`, `not_allowed`, `snapshot_needed` (for the
    /// topics that it names; the log is fetched again from `want`), `forked` (the peer has
    /// another log of that store and epoch than the one whose positions were asked), or, for the
    /// own log, `gap`: nothing stands above what was asked, `end` says where the log ends there.
    virtual void not_served(const Peer&, const schema::Trouble&) {}

    /// A piece of a snapshot that was asked for.
    virtual void chunk(const Peer&, const schema::Chunk&) {}

    // --- Live answers ----------------------------------------------------------------------------
    /// Somebody asks whether a store is there now: answer, or pass on, with Exchange::tell.
    virtual void confirm(const Peer&, const schema::Confirm&) {}
    /// An answer, from the store itself or from whoever may relay it. `mark` is what it carries.
    virtual void confirmed(const Peer&, const schema::Confirmed&, const schema::Mark&) {}

    // --- A store that comes back -----------------------------------------------------------------
    virtual void rejoin(const Peer&, const schema::Rejoin&) {}
    virtual void rejoined(const Peer&, const schema::Rejoined&) {}

    // --- Requests: tickets, queries, status ------------------------------------------------------
    /// Answer with Exchange::reply, now or in `flush`.
    virtual void request(const Requester& from, schema::Message message) = 0;

    /// Once a turn, after everything else.
    virtual void turn(BootTime now) = 0;
};

}  // namespace filial::core
