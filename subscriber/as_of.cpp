#include "subscriber/as_of.h"
#include "schema/planted.h"

#include <algorithm>
#include <utility>

namespace filial::subscriber {

using schema::Result;
using schema::StoreId;

namespace {

/// Marks not reached yet that are kept: while a long log is read, as-of goes on in steps instead of
/// standing still until the newest one is reached.
constexpr std::size_t kWaitingMax = 16;

std::pair<schema::Epoch, std::uint64_t> order_of(const AsOfMark& mark) {
    return {mark.held.mark.epoch, mark.held.mark.counter};
}

schema::Sequence end_of(const schema::Mark& mark, const std::string& topic) {
    for (const schema::TopicEnd& end : mark.ends) {
        if (end.topic == topic) return end.seq;
    }
    return schema::Sequence{0};
}

}  // namespace

void AsOfBook::offer(const core::HeldMark& held, const std::string& source) {
    AsOfMark mark{held, source};
    mark.held.bytes.clear();
    mark.held.signature.clear();
    mark.held.mark.applied.clear();
    mark.held.mark.taken.clear();
    mark.held.mark.parked.clear();

    std::deque<AsOfMark>& waiting = logs_[held.mark.store].waiting;
    if (!waiting.empty() && order_of(mark) <= order_of(waiting.back())) return;
    if (waiting.size() >= kWaitingMax) waiting.pop_back();
    waiting.push_back(std::move(mark));
}

std::vector<std::string> AsOfBook::advance(
    const StoreId& store, schema::Epoch epoch,
    const std::map<std::string, schema::Sequence>& positions) {
    const auto found = logs_.find(store);
    if (found == logs_.end()) return {};
    Log& log = found->second;

    std::vector<std::string> changed;
    std::size_t passed = log.waiting.size();  // Marks at the front that every topic has reached.
    for (const auto& [topic, seq] : positions) {
        std::size_t reached = 0;
        for (std::size_t i = 0; i < log.waiting.size(); ++i) {
            const schema::Mark& mark = log.waiting[i].held.mark;
            const schema::Sequence end = end_of(mark, topic);
            const bool held = schema::planted(schema::Bug::mark_before_data) ||
                              (seq >= end && (seq.value() == 0 || epoch >= mark.epoch));
            if (held) reached = i + 1;
        }
        passed = std::min(passed, reached);
        if (reached == 0) continue;
        const AsOfMark& mark = log.waiting[reached - 1];
        const auto known = log.reached.find(topic);
        if (known != log.reached.end() && order_of(mark) <= order_of(known->second)) continue;
        log.reached[topic] = mark;
        changed.push_back(topic);
    }
    if (positions.empty()) passed = 0;
    // The last one stays, so that an older mark that comes late is known to be older.
    const std::size_t gone = passed == log.waiting.size() && passed > 0 ? passed - 1 : passed;
    log.waiting.erase(log.waiting.begin(), log.waiting.begin() + static_cast<std::ptrdiff_t>(gone));
    return changed;
}

const AsOfMark* AsOfBook::find(const StoreId& store, const std::string& topic) const {
    const auto log = logs_.find(store);
    if (log == logs_.end()) return nullptr;
    const auto mark = log->second.reached.find(topic);
    return mark == log->second.reached.end() ? nullptr : &mark->second;
}

const AsOfMark* AsOfBook::newest(const StoreId& store) const {
    const auto log = logs_.find(store);
    if (log == logs_.end()) return nullptr;
    const auto& waiting = log->second.waiting;
    const AsOfMark* newest = waiting.empty() ? nullptr : &waiting.back();
    for (const auto& [topic, mark] : log->second.reached) {
        if (newest == nullptr || order_of(mark) > order_of(*newest)) newest = &mark;
    }
    return newest;
}

schema::Bytes AsOfBook::save(const AsOfMark& mark) {
    const core::HeldMark& held = mark.held;
    schema::Writer out;
    out.array(9).u64(1).u64(held.mark.epoch.value()).u64(held.mark.counter);
    out.i64(held.mark.at.value()).i64(held.dwell_us).boolean(held.dwell_exact);
    out.i64(held.received.value()).str(held.boot_id).str(mark.source);
    return out.take();
}

Result<void> AsOfBook::restore(const StoreId& store, const std::string& topic,
                               schema::ByteView saved) {
    schema::Parser parser;
    auto fields = parser.array(saved);
    if (!fields) return schema::fail("saved as-of", fields.error());
    AsOfMark mark;
    fields->skip();  // Version.
    mark.held.mark.store = store;
    mark.held.mark.epoch = schema::Epoch{fields->u32()};
    mark.held.mark.counter = fields->u64();
    mark.held.mark.at = schema::Timestamp{fields->i64()};
    mark.held.dwell_us = fields->i64();
    mark.held.dwell_exact = fields->boolean();
    mark.held.received = core::BootTime{fields->i64()};
    mark.held.boot_id = fields->str();
    mark.source = fields->str();
    if (const auto done = parser.finish("saved as-of"); !done) return done;
    logs_[store].reached[topic] = std::move(mark);
    return {};
}

}  // namespace filial::subscriber
