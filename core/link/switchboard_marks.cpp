// The switchboard's part of marks: which are taken and sent, and who is told that a copy of a
// store's machine has counted further.
#include <algorithm>

#include "core/link/switchboard.h"
#include "schema/planted.h"

namespace filial::core {

using schema::Mark;
using schema::Message;
using schema::StoreId;

namespace {

/// On a dear line marks of quiet logs go together, so often: what is seen there is at most so much
/// older.
constexpr std::int64_t kDearMarksEvery = 300 * kSecond;
/// One that is told to others than its maker has stood here so long: over two ways marks come in
/// any order, and the next one puts that right.
constexpr std::int64_t kMarkStands = 10 * kSecond;
/// Of a counter that comes from who may not speak for that log: so far above the mark that is held,
/// and so often. A copy of a machine is ahead by some blocks of counters, a log that was repaired
/// by 2^32 for each repair, of which a few may have been heard of by one replica alone.
constexpr std::uint64_t kCountsFurther = std::uint64_t{1} << 36;
constexpr std::int64_t kCountsEvery = kSecond;

}  // namespace

void Switchboard::on_mark(Line& line, const schema::MarkMessage& message) {
    // They alone may be more than the line carries. A dear one has them with events, and seldom.
    if (!line.session()->dear()) line.session()->news_came();
    // Most come a second time, over another line.
    const HeldMark* known = marks_.find_same(message.mark);
    if (known != nullptr) return take_mark(line, message, known->mark);
    const auto mark = schema::decode_mark(mark_parser_, message.mark);
    if (mark) return take_mark(line, message, *mark);
    counters_["marks_refused"] += 1;
}

void Switchboard::take_mark(Line& line, const schema::MarkMessage& message, const Mark& mark) {
    Session& session = *line.session();
    // A replica speaks for no log, whatever its store may do.
    if (session.peer().role == "subscriber" || !may_send(line, mark.store)) {
        counters_["marks_refused"] += 1;
        return pass_counter(line, message, mark);
    }
    const bool own = self_.role == "publisher" && self_.store == mark.store;
    if (own && self_.epoch.value() > 0) return host_.outcounted(session.peer(), mark);
    if (session.receiver.find(mark.store) == nullptr) want(line, mark.store);
    if (session.receiver.find(mark.store) == nullptr) return;  // Not wanted here.
    const BootTime now = clock_.boot();
    session.receiver.learn_end(mark.store, mark.end, now);
    const bool naive = schema::planted(schema::Bug::late_mark_is_fresh);
    const auto sent = naive ? now : session.sent_after(read_, now);
    if (!marks_.offer(mark, message, clock_, sent)) return tell_newer(line, message, mark);
    host_.marked(session.peer(), mark);
    announce(mark.store, &line);
}

/// The same one comes again with each session, and over other brokers.
void Switchboard::tell_newer(Line& line, const schema::MarkMessage& message, const Mark& mark) {
    const HeldMark* held = marks_.find(mark.store);
    if (held == nullptr || held->bytes == message.mark) return;
    if (!knows_better(line, mark.store)) {
        bool exact = false;
        const bool newer = held->mark.epoch == mark.epoch && held->mark.counter > mark.counter;
        if (!newer || held->age_us(clock_.boot(), clock_.boot_id(), exact) < kMarkStands) return;
    }
    schema::MarkMessage answer = marks_.outgoing(*held, clock_);
    answer.session = line.session()->to_peer();
    line.send(Message{std::move(answer)});
}

void Switchboard::pass_counter(const Line& line, const schema::MarkMessage& message,
                               const Mark& mark) {
    const HeldMark* held = marks_.find(mark.store);
    const bool ahead = held != nullptr && held->mark.epoch == mark.epoch &&
                       mark.counter > held->mark.counter &&
                       mark.counter - held->mark.counter <= kCountsFurther;
    if (!ahead) return;
    const BootTime now = clock_.boot();
    const auto passed = counters_passed_.find(mark.store);
    const bool soon =
        passed != counters_passed_.end() && now.value() - passed->second.value() < kCountsEvery;
    if (soon) return;
    if (self_.role == "publisher" && self_.store == mark.store) {
        counters_passed_[mark.store] = now;
        if (self_.epoch.value() > 0) host_.outcounted(line.session()->peer(), mark);
        return;
    }
    for (Line* maker : lines()) {
        const Session* session = maker->session();
        if (session == nullptr || !session->established()) continue;
        if (!knows_better(*maker, mark.store) || session->peer().epoch != mark.epoch) continue;
        counters_passed_[mark.store] = now;
        schema::MarkMessage passed_on = message;
        passed_on.session = session->to_peer();
        maker->send(Message{std::move(passed_on)});
    }
}

bool Switchboard::mark_pays(Line& line, const HeldMark& held) const {
    if (!line.session()->dear()) return true;
    const auto told = line.told_ends.find(held.mark.store);
    if (told == line.told_ends.end()) return true;
    return held.mark.end > told->second &&
           line.session()->sender.sent_upto(held.mark.store) >= held.mark.end;
}

/// A store that speaks for its own log needs no mark of it from others.
bool Switchboard::knows_better(const Line& line, const StoreId& store) const {
    const Peer& peer = line.session()->peer();
    return peer.role == "publisher" && peer.store == store.value() && peer.epoch.value() > 0;
}

void Switchboard::send_marks(Line& line) {
    if (line.announced.empty() || !line.idle()) return;
    const BootTime now = clock_.boot();
    const bool all = now.value() - line.told_all.value() >= kDearMarksEvery;
    if (all) line.told_all = now;
    std::erase_if(line.announced, [&](const StoreId& store) {
        const HeldMark* held = marks_.find(store);
        if (held == nullptr || knows_better(line, store)) return true;
        if (!all && !mark_pays(line, *held)) return false;
        schema::MarkMessage message = marks_.outgoing(*held, clock_);
        message.session = line.session()->to_peer();
        line.send(Message{std::move(message)});
        line.told_ends[store] = held->mark.end;
        return true;
    });
}

void Switchboard::announce(const StoreId& store, const Line* from) {
    for (Line* line : lines()) {
        if (line != from && line->session() != nullptr) line->announced.insert(store);
    }
}

}  // namespace filial::core
