#include "subscriber/subscriber.h"

#include <utility>
#include <variant>

#include "core/log.h"
#include "schema/limits.h"
#include "subscriber/digest_pages.h"

namespace filial::subscriber {

using core::Peer;
using core::Requester;
using schema::Errc;
using schema::Error;
using schema::Message;
using schema::Query;
using schema::Result;
using schema::Sequence;
using schema::StoreId;

namespace {

/// True where the store itself speaks, so that its greeting says which log it has.
bool is_origin(const Peer& peer, const StoreId& store) {
    return peer.role == "publisher" && peer.store == store.value();
}

/// The publisher puts what it is told into the next mark; marks are seconds apart.
constexpr std::int64_t kTellEvery = 200 * core::kMillisecond;

}  // namespace

Subscriber::Subscriber(const core::Options& options, Replica& replica, const core::Clock& clock,
                       const core::AllowList* allow)
    : options_(options),
      replica_(replica),
      clock_(clock),
      allow_(allow),
      own_log_(replica),
      answers_(replica, clock, options.freshness),
      live_(replica, clock, answers_),
      unparking_(replica, clock),
      order_(replica.topics(), options.sync.first, options.has_calls()),
      snapshots_(replica),
      started_(clock.boot()),
      pace_(options.scrub_every_us) {}

std::vector<StoreId> Subscriber::held() const {
    if (!own_log_.holds()) return {};
    return {replica_.own()};
}

Sequence Subscriber::end(const StoreId& store) const {
    return store == replica_.own() ? own_log_.end() : Sequence{};
}

Result<void> Subscriber::may_fetch(const Peer& peer, const schema::Fetch& fetch) {
    if (!is_own_publisher(peer)) {
        return schema::fail(
            Errc::not_allowed,
            "a subscriber serves its own publisher alone: ask a broker or a publisher");
    }
    const schema::Epoch here = replica_.epoch(fetch.store);
    if (here >= fetch.epoch) return {};
    return schema::fail(Errc::forked,
                        "the replica has read epoch " + std::to_string(here.value()) + " of " +
                            fetch.store.value() + ", and the log was in " +
                            std::to_string(fetch.epoch.value()) +
                            " already: which of its events went on is not known here");
}

Result<schema::Range> Subscriber::read(const core::ReadRequest& request) {
    return own_log_.read(request);
}

bool Subscriber::is_own_publisher(const Peer& peer) const {
    return peer.local && peer.role == "publisher" && peer.store == options_.store.value();
}

bool Subscriber::fetches(const Peer& peer, const StoreId& store) const {
    const bool own = store == options_.store;
    if (is_own_publisher(peer)) return own && options_.subscriber.own_publisher;
    // Its own log is live and complete at its own publisher alone.
    if (own && options_.subscriber.own_publisher) return false;
    if (peer.role == "publisher") return peer.store == store.value();
    return peer.role == "broker";
}

std::string Subscriber::source_name(const Peer& peer) const {
    if (is_own_publisher(peer)) return "own publisher";
    return (peer.role == "broker" ? "broker " : "peer ") + peer.store;
}

std::optional<core::Want> Subscriber::want(const Peer& peer, const StoreId& store) {
    if (is_own_publisher(peer)) tell_again_ = true;
    if (!replica_.wants_store(store)) return std::nullopt;
    replica_.know(store);
    if (!fetches(peer, store)) return std::nullopt;
    if (is_origin(peer, store)) {
        const bool stood = !replica_.fork_of(store).empty();
        if (!replica_.meet(store, peer.epoch, peer.incarnation)) return std::nullopt;
        want_again_ = want_again_ || (stood && replica_.fork_of(store).empty());
    }
    core::Want want{store, replica_.epoch(store), {}, replica_.incarnation(store)};
    // What this machine's own programs bring, a bundle too, is here already: nothing has to wait.
    const bool here = is_own_publisher(peer) || (peer.local && !peer.dialled);
    const auto topics = here ? replica_.topics() : order_.topics(store);
    for (const std::string& topic : topics) {
        if (snapshots_.waits(peer.name, store, topic)) continue;
        want.after.push_back({topic, replica_.position(store, topic)});
    }
    return want;
}

Result<void> Subscriber::take(const Peer& peer, schema::Range range) {
    const bool own_word = is_origin(peer, range.store) && peer.epoch == range.epoch;
    const auto offered = own_word ? peer.incarnation : schema::Incarnation{};
    const std::uint64_t upsets = replica_.upsets();
    const auto taken = replica_.take(range, offered, clock_.wall());
    // A log that was dropped is asked for everywhere: one source alone may be the one behind.
    want_again_ = want_again_ || replica_.upsets() != upsets;
    if (taken) replica_.trust(range.store, source_name(peer));
    return taken;
}

Result<schema::Range> Subscriber::held_rows(const core::ReadRequest& request,
                                            schema::Sequence upto) {
    schema::Range range;
    range.store = request.store;
    range.epoch = replica_.epoch(request.store);
    range.topics = request.topics;
    range.after = request.after;
    range.upto = upto;
    for (const std::string& topic : request.topics) {
        if (replica_.position(request.store, topic) < upto) {
            return schema::fail(Errc::dictionary_missing, topic + " of " + request.store.value() +
                                                              " is not here up to " +
                                                              std::to_string(upto.value()));
        }
        auto rows = replica_.received().rows(request.store, topic, request.after, upto);
        if (!rows) return tl::unexpected(rows.error());
        if (!rows->empty()) range.segments.push_back(std::move(*rows));
    }
    return range;
}

Result<void> Subscriber::flush() {
    if (broken_) return tl::unexpected(*broken_);
    const auto flushed = replica_.flush();
    if (!flushed && full_.seen(clock_.boot())) {
        core::log(core::Level::error, "the replica was not written",
                  {{"error", flushed.error().message}});
    }
    if (flushed && full_.over()) core::log(core::Level::info, "the replica is written again");
    trouble_ = flushed ? std::string() : flushed.error().message;
    if (flushed) note_own_log();
    return flushed;
}

void Subscriber::note_own_log() {
    const auto own = replica_.own_log();
    if (!own || own == noted_) return;
    const auto written = core::write_own_log(options_.subscriber_dir(), *own);
    if (written) {
        noted_ = own;
        note_trouble_.clear();
        return;
    }
    if (note_trouble_ != written.error().message) {
        core::log(core::Level::warn, "which log this store has was not noted",
                  {{"error", written.error().message}});
    }
    note_trouble_ = written.error().message;
}

std::vector<schema::TopicEnd> Subscriber::durable(const core::Want& want) const {
    std::vector<schema::TopicEnd> ends;
    for (const schema::TopicEnd& topic : want.after) {
        ends.push_back({topic.topic, replica_.position(want.store, topic.topic)});
    }
    return ends;
}

void Subscriber::marked(const Peer& peer, const schema::Mark& mark) {
    const auto overtaken = replica_.overtaken(mark);
    if (!overtaken && overtaken.error().code != Errc::no_space) broken_ = overtaken.error();
    want_again_ = want_again_ || (overtaken && *overtaken);
    const core::HeldMark* held = exchange_->marks().find(mark.store);
    if (held != nullptr) replica_.marked(*held, source_name(peer));
    tell_newer(peer, mark);
}

void Subscriber::tell_newer(const Peer& peer, const schema::Mark& mark) {
    const AsOfMark* known = replica_.newest_mark(mark.store);
    if (known == nullptr || known->held.mark.epoch != mark.epoch) return;
    if (known->held.mark.counter <= mark.counter) return;
    // Of that one only its place in the order and its time are kept, and only that is said.
    schema::Mark newer;
    newer.store = mark.store;
    newer.epoch = mark.epoch;
    newer.counter = known->held.mark.counter;
    newer.at = known->held.mark.at;
    schema::MarkMessage message;
    message.mark = schema::encode(newer);
    message.dwell_us = known->held.age_us(clock_.boot(), clock_.boot_id(), message.dwell_exact);
    exchange_->tell(peer.name, std::move(message));
}

void Subscriber::turn(core::BootTime now) {
    tell_publisher(now);
    live_.turn(now);
    scrub(now);
    if (const auto retried = unparking_.turn(); !retried) {
        if (retried.error().code != Errc::no_space) broken_ = retried.error();
    }
    pull_on(now);
    pull_snapshots(now);
    if (std::exchange(want_again_, false)) exchange_->want_again();
}

void Subscriber::scrub(core::BootTime now) {
    const std::size_t bytes = pace_.bytes(now);
    if (bytes == 0) return;
    const std::size_t known = replica_.damages().size();
    const auto ended = replica_.scrub(bytes);
    // What a look has dropped on its way comes again meanwhile.
    want_again_ = want_again_ || replica_.damages().size() > known;
    if (!ended && ended.error().code != Errc::no_space) broken_ = ended.error();
    if (!ended || !*ended) return;
    pace_.ended(now);
    if (replica_.damages().empty()) return;
    core::log(core::Level::error, "damaged rows: their logs are loaded again from their sources",
              {{"damaged", core::to_string(replica_.damages())}});
    want_again_ = true;
}

void Subscriber::pull_snapshots(core::BootTime now) {
    if (snapshots_.empty()) return;
    const auto turned = snapshots_.turn(now, [this](const std::string& peer, auto ask) {
        return exchange_->tell(peer, std::move(ask));
    });
    if (turned) {
        want_again_ = want_again_ || *turned;
        return;
    }
    const Errc code = turned.error().code;
    core::log(core::Level::error, "a snapshot was not taken in",
              {{"error", turned.error().message}});
    if (code == Errc::io) broken_ = turned.error();
}

void Subscriber::tell_publisher(core::BootTime now) {
    const bool news = tell_again_ || told_ != replica_.generation();
    if (!news || now.value() - told_at_.value() < kTellEvery) return;
    schema::Applied applied;
    applied.reached = replica_.reached();
    applied.parked = replica_.parked().all(schema::kParkedTold);
    exchange_->tell_applied(applied);
    told_ = replica_.generation();
    told_at_ = now;
    tell_again_ = false;
}

Result<void> Subscriber::may_ask(const Requester& from, const std::string& topic) const {
    if (from.local || from.store == options_.store.value()) return {};
    const core::Admission* admission = allow_ == nullptr ? nullptr : allow_->find_store(from.store);
    if (admission == nullptr || !admission->tickets) {
        return schema::fail(Errc::not_allowed, from.store +
                                                   " may not ask here: admit it with the "
                                                   "right to tickets and queries");
    }
    if (topic.empty() || core::AllowList::may_read(*admission, topic)) return {};
    return schema::fail(Errc::not_allowed, from.store + " has no right to topic " + topic);
}

void Subscriber::refuse(const Requester& from, std::uint64_t request, const Error& error) {
    schema::Trouble trouble;
    trouble.request = request;
    trouble.code = error.code;
    trouble.message = error.message;
    exchange_->reply(from, Message{std::move(trouble)});
}

void Subscriber::answer(const Requester& from, const Query& query) {
    ++queries_;
    Result<schema::Answer> answer;
    const bool own = Answers::is_of_replica(query.kind);
    if (own && !from.local && from.store != options_.store.value()) {
        answer = schema::fail(Errc::not_allowed, "how a replica is, is shown to its own store");
    } else if (const auto may = may_ask(from, Answers::topic_of(query)); !may) {
        answer = tl::unexpected(may.error());
    } else if (query.kind == schema::QueryKind::official) {
        const auto begun = live_.begin(from, query);
        if (begun) return;
        answer = tl::unexpected(begun.error());
    } else {
        answer = answers_.answer(
            query, [&](const std::string& topic) { return may_ask(from, topic).has_value(); });
    }
    if (answer) {
        exchange_->reply(from, Message{std::move(*answer)});
        return;
    }
    // Looked at now: a row, or all of the store.
    if (answer.error().code == Errc::corrupt) pace_.at_once();
    ++queries_refused_;
    refuse(from, query.request, answer.error());
}

Result<void> Subscriber::copy(const Requester& from, const schema::Backup& backup) {
    if (!from.local) {
        return schema::fail(Errc::not_allowed, "copies are made for the store's own machine");
    }
    return replica_.copy_to(backup.folder);
}

Result<schema::Digests> Subscriber::digest(const Requester& from, const schema::DigestAsk& ask) {
    if (!from.local) {
        return schema::fail(Errc::not_allowed, "a replica's digests are for its own machine");
    }
    if (!ask.reload) return digests_of(replica_, ask);
    const auto dropped = replica_.reload(ask.store, ask.topic);
    if (!dropped) return tl::unexpected(dropped.error());
    want_again_ = true;
    schema::Digests none;
    none.request = ask.request;
    return none;
}

void Subscriber::request(const Requester& from, Message message) {
    if (const auto* query = std::get_if<Query>(&message)) {
        answer(from, *query);
        return;
    }
    if (const auto* ask = std::get_if<schema::StatusAsk>(&message)) {
        if (const auto may = may_ask(from, ""); !may) {
            refuse(from, ask->request, may.error());
        } else {
            if (ask->look) pace_.at_once();
            exchange_->reply(from, Message{status(ask->request)});
        }
        return;
    }
    if (const auto* asked = std::get_if<schema::Call>(&message)) return call(from, *asked);
    if (const auto* asked = std::get_if<schema::Unpark>(&message)) {
        const auto begun = unparking_.begin(from, *asked);
        if (!begun) refuse(from, asked->request, begun.error());
        return;
    }
    if (const auto* backup = std::get_if<schema::Backup>(&message)) {
        if (const auto done = copy(from, *backup); !done) {
            return refuse(from, backup->request, done.error());
        }
        return exchange_->reply(from, Message{status(backup->request)});
    }
    if (const auto* ask = std::get_if<schema::DigestAsk>(&message)) {
        auto done = digest(from, *ask);
        if (!done) return refuse(from, ask->request, done.error());
        return exchange_->reply(from, Message{std::move(*done)});
    }
    refuse(from, schema::request_of(message),
           {Errc::unknown_kind, "a subscriber takes no " +
                                    std::string(schema::name_of(schema::kind_of(message))) +
                                    ": hand it to the store's publisher"});
}

}  // namespace filial::subscriber
