#include "publisher/publisher.h"

#include "core/log.h"
#include "publisher/loss_note.h"
#include "publisher/policy.h"
#include "publisher/rebuild.h"
#include "schema/planted.h"

namespace filial::publisher {

using core::BootTime;
using core::Level;
using schema::Errc;
using schema::Message;
using schema::Result;
using schema::Sequence;
using schema::StoreId;

namespace {

/// Positions that need no fsync are saved this often.
constexpr std::int64_t kSaveEvery = core::kSecond;
/// While commits are always in hand they are waited for this often, for what needs the journal.
constexpr std::int64_t kSettleEvery = 50 * core::kMillisecond;

}  // namespace

Publisher::Publisher(const core::Options& options, core::Journal& journal, const core::Clock& clock,
                     const core::AllowList* allow)
    : options_(options),
      journal_(journal),
      clock_(clock),
      allow_(allow),
      policy_{policy_of(options), {}, rules_of_this_build()},
      clients_(journal),
      intake_(clients_, policy_, options.publisher.queue_tickets),
      rounds_(options.store, policy_, clients_, intake_),
      hubs_(options.data, journal, clock),
      marks_(journal, options.publisher.mark_every_us),
      started_(clock.boot()),
      saved_(clock.boot()),
      settled_(clock.boot()),
      pace_(options.scrub_every_us) {}

Result<std::unique_ptr<Publisher>> Publisher::open(const core::Options& options,
                                                   core::Journal& journal, const core::Clock& clock,
                                                   const core::AllowList* allow) {
    std::unique_ptr<Publisher> publisher(new Publisher(options, journal, clock, allow));
    if (const auto may = publisher->may_begin(); !may) {
        return schema::fail("open the log of " + options.store.value(), may.error());
    }
    auto outbox = Outbox::open(journal, options.store, clock.wall());
    if (!outbox) return tl::unexpected(outbox.error());
    publisher->outbox_ = std::move(*outbox);
    if (const auto ok = rebuild(journal, *publisher->outbox_, publisher->clients_, clock.wall());
        !ok) {
        return tl::unexpected(ok.error());
    }
    auto control = ControlInbox::open(journal, options.store);
    if (!control) return tl::unexpected(control.error());
    publisher->control_ = std::move(*control);
    auto receivers = Receivers::load(journal);
    if (!receivers) return tl::unexpected(receivers.error());
    publisher->receivers_ = std::move(*receivers);
    if (const auto ok = publisher->marks_.load(); !ok) return tl::unexpected(ok.error());
    // A note that is still there was of a loss that is on record: the program ended right then.
    if (const auto ok = LossNote::forget(options); !ok) return tl::unexpected(ok.error());
    return publisher;
}

Sequence Publisher::end(const StoreId& store) const {
    return store == outbox_->store() ? outbox_->end() : Sequence{0};
}

schema::Epoch Publisher::epoch(const StoreId& store) const {
    return store == outbox_->store() ? outbox_->epoch() : schema::Epoch{0};
}

schema::Incarnation Publisher::incarnation(const StoreId& store) const {
    return store == outbox_->store() ? outbox_->incarnation() : schema::Incarnation{};
}

Result<schema::Range> Publisher::read(const core::ReadRequest& request) {
    settle();
    auto range = journal_.read(request);
    // Whoever asked cannot mend it: the next flush ends this process' work, for a repair.
    if (!range && range.error().code == Errc::corrupt) broken_ = range.error();
    return range;
}

void Publisher::reached(const core::Peer& peer, const schema::Fetch& fetch) {
    if (fetch.store == outbox_->store()) receivers_->reached(peer, fetch, clock_.wall());
}

bool Publisher::is_broker(const core::Peer& peer) const {
    if (peer.role != "broker") return false;
    if (peer.dialled || peer.local) return true;
    const core::Admission* admission = allow_ == nullptr ? nullptr : allow_->find_store(peer.store);
    return admission != nullptr && admission->relay;
}

std::optional<core::Want> Publisher::want(const core::Peer& peer, const StoreId& store) {
    if (store == outbox_->store() || !is_broker(peer) || !hubs_.trusts(peer)) return std::nullopt;
    return control_->want(store);
}

Result<void> Publisher::take(const core::Peer& peer, schema::Range range) {
    if (range.store == outbox_->store() || !is_broker(peer)) {
        return schema::fail(Errc::not_allowed, "control of " + range.store.value() +
                                                   " is taken from brokers only, and never the "
                                                   "store's own");
    }
    return control_->take(range);
}

std::vector<schema::TopicEnd> Publisher::durable(const core::Want& want) const {
    return control_->ends(want.store);
}

void Publisher::applied(const core::Peer& peer, const schema::Applied& applied) {
    const bool own = peer.local || peer.store == outbox_->store().value();
    if (!own) return;
    marks_.applied(applied);
    rounds_.look_again();
}

bool Publisher::may_hand_in(const core::Requester& from) const {
    if (from.local || from.store == outbox_->store().value()) return true;
    const core::Admission* admission = allow_ == nullptr ? nullptr : allow_->find_store(from.store);
    return admission != nullptr && admission->tickets;
}

void Publisher::trouble(const core::Requester& to, std::uint64_t request, Errc code,
                        std::string message) {
    schema::Trouble answer;
    answer.request = request;
    answer.code = code;
    answer.message = std::move(message);
    legs_->reply(to, Message{std::move(answer)});
}

void Publisher::request(const core::Requester& from, Message message) {
    const std::uint64_t request = schema::request_of(message);
    if (!std::holds_alternative<schema::Ticket>(message)) settle();
    if (const auto* ask = std::get_if<schema::DigestAsk>(&message)) {
        auto done = digest(from, *ask);
        if (!done) return trouble(from, request, done.error().code, done.error().message);
        return legs_->reply(from, Message{std::move(*done)});
    }
    if (!may_hand_in(from)) {
        return trouble(from, request, Errc::not_allowed,
                       from.store + " may neither hand in tickets nor ask at " +
                           outbox_->store().value() + ": admit it there with tickets = true");
    }
    if (auto* ticket = std::get_if<schema::Ticket>(&message)) {
        return intake_.take(from, std::move(*ticket), clock_.wall(), clock_.boot(), *legs_);
    }
    if (const auto* ask = std::get_if<schema::StatusAsk>(&message)) {
        if (ask->look) pace_.at_once();
        return legs_->reply(from, Message{status(request)});
    }
    if (const auto* forgotten = std::get_if<schema::Forget>(&message)) {
        const auto done = forget(from, forgotten->receiver);
        if (!done) return trouble(from, request, done.error().code, done.error().message);
        return legs_->reply(from, Message{status(request)});
    }
    if (const auto* asked = std::get_if<schema::Call>(&message)) return call(from, *asked);
    if (const auto* hub = std::get_if<schema::Readmit>(&message)) return accept_hub(from, *hub);
    if (const auto* backup = std::get_if<schema::Backup>(&message)) {
        const auto done = copy(from, *backup);
        if (!done) return trouble(from, request, done.error().code, done.error().message);
        return legs_->reply(from, Message{status(request)});
    }
    if (const auto* ask = std::get_if<schema::ClientAsk>(&message)) {
        auto state = clients_.state(ask->client);
        if (!state) return trouble(from, request, state.error().code, state.error().message);
        state->request = request;
        return legs_->reply(from, Message{std::move(*state)});
    }
    trouble(from, request, Errc::unknown_kind,
            "a publisher takes no " + std::string(name_of(kind_of(message))) +
                ": ask the store's subscriber");
}

Result<void> Publisher::forget(const core::Requester& from, const std::string& receiver) {
    if (!from.local) {
        return schema::fail(Errc::not_allowed, "receivers are removed on the store's own machine");
    }
    if (!receivers_->all().contains(receiver)) {
        return schema::fail(Errc::not_found, "the publisher knows no receiver " + receiver);
    }
    std::int64_t heard = 0;
    if (legs_->session_of(receiver, heard)) {
        return schema::fail(Errc::refused, receiver + " is connected: it would come again at once");
    }
    receivers_->forget(receiver);
    core::JournalWrite write;
    receivers_->save(write.state);
    const auto done = journal_.commit(write, true);
    if (!done) {
        write_failed(done.error());
        return schema::fail("it comes back with the next start", done.error());
    }
    receivers_->saved();
    core::log(Level::info, "a receiver was removed", {{"receiver", receiver}});
    return {};
}

void Publisher::save_positions(BootTime now) {
    if (now.value() - saved_.value() < kSaveEvery) return;
    saved_ = now;
    for (const auto& gone : allow_ ? receivers_->revoked(*allow_) : std::vector<std::string>()) {
        core::log(Level::info, "a receiver is forgotten: its store is no longer admitted",
                  {{"receiver", gone}});
        receivers_->forget(gone);
    }
    const bool applied = marks_.changed(now);
    const bool hubs = hubs_.unsaved();
    if (!control_->changed() && !receivers_->changed() && !applied && !hubs) return;
    core::JournalWrite write;
    if (hubs) hubs_.save(write.state);
    control_->save(write.state);
    receivers_->save(write.state);
    if (applied) marks_.save(write.state);
    if (const auto ok = journal_.commit(write, false); !ok) {
        core::log(Level::warn, "positions of receivers were not saved",
                  {{"error", ok.error().message}});
        write_failed(ok.error());
        return;
    }
    control_->saved();
    receivers_->saved();
    if (applied) marks_.saved(now);
    if (hubs) hubs_.saved();
}

void Publisher::write_failed(const schema::Error& error) {
    if (error.code != Errc::no_space && error.code != Errc::busy) broken_ = error;
}

void Publisher::make_mark(BootTime now) {
    if (!live_.due(now) && !marks_.due(outbox_->end(), now)) return;
    const auto head = journal_.head(outbox_->store());
    if (!head) return;
    if (!marks_.knows_applied()) {
        std::error_code error;
        const bool is_there = std::filesystem::exists(options_.subscriber_dir(), error);
        marks_.nothing_applied(!is_there && !error);
    }
    const auto mark = marks_.make(*head, clock_.wall(), control_->taken(), now);
    if (!mark) {
        core::log(Level::warn, "no mark was made", {{"error", mark.error().message}});
        write_failed(mark.error());
        return;
    }
    schema::MarkMessage message;
    message.mark = schema::encode(*mark);
    const bool offered = legs_->marks().offer(*mark, message, clock_, now);
    schema::check(offered, "the own mark is newer than the last one");
    legs_->announce(outbox_->store());
    live_.answer(message.mark, now, *legs_);
}

/// What is damaged is repaired beside the trade of a moment: the next flush ends this one.
void Publisher::scrub(BootTime now) {
    const std::size_t bytes = pace_.bytes(now);
    if (bytes == 0 || !journal_.scrub(bytes)) return;
    pace_.ended(now);
    const auto damages = journal_.damages();
    if (!damages.empty()) broken_ = schema::Error{Errc::corrupt, core::to_string(damages)};
}

void Publisher::turn(BootTime now) {
    intake_.turn(now);
    if (!in_hand_.empty() && now.value() - settled_.value() < kSettleEvery) return;
    settled_ = now;
    settle();
    look_for_room(now);
    scrub(now);
    save_positions(now);
    make_mark(now);
    const auto done = rounds_.turn(now, clock_.wall(), *outbox_, *legs_);
    // Said once: a turn comes many times a second.
    const std::string why = done ? "" : done.error().message;
    if (!done && why != rounds_said_)
        core::log(Level::error, "rounds stand still", {{"error", why}});
    rounds_said_ = why;
}

}  // namespace filial::publisher
