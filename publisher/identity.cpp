// Whether the log here is the store's, and the only one: what shows that it went on elsewhere.
#include <algorithm>

#include "core/journal/log_epochs.h"
#include "core/journal/log_head.h"
#include "core/log.h"
#include "core/own_log.h"
#include "publisher/publisher.h"
#include "schema/planted.h"

namespace filial::publisher {

using schema::Errc;
using schema::Result;
using schema::Sequence;

/// A new log may begin only where there was none: at the same positions it would have other events.
Result<void> Publisher::may_begin() const {
    if (journal_.end(options_.store).value() > 0) return {};
    const auto known = core::read_own_log(options_.subscriber_dir());
    if (!known) return schema::fail("the store's own replica", known.error());
    if (!*known || (*known)->store != options_.store) return {};
    const std::string store = options_.store.value();
    return schema::fail(
        Errc::forked,
        options_.publisher_dir().string() + " has no log, but this store's replica in " +
            options_.subscriber_dir().string() + " has read one of " + store + ", epoch " +
            std::to_string((*known)->epoch.value()) + ", incarnation " +
            schema::to_hex(schema::view((*known)->incarnation)) +
            ": a new one under this name would be refused everywhere; put the folder back, restore "
            "a backup (`filial restore`), or have the log built again from what the brokers hold "
            "(`filial replace-store`); or set this machine up under another name in a new folder");
}

/// What shows that `peer` holds another log of this store than this one, for people; empty where
/// nothing does.
std::string Publisher::unlike(const core::Peer& peer, const schema::Fetch& fetch) const {
    Sequence held;
    for (const schema::TopicEnd& topic : fetch.after) held = std::max(held, topic.seq);
    const std::string name = peer.role + " of " + peer.store;
    if (fetch.epoch > outbox_->epoch()) {
        return "the " + name + " knows epoch " + std::to_string(fetch.epoch.value()) +
               " of this store, here is epoch " + std::to_string(outbox_->epoch().value()) +
               ": this is an older copy of it";
    }
    if (held > outbox_->end() && fetch.epoch == outbox_->epoch()) {
        return "the " + name + " holds this store's log up to " + std::to_string(held.value()) +
               ", but it ends at " + std::to_string(outbox_->end().value()) +
               " here: this is an older copy of it";
    }
    // The own replica reads the later epoch as soon as it is told of it.
    if (held > outbox_->end() && peer.role != "subscriber") {
        return "the " + name + " holds this store's log up to " + std::to_string(held.value()) +
               " in epoch " + std::to_string(fetch.epoch.value()) +
               ", which here goes on before that in a later one, and ends at " +
               std::to_string(outbox_->end().value());
    }
    if (fetch.proof.empty() || held.value() == 0 || held > outbox_->end()) return {};
    const auto here = journal_.head_at(outbox_->store(), held);
    if (!here) return {};  // The journal says so itself, at the next read.
    const auto unknown = [](const core::TopicHead& topic) { return topic.chain == schema::Hash{}; };
    if (std::any_of(here->topics.begin(), here->topics.end(), unknown)) return {};
    const schema::Hash chains = core::chains_of(*here);
    if (schema::view(chains) == fetch.proof) return {};
    if (schema::planted(schema::Bug::fork_taken)) return {};
    return "up to " + std::to_string(held.value()) + " the " + name +
           " holds other events of this store than stand here: chain " +
           schema::to_hex(fetch.proof) + " there, " + schema::to_hex(schema::view(chains)) +
           " here";
}

/// Whether this log went on in a later epoch below where `fetch` stands because head office has
/// readmitted it: of what was there before it has decided. That broker was not there to be heard,
/// and its events are over. Where an operator gave them up, nobody has: they are not lost after
/// all.
bool Publisher::went_on_without(const schema::Fetch& fetch) const {
    Sequence held;
    for (const schema::TopicEnd& topic : fetch.after) held = std::max(held, topic.seq);
    if (held.value() == 0 || fetch.epoch >= outbox_->epoch()) return false;
    const auto head = journal_.head(outbox_->store());
    if (!head) return false;
    const auto epochs = core::epochs_of(
        *head, [&](const core::ReadRequest& request) { return journal_.read(request); });
    return epochs && std::any_of(epochs->begin(), epochs->end(), [&](const auto& begun) {
               const bool loss = begun.lost_upto > 0 || !begun.reason.empty();
               return begun.epoch > fetch.epoch.value() && begun.continues_from < held.value() &&
                      !loss;
           });
}

Result<void> Publisher::may_fetch(const core::Peer& peer, const schema::Fetch& fetch) {
    if (fetch.store != outbox_->store()) return {};
    const bool own_replica = peer.local && peer.role == "subscriber";
    if (!is_broker(peer) && !own_replica) return {};
    const bool trusted = own_replica || hubs_.trusts(peer);
    settle();
    const std::string why = unlike(peer, fetch);
    if (why.empty()) return {};
    if (!own_replica && went_on_without(fetch)) {
        return schema::fail(Errc::forked, why +
                                              "; they are over since this store was readmitted, "
                                              "and only an empty folder takes its log");
    }
    // What a broker without its memory holds may come from a machine that is over.
    if (trusted) over_ = why;
    return schema::fail(Errc::forked, trusted ? why : why + "; " + hubs_.changed());
}

/// Marks prove nothing: which of the two logs goes on is decided by what they hold.
void Publisher::outcounted(const core::Peer& peer, const schema::Mark& mark) {
    // A replica's word comes here only as far as the exchange lets it count.
    if (mark.epoch != outbox_->epoch()) return;
    if (!is_broker(peer) && peer.role != "subscriber") return;
    if (!marks_.count_above(mark.counter)) return;
    core::log(core::Level::warn,
              "marks of this log were made elsewhere: a copy of this store's folder runs, or ran",
              {{"by", peer.name}, {"counter", mark.counter}, {"end", mark.end.value()}});
}

void Publisher::accept_hub(const core::Requester& from, const schema::Readmit& hub) {
    auto lives = hubs_.asked(from, hub);
    if (!lives) return trouble(from, hub.request, lives.error().code, lives.error().message);
    if (!hub.incarnation.empty()) legs_->want_again();
    schema::Status answer = status(hub.request);
    answer.waiting = std::move(*lives);
    legs_->reply(from, schema::Message{std::move(answer)});
}

void Publisher::turned_away(const core::Peer& peer, const schema::Error& error) {
    if (error.code != Errc::stale_incarnation || !hubs_.trusts(peer)) return;
    over_ = "broker of " + peer.store + ": " + error.message;
}

Result<void> Publisher::copy(const core::Requester& from, const schema::Backup& backup) {
    if (!from.local) {
        return schema::fail(Errc::not_allowed, "copies are made for the store's own machine");
    }
    if (!copy_to_) return schema::fail(Errc::invalid, "this journal is not on a disk");
    return copy_to_(backup.folder);
}

}  // namespace filial::publisher
