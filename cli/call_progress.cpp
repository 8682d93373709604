#include "cli/call_progress.h"

#include <algorithm>
#include <charconv>

#include "core/options.h"
#include "schema/names.h"

namespace filial::cli {

using schema::CallLeg;
using schema::Errc;
using schema::Need;
using schema::Result;

namespace {

/// "300KB", "2MB"; 0 for anything else.
std::uint64_t bytes_of(std::string_view text) {
    const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
    const std::string_view unit = text.substr(digits);
    const std::uint64_t factor = unit == "KB" ? 1'000 : unit == "MB" ? 1'000'000 : 0;
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + digits, number);
    if (error != std::errc() || end != text.data() + digits || number > 1'000'000) return 0;
    return number * factor;
}

/// A program that was started again counts from 0.
std::uint64_t more(std::uint64_t before, std::uint64_t now) {
    return now >= before ? now - before : now;
}

}  // namespace

Result<void> parse_budget(CallBudget& budget, std::string_view text) {
    const std::string whole(text.substr(0, 40));
    while (!text.empty()) {
        const std::size_t comma = std::min(text.find(','), text.size());
        const std::string_view part = text.substr(0, comma);
        text.remove_prefix(std::min(comma + 1, text.size()));
        const std::uint64_t bytes = bytes_of(part);
        const auto time = core::parse_duration_us(part);
        if (bytes > 0) {
            budget.bytes = bytes;
        } else if (time && *time >= core::kSecond) {
            budget.us = *time;
        } else {
            return schema::fail(Errc::invalid, "\"" + whole +
                                                   "\": expected a time, a number of bytes or "
                                                   "both, such as 90s,300KB");
        }
    }
    return {};
}

Result<Need> parse_need(std::string_view text) {
    const std::size_t colon = std::min(text.find(':'), text.size());
    Need need;
    const auto topic = schema::parse_topic(text.substr(0, colon));
    if (!topic) return tl::unexpected(topic.error());
    need.topic = *topic;
    if (colon == text.size()) return need;
    const auto store = schema::parse_store_id(text.substr(colon + 1));
    if (!store) return tl::unexpected(store.error());
    need.store = store->value();
    return need;
}

CallProgress::CallProgress(std::vector<Need> needs, CallBudget budget, std::int64_t now_us)
    : needs_(std::move(needs)), budget_(budget), began_us_(now_us), moved_us_(now_us) {}

void CallProgress::hear(Process process, const schema::CallState& state, std::int64_t now_us) {
    silent_.erase(process);
    auto& legs = legs_[process];
    for (const CallLeg& now : state.legs) {
        const auto [at, first] = legs.try_emplace(now.remote, Leg{now, {}});
        Leg& leg = at->second;
        if (!first) {
            const std::uint64_t in = more(leg.last.bytes_in, now.bytes_in);
            const std::uint64_t out = more(leg.last.bytes_out, now.bytes_out);
            // What only leaves here proves no line.
            if (in > 0 || now.connected != leg.last.connected) moved_us_ = now_us;
            leg.moved.bytes_in += in;
            leg.moved.bytes_out += out;
            leg.moved.events_in += more(leg.last.events_in, now.events_in);
            leg.moved.events_out += more(leg.last.events_out, now.events_out);
            leg.last = now;
        }
        connected_ = connected_ || now.connected;
    }
    if (process == Process::subscriber) needs_said_ = state.needs;
}

void CallProgress::silent(Process process, const std::string& why) { silent_[process] = why; }

bool CallProgress::met() const {
    return std::all_of(needs_.begin(), needs_.end(), [&](const Need& need) {
        return std::any_of(needs_said_.begin(), needs_said_.end(),
                           [&](const auto& said) { return said.need == need && said.met; });
    });
}

bool CallProgress::publisher_too() const {
    return needs_.empty() || silent_.contains(Process::subscriber) ||
           legs_.contains(Process::publisher) || met();
}

std::uint64_t CallProgress::bytes_left() const {
    if (budget_.bytes == 0) return 0;
    const CallCost cost = this->cost();
    const std::uint64_t spent = cost.bytes_in + cost.bytes_out;
    const std::uint64_t left = budget_.bytes > spent ? budget_.bytes - spent : 0;
    // Two programs share it, and neither knows of the other's bytes before the next look.
    return std::max<std::uint64_t>(publisher_too() ? left / 2 : left, 1);
}

CallProgress::End CallProgress::over(std::int64_t now_us) const {
    const bool all_asked = publisher_too() && !legs_.empty();
    bool settled = all_asked;
    for (const Process process : {Process::publisher, Process::subscriber}) {
        if (silent_.contains(process)) continue;
        const auto legs = legs_.find(process);
        if (legs == legs_.end()) settled = false;
        if (legs == legs_.end()) continue;
        for (const auto& [remote, leg] : legs->second) settled = settled && leg.last.settled;
    }
    if (silent_.size() == 2) return End::unreachable;
    if (settled) return End::complete;
    const CallCost cost = this->cost();
    // Less than this left makes no block.
    constexpr std::uint64_t rest = 512;
    const bool spent = budget_.bytes > 0 && cost.bytes_in + cost.bytes_out + rest >= budget_.bytes;
    if (spent || (budget_.us > 0 && now_us - began_us_ >= budget_.us)) return End::budget;
    if (!connected_ && now_us - began_us_ >= kCallReach) return End::unreachable;
    if (connected_ && now_us - moved_us_ >= kCallStall) return End::stalled;
    return End::none;
}

CallCost CallProgress::cost() const {
    CallCost sum;
    for (const auto& [process, legs] : legs_) {
        std::uint64_t waiting_out = 0, waiting_in = 0;
        for (const auto& [remote, leg] : legs) {
            sum.bytes_in += leg.moved.bytes_in;
            sum.bytes_out += leg.moved.bytes_out;
            sum.events_in += leg.moved.events_in;
            sum.events_out += leg.moved.events_out;
            // Several remotes bring and take the same.
            waiting_in = std::max(waiting_in, leg.last.waiting_in);
            waiting_out = std::max(waiting_out, leg.last.waiting_out);
        }
        sum.waiting_in = std::max(sum.waiting_in, waiting_in);
        sum.waiting_out = std::max(sum.waiting_out, waiting_out);
    }
    return sum;
}

std::vector<std::pair<std::string, std::string>> CallProgress::not_reached() const {
    std::map<std::string, std::string> found;
    for (const auto& [process, legs] : legs_) {
        for (const auto& [remote, leg] : legs) {
            if (!leg.last.connected) found[remote] = leg.last.note;
        }
    }
    return {found.begin(), found.end()};
}

std::string_view name_of(CallProgress::End end) {
    switch (end) {
        case CallProgress::End::none:
            return "interrupted";
        case CallProgress::End::complete:
            return "complete";
        case CallProgress::End::budget:
            return "budget";
        case CallProgress::End::stalled:
            return "stalled";
        case CallProgress::End::unreachable:
            return "unreachable";
    }
    return "";
}

}  // namespace filial::cli
