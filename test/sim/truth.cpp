#include "test/sim/truth.h"

#include <algorithm>
#include <functional>

#include "core/link/session.h"
#include "schema/limits.h"
#include "schema/payloads.h"
#include "subscriber/replica_keys.h"

namespace filial::sim {

using schema::Bytes;
using schema::LoggedEvent;
using schema::Sequence;
using schema::StoreId;

namespace {

/// What one leg may hide without a word: a standstill of the line between two marks is noticed by a
/// ping, which goes after kPingEvery and has to be answered within kStandstill.
constexpr Time kHiddenByLeg = 6 * kSecond + core::kStandstill;

}  // namespace

std::string Truth::place(const StoreId& store, Sequence seq) {
    return store.value() + "/" + std::to_string(seq.value());
}

void Truth::fail(const std::string& what) {
    if (wrong_.empty()) wrong_ = what;
}

void Truth::begin(const std::vector<std::string>& stores, std::vector<test::Book::Pool> pools) {
    stores_ = stores;
    pools_ = std::move(pools);
    book_ = std::make_unique<test::Book>(stores_, pools_);
    for (const auto& owned : machines_) {
        Machine* machine = owned.get();
        machine->broker_disk.appended = [this, machine](const core::Append& append) {
            broker_wrote(*machine, append);
        };
        machine->broker_disk.synced = [this, machine] { broker_synced(*machine); };
        machine->replica_disk.synced = [this, machine] {
            Positions& positions = replica_synced_[machine];
            const auto& state = machine->replica_disk.data().state;
            for (auto at = state.lower_bound("p"); at != state.end() && at->first[0] == 'p'; ++at) {
                const auto [store, topic] = subscriber::parse_log_key(at->first);
                Sequence& known = positions[{store.value(), topic}];
                const Sequence held{subscriber::read_u64(schema::ByteView(at->second).substr(4))};
                known = std::max(known, held);
            }
        };
        const std::string name = machine->store.value();
        if (std::find(stores.begin(), stores.end(), name) == stores.end()) continue;
        Log& log = logs_[name];
        log.machine = machine;
        machine->publisher_disk.appended = [this, &log](const core::Append& append) {
            publisher_wrote(log, append);
        };
        machine->publisher_disk.synced = [this, &log] { publisher_synced(log); };
        machine->publisher_disk.repaired = [this, &log] { publisher_repaired(log); };
    }
}

void Truth::publisher_synced(Log& log) {
    const auto head = log.machine->publisher_disk.head(log.machine->store);
    if (!head || head->epoch != log.epoch || log.machine->quarantined) return;
    log.durable = std::max(log.durable, head->end);
    for (const core::TopicHead& topic : head->topics) {
        auto& moments = log.synced[topic.topic];
        if (moments.empty() || moments.back().end != topic.last) {
            moments.push_back({now_, topic.last});
        }
    }
}

void Truth::broker_wrote(const Machine& machine, const core::Append& append) {
    check_rows("broker " + machine.store.value(), append.store, append.segments);
    Sequence expected = append.after;
    std::vector<Sequence> seqs;
    for (const schema::Segment& segment : append.segments) {
        seqs.insert(seqs.end(), segment.seqs.begin(), segment.seqs.end());
    }
    std::sort(seqs.begin(), seqs.end());
    for (const Sequence seq : seqs) {
        expected = schema::next(expected);
        if (seq != expected)
            fail("I3: broker keeps a log with a hole at " + place(append.store, seq));
    }
}

void Truth::broker_synced(const Machine& machine) {
    for (const auto& [store, log] : machine.broker_disk.data().logs) {
        Sequence& known = broker_synced_[&machine][store.value()];
        known = std::max(known, log.head.end);
        const auto of = logs_.find(store.value());
        if (of == logs_.end() || of->second.epoch != log.head.epoch) continue;
        of->second.acknowledged = std::max(of->second.acknowledged, log.head.end);
    }
}

void Truth::served(int process, const schema::Range& range) {
    const Who& who = processes_[static_cast<std::size_t>(process)];
    if (who.role == Role::subscriber) return given_back(range);
    const SimJournal& disk =
        who.role == Role::broker ? who.machine->broker_disk : who.machine->publisher_disk;
    if (range.upto > disk.synced_end(range.store)) {
        fail("I1: " + who.machine->store.value() + " serves " + place(range.store, range.upto) +
             ", synced is " + std::to_string(disk.synced_end(range.store).value()));
    }
}

void Truth::taking(int process, const core::Peer&, const schema::Range& range) {
    const Who& who = processes_[static_cast<std::size_t>(process)];
    check_rows(who.machine->store.value() + " " + name_of(who.role), range.store, range.segments);
}

void Truth::changing(int process, const core::Peer& peer) {
    if (!over_older || !over_older(process)) return;
    fail("I9: what " + peer.name + " had said in an older session changes something at " +
         processes_[static_cast<std::size_t>(process)].machine->name);
}

void Truth::reached(int, const core::Peer& peer, const schema::Fetch& fetch) {
    for (const Who& who : processes_) {
        if (who.machine->store.value() != peer.store || name_of(who.role) != peer.role) continue;
        for (const schema::TopicEnd& end : fetch.after) {
            Sequence synced = end.seq;
            if (who.role == Role::broker) {
                synced = broker_synced_[who.machine][fetch.store.value()];
            } else if (who.role == Role::subscriber) {
                synced = replica_synced_[who.machine][{fetch.store.value(), end.topic}];
            }
            if (end.seq <= synced) continue;
            fail("I7: " + peer.name + " confirms " + place(fetch.store, end.seq) + " " + end.topic +
                 ", synced there is " + std::to_string(synced.value()));
        }
    }
}

void Truth::check_as_of(const Machine& machine, const subscriber::Replica& replica) {
    for (const auto& [name, log] : logs_) {
        const StoreId store{name};
        if (log.cloned) continue;  // Which of the two a mark is of nobody can tell.
        for (const auto& [topic, moments] : log.synced) {
            if (!replica.wants_topic(topic)) continue;
            const auto heard = replica.heard(store, topic, machine.clock);
            if (!heard.ever || !heard.age_exact) continue;
            ++as_of_checks_;
            // Over at most three legs: own broker, the broker before it, this replica.
            const Time then = now_ - heard.age_us - 3 * kHiddenByLeg;
            auto at = std::upper_bound(moments.begin(), moments.end(), then,
                                       [](Time t, const Moment& each) { return t < each.at; });
            if (at == moments.begin()) continue;
            --at;
            if (heard.position.seq >= at->end) continue;
            fail("I13: " + machine.store.value() + " says " + topic + " of " + name + " is " +
                 std::to_string(heard.age_us / kSecond) + " s old, but lacks " +
                 place(store, at->end) + ", synced " + std::to_string((now_ - at->at) / kSecond) +
                 " s ago");
        }
    }
}

std::vector<LoggedEvent> Truth::events_of(const Log& log, std::size_t from, std::size_t to) const {
    const auto& disk = log.machine->publisher_disk.data().logs;
    const auto found = disk.find(log.machine->store);
    std::vector<LoggedEvent> all;
    if (found == disk.end()) return all;
    for (const SimJournal::Commit& commit : found->second.commits) {
        if (commit.upto.value() <= from) continue;
        if (commit.upto.value() > to) break;
        auto events = schema::events_in_order(commit.segments);
        schema::check(events.has_value(), "a log that was written is read");
        for (LoggedEvent& event : *events) {
            if (event.seq.value() > from) all.push_back(std::move(event));
        }
    }
    return all;
}

std::int64_t Truth::parked(const Machine& machine) const {
    const auto& rows = machine.replica_disk.data().state;
    std::int64_t events = 0;
    for (auto at = rows.lower_bound("x"); at != rows.end() && at->first[0] == 'x'; ++at) ++events;
    return events;
}

void Truth::check_memory(std::size_t bytes) {
    // Each leg has at most its credit on the way, and a block above it.
    if (bytes > 64u * (schema::kCreditBytes + schema::kBlockBytesMax)) {
        fail("I14: " + std::to_string(bytes) + " bytes wait in the network");
    }
}

std::string Truth::story() const {
    std::string text;
    for (const auto& [name, log] : logs_) {
        for (const LoggedEvent& event : events_of(log, 0, log.rows.size())) {
            const test::Item item = test::item_of(event);
            text += place(StoreId{name}, item.seq) + " " + item.kind + " " + item.key + " " +
                    std::to_string(item.amount) + " " + item.reason + item.taken_kind + " peer " +
                    item.peer + " to " + item.addressee + " cause " + to_string(item.cause) +
                    (item.roomed ? " roomed" : "") + (item.closes ? " closes" : "") +
                    (item.fact() ? " fact" : "") + " beyond " + std::to_string(item.beyond) +
                    " ticket " + std::to_string(event.event.number) + "\n";
        }
    }
    return text;
}

std::int64_t Truth::events() const {
    std::size_t all = 0;
    for (const auto& [name, log] : logs_) all += log.rows.size();
    return static_cast<std::int64_t>(all);
}

}  // namespace filial::sim
