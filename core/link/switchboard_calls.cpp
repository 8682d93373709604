// The switchboard's part in calls: which lines are up, what they may carry, and when all is done.
#include <algorithm>

#include "core/link/switchboard.h"
#include "core/log.h"

namespace filial::core {

namespace {

/// Events in a block from a line that is up for a short while: a block that is cut off comes again
/// whole, and at 33.6 kbit/s one of these takes less than a second. What stands around them is a
/// tenth of it.
constexpr std::uint64_t kCallBlockEvents = 256;
/// With a limit on bytes, or a rate, so much may be on the way of each log beyond what is
/// confirmed.
constexpr std::uint64_t kTightCredit = 4'096;
/// On a line that is called, what may be on the way of each log before its speed is known, and for
/// how long of it from then on: a need that comes up waits behind it.
constexpr std::uint64_t kCallCredit = 16'384;
constexpr std::uint64_t kCallCreditSeconds = 4;

std::string why_down(const CallPlan& plan) {
    return plan.standing ? "down outside of its hours" : "down until it is called";
}

}  // namespace

void Switchboard::add_dialled(std::unique_ptr<Line> line) {
    if (!line->up()) line->trouble = why_down(line->remote().calls);
    dialled_.push_back(std::move(line));
    lines_.clear();
}

void Switchboard::call(BootTime until, std::uint64_t bytes_left) {
    called_until_ = until;
    if (!calling_) log(Level::info, "a call begins");
    calling_ = true;
    tight_ = bytes_left > 0;
    for (const auto& line : dialled_) {
        const Carried carried = line->carried();
        line->may_carry = bytes_left == 0 ? 0 : carried.in + carried.out + bytes_left;
    }
}

void Switchboard::hang_up() {
    if (calling_) log(Level::info, "the call is over");
    calling_ = false;
    tight_ = false;
    called_until_ = {};
    for (const auto& line : dialled_) line->may_carry = 0;
}

void Switchboard::look_at_plan(Line& line) {
    const CallPlan& plan = line.remote().calls;
    if (calling_ && clock_.boot() >= called_until_) hang_up();  // Whoever called is gone.
    const Carried carried = line.may_carry > 0 ? line.carried() : Carried{};
    const bool spent = line.may_carry > 0 && carried.in + carried.out >= line.may_carry;
    const bool called = calling_ && !spent;
    const bool by_itself =
        plan.standing && (plan.hours.empty() || is_open(plan, local_time(clock_.wall()).minute));
    const bool up = called || by_itself;
    if (up == line.up()) return;
    if (!up) {
        end(line, "down until it is called");
        line.trouble = spent ? "the call has carried what it may" : why_down(plan);
        line.greeted = false;
    }
    line.raise(up);
    line.next_hello = clock_.boot();
    if (up) line.trouble = "being called";
}

void Switchboard::hold(Line& line, const schema::StoreId& store) {
    auto fetch = line.session()->receiver.hold(store);
    if (!fetch) return;
    fetch->session = line.session()->to_peer();
    // What is durable by now is confirmed with it; the next block waits.
    const Want want{store, fetch->epoch, fetch->after};
    fetch->after = host_.durable(want);
    line.send(schema::Message{std::move(*fetch)});
}

void Switchboard::want_others() {
    for (Line* line : lines()) {
        if (line->session() == nullptr || !line->session()->established()) continue;
        std::set<schema::StoreId> stores;
        for (const std::string& store : line->session()->peer().offers) stores.emplace(store);
        const auto& flows = line->session()->receiver.flows();
        for (const auto& [store, flow] : flows) stores.insert(store);
        for (const schema::StoreId& store : stores) {
            const auto wish = host_.want(line->session()->peer(), store);
            if (!wish) continue;
            const auto flow = flows.find(store);
            std::set<std::string> topics;
            for (const schema::TopicEnd& end : wish->after) topics.insert(end.topic);
            const bool same = flow != flows.end() && !flow->second.held &&
                              std::all_of(topics.begin(), topics.end(),
                                          [&](const std::string& topic) {
                                              return flow->second.next_after.contains(topic);
                                          }) &&
                              topics.size() == flow->second.next_after.size();
            if (!same) want(*line, store);
        }
    }
}

bool Switchboard::caught_up(const Line& line) const {
    for (const auto& [store, flow] : line.session()->receiver.flows()) {
        const HeldMark* held = marks_.find(store);
        if (held == nullptr || !flow.stopped.empty()) continue;
        for (const auto& [topic, after] : flow.next_after) {
            if (after < held->mark.end_of(topic)) return false;
        }
    }
    return true;
}

void Switchboard::ask_for_proof(Line& line) {
    if (!line.dialled() || line.local() || !(calling_ || want_proof_)) return;
    Session& session = *line.session();
    // While blocks come and go there is nothing to prove.
    const bool quiet = line.all_gone() && session.sender.all_confirmed() && caught_up(line);
    if (quiet || !session.answered()) session.prove();
}

std::uint64_t Switchboard::credit_on(const Line& line) const {
    if (!line.dialled()) return schema::kCreditBytes;
    if (tight_ || line.remote().rate > 0) return kTightCredit;
    if (line.remote().calls.standing) return schema::kCreditBytes;
    return std::clamp(line.speed.rate() * kCallCreditSeconds, kCallCredit, schema::kCreditBytes);
}

Receiver::Abilities Switchboard::abilities_on(const Line& line) const {
    Receiver::Abilities abilities;
    const bool called = line.dialled() && !line.remote().calls.standing;
    abilities.block_events = line.remote().block_events;
    if (abilities.block_events == 0 && called) abilities.block_events = kCallBlockEvents;
    abilities.credit = credit_on(line);
    if (line.session()->dear()) {
        abilities.codecs = 1u << static_cast<unsigned>(schema::BlockCodec::columns);
        abilities.dictionaries = host_.keeps_rows();
    }
    return abilities;
}

std::vector<DialledLeg> Switchboard::dialled_legs() const {
    std::vector<DialledLeg> legs;
    for (const auto& line : dialled_) {
        DialledLeg leg;
        leg.remote = line->remote().name;
        leg.up = line->up();
        const Carried carried = line->carried();
        leg.bytes_in = carried.in;
        leg.bytes_out = carried.out;
        leg.events_in = line->events_in;
        leg.events_out = line->events_out;
        const Session* session = line->session();
        leg.connected = session != nullptr && session->established();
        if (!leg.connected) {
            leg.note = line->trouble;
            legs.push_back(std::move(leg));
            continue;
        }
        leg.peer = session->peer().name;
        leg.role = session->peer().role;
        leg.answered = session->answered();
        leg.settled = session->proved() && line->all_gone() && session->sender.all_confirmed() &&
                      caught_up(*line);
        for (const auto& [store, flow] : session->receiver.flows()) {
            if (!flow.stopped.empty()) leg.note = store.value() + ": " + flow.stopped;
        }
        legs.push_back(std::move(leg));
    }
    return legs;
}

}  // namespace filial::core
