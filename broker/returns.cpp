// Stores that come back: who may go on as a store, and who is over.
#include <algorithm>

#include "broker/broker.h"
#include "broker/heard.h"
#include "core/journal/log_head.h"
#include "core/log.h"

namespace filial::broker {

using core::Level;
using core::log;
using schema::Errc;
using schema::Result;
using schema::StoreId;

/// A publisher of an epoch that is over; one that says none is in quarantine and knows it.
std::optional<schema::Error> Broker::is_over(const core::Peer& peer) {
    const StoreId store{peer.store};
    if (peer.epoch.value() == 0) {
        // Refused while another one stands, it could not even say that it is there.
        std::int64_t heard = 0;
        const bool named = peer.incarnation != schema::Incarnation{};
        // Who was readmitted and has not come yet must find its place free.
        const Attempt* coming = readmissions_.life(store);
        const auto here = journal_.head(store);
        const bool awaited = coming != nullptr && coming->incarnation != peer.incarnation &&
                             (!here || here->epoch < coming->granted);
        if (named && (awaited || exchange_->session_of(peer.name, heard))) {
            Attempt attempt;
            attempt.incarnation = peer.incarnation;
            attempt.at = clock_.wall();
            if (readmissions_.met(store, std::move(attempt))) {
                log(Level::warn, "a machine asks to go on as a store that is connected",
                    {{"store", store.value()},
                     {"incarnation", schema::to_hex(schema::view(peer.incarnation))}});
            }
        }
        // Who names none repairs its log, which may be that life's: it only reads here.
        if (!awaited || !named) return std::nullopt;
        const auto& goes_on = readmissions_.life(store)->incarnation;
        return schema::Error{
            Errc::forked, "another machine was readmitted as " + store.value() + ", incarnation " +
                              schema::to_hex(schema::view(goes_on)) + "; this one is " +
                              schema::to_hex(schema::view(peer.incarnation)) +
                              ": two may not have one store's name"};
    }
    const auto head = journal_.head(store);
    const Attempt* life = readmissions_.life(store);
    const schema::Epoch granted = life != nullptr ? life->granted : schema::Epoch{};
    const schema::Epoch held = head ? head->epoch : schema::Epoch{};
    const std::string epoch = std::to_string(peer.epoch.value());
    if (peer.epoch < std::max(granted, held)) {
        const auto& goes_on = granted < held ? head->incarnation : life->incarnation;
        return schema::Error{
            Errc::stale_incarnation,
            store.value() + " goes on in epoch " + std::to_string(std::max(granted, held).value()) +
                ", incarnation " + schema::to_hex(schema::view(goes_on)) +
                "; this machine, incarnation " + schema::to_hex(schema::view(peer.incarnation)) +
                ", speaks as epoch " + epoch + ", which is over"};
    }
    if (life != nullptr && peer.epoch == granted && peer.incarnation != life->incarnation) {
        // Of the granted life nobody has anything yet, and the epoch that a repair began behind an
        // accepted loss has its number: head office decides which of them goes on.
        return schema::Error{held < granted ? Errc::stale_incarnation : Errc::forked,
                             "epoch " + epoch + " of " + store.value() + " was granted to " +
                                 schema::to_hex(schema::view(life->incarnation)) + ", not to " +
                                 schema::to_hex(schema::view(peer.incarnation))};
    }
    return std::nullopt;
}

/// Who was readmitted, before a machine that only repairs its log.
bool Broker::goes_before(const core::Peer& newer, const core::Peer& older) {
    const Attempt* life = readmissions_.life(StoreId{newer.store});
    return life != nullptr && life->incarnation == newer.incarnation &&
           older.incarnation == schema::Incarnation{};
}

Result<void> Broker::may_fetch(const core::Peer& peer, const schema::Fetch& fetch) {
    // A store that lacks events of its own log gives up what no broker has.
    const auto coming = logs_.staged_end(fetch.store);
    const bool own = peer.role == "publisher" && peer.store == fetch.store.value();
    if (own && coming > journal_.end(fetch.store)) {
        return schema::fail(Errc::busy, "the log came here up to " +
                                            std::to_string(coming.value()) + " and is kept up to " +
                                            std::to_string(journal_.end(fetch.store).value()) +
                                            ", the rest once there is room" +
                                            (trouble_.empty() ? "" : ": " + trouble_));
    }
    schema::Sequence held;
    for (const schema::TopicEnd& topic : fetch.after) held = std::max(held, topic.seq);
    if (fetch.proof.empty() || held.value() == 0 || held > journal_.end(fetch.store)) return {};
    const auto here = journal_.head_at(fetch.store, held);
    if (!here) return {};  // The journal says so itself, at the next read.
    const auto unknown = [](const core::TopicHead& topic) { return topic.chain == schema::Hash{}; };
    if (std::any_of(here->topics.begin(), here->topics.end(), unknown)) return {};
    if (schema::view(core::chains_of(*here)) == fetch.proof) return {};
    return schema::fail(Errc::forked, "up to " + std::to_string(held.value()) + " the log of " +
                                          fetch.store.value() +
                                          " that is held here is another one: nothing is given "
                                          "until head office has decided which of them goes on");
}

void Broker::rejoin(const core::Peer& peer, const schema::Rejoin& asked) {
    if (peer.role != "publisher" || asked.incarnation != peer.incarnation) return;
    const StoreId store{peer.store};
    Attempt attempt;
    attempt.incarnation = asked.incarnation;
    attempt.epoch = asked.epoch;
    attempt.end = asked.end;
    attempt.machine = asked.machine;
    attempt.reason = asked.reason;
    attempt.at = clock_.wall();
    const bool first = readmissions_.find(store, asked.incarnation) == nullptr;
    if (readmissions_.met(store, attempt) && first) {
        log(Level::warn, attempt_text(store, attempt), {{"store", store.value()}});
    }
    if (!raise(store, asked)) return;  // It asks again.
    answer_rejoin(peer.name, store, asked.incarnation);
}

/// Who was readmitted by a greeting alone may have been in the epoch that it was granted.
Result<void> Broker::raise(const StoreId& store, const schema::Rejoin& asked) {
    Readmissions with = readmissions_;
    if (!with.raise(store, asked.incarnation, asked.epoch)) return {};
    return keep_grant(std::move(with));
}

/// Nobody may hear of an epoch that a crash could make us grant again.
Result<void> Broker::keep_grant(Readmissions with) {
    if (const auto saved = save(with); !saved) return saved;
    // Not by the log of writes alone: of one that is gone without a trace nobody can tell.
    if (const auto settled = journal_.settle(); !settled) {
        write_failed(settled.error());
        return schema::fail("keep who was readmitted", settled.error());
    }
    readmissions_ = std::move(with);
    return {};
}

void Broker::answer_rejoin(const std::string& receiver, const StoreId& store,
                           const schema::Incarnation& incarnation) {
    schema::Rejoined answer;
    answer.incarnation = incarnation;
    if (const auto head = journal_.head(store)) {
        answer.held_epoch = head->epoch;
        answer.held_end = head->end;
        for (const core::TopicHead& topic : head->topics) {
            answer.held.push_back({topic.topic, topic.last, topic.chain});
        }
    }
    const Attempt* attempt = readmissions_.find(store, incarnation);
    const Attempt* life = readmissions_.life(store);
    const bool newest =
        attempt != nullptr && life != nullptr && life->incarnation == attempt->incarnation;
    if (newest) answer.epoch = life->granted;
    answer.text = newest ? "readmitted"
                         : "head office has to say which machine goes on, at " + self_.value() +
                               ": filial readmit " + store.value() + " " +
                               schema::to_hex(schema::view(incarnation)).substr(0, 8);
    exchange_->tell(receiver, std::move(answer));
}

Result<void> Broker::readmit(const core::Requester& from, const schema::Readmit& who) {
    if (!from.local) {
        return schema::fail(Errc::not_allowed, "stores are readmitted on the broker's own machine");
    }
    if (who.incarnation.empty()) return {};
    // Of what was decided already nothing is to be kept: no full disk holds up the answer.
    if (readmissions_.is_granted(who.store, who.incarnation)) return {};
    // What is staged of the life that ends here would come to stand above the end that is told.
    if (const auto done = flush(); !done) return schema::fail("readmit", done.error());
    const auto head = journal_.head(who.store);
    const core::MarkBook& marks = exchange_->marks();
    schema::Epoch held =
        std::max(head ? head->epoch : schema::Epoch{}, known_epoch(who.store, marks));
    // Who is connected may be in an epoch of which nothing was taken: behind an accepted loss.
    for (const core::Peer& peer : exchange_->peers()) {
        if (peer.role == "publisher" && peer.store == who.store.value()) {
            held = std::max(held, peer.epoch);
        }
    }
    Readmissions with = readmissions_;
    auto granted = with.grant(who.store, who.incarnation, held);
    if (!granted) return tl::unexpected(granted.error());
    const Attempt* asked = readmissions_.find(who.store, granted->incarnation);
    const bool anew = asked != nullptr && asked->granted.value() == 0;
    if (anew) {
        const auto kept = kept_after(who.store, std::string(schema::kAllTopics));
        const std::string why = out_of_reach(who.store, *asked, kept);
        if (!why.empty()) return schema::fail(Errc::refused, why);
    }
    if (anew && allow_ != nullptr) {
        const std::string why =
            not_heard(who.store, *asked, head ? &*head : nullptr, allow_->all(), marks, heard_);
        if (!why.empty() && who.reason.empty()) {
            return schema::fail(Errc::refused,
                                why + "; wait for them, or say why it goes on without: --anyway");
        }
        if (!why.empty()) {
            log(Level::warn, "a store is readmitted although not everything was heard",
                {{"store", who.store.value()}, {"lacks", why}, {"reason", who.reason}});
        }
    }
    if (const auto kept = keep_grant(std::move(with)); !kept) return kept;
    log(Level::info, attempt_text(who.store, *granted), {{"store", who.store.value()}});
    // Who goes on without it is over from now on, and is told before the other one hears.
    exchange_->judge_again();
    for (const core::Peer& peer : exchange_->peers()) {
        if (peer.incarnation == granted->incarnation) {
            answer_rejoin(peer.name, who.store, granted->incarnation);
        }
    }
    return {};
}

/// Durable on return.
Result<void> Broker::save(Readmissions& readmissions) {
    core::JournalWrite write;
    readmissions.save(write);
    if (const auto done = journal_.commit(write, true); !done) {
        write_failed(done.error());
        return schema::fail("keep who asks to rejoin", done.error());
    }
    readmissions.saved();
    return {};
}

}  // namespace filial::broker
