#include "publisher/rejoiner.h"

#include "core/log.h"
#include "core/machine.h"
#include "core/process.h"
#include "publisher/log_place.h"
#include "publisher/outbox.h"
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

/// A broker answers at once, and by itself when head office has spoken: this is for what got lost.
constexpr std::int64_t kAskEvery = core::kSecond;
/// A person at head office has to act first.
constexpr std::uint64_t kReadmitRetryMs = 1'000;

}  // namespace

Rejoiner::Rejoiner(const core::Options& options, core::Journal& journal, const core::Clock& clock,
                   const core::Quarantine& quarantine)
    : options_(options),
      journal_(journal),
      clock_(clock),
      quarantine_(quarantine),
      logs_(journal, clock, core::StoreLogs::Chains::proved),
      hubs_(options.data, journal, clock),
      started_(clock.boot()) {}

Result<schema::Range> Rejoiner::read(const core::ReadRequest& request) {
    return schema::fail(Errc::not_held,
                        request.store.value() + " is in quarantine and gives nothing of its log");
}

std::optional<core::Want> Rejoiner::want(const core::Peer& peer, const StoreId& store) {
    const bool broker = peer.role == "broker" && peer.dialled;
    if (store != options_.store || !broker || !hubs_.trusts(peer)) return std::nullopt;
    core::Want want;
    want.store = store;
    const auto head = journal_.head(store);
    if (head) want.epoch = head->epoch;
    want.after.push_back({std::string(schema::kAllTopics), journal_.end(store)});
    return want;
}

Result<void> Rejoiner::take(const core::Peer& peer, schema::Range range) {
    trimmed_.erase(peer.store);
    const auto staged = logs_.stage(std::move(range));
    const bool another = !staged && (staged.error().code == Errc::forked ||
                                     staged.error().code == Errc::stale_incarnation);
    if (another) {
        readmission_.differs(staged.error().message);
        news_ = true;
    }
    return staged;
}

Result<schema::Range> Rejoiner::held_rows(const core::ReadRequest& request, Sequence) {
    return journal_.read(request);
}

Result<void> Rejoiner::flush() {
    if (broken_) return tl::unexpected(*broken_);
    if (!logs_.staged()) return {};
    news_ = true;
    return logs_.commit({});
}

std::vector<schema::TopicEnd> Rejoiner::durable(const core::Want& want) const {
    return {{std::string(schema::kAllTopics), journal_.end(want.store)}};
}

void Rejoiner::not_served(const core::Peer& peer, const schema::Trouble& trouble) {
    if (trouble.store != options_.store.value() || trouble.code != Errc::snapshot_needed) return;
    std::string& said = trimmed_[peer.store];
    news_ = news_ || said != trouble.message;
    said = trouble.message;
}

std::string Rejoiner::not_kept() const {
    std::string text;
    for (const auto& [broker, said] : trimmed_) {
        text += "; " + broker + " does not give its events any more: " + said;
    }
    if (text.empty()) return text;
    return text +
           "; restore a newer backup, or connect a broker that keeps more: without these events "
           "this store cannot go on";
}

void Rejoiner::turned_away(const core::Peer& peer, const schema::Error& error) {
    std::string& said = refused_[peer.store];
    news_ = news_ || said != error.message;
    said = error.message;
}

std::string Rejoiner::refusals() const {
    std::string text;
    for (const auto& [broker, said] : refused_) {
        text += (text.empty() ? "" : "; ") + broker + " refuses this machine: " + said;
    }
    return text;
}

void Rejoiner::rejoined(const core::Peer& peer, const schema::Rejoined& answer) {
    refused_.erase(peer.store);
    const bool asked = peer.role == "broker" && answer.incarnation == quarantine_.incarnation;
    if (!asked || !hubs_.trusts(peer)) return;
    readmission_.heard(peer.store, answer);
    news_ = true;
}

