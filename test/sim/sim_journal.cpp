#include "test/sim/sim_journal.h"

#include <algorithm>

#include "core/journal/log_head.h"
#include "test/sim/commit_counts.h"

namespace filial::sim {

using core::LogHead;
using schema::Bytes;
using schema::ByteView;
using schema::Errc;
using schema::fail;
using schema::Result;
using schema::Segment;
using schema::Sequence;
using schema::StoreId;

std::vector<StoreId> SimJournal::logs() const {
    std::vector<StoreId> stores;
    for (const auto& [store, log] : data_.logs) stores.push_back(store);
    return stores;
}

std::optional<LogHead> SimJournal::head(const StoreId& store) const {
    const auto log = data_.logs.find(store);
    if (log == data_.logs.end()) return std::nullopt;
    return log->second.head;
}

Sequence SimJournal::end(const StoreId& store) const {
    const auto log = data_.logs.find(store);
    return log == data_.logs.end() ? Sequence{0} : log->second.head.end;
}

Sequence SimJournal::synced_end(const StoreId& store) const {
    const auto log = data_.logs.find(store);
    return log == data_.logs.end() ? Sequence{0} : log->second.synced;
}

Result<void> SimJournal::check(const core::JournalWrite& write,
                               std::map<StoreId, LogHead>& heads) const {
    if (failed_) return fail(Errc::io, "the journal has failed before");
    if (health_ == Health::full) return fail(Errc::no_space, "need 1 byte, free 0");
    const auto head_of = [&](const StoreId& store) -> LogHead& {
        auto at = heads.find(store);
        if (at == heads.end()) {
            at = heads.emplace(store, head(store).value_or(LogHead{})).first;
            at->second.store = store;
        }
        return at->second;
    };
    for (const core::Append& append : write.appends) {
        LogHead& head = head_of(append.store);
        auto moved = core::advance(head, append);
        if (!moved) return tl::unexpected(moved.error());
        head = std::move(*moved);
    }
    for (const core::Trim& trim : write.trims) {
        LogHead& head = head_of(trim.store);
        auto moved = core::trimmed(head, trim);
        if (!moved) return tl::unexpected(moved.error());
        head = std::move(*moved);
    }
    return {};
}

/// The commit that holds the last trimmed event stays, as in the real one.
void SimJournal::trim(const core::Trim& trim) {
    ++trims_;
    for (Commit& commit : data_.logs[trim.store].commits) {
        std::erase_if(commit.segments, [&](const Segment& segment) {
            const bool gone = segment.topic == trim.topic && segment.last() < trim.upto;
            if (gone) commit.before.erase(segment.topic);
            return gone;
        });
    }
}

/// As the real one, a commit says how much of each of its topics came before it.
SimJournal::Commit SimJournal::commit_of(const core::Append& append) const {
    Commit commit{append.epoch, append.incarnation, append.after,    append.upto,
                  false,        append.at,          append.segments, {}};
    const Log& log = data_.logs.at(append.store);
    for (const Segment& segment : append.segments) {
        std::uint64_t& before = commit.before[segment.topic];
        const core::TopicHead* topic = log.head.find(segment.topic);
        if (topic != nullptr) before = topic->events;
        for (const core::TopicHead& begun : append.begun) {
            if (begun.topic == segment.topic) before = begun.events;
        }
        // The head is from before the write, which may have more of this log.
        for (auto at = log.commits.rbegin(); at != log.commits.rend(); ++at) {
            if (at->upto <= log.head.end) break;
            const auto held = at->before.find(segment.topic);
            if (held == at->before.end()) continue;
            before = held->second + events_in(*at, segment.topic);
            break;
        }
    }
    return commit;
}

void SimJournal::apply(const core::JournalWrite& write, std::map<StoreId, LogHead> heads,
                       bool undoable) {
    Undo undo;
    if (undoable) {
        for (const auto& [store, head] : heads) undo.heads.emplace_back(store, this->head(store));
    }
    for (const core::Append& append : write.appends) {
        data_.logs[append.store].commits.push_back(commit_of(append));
        if (appended) appended(append);
    }
    for (const core::Trim& trim : write.trims) {
        if (undoable) undo.trimmed.emplace_back(trim.store, data_.logs[trim.store].commits);
        this->trim(trim);
    }
    for (auto& [store, head] : heads) data_.logs[store].head = std::move(head);
    for (const auto& [key, value] : write.state) {
        auto at = data_.state.find(key);
        if (undoable) {
            undo.state.emplace_back(
                key, at == data_.state.end() ? std::nullopt : std::optional<Bytes>(at->second));
        }
        if (!value) {
            if (at != data_.state.end()) data_.state.erase(at);
        } else if (at != data_.state.end()) {
            at->second = *value;
        } else {
            data_.state.emplace(key, *value);
        }
    }
    if (undoable) unsynced_.push_back(std::move(undo));
}

Result<void> SimJournal::write(const core::JournalWrite& write, bool sync) {
    std::map<StoreId, LogHead> heads;
    if (const auto ok = check(write, heads); !ok) return ok;
    fuse_.place();
    const bool risky = !sync || fuse_.burns() || health_ == Health::broken;
    apply(write, std::move(heads), risky);
    fuse_.place();
    if (!sync) return {};
    if (health_ == Health::broken) {
        // What the disk has of it nobody knows; the process must not go on.
        failed_ = true;
        if (random_.chance(500)) {
            take_back(unsynced_.back());
            unsynced_.pop_back();
        }
        return fail(Errc::io, "sync: input/output error");
    }
    unsynced_.clear();
    for (auto& [store, log] : data_.logs) log.synced = log.head.end;
    write_witness();
    if (synced) synced();
    fuse_.place();
    return {};
}

Result<void> SimJournal::commit(const core::JournalWrite& write, bool sync) {
    schema::check(!in_hand(), "what was begun is finished first");
    if (write.empty()) return {};
    if (!failed_ && rare(Rare::no_room)) return fail(Errc::no_space, "need 1 byte, free 0");
    return this->write(write, sync);
}

Result<void> SimJournal::begin(core::MakeWrite make, std::size_t) {
    schema::check(begun_.size() < core::kBegunMost, "not more commits are begun than may be");
    if (failed_) return fail(Errc::io, "the journal has failed before");
    if (health_ == Health::full || rare(Rare::no_room)) {
        return fail(Errc::no_space, "need 1 byte, free 0");
    }
    begun_.push_back(std::move(make));
    return {};
}

/// Makes and writes the oldest that was begun and not written.
void SimJournal::write_begun() {
    const core::MakeWrite make = std::move(begun_.front());
    begun_.pop_front();
    done_.push_back([&]() -> Result<void> {
        if (behind_) return tl::unexpected(*behind_);
        const auto write = make();
        return write ? this->write(*write, true) : tl::unexpected(write.error());
    }());
    if (!done_.back()) behind_ = done_.back().error();
}

Result<void> SimJournal::finish() {
    schema::check(!begun_.empty() || !done_.empty(), "a commit was begun");
    if (done_.empty()) write_begun();
    // The real one's thread goes on with the next one, which may be durable before this one is
    // known to be.
    if (!begun_.empty() && random_.chance(500)) write_begun();
    auto done = std::move(done_.front());
    done_.pop_front();
    if (done_.empty() && begun_.empty()) behind_.reset();
    return done;
}

void SimJournal::forget_begun() {
    begun_.clear();
    done_.clear();
    behind_.reset();
}

Result<void> SimJournal::room() {
    if (health_ == Health::full) return fail(Errc::no_space, "need 1 byte, free 0");
    return {};
}

void SimJournal::open() {
    forget_begun();
    failed_ = false;
    // As recovery does: what it found is written and synced.
    unsynced_.clear();
    for (auto& [store, log] : data_.logs) log.synced = log.head.end;
    if (!whole()) return;
    write_witness();
    if (synced) synced();
}

/// Behind the sync, as the real one.
void SimJournal::write_witness() {
    if (!witness_of_) return;
    const auto log = data_.logs.find(*witness_of_);
    if (log == data_.logs.end()) return;
    const LogHead& head = log->second.head;
    witness_ = core::WitnessSlot{
        head.store, head.epoch, head.incarnation, head.end, core::chains_of(head), 0};
}

void SimJournal::take_back(const Undo& undo) {
    for (auto at = undo.state.rbegin(); at != undo.state.rend(); ++at) {
        if (at->second) {
            data_.state[at->first] = *at->second;
        } else {
            data_.state.erase(at->first);
        }
    }
    for (auto at = undo.trimmed.rbegin(); at != undo.trimmed.rend(); ++at) {
        data_.logs[at->first].commits = at->second;
    }
    for (const auto& [store, head] : undo.heads) {
        if (!head) {
            data_.logs.erase(store);
            continue;
        }
        Log& log = data_.logs[store];
        while (!log.commits.empty() && log.commits.back().upto > head->end) log.commits.pop_back();
        log.head = *head;
    }
}

void SimJournal::power_cut() {
    forget_begun();
    const std::size_t kept = unsynced_.empty() ? 0 : random_.below(unsynced_.size() + 1);
    while (unsynced_.size() > kept) {
        take_back(unsynced_.back());
        unsynced_.pop_back();
        ++lost_;
    }
}

void SimJournal::restore(Data data) {
    forget_begun();
    unsynced_.clear();
    damages_.clear();
    data_ = std::move(data);
    witness_.reset();
    write_witness();
}

}  // namespace filial::sim
