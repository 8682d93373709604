#include "publisher/log_repair.h"

#include <algorithm>
#include <filesystem>
#include <utility>

#include "core/disk_text.h"
#include "core/journal/log_head.h"
#include "core/log.h"
#include "core/process.h"
#include "publisher/mark_maker.h"
#include "schema/accepted_loss.h"

namespace filial::publisher {

using core::Level;
using core::Peer;
using schema::Errc;
using schema::fail;
using schema::Message;
using schema::Result;
using schema::Sequence;
using schema::StoreId;

namespace {

/// Of the damaged journal, in one turn: the loop goes on answering meanwhile.
constexpr std::size_t kSalvageBytes = 1 << 20;
constexpr std::uint64_t kRetryMs = 1'000;

}  // namespace

LogRepair::LogRepair(const core::Options& options, std::unique_ptr<core::DamagedJournal> journal,
                     const core::Clock& clock, std::string why)
    : options_(options),
      clock_(clock),
      why_(std::move(why)),
      repair_(std::move(journal)),
      rebuild_(std::make_unique<core::LogRebuild>(*repair_, options.store)),
      hubs_(options.data, repair_->target(), clock),
      started_(clock.boot()) {
    for (const core::Remote& hub : options.hubs) brokers_[hub.name];
    marks_saved_ = repair_->rescued().contains(schema::Bytes(MarkMaker::kKey));
    find_accepted();
}

Result<schema::Range> LogRepair::read(const core::ReadRequest&) {
    return fail(Errc::not_held, "the log is being repaired");
}

Result<void> LogRepair::flush() {
    if (accepted_) return {};
    const auto done = rebuild_->commit();
    full_ = done ? std::string() : done.error().message;
    return done;
}

std::vector<schema::TopicEnd> LogRepair::durable(const core::Want& want) const {
    std::vector<schema::TopicEnd> ends;
    for (const schema::TopicEnd& topic : want.after) ends.push_back({topic.topic, rebuild_->end()});
    return ends;
}

/// From where the log ends now, as far as the damaged journal goes on there.
void LogRepair::salvage() {
    if (stuck_ == rebuild_->end()) return;
    const Sequence before = rebuild_->end();
    const bool more = rebuild_->salvage(kSalvageBytes);
    moved_ = moved_ || rebuild_->end() > before;
    if (more) return;
    const bool first = !stuck_;
    stuck_ = rebuild_->end();
    resumes_ = rebuild_->resumes();
    // Behind the hole a broker may have all of it again.
    const bool over = std::exchange(moved_, false) || rebuild_->end() >= rebuild_->known_end();
    bool again = first;
    for (auto& [name, broker] : brokers_) {
        if (!over || broker.trimmed.empty()) continue;
        broker.trimmed.clear();
        broker.gone.clear();
        again = true;
    }
    if (again) exchange_->want_again();
}

bool LogRepair::whole() const {
    const bool all = rebuild_->end().value() > 0 && rebuild_->end() >= rebuild_->known_end();
    if (!all || !brokers_have_no_more()) return false;
    if (rebuild_->witnessed()) return true;
    // Without a witness only a broker knows what was acknowledged.
    return replica_has_no_more() &&
           std::any_of(brokers_.begin(), brokers_.end(),
                       [](const auto& entry) { return entry.second.end.has_value(); });
}

/// What is said of it behind its name.
std::string LogRepair::text_of(const Source& source) {
    if (!source.trimmed.empty()) {
        return " has later events and not these: " + source.trimmed +
               (source.trouble.empty() ? "" : "; " + source.trouble) +
               "; nothing may be given up, since the later ones would be lost with them: restore "
               "a backup that ends behind there, or connect a broker that keeps more";
    }
    if (!source.trouble.empty()) return " gives what does not fit: " + source.trouble;
    if (source.end) return " has it up to " + std::to_string(source.end->value());
    if (!source.busy.empty()) return " has yet to answer: " + source.busy;
    if (!source.refused.empty()) return " refuses this machine: " + source.refused;
    return " has not answered";
}

std::string LogRepair::state() const {
    const Sequence end = rebuild_->end(), known = rebuild_->known_end();
    if (accepted_) {
        return "the log is being repaired and no ticket is taken: " + why_ + given_up_ +
               ", which is on record; the repair ends as soon as it is written" +
               (full_.empty() ? "" : ": " + full_);
    }
    std::string text = "the log is being repaired and no ticket is taken: " + why_ +
                       "; events up to " + std::to_string(end.value()) + " are here again";
    if (!stuck_) return text + ", the damaged journal is still being read";
    if (resumes_) {
        text += ", the damaged journal goes on before " + std::to_string(resumes_->value());
    }
    if (end < known) {
        text += ", " + core::events_text(end, known) + " are missing";
    }
    if (!rebuild_->witnessed()) text += ", what was acknowledged behind them is not known";
    if (!full_.empty()) text += "; " + full_;
    for (const auto& [name, broker] : brokers_) text += "; " + name + text_of(broker);
    if (brokers_.empty()) text += "; there is no broker to ask";
    if (end < known || !rebuild_->witnessed()) {
        text += "; this store's own replica" + text_of(replica_);
    }
    if (whole()) return text + "; a broker has yet to say how far its marks have counted";
    if (!nobody_has_more()) return text;
    return text +
           "; connect a broker that has them, start this store's subscriber if it does not run, or "
           "give them up with `filial doctor --accept-loss --reason '...'`";
}

/// The marks of a log count on: what the state said of it may be an older value, so a wide step.
Result<void> LogRepair::keep_counters() {
    constexpr std::uint64_t kStep = std::uint64_t{1} << 32;
    const auto rescued = repair_->rescued();
    const auto value = rescued.find(schema::Bytes(MarkMaker::kKey));
    const std::uint64_t last =
        value == rescued.end() ? 0 : MarkMaker::counter_of(value->second).value_or(0);
    core::JournalWrite write;
    write.state.emplace_back(MarkMaker::kKey,
                             MarkMaker::counter_value(std::max(last, mark_counter_) + kStep));
    return repair_->target().commit(write, true);
}

void LogRepair::turn(core::BootTime now) {
    if (done_) return;
    if (!accepted_) salvage();
    if (now.value() - looked_.value() < core::kSecond / 10) return;
    looked_ = now;
    if (accepted_) {
        if (marks_known(now)) conclude();
        return;
    }
    look_at_peers();
    if (stuck_ != rebuild_->end()) return;
    // Where only the marks are waited for, there is nothing to give up.
    const bool all = whole();
    if (all && marks_known(now)) return conclude();
    const std::string text = state();
    if (text != said_) core::log(Level::error, text);
    said_ = text;
    if (all || !nobody_has_more()) return;
    const auto note = LossNote::read(options_);
    if (!note) return;
    if (const auto ok = accept_loss(*note); !ok) {
        core::log(Level::error, "the loss could not be recorded", {{"error", ok.error().message}});
        return;
    }
    if (const auto gone = LossNote::forget(options_); !gone) {
        // The next start, or the end of this repair, takes it away.
        core::log(Level::error, "the note of the accepted loss could not be taken away",
                  {{"error", gone.error().message}});
    }
    conclude();
}

/// Everything is together; it is done once all of it is durable, for which there may be no room.
void LogRepair::conclude() {
    auto kept = rebuild_->commit();
    if (kept) kept = keep_counters();
    full_ = kept ? std::string() : kept.error().message;
    done_ = kept.has_value();
}

Result<void> LogRepair::finish() {
    const std::uint64_t end = repair_->target().end(options_.store).value();
    rebuild_.reset();
    const auto kept = repair_->finish(why_ + given_up_);
    if (!kept) return fail("finish the repair", kept.error());
    if (const auto gone = LossNote::forget(options_); !gone) return gone;
    core::log(Level::warn, "the log is repaired",
              {{"end", end}, {"fetched", fetched_}, {"damaged", kept->string()}});
    return {};
}

schema::Status LogRepair::status(std::uint64_t request) const {
    schema::Status status;
    status.request = request;
    status.process = "publisher";
    status.store = options_.store.value();
    status.version = FILIAL_VERSION;
    status.health = state();
    if (const std::string changed = hubs_.changed(); !changed.empty()) {
        status.health += "; " + changed;
    }
    status.uptime_us = static_cast<std::uint64_t>(clock_.boot().value() - started_.value());
    status.memory_bytes = core::resident_bytes();
    status.epoch = rebuild_->epoch().value();
    status.end = rebuild_->end().value();
    status.legs = exchange_->incoming_legs();
    status.counters = exchange_->counters();
    status.counters.emplace_back("repair", 1);
    return status;
}

void LogRepair::accept_hub(const core::Requester& from, const schema::Readmit& hub) {
    auto lives = hubs_.asked(from, hub);
    if (!lives) {
        schema::Trouble trouble;
        trouble.request = hub.request;
        trouble.code = lives.error().code;
        trouble.message = lives.error().message;
        return exchange_->reply(from, Message{std::move(trouble)});
    }
    schema::Status answer = status(hub.request);
    answer.waiting = std::move(*lives);
    exchange_->reply(from, Message{std::move(answer)});
}

void LogRepair::request(const core::Requester& from, Message message) {
    const std::uint64_t request = schema::request_of(message);
    const bool status_asked = std::holds_alternative<schema::StatusAsk>(message);
    if (status_asked && (from.local || from.store == options_.store.value())) {
        return exchange_->reply(from, Message{status(request)});
    }
    if (std::holds_alternative<schema::Ticket>(message)) {
        return exchange_->reply(from, Message{schema::Busy{request, kRetryMs, state()}});
    }
    if (const auto* hub = std::get_if<schema::Readmit>(&message)) return accept_hub(from, *hub);
    schema::Trouble trouble;
    trouble.request = request;
    trouble.code = Errc::busy;
    trouble.message = state();
    trouble.retry_ms = kRetryMs;
    exchange_->reply(from, Message{std::move(trouble)});
}

}  // namespace filial::publisher
