#include "publisher/outbox.h"

#include <algorithm>
#include <utility>

#include "schema/limits.h"
#include "schema/payloads.h"
#include "schema/planted.h"

namespace filial::publisher {

using schema::Bytes;
using schema::ByteView;
using schema::Hash;
using schema::LoggedEvent;
using schema::Position;
using schema::Result;
using schema::Segment;
using schema::Sequence;

namespace {

/// How far the state is the fold of the log; written with every change of either.
constexpr std::string_view kFolded = "folded";

std::pair<Bytes, std::optional<Bytes>> folded_upto(Sequence upto) {
    schema::Writer out;
    out.array(1).u64(upto.value());
    return {Bytes(kFolded), out.take()};
}

LoggedEvent log_opened(const schema::StoreId& self, schema::LogOpened opened,
                       schema::Timestamp at) {
    LoggedEvent logged;
    logged.epoch = opened.epoch;
    logged.seq = schema::next(opened.continues_from);
    logged.event.topic = schema::kTopicControl;
    logged.event.kind = schema::kLogOpened;
    logged.event.at = at;
    logged.event.key = self.value();
    logged.event.client = schema::hash16_of("log");
    logged.event.number = opened.epoch.value();
    logged.event.payload = schema::encode(opened);
    return logged;
}

}  // namespace

Outbox::Outbox(core::Journal& journal, schema::StoreId self)
    : journal_(journal), self_(std::move(self)) {}

Result<std::unique_ptr<Outbox>> Outbox::open(core::Journal& journal, schema::StoreId self,
                                             schema::Timestamp at) {
    std::unique_ptr<Outbox> outbox(new Outbox(journal, std::move(self)));
    if (const auto loaded = outbox->load(at); !loaded) {
        return schema::fail("open the log of " + outbox->self_.value(), loaded.error());
    }
    return outbox;
}

Result<void> Outbox::load(schema::Timestamp at) {
    const auto head = journal_.head(self_);
    if (head && head->end.value() > 0) {
        epoch_ = head->epoch;
        incarnation_ = head->incarnation;
        end_ = head->end;
        begun_ = end_;
        next_ = schema::next(end_);
        return load_chains();
    }
    incarnation_ = schema::id16_from(schema::random_bytes(incarnation_.size()));
    append(log_opened(self_, {incarnation_, epoch_, Sequence{0}, {}}, at));
    return commit(at, {});
}

Result<void> Outbox::open_epoch(core::Journal& journal, const schema::StoreId& self,
                                schema::Epoch epoch, const schema::Incarnation& incarnation,
                                schema::Timestamp at) {
    const core::LogHead head = journal.head(self).value_or(core::LogHead{});
    Outbox outbox(journal, self);
    if (const auto loaded = outbox.load_chains(); !loaded) return loaded;
    schema::LogOpened opened{incarnation, epoch, head.end, {}};
    for (const core::TopicHead& topic : head.topics) {
        opened.chains.emplace_back(topic.topic, topic.chain);
    }
    outbox.epoch_ = epoch;
    outbox.incarnation_ = incarnation;
    outbox.end_ = outbox.begun_ = head.end;
    outbox.next_ = schema::next(head.end);
    outbox.append(log_opened(self, std::move(opened), at));
    // What is decided from the log is behind it then, and is made again from where it is.
    core::JournalWrite write;
    write.appends.push_back(outbox.take_staged(at));
    if (const auto done = journal.commit(write, true); !done) {
        return schema::fail("open epoch " + std::to_string(epoch.value()) + " of " + self.value(),
                            done.error());
    }
    return {};
}

core::Append Outbox::take_staged(schema::Timestamp at) {
    for (Segment& segment : segments_) {
        for (const auto& [topic, chain] : chains_) {
            if (topic == segment.topic) segment.chain = Bytes(schema::view(chain));
        }
    }
    core::Append append;
    append.store = self_;
    append.epoch = epoch_;
    append.incarnation = incarnation_;
    append.after = end_;
    append.upto = Sequence{next_.value() - 1};
    append.segments = std::move(segments_);
    append.at = at;
    return append;
}

Result<void> Outbox::load_chains() {
    chains_.clear();
    const auto head = journal_.head(self_);
    if (!head) return {};
    for (const core::TopicHead& topic : head->topics)
        chains_.emplace_back(topic.topic, topic.chain);
    return {};
}

Position Outbox::next() const { return {self_, epoch_, next_}; }

bool Outbox::room_for(std::size_t bytes) const {
    if (!staged()) return true;
    const std::uint64_t events = next_.value() - begun_.value() - 1;
    return events < kGroupEvents && bytes_ + bytes <= schema::kCommitBytesMax;
}

void Outbox::append(LoggedEvent logged) {
    schema::check(logged.seq == next_, "a decision is staged where it was made");
    const std::string& topic = logged.event.topic;
    const auto is_topic = [&](const auto& entry) { return entry.first == topic; };
    auto chain = std::find_if(chains_.begin(), chains_.end(), is_topic);
    if (chain == chains_.end()) chain = chains_.emplace(chains_.end(), topic, Hash{});
    const Hash hash = schema::event_hash(self_, logged);
    chain->second = schema::hash_of(schema::view(chain->second), schema::view(hash));

    const auto of_topic = [&](const Segment& segment) { return segment.topic == topic; };
    auto segment = std::find_if(segments_.begin(), segments_.end(), of_topic);
    if (segment == segments_.end()) {
        segment = segments_.emplace(segments_.end());
        segment->topic = topic;
        segment->epoch = epoch_;
    }
    Bytes row = schema::encode_row(logged.event);
    bytes_ += row.size();
    segment->add(logged.seq, logged.event.client, std::move(row));
    next_ = schema::next(next_);
}

void Outbox::stage(ledger::Decision decision) {
    for (LoggedEvent& logged : decision.events) append(std::move(logged));
    ledger::write(*this, std::move(decision.changes));
}

Result<void> Outbox::commit(schema::Timestamp at, StateWrites more) {
    const auto begun = begin(at, std::move(more), true);
    return begun ? finish() : begun;
}

Result<void> Outbox::begin(schema::Timestamp at, StateWrites more, bool alone) {
    schema::check(!committing_, "one commit at a time");
    core::JournalWrite write;
    write.state = std::move(more);
    write.state.reserve(write.state.size() + new_staged_.size() + dirty_.size() + 1);
    for (const auto& [key, value] : new_staged_) write.state.emplace_back(journal_key(key), value);
    for (const Value* entry : dirty_) {
        write.state.emplace_back(journal_key(entry->key), entry->value);
    }
    if (staged()) {
        write.state.push_back(folded_upto(Sequence{next_.value() - 1}));
        write.appends.push_back(take_staged(at));
    }
    segments_.clear();
    auto begun = trouble_ ? Result<void>(tl::unexpected(*trouble_)) : Result<void>{};
    const bool unsynced = schema::planted(schema::Bug::till_answered_unsynced);
    if (begun && (alone || unsynced)) written_ = journal_.commit(write, !unsynced);
    if (begun && !written_) begun = journal_.begin(write);
    if (!begun) {
        roll_back();
        return begun;
    }
    for (Value* entry : dirty_) entry->dirty = false;
    writing_ = std::exchange(dirty_, {});
    std::swap(new_writing_, new_staged_);
    bytes_ = 0;
    begun_ = Sequence{next_.value() - 1};
    committing_ = true;
    return {};
}

Result<void> Outbox::finish() {
    schema::check(committing_, "a commit was begun");
    committing_ = false;
    const auto done = written_ ? *std::exchange(written_, std::nullopt) : journal_.finish();
    if (!done) {
        roll_back();
        return done;
    }
    writing_.clear();
    new_writing_.clear();
    end_ = begun_;
    age();
    return done;
}

Result<Sequence> Outbox::folded() const {
    const auto saved = journal_.get(kFolded);
    if (!saved) return tl::unexpected(saved.error());
    if (*saved) {
        schema::Parser parser;
        auto fields = parser.array(**saved);
        if (!fields) return schema::fail("state", fields.error());
        const Sequence upto{fields->u64()};
        if (const auto ok = parser.finish("state"); !ok) return tl::unexpected(ok.error());
        return upto;
    }
    // State without it was written by a version that had none, and always with its events.
    bool any = false;
    for (const std::string_view prefix : {kOwnPrefix, std::string_view("client/")}) {
        const auto scanned = journal_.scan(prefix, {}, [&](ByteView, ByteView) {
            any = true;
            return false;
        });
        if (!scanned) return tl::unexpected(scanned.error());
    }
    return any ? end_ : Sequence{0};
}

Result<void> Outbox::commit_folded(Sequence upto, schema::Timestamp at, StateWrites more) {
    schema::check(!staged(), "a state is made again before anything is decided from it");
    more.push_back(folded_upto(upto));
    return commit(at, std::move(more));
}

void Outbox::roll_back() {
    // The journal still has what these were before.
    std::vector<Bytes> keys;
    for (const Value* entry : dirty_) keys.push_back(entry->key);
    for (const Value* entry : writing_) keys.push_back(entry->key);
    for (const auto& [key, value] : new_writing_) keys.push_back(key);  // Read meanwhile, maybe.
    if (schema::planted(schema::Bug::failed_commit_stays)) {
        for (Value* entry : dirty_) entry->dirty = false;
        keys.clear();
    }
    dirty_.clear();
    writing_.clear();
    new_staged_.clear();
    new_writing_.clear();
    for (const Bytes& key : keys) {
        young_.erase(key);
        old_.erase(key);
    }
    segments_.clear();
    bytes_ = 0;
    begun_ = end_;
    next_ = schema::next(end_);
    (void)load_chains();
    trouble_.reset();
}

}  // namespace filial::publisher