Result<void> Rejoiner::decide() {
    if (!news_ || logs_.staged()) return {};
    if (const auto noted = note_quarantine(journal_, quarantine_); !noted) return noted;
    news_ = false;
    auto next = readmission_.next(journal_, options_.store, !quarantine_.aside.empty());
    if (!next) return tl::unexpected(next.error());
    if (schema::planted(schema::Bug::epoch_counted) && next->step == Readmission::Step::wait) {
        const auto head = journal_.head(options_.store);
        *next = {Readmission::Step::open, schema::Epoch{head ? head->epoch.value() + 1 : 1}, {}};
    }
    if (next->step == Readmission::Step::wait && !refused_.empty()) {
        next->why += "; " + refusals();
    }
    const std::string lacks = next->step == Readmission::Step::fetch ? not_kept() : std::string();
    next->why += lacks;
    if (next->why != why_) {
        core::log(lacks.empty() ? Level::warn : Level::error, "this store is in quarantine",
                  {{"why", quarantine_.reason}, {"waits", next->why}});
    }
    why_ = next->why;
    if (next->step == Readmission::Step::set_aside) outcome_ = Outcome::set_aside;
    if (next->step != Readmission::Step::open) return {};
    const auto opened = Outbox::open_epoch(journal_, options_.store, next->epoch,
                                           quarantine_.incarnation, clock_.wall());
    if (!opened) return opened;
    core::log(Level::info, "readmitted: the log goes on in a new epoch",
              {{"epoch", next->epoch.value()},
               {"continues_from", journal_.end(options_.store).value() - 1}});
    outcome_ = Outcome::readmitted;
    return {};
}

void Rejoiner::ask(BootTime now) {
    if (now.value() - asked_.value() < kAskEvery) return;
    asked_ = now;
    schema::Rejoin message;
    message.incarnation = quarantine_.incarnation;
    const auto head = journal_.head(options_.store);
    if (head) message.epoch = head->epoch;
    if (head) message.end = head->end;
    message.machine = core::host_name();
    message.reason = quarantine_.reason;
    for (const core::Peer& peer : exchange_->peers()) {
        if (peer.role == "broker" && peer.dialled) exchange_->tell(peer.name, message);
    }
}

void Rejoiner::turn(BootTime now) {
    if (outcome_ != Outcome::going_on) return;
    ask(now);
    if (const auto done = decide(); !done) {
        if (why_ != done.error().message) {
            core::log(Level::error, "readmission stands still", {{"error", done.error().message}});
        }
        why_ = done.error().message;
        news_ = true;
        const bool waits = done.error().code == Errc::no_space || done.error().code == Errc::busy;
        if (!waits) broken_ = done.error();
    }
}

void Rejoiner::request(const core::Requester& from, Message message) {
    if (const auto* ticket = std::get_if<schema::Ticket>(&message)) {
        return exchange_->reply(
            from, Message{schema::Busy{ticket->request, kReadmitRetryMs, status(0).health}});
    }
    if (std::holds_alternative<schema::StatusAsk>(message)) {
        return exchange_->reply(from, Message{status(schema::request_of(message))});
    }
    schema::Trouble trouble;
    if (const auto* hub = std::get_if<schema::Readmit>(&message)) {
        auto done = accept_hub(from, *hub);
        if (done) return exchange_->reply(from, Message{std::move(*done)});
        trouble.request = hub->request;
        trouble.code = done.error().code;
        trouble.message = done.error().message;
        return exchange_->reply(from, Message{std::move(trouble)});
    }
    trouble.request = schema::request_of(message);
    trouble.code = Errc::refused;
    trouble.message = status(0).health;
    exchange_->reply(from, Message{std::move(trouble)});
}

Result<schema::Status> Rejoiner::accept_hub(const core::Requester& from,
                                            const schema::Readmit& hub) {
    auto lives = hubs_.asked(from, hub);
    if (!lives) return tl::unexpected(lives.error());
    if (!hub.incarnation.empty()) exchange_->want_again();
    schema::Status answer = status(hub.request);
    answer.waiting = std::move(*lives);
    return answer;
}

schema::Status Rejoiner::status(std::uint64_t request) const {
    schema::Status status;
    status.request = request;
    status.process = "publisher";
    status.store = options_.store.value();
    status.version = FILIAL_VERSION;
    status.health = "in quarantine, nothing is booked: " + quarantine_.reason + "; " + why_;
    if (const std::string changed = hubs_.changed(); !changed.empty()) {
        status.health += "; " + changed;
    }
    status.uptime_us = static_cast<std::uint64_t>(clock_.boot().value() - started_.value());
    status.memory_bytes = core::resident_bytes();
    status.end = journal_.end(options_.store).value();
    status.legs = exchange_->incoming_legs();
    status.counters = exchange_->counters();
    return status;
}

}  // namespace filial::publisher
