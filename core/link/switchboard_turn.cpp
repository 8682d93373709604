// The switchboard's part of every turn: confirming, sending, greeting.
#include <algorithm>

#include "core/link/switchboard.h"
#include "core/log.h"
#include "schema/hash.h"
#include "schema/limits.h"

namespace filial::core {

using schema::Errc;
using schema::Fetch;
using schema::Message;
using schema::StoreId;

namespace {

/// Blocks read and packed for one line before the next line has its turn.
constexpr int kBlocksATurn = 4;

constexpr std::int64_t kSilence = schema::kSilenceMax.count() * kSecond;

}  // namespace

void Switchboard::confirm() {
    const auto confirm_one = [&](Line& line, const StoreId& store) {
        const Receiver::Flow* flow = line.session()->receiver.find(store);
        if (flow == nullptr || !flow->stopped.empty() || flow->held) return;
        Want want{store, flow->epoch, {}};
        for (const auto& [topic, after] : flow->next_after) want.after.push_back({topic, after});
        const auto durable = host_.durable(want);
        if (line.session()->receiver.overtaken(store, durable)) return this->want(line, store);
        Fetch fetch = line.session()->receiver.confirm(store, durable);
        fetch.session = line.session()->to_peer();
        line.send(Message{std::move(fetch)});
    };
    for (Line* line : lines()) {
        if (line->session() == nullptr) continue;
        const Receiver& receiver = line->session()->receiver;
        const auto pays = [&](const StoreId& store) {
            return receiver.confirm_pays(store, clock_.boot());
        };
        // On a dear line one message confirms all.
        const bool waits =
            line->session()->dear() && std::none_of(line->staged.begin(), line->staged.end(), pays);
        if (waits || !line->pace_in.may(clock_.boot())) continue;
        line->session()->receiver.set_credit(credit_on(*line));
        for (const StoreId& store : line->staged) confirm_one(*line, store);
        line->staged.clear();
    }
}

bool Switchboard::serve(Line& line) {
    Session& session = *line.session();
    const BootTime now = clock_.boot();
    const auto end = [&](const StoreId& store) { return host_.end(store); };
    give_piece(line);
    for (int blocks = 0; blocks < kBlocksATurn; ++blocks) {
        if (!line.idle() || !line.pace_out.may(now)) return false;
        const auto request = session.sender.next(end, now);
        if (!request) return false;
        auto range = host_.read(*request);
        if (!range && range.error().code == Errc::snapshot_needed) {
            // It was trimmed while it was being sent.
            std::vector<schema::TopicEnd> after;
            for (const auto& topic : request->topics) after.push_back({topic, request->after});
            session.sender.drop(request->store);
            if (needs_snapshot(line, request->store, after)) continue;
        }
        if (!range) {
            log(schema::error_info(range.error().code).retry ? Level::warn : Level::error,
                "a log cannot be read for a receiver",
                {{"peer", session.peer().name},
                 {"store", request->store.value()},
                 {"error", range.error().message}});
            session.sender.drop(request->store);
            refuse(line, range.error(), request->store.value(), request->topics);
            continue;
        }
        auto block = session.sender.supply(*range, now);
        if (!block) continue;
        counters_["blocks_out"] += 1;
        counters_["block_bytes_out"] += static_cast<std::int64_t>(block->data.size());
        counters_["events_out"] += static_cast<std::int64_t>(block->count);
        line.events_out += static_cast<std::int64_t>(block->count);
        line.pace_out.spend(block->data.size(), now);
        line.send(Message{schema::BlockMessage{session.to_peer(), std::move(*block)}});
    }
    return true;
}

bool Switchboard::pump() {
    bool more = false;
    for (Line* each : lines()) {
        Line& line = *each;
        line.push();
        if (line.session() == nullptr || !line.session()->established()) continue;
        if (!admitted(line)) {
            refuse(line, not_admitted(line), "", {});
            line.end_turn();
            end(line, "no longer admitted");
            continue;
        }
        // On a dear line a mark goes with the events that it speaks of.
        const bool dear = line.session()->dear();
        if (!dear) send_marks(line);
        if (serve(line)) more = true;
        if (dear) send_marks(line);
    }
    return more;
}

void Switchboard::end_turn() {
    for (Line* line : lines()) line->end_turn();
}

void Switchboard::look_at_connection(Line& line) {
    const std::uint64_t connection = line.dial()->connections();
    if (line.connection == connection) return;
    line.connection = connection;
    line.greeted = false;
    end(line, "the connection was lost");
    // Whatever the last one made us wait: nobody has said anything on this one, and the other end
    // speaks only when it was greeted.
    line.hello_wait_us = kHelloWaitMin;
    line.next_hello = clock_.boot();
}

void Switchboard::greet(Line& line) {
    const BootTime now = clock_.boot();
    if (line.next_hello > now) return;
    line.next_hello = BootTime{now.value() + line.hello_wait_us};
    if (!line.dial()->connected()) {
        const auto why = line.dial()->trouble();
        line.trouble = why ? why->message : "not connected";
        line.next_try = BootTime{now.value() + line.dial()->next_try_us()};
        line.hello_wait_us = kHelloWaitMin;
        return;
    }
    // A line is quiet only where we have spoken.
    if (line.greeted && line.quiet_us().value_or(0) >= kSilence) {
        line.dial()->hang_up();
        return;
    }
    line.greeted = true;
    const std::int64_t trips = kHelloTrips * line.dial()->round_trip_us().value_or(0);
    line.next_hello = BootTime{now.value() + std::max(line.hello_wait_us, trips)};
    line.begin(
        std::make_unique<Session>(make_hello(line.name(), line.dear()), true, line.local(), now));
    line.send(Message{line.session()->hello()});
    line.hello_wait_us = std::min(line.hello_wait_us * 2, kHelloWaitMax);
}

void Switchboard::tick() {
    const BootTime now = clock_.boot();
    for (const auto& line : dialled_) {
        look_at_plan(*line);
        if (!line->up()) continue;
        look_at_connection(*line);
        const bool stands = line->session() != nullptr && line->session()->established();
        if (stands && !line->dial()->connected()) {
            end(*line, "the connection was lost");
        } else if (!stands) {
            greet(*line);
        }
    }
    for (Line* line : lines()) {
        Session* session = line->session();
        if (session == nullptr || !session->established()) continue;
        if (line->gone()) {
            end(*line, "the connection was lost");
            continue;
        }
        // A message that takes long to come is heard by its bytes.
        const auto quiet = session->silent(now) ? line->quiet_us() : std::nullopt;
        if (quiet) session->bytes_came(BootTime{now.value() - *quiet});
        if (session->silent(now)) {
            const auto most = session->dear() ? schema::kDearSilenceMax : schema::kSilenceMax;
            end(*line, "nothing was heard for " + std::to_string(most.count()) + " s");
            if (line->dialled()) line->dial()->hang_up();
            continue;
        }
        ask_for_proof(*line);
        if (const auto ping = session->ping(now)) line->send(Message{*ping});
        for (const StoreId& store : session->receiver.due(now, session->asked()))
            want(*line, store);
    }
    const auto went = std::erase_if(called_, [](const auto& entry) {
        return entry.second->session() == nullptr && entry.second->idle();
    });
    if (went > 0) lines_.clear();
}

void Switchboard::tell_applied(const schema::Applied& applied) {
    for (const auto& line : dialled_) {
        if (!line->local() || line->session() == nullptr || !line->session()->established())
            continue;
        schema::Applied message = applied;
        message.session = line->session()->to_peer();
        line->send(Message{std::move(message)});
    }
}

void Switchboard::want_again() {
    for (Line* line : lines()) {
        if (line->session() == nullptr || !line->session()->established()) continue;
        std::set<StoreId> stores;
        for (const std::string& store : line->session()->peer().offers) stores.emplace(store);
        for (const auto& [store, flow] : line->session()->receiver.flows()) stores.insert(store);
        for (const StoreId& store : stores) want(*line, store);
    }
}

bool Switchboard::session_of(const std::string& receiver, std::int64_t& heard_us) const {
    for (const Line* line : lines()) {
        const Session* session = line->session();
        if (session == nullptr || !session->established()) continue;
        if (session->peer().name != receiver) continue;
        heard_us = clock_.boot().value() - session->last_heard().value();
        return true;
    }
    return false;
}

std::vector<std::pair<std::string, std::int64_t>> Switchboard::counters() const {
    std::vector<std::pair<std::string, std::int64_t>> list(counters_.begin(), counters_.end());
    std::int64_t bytes_out = 0;
    for (const Line* line : lines()) bytes_out += static_cast<std::int64_t>(line->bytes_out);
    list.emplace_back("bytes_out", bytes_out);
    return list;
}

}  // namespace filial::core
