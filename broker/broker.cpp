#include "broker/broker.h"

#include <algorithm>

#include "core/journal/log_head.h"
#include "core/log.h"
#include "core/process.h"
#include "schema/limits.h"
#include "schema/names.h"

namespace filial::broker {

using core::Level;
using core::log;
using schema::Errc;
using schema::Leg;
using schema::Message;
using schema::Result;
using schema::Sequence;
using schema::StoreId;
using schema::TopicEnd;

namespace {

constexpr std::string_view kMarkPrefix = "mark\n";

}  // namespace

Broker::Broker(core::Journal& journal, const core::Clock& clock, StoreId self,
               const core::AllowList* allow, ReceiverRegistry registry, Readmissions readmissions,
               HeardStores heard, std::int64_t scrub_every_us, KeepPolicy keep)
    : journal_(journal),
      clock_(clock),
      self_(std::move(self)),
      allow_(allow),
      registry_(std::move(registry)),
      readmissions_(std::move(readmissions)),
      heard_(std::move(heard)),
      time_(clock),
      logs_(journal, time_),
      retention_(journal, keep),
      started_(clock.boot()),
      pace_(scrub_every_us) {}

Result<std::unique_ptr<Broker>> Broker::open(core::Journal& journal, const core::Clock& clock,
                                             StoreId self, const core::AllowList* allow,
                                             std::int64_t scrub_every_us, KeepPolicy keep) {
    auto registry = ReceiverRegistry::load(journal);
    if (!registry) return tl::unexpected(registry.error());
    auto readmissions = Readmissions::load(journal);
    if (!readmissions) return tl::unexpected(readmissions.error());
    auto heard = HeardStores::load(journal);
    if (!heard) return tl::unexpected(heard.error());
    return std::unique_ptr<Broker>(new Broker(journal, clock, std::move(self), allow,
                                              std::move(*registry), std::move(*readmissions),
                                              std::move(*heard), scrub_every_us, keep));
}

Result<void> Broker::attach(core::Exchange& exchange) {
    exchange_ = &exchange;
    time_.attach(exchange.marks());
    Result<void> all;
    const auto scanned =
        journal_.scan(kMarkPrefix, {}, [&](schema::ByteView, schema::ByteView value) {
            all = exchange.marks().restore(value);
            return all.has_value();
        });
    return scanned ? all : scanned;
}

Sequence Broker::end(const StoreId& store) const { return journal_.end(store); }

schema::Epoch Broker::epoch(const StoreId& store) const {
    const auto head = journal_.head(store);
    return head ? head->epoch : schema::Epoch{};
}

schema::Incarnation Broker::incarnation(const StoreId& store) const {
    const auto head = journal_.head(store);
    return head ? head->incarnation : schema::Incarnation{};
}

Result<schema::Range> Broker::read(const core::ReadRequest& request) {
    auto range = journal_.read(request);
    // Whoever asked cannot mend it: the next flush ends this process' work, for a repair.
    if (!range && range.error().code == Errc::corrupt) broken_ = range.error();
    return range;
}

void Broker::reached(const core::Peer& peer, const schema::Fetch& fetch) {
    // What only looks once is no leg that anybody waits for.
    if (peer.role == "cli") return;
    // A store that gets its own log back, once.
    if (peer.role == "publisher" && peer.store == fetch.store.value()) return;
    if (registry_.reached(peer, fetch, clock_.wall())) return;
    if (!crowded_.insert(peer.store).second) return;
    log(Level::warn, "this store has too many receivers: further ones are not remembered",
        {{"store", peer.store}, {"receiver", peer.name}});
}

bool Broker::is_second_machine(const core::Peer& peer) {
    const StoreId store{peer.store};
    const auto head = journal_.head(store);
    const bool other = peer.role == "publisher" && head && head->epoch == peer.epoch &&
                       head->incarnation != schema::Incarnation{} &&
                       head->incarnation != peer.incarnation;
    if (!other) return false;
    const auto [known, first] = second_machines_.try_emplace(store, peer.incarnation);
    if (first || known->second != peer.incarnation) {
        log(Level::error, "two machines say they are one store; nothing is taken from the second",
            {{"store", store.value()},
             {"held_incarnation", schema::to_hex(schema::view(head->incarnation))},
             {"offered_incarnation", schema::to_hex(schema::view(peer.incarnation))}});
    }
    known->second = peer.incarnation;
    return true;
}

std::optional<schema::Error> Broker::refuses(const core::Peer& peer) {
    if (peer.role != "publisher") return std::nullopt;
    if (auto over = is_over(peer)) return over;
    if (!is_second_machine(peer)) return std::nullopt;
    return schema::Error{Errc::forked,
                         "another machine speaks as " + peer.store +
                             ": the log held here was begun there; stop this one, or give it a "
                             "store name of its own"};
}

std::optional<core::Want> Broker::want(const core::Peer& peer, const StoreId& store) {
    const bool source =
        (peer.role == "publisher" && peer.store == store.value()) || peer.role == "broker";
    if (!source) return std::nullopt;
    const auto head = journal_.head(store);
    if (peer.store == store.value() && is_second_machine(peer)) return std::nullopt;
    core::Want want;
    want.store = store;
    want.epoch = head ? head->epoch : schema::Epoch{};
    want.incarnation = head ? head->incarnation : schema::Incarnation{};
    want.after.push_back(TopicEnd{std::string(schema::kAllTopics), journal_.end(store)});
    const auto unknown = [](const core::TopicHead& topic) { return topic.chain == schema::Hash{}; };
    if (head && std::none_of(head->topics.begin(), head->topics.end(), unknown)) {
        want.proof = schema::Bytes(schema::view(core::chains_of(*head)));
    }
    return want;
}

Result<schema::Range> Broker::held_rows(const core::ReadRequest& request, Sequence) {
    return journal_.read(request);
}

Result<void> Broker::take(const core::Peer&, schema::Range range) {
    return logs_.stage(std::move(range));
}

Result<void> Broker::flush() {
    if (broken_) return tl::unexpected(*broken_);
    if (!logs_.staged()) return {};
    core::JournalWrite more;
    registry_.save(more);
    const auto done = logs_.commit(std::move(more));
    trouble_ = done ? "" : done.error().message;
    const bool full = !done && done.error().code == Errc::no_space;
    if (full && full_.seen(clock_.boot())) {
        log(Level::error, "no space: nothing is taken until there is room",
            {{"error", done.error().message}});
    }
    if (done && full_.over()) log(Level::info, "there is room again");
    return done;
}

std::vector<TopicEnd> Broker::durable(const core::Want& want) const {
    return {TopicEnd{std::string(schema::kAllTopics), journal_.end(want.store)}};
}

void Broker::marked(const core::Peer&, const schema::Mark& mark) {
    new_marks_.insert(mark.store);
    const core::HeldMark* held = exchange_->marks().find(mark.store);
    if (held != nullptr) heard_.marked(*held, started_, clock_);
}

void Broker::confirm(const core::Peer& peer, const schema::Confirm& asked) {
    for (const std::string& whom :
         confirms_.asked(peer.name, asked, exchange_->peers(), clock_.boot())) {
        exchange_->tell(whom, asked);
    }
}

void Broker::confirmed(const core::Peer&, const schema::Confirmed& answer,
                       const schema::Mark& mark) {
    const std::string asker = confirms_.answered(answer.nonce, mark.store);
    if (!asker.empty()) exchange_->tell(asker, answer);
}

void Broker::request(const core::Requester& from, Message message) {
    const std::uint64_t request = schema::request_of(message);
    if (const auto* forgotten = std::get_if<schema::Forget>(&message)) {
        const auto done = forget(from, forgotten->receiver);
        if (!done) return trouble(from, request, done.error().code, done.error().message);
        return exchange_->reply(from, Message{status(request)});
    }
    if (const auto* who = std::get_if<schema::Readmit>(&message)) {
        const auto done = readmit(from, *who);
        if (!done) return trouble(from, request, done.error().code, done.error().message);
        schema::Status answer = status(request);
        answer.waiting.clear();
        for (const auto& [store, attempt] : readmissions_.all()) {
            answer.waiting.push_back(attempt_text(store, attempt));
        }
        return exchange_->reply(from, Message{std::move(answer)});
    }
    if (const auto* ask = std::get_if<schema::DigestAsk>(&message)) {
        auto done = digest(from, *ask);
        if (!done) return trouble(from, request, done.error().code, done.error().message);
        return exchange_->reply(from, Message{std::move(*done)});
    }
    if (!may_ask(from)) {
        return trouble(from, request, Errc::not_allowed,
                       from.store + " may not ask here: admit it with tickets = true");
    }
    if (const auto* ask = std::get_if<schema::StatusAsk>(&message)) {
        if (ask->look) pace_.at_once();
        return exchange_->reply(from, Message{status(request)});
    }
    trouble(from, request, Errc::unknown_kind,
            "a broker takes no " + std::string(name_of(kind_of(message))) +
                ": ask the store's publisher or subscriber");
}

/// Looked up for each question: a connection may outlive its right.
bool Broker::may_ask(const core::Requester& from) const {
    if (from.local || from.store == self_.value()) return true;
    const core::Admission* admission = allow_ == nullptr ? nullptr : allow_->find_store(from.store);
    return admission != nullptr && admission->tickets;
}

void Broker::trouble(const core::Requester& to, std::uint64_t request, Errc code,
                     std::string message) {
    schema::Trouble answer;
    answer.request = request;
    answer.code = code;
    answer.message = std::move(message);
    exchange_->reply(to, Message{std::move(answer)});
}

Result<void> Broker::forget(const core::Requester& from, const std::string& receiver) {
    if (!from.local) {
        return schema::fail(Errc::not_allowed, "receivers are removed on the broker's own machine");
    }
    if (!registry_.knows(receiver)) {
        return schema::fail(Errc::not_found, "the broker knows no receiver " + receiver);
    }
    std::int64_t heard = 0;
    if (exchange_->session_of(receiver, heard)) {
        return schema::fail(Errc::refused, receiver + " is connected: it would come again at once");
    }
    core::JournalWrite write;
    registry_.forgotten(receiver, write);
    if (const auto done = journal_.commit(write, true); !done) {
        write_failed(done.error());
        return done;
    }
    registry_.forget(receiver);
    crowded_.erase(std::string(schema::store_of(receiver)));
    log(Level::info, "a receiver was removed", {{"receiver", receiver}});
    return {};
}

void Broker::write_failed(const schema::Error& error) {
    if (error.code != Errc::no_space && error.code != Errc::busy) broken_ = error;
}

void Broker::forget_revoked(core::JournalWrite& write) {
    if (allow_ == nullptr) return;
    for (const std::string& receiver : registry_.revoked(*allow_)) {
        log(Level::info, "a receiver is forgotten: its store is no longer admitted",
            {{"receiver", receiver}});
        registry_.forgotten(receiver, write);
        registry_.forget(receiver);
    }
}

void Broker::scrub(core::BootTime now) {
    const std::size_t bytes = pace_.bytes(now);
    if (bytes == 0 || !journal_.scrub(bytes)) return;
    pace_.ended(now);
    const auto damages = journal_.damages();
    if (!damages.empty()) broken_ = schema::Error{Errc::corrupt, core::to_string(damages)};
}

void Broker::turn(core::BootTime now) {
    scrub(now);
    trim(now);
    // Marks and positions are said again by their owners; once a second is soon enough.
    if (now.value() - saved_.value() < core::kSecond) return;
    saved_ = now;
    confirms_.turn(now);
    core::JournalWrite more;
    forget_revoked(more);
    if (readmissions_.changed()) {
        if (const auto ok = save(readmissions_); !ok) return;
    }
    if (more.empty() && new_marks_.empty() && !registry_.changed()) return;
    registry_.save(more);
    for (const StoreId& store : new_marks_) {
        const core::HeldMark* held = exchange_->marks().find(store);
        if (held == nullptr) continue;
        more.state.emplace_back(std::string(kMarkPrefix) + store.value(),
                                core::MarkBook::save(*held));
    }
    if (logs_.staged()) return;  // Space is short: the logs come first.
    new_marks_.clear();
    heard_.save(more);
    if (const auto ok = journal_.commit(more, false); !ok) {
        log(Level::warn, "receivers' positions were not saved", {{"error", ok.error().message}});
        return write_failed(ok.error());
    }
    heard_.saved();
}

std::vector<Leg> Broker::outgoing_legs() const {
    std::vector<Leg> legs;
    const auto now = time_.wall();
    for (const auto& [key, held] : registry_.all()) {
        const auto& [receiver, origin] = key;
        const auto head = journal_.head(origin);
        if (!head) continue;
        Leg leg;
        leg.peer = receiver;
        leg.direction = "out";
        leg.origin = origin.value();
        leg.end = head->end.value();
        leg.position = leg.end;
        leg.depth_bytes = 0;
        std::optional<schema::Timestamp> oldest;
        for (const TopicEnd& topic : held.after) {
            leg.topics += (leg.topics.empty() ? "" : ",") + topic.topic;
            leg.position = std::min(leg.position, topic.seq.value());
            const auto depth =
                journal_.depth(origin, {topic.topic}, std::min(topic.seq, head->end));
            if (!depth) {
                leg.note = depth.error().message;
                continue;
            }
            leg.depth_events += depth->events;
            leg.depth_bytes += static_cast<std::int64_t>(depth->bytes);
            if (depth->oldest && (!oldest || *depth->oldest < *oldest)) oldest = depth->oldest;
        }
        if (oldest) leg.oldest_age_us = std::max<std::int64_t>(now.value() - oldest->value(), 0);
        leg.connected = exchange_->session_of(receiver, leg.last_heard_us);
        leg.note = retention_.why_suspended(receiver, origin, held);
        if (!leg.connected && leg.note.empty()) {
            leg.note = "not connected: it dials, this end waits";
        }
        if (!leg.connected) {
            leg.last_heard_us = std::max<std::int64_t>(now.value() - held.heard.value(), 0);
        }
        legs.push_back(std::move(leg));
    }
    return legs;
}

schema::Status Broker::status(std::uint64_t request) const {
    schema::Status status;
    status.request = request;
    status.process = "broker";
    status.store = self_.value();
    status.version = FILIAL_VERSION;
    status.health = health();
    status.uptime_us = static_cast<std::uint64_t>(clock_.boot().value() - started_.value());
    status.memory_bytes = core::resident_bytes();
    status.legs = outgoing_legs();
    for (Leg& leg : exchange_->incoming_legs()) status.legs.push_back(std::move(leg));
    status.counters = exchange_->counters();
    for (const auto& [store, attempt] : readmissions_.open()) {
        status.waiting.push_back(attempt_text(store, attempt));
    }
    status.counters.emplace_back("logs", static_cast<std::int64_t>(journal_.logs().size()));
    status.counters.emplace_back("looks", pace_.looks());
    status.counters.emplace_back("events_trimmed",
                                 static_cast<std::int64_t>(retention_.events_trimmed()));
    status.counters.emplace_back("snapshots_given",
                                 static_cast<std::int64_t>(retention_.snapshots_given()));
    return status;
}

}  // namespace filial::broker
