// The logs as they were written, over all their lives.
#include <algorithm>
#include <functional>

#include "core/journal/log_head.h"
#include "test/sim/truth.h"

namespace filial::sim {

using schema::Bytes;
using schema::LoggedEvent;
using schema::Sequence;
using schema::StoreId;

namespace {

std::uint64_t hash_of(const std::string& topic, const schema::ClientId& client, const Bytes& row) {
    const std::hash<std::string_view> hash;
    return hash(row) ^ (hash(topic) * 31) ^ (hash(schema::view(client)) * 131);
}

/// `each(position, epoch, hash)` of every row.
template <class Each>
void rows_of(const std::vector<schema::Segment>& segments, Each each) {
    for (const schema::Segment& segment : segments) {
        for (std::size_t i = 0; i < segment.rows.size(); ++i) {
            const auto client = segment.who.empty() ? 0 : segment.who[i];
            each(segment.seqs[i], segment.epoch.value(),
                 hash_of(segment.topic, segment.clients[client], segment.rows[i]));
        }
    }
}

}  // namespace

bool Truth::stood(const Log& log, Sequence seq, const Row& row) {
    const auto others = log.others.find({row.epoch, seq.value()});
    return others != log.others.end() && others->second.contains(row.hash);
}

/// The life before it ends where this one begins.
void Truth::life_begins(Log& log, const core::Append& append) {
    for (std::size_t at = append.after.value(); at < log.rows.size(); ++at) {
        const Row& row = log.rows[at];
        if (row.epoch != 0) log.others[{row.epoch, at + 1}].insert(row.hash);
    }
    log.rows.resize(append.after.value());
    // First lives of which no sync covered anything have not begun, however many.
    const bool began =
        std::any_of(log.lives.begin(), log.lives.end(), [&](const Log::Begins& life) {
            return life.epoch != append.epoch || life.from.value() > 0;
        });
    const bool first = log.epoch.value() == 0 ||
                       (!began && log.durable.value() == 0 && log.acknowledged.value() == 0);
    if (!first) {
        ++counts_["lives that ended"];
        const bool granted = readmitted_.contains(append.incarnation);
        if (!granted && !std::exchange(log.loss_accepted, false)) {
            fail("I12: " + place(append.store, append.upto) + " begins epoch " +
                 std::to_string(append.epoch.value()) + ", which head office has not granted");
        }
        if (!granted && log.acknowledged > append.after) {
            fail("I6: " + place(append.store, append.upto) + " gives up events up to " +
                 std::to_string(log.acknowledged.value()) + ", which a broker has acknowledged");
        }
    }
    log.acknowledged = std::min(log.acknowledged, append.after);
    log.epoch = append.epoch;
    const std::uint32_t of = log.rows.empty() ? 0 : log.rows.back().epoch;
    log.lives.push_back({append.epoch, append.after, of, now_});
    log.durable = append.after;
    for (auto& [topic, moments] : log.synced) {
        while (!moments.empty() && moments.back().end > append.after) moments.pop_back();
    }
    feed_again_ = true;
}

/// A backup may be of a life that ended, and go on from further than the life after that one came.
void Truth::goes_on_from_the_disk(Log& log, const core::Append& append) {
    const auto& logs = log.machine->publisher_disk.data().logs;
    const auto held = logs.find(append.store);
    if (held == logs.end()) return;
    for (const SimJournal::Commit& commit : held->second.commits) {
        if (commit.upto > append.after) break;
        if (log.rows.size() < commit.upto.value()) log.rows.resize(commit.upto.value());
        rows_of(commit.segments, [&](Sequence seq, std::uint32_t epoch, std::uint64_t hash) {
            const Row now{epoch, hash};
            Row& row = log.rows[seq.value() - 1];
            if (row == now) return;
            if (!stood(log, seq, now)) {
                fail("I12: " + place(append.store, seq) + " was never written");
            }
            if (row.epoch != 0) log.others[{row.epoch, seq.value()}].insert(row.hash);
            row = now;
        });
    }
}

void Truth::publisher_wrote(Log& log, const core::Append& append) {
    const std::size_t after = append.after.value();
    bool known = false;
    rows_of(append.segments, [&](Sequence seq, std::uint32_t epoch, std::uint64_t hash) {
        const Row row{epoch, hash};
        if (seq.value() != after + 1) return;
        known = (after < log.rows.size() && log.rows[after] == row) || stood(log, seq, row);
    });
    const std::uint32_t before =
        after == 0 || after > log.rows.size() ? 0 : log.rows[after - 1].epoch;
    const bool begins = !known && before < append.epoch.value();
    if (begins) {
        goes_on_from_the_disk(log, append);
        life_begins(log, append);
    }
    if (log.rows.size() < append.upto.value()) log.rows.resize(append.upto.value());
    rows_of(append.segments, [&](Sequence seq, std::uint32_t epoch, std::uint64_t hash) {
        const Row now{epoch, hash};
        Row& row = log.rows[seq.value() - 1];
        if (row == now) return;
        const std::string where = place(append.store, seq);
        if (log.machine->quarantined) {
            if (!begins && !stood(log, seq, now)) {
                fail("I12: " + where + " is booked in quarantine");
            }
        } else if (row.epoch == epoch && seq <= log.durable) {
            fail("I2: " + where + " of epoch " + std::to_string(epoch) + " is written anew");
        }
        if (row.epoch != 0 && seq <= log.durable) {
            log.others[{row.epoch, seq.value()}].insert(row.hash);
        }
        row = now;
    });
}

/// A replica gives its store's log back: what stood there, and was durable there once.
void Truth::given_back(const schema::Range& range) {
    ++counts_["ranges from own replicas"];
    const Log& log = logs_.at(range.store.value());
    rows_of(range.segments, [&](Sequence seq, std::uint32_t epoch, std::uint64_t hash) {
        const bool stood = seq <= log.durable && log.rows.at(seq.value() - 1) == Row{epoch, hash};
        if (!stood)
            fail("I1: a replica gives back " + place(range.store, seq) +
                 ", which did not stand there");
    });
}

/// What was built again is what was written, or says what it lost.
void Truth::publisher_repaired(Log& log) {
    ++counts_["logs repaired"];
    const auto& logs = log.machine->publisher_disk.data().logs;
    const auto built = logs.find(log.machine->store);
    if (built == logs.end()) return fail("I6: a repair left nothing");
    for (const SimJournal::Commit& commit : built->second.commits) {
        publisher_wrote(log, {log.machine->store, commit.epoch, commit.incarnation, commit.after,
                              commit.upto, commit.segments, commit.at});
    }
    if (built->second.head.end < log.durable) {
        fail("I6: the repaired log of " + log.machine->name + " ends at " +
             std::to_string(built->second.head.end.value()) + ", acknowledged was " +
             std::to_string(log.durable.value()));
    }
}

void Truth::add_clone(Machine& clone) {
    logs_.at(clone.store.value()).clones.push_back(&clone);
    clone.publisher_disk.appended = [this, &clone](const core::Append& append) {
        clone_wrote(clone, append);
    };
}

void Truth::clone_wrote(const Machine& clone, const core::Append& append) {
    Log& log = logs_.at(clone.store.value());
    rows_of(append.segments, [&](Sequence seq, std::uint32_t epoch, std::uint64_t hash) {
        const Row now{epoch, hash};
        const bool same = seq.value() <= log.rows.size() && log.rows[seq.value() - 1] == now;
        if (same || stood(log, seq, now)) return;
        if (clone.quarantined) {
            fail("I12: " + place(append.store, seq) + " is booked by a clone in quarantine");
        }
        ++counts_["events booked by clones"];
        log.others[{epoch, seq.value()}].insert(hash);
    });
}

void Truth::check_rows(const std::string& who, const StoreId& store,
                       const std::vector<schema::Segment>& segments) {
    const auto found = logs_.find(store.value());
    if (found == logs_.end()) return fail("I15: " + who + " takes a log of nobody");
    const Log& log = found->second;
    rows_of(segments, [&](Sequence seq, std::uint32_t epoch, std::uint64_t hash) {
        const Row row{epoch, hash};
        const bool same = seq.value() <= log.rows.size() && log.rows[seq.value() - 1] == row;
        if (same || stood(log, seq, row)) return;
        fail("I2: " + who + " has another event at " + place(store, seq) + " than its store");
    });
}

/// Everybody trades, and no broker holds more of a log, or something else, than its store.
bool Truth::in_one_piece() const {
    for (const auto& [name, log] : logs_) {
        if (log.machine->quarantined || !log.machine->publisher_disk.looks_whole()) return false;
        if (log.epoch.value() <= 1 && !log.cloned) continue;
        for (const auto& machine : machines_) {
            const auto& held = machine->broker_disk.data().logs;
            const auto there = held.find(StoreId{name});
            if (there == held.end() || there->second.commits.empty()) continue;
            if (log.machine->publisher_disk.in_hand()) return false;
            // Two that go apart may meet again in an event that both take from somebody else.
            const auto own =
                log.machine->publisher_disk.head_at(StoreId{name}, there->second.head.end);
            const bool same = own && own->end == there->second.head.end &&
                              core::chains_of(*own) == core::chains_of(there->second.head);
            if (!same) return false;
        }
    }
    return true;
}

/// I3, over all lives: a broker holds what stands in the store's log, row for row.
void Truth::check_brokers() {
    for (const auto& machine : machines_) {
        for (const auto& [store, held] : machine->broker_disk.data().logs) {
            const Log& log = logs_.at(store.value());
            for (const SimJournal::Commit& commit : held.commits) {
                rows_of(commit.segments,
                        [&, &of = store](Sequence seq, std::uint32_t epoch, std::uint64_t hash) {
                            const Row row{epoch, hash};
                            if (seq.value() <= log.rows.size() && log.rows[seq.value() - 1] == row)
                                return;
                            fail("I3: broker " + machine->name + " keeps " + place(of, seq) +
                                 " of a life that ended");
                        });
            }
        }
    }
}

void Truth::check_ledger() {
    if (!wrong_.empty() || !in_one_piece()) return;
    if (feed_again_) {
        book_ = std::make_unique<test::Book>(stores_, pools_);
        for (auto& [name, log] : logs_) log.fed = 0;
        feed_again_ = false;
    }
    for (auto& [name, log] : logs_) {
        const std::size_t end = log.machine->publisher_disk.synced_end(log.machine->store).value();
        if (end <= log.fed) continue;
        for (const LoggedEvent& event : events_of(log, log.fed, end)) {
            const std::string wrong = book_->add(name, test::item_of(event));
            if (!wrong.empty()) {
                return fail("I10: " + place(StoreId{name}, event.seq) + " " + event.event.kind +
                            " " + event.event.key + ": " + wrong);
            }
        }
        log.fed = end;
    }
    const std::string wrong = book_->wrong();
    if (!wrong.empty()) fail("I10: " + wrong);
}

}  // namespace filial::sim
