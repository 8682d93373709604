#include "publisher/outbox.h"

#include <utility>

#include "schema/limits.h"
#include "schema/payloads.h"
#include "schema/planted.h"

namespace filial::publisher {

using schema::Bytes;
using schema::ByteView;
using schema::LoggedEvent;
using schema::Position;
using schema::Result;
using schema::Sequence;

namespace {

/// How far the state is the fold of the log; written with every change of either.
constexpr std::string_view kFolded = "folded";

/// What a write, a row of it and a value take beside their own bytes, at most.
constexpr std::size_t kWriteOverhead = 4'096;
constexpr std::size_t kRowOverhead = 64;

std::size_t entry_bytes(ByteView key, const std::optional<Bytes>& value) {
    return key.size() + (value ? value->size() : 0) + kRowOverhead;
}

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
        return {};
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
    Chains chains = chains_of(head);
    write.appends.push_back(append_of(outbox.take_group(at), chains));
    write.state.emplace_back(kQuarantineKey, std::nullopt);
    if (const auto done = journal.commit(write, true); !done) {
        return schema::fail("open epoch " + std::to_string(epoch.value()) + " of " + self.value(),
                            done.error());
    }
    return {};
}

Group Outbox::take_group(schema::Timestamp at) {
    Group group;
    group.store = self_;
    group.epoch = epoch_;
    group.incarnation = incarnation_;
    group.events = std::exchange(events_, {});
    group.at = at;
    return group;
}

Position Outbox::next() const { return {self_, epoch_, next_}; }

bool Outbox::room_for(std::size_t bytes) const {
    if (!staged()) return true;
    const std::uint64_t events = next_.value() - begun_.value() - 1;
    return events < kGroupEvents && bytes_ + bytes <= schema::kCommitBytesMax;
}

void Outbox::append(LoggedEvent logged) {
    schema::check(logged.seq == next_, "a decision is staged where it was made");
    events_.push_back(std::move(logged));
    next_ = schema::next(next_);
}

void Outbox::stage(ledger::Decision decision) {
    bytes_ += decision.bytes;
    for (LoggedEvent& logged : decision.events) append(std::move(logged));
    ledger::write(*this, std::move(decision.changes));
}

Result<void> Outbox::commit(schema::Timestamp at, StateWrites more) {
    const auto begun = begin(at, std::move(more), true);
    return begun ? finish() : begun;
}

/// What stands still until `finish`, or is the write's own: events, changed values, `more`. Keys
/// and values that nobody keeps are read where they are.
core::MakeWrite Outbox::take_staged(schema::Timestamp at, StateWrites more, InHand& into,
                                    std::size_t& bytes) {
    bytes = kWriteOverhead + bytes_ + events_.size() * kRowOverhead;
    for (const auto& [key, value] : more) bytes += entry_bytes(key, value);
    std::vector<std::pair<ByteView, std::optional<Bytes>>> rows;
    rows.reserve(dirty_.size());
    for (Value* entry : dirty_) {
        rows.emplace_back(entry->key, entry->value);
        bytes += entry_bytes(entry->key, entry->value);
        entry->dirty = false;
    }
    into.upto = Sequence{next_.value() - 1};
    into.values = std::exchange(dirty_, {});
    into.new_values = std::exchange(new_staged_, {});
    for (const auto& [key, value] : into.new_values) bytes += entry_bytes(key, value);
    std::optional<Group> group;
    if (staged()) {
        more.push_back(folded_upto(into.upto));
        group = take_group(at);
    }
    bytes_ = 0;
    return
        [group = std::move(group), chains = chains_, more = std::move(more), rows = std::move(rows),
         &new_rows = std::as_const(into.new_values)]() -> Result<core::JournalWrite> {
            core::JournalWrite write;
            write.state.reserve(new_rows.size() + rows.size() + more.size());
            for (const auto& [key, value] : new_rows)
                write.state.emplace_back(journal_key(key), value);
            for (const auto& [key, value] : rows) write.state.emplace_back(journal_key(key), value);
            write.state.insert(write.state.end(), more.begin(), more.end());
            if (group) write.appends.push_back(append_of(*group, *chains));
            return write;
        };
}

Result<void> Outbox::begin(schema::Timestamp at, StateWrites more, bool alone) {
    schema::check(may_begin() && !(alone && in_hand() > 0), "not more is begun than may be");
    if (trouble_) {
        const schema::Error trouble = *trouble_;
        roll_back();
        return tl::unexpected(trouble);
    }
    if (in_hand_.empty()) {
        chains_ =
            std::make_shared<Chains>(chains_of(journal_.head(self_).value_or(core::LogHead{})));
    }
    InHand& made = in_hand_.emplace_back();
    std::size_t bytes = 0;
    auto make = take_staged(at, std::move(more), made, bytes);
    const bool unsynced = schema::planted(schema::Bug::till_answered_unsynced);
    if (alone || unsynced) {
        const auto write = make();
        made.done = write ? journal_.commit(*write, !unsynced) : tl::unexpected(write.error());
    } else if (const auto begun = journal_.begin(std::move(make), bytes); !begun) {
        made.done = begun;
        roll_back();
        return begun;
    }
    begun_ = made.upto;
    return {};
}

Result<void> Outbox::finish() {
    schema::check(!in_hand_.empty(), "a commit was begun");
    InHand& oldest = in_hand_.front();
    const auto done = oldest.done ? *oldest.done : journal_.finish();
    if (!done) {
        oldest.done = done;
        roll_back();
        in_hand_.clear();
        return done;
    }
    end_ = oldest.upto;
    in_hand_.pop_front();
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

/// The disk's word on what is in hand is waited for: the journal then still has what values were
/// before, or what they are.
void Outbox::roll_back() {
    std::vector<Bytes> keys;
    for (const auto* entries : changed()) {
        for (const Value* entry : *entries) keys.push_back(entry->key);
    }
    for (const NewValues* values : added()) {
        for (const auto& [key, value] : *values) keys.push_back(key);  // Read meanwhile, maybe.
    }
    Sequence durable = end_;
    while (!in_hand_.empty() && in_hand_.back().done && !*in_hand_.back().done) in_hand_.pop_back();
    for (InHand& each : in_hand_) {
        if (!each.done) each.done = journal_.finish();
        if (*each.done) durable = each.upto;
        each.values.clear();
        each.new_values.clear();
    }
    if (schema::planted(schema::Bug::failed_commit_stays)) {
        for (Value* entry : dirty_) entry->dirty = false;
        keys.clear();
    }
    dirty_.clear();
    new_staged_.clear();
    for (const Bytes& key : keys) {
        young_.erase(key);
        old_.erase(key);
    }
    events_.clear();
    bytes_ = 0;
    begun_ = durable;
    next_ = schema::next(durable);
    trouble_.reset();
}

}  // namespace filial::publisher
