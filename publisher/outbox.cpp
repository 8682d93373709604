#include "publisher/outbox.h"

#include <algorithm>
#include <map>
#include <unordered_set>
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

constexpr std::string_view kOwnPrefix = "own/";
/// How far the state is the fold of the log; written with every change of either.
constexpr std::string_view kFolded = "folded";
/// Bytes of one generation of the memory; there are two.
constexpr std::size_t kYoungBytesMax = 4 * 1024 * 1024;
/// What a value takes beside its key and itself. What was read of it is not counted: of the few
/// rows that have it (ledger::Row), a few hundred bytes each.
constexpr std::size_t kValueOverhead = 144;

Bytes journal_key(ByteView key) {
    Bytes full(kOwnPrefix);
    full += key;
    return full;
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

void Outbox::age() const {
    if (young_bytes_ <= kYoungBytesMax || !dirty_.empty() || !writing_.empty()) return;
    old_ = std::move(young_);
    young_ = Values();
    young_bytes_ = 0;
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

Result<std::vector<Bytes>> Outbox::keys(ByteView prefix, ByteView after,
                                        std::size_t at_most) const {
    std::map<Bytes, bool> staged;  // Whether there is a value.
    for (const auto& entries : {dirty_, writing_}) {
        for (const auto* entry : entries) {
            const bool asked = ByteView(entry->key).starts_with(prefix) && entry->key > after;
            if (asked) staged[entry->key] = entry->value.has_value();
        }
    }
    for (const NewValues* each : {&std::as_const(new_staged_), &new_writing_}) {
        for (const auto& [key, value] : *each) {
            if (ByteView(key).starts_with(prefix) && key > after) staged[key] = true;
        }
    }
    std::vector<Bytes> found;
    const std::size_t most = at_most + staged.size();
    const auto scanned =
        journal_.scan(journal_key(prefix), after.empty() ? Bytes() : journal_key(after),
                      [&](ByteView key, ByteView) {
                          Bytes own(key.substr(kOwnPrefix.size()));
                          if (!staged.contains(own)) found.push_back(std::move(own));
                          return found.size() < most;
                      });
    if (!scanned) return tl::unexpected(scanned.error());
    for (const auto& [key, is] : staged) {
        if (is) found.push_back(key);
    }
    std::sort(found.begin(), found.end());
    if (found.size() > at_most) found.resize(at_most);
    return found;
}

std::optional<Bytes> Outbox::get(ByteView key) const {
    const ledger::Row* found = row(key);
    return found == nullptr ? std::nullopt : found->value;
}

Outbox::Value& Outbox::add_young(ByteView key) const {
    auto made = std::make_unique<Value>();
    made->key = key;
    Value& value = *made;
    young_.insert_or_assign(ByteView(value.key), std::move(made));
    return value;
}

const ledger::Row* Outbox::row(ByteView key) const {
    if (const auto found = young_.find(key); found != young_.end()) return found->second.get();
    Value* at = nullptr;
    if (const auto found = old_.find(key); found != old_.end()) {
        std::unique_ptr<Value> value = std::move(found.value());
        old_.erase(found);
        at = value.get();
        young_.insert_or_assign(ByteView(at->key), std::move(value));
    } else if (const auto staged = new_staged_.find(key); staged != new_staged_.end()) {
        // From here on it is a value like any other.
        at = &add_young(key);
        at->value = std::move(staged->second);
        at->dirty = true;
        dirty_.push_back(at);
        new_staged_.erase(staged);
    } else if (const auto written = new_writing_.find(key); written != new_writing_.end()) {
        at = &add_young(key);
        at->value = written->second;
    } else {
        auto read = journal_.get(journal_key(key));
        if (!read) {
            if (!trouble_)
                trouble_ = schema::Error{read.error().code, "own state: " + read.error().message};
            return nullptr;
        }
        at = &add_young(key);
        at->value = std::move(*read);
    }
    young_bytes_ += key.size() + (at->value ? at->value->size() : 0) + kValueOverhead;
    age();  // It may be among the old ones again, at the same place.
    return at;
}

void Outbox::put_new(ByteView key, Bytes value) {
    new_staged_.insert_or_assign(Bytes(key), std::move(value));
}

Result<void> Outbox::scan(ByteView prefix, const Visit& visit) const {
    std::unordered_set<Bytes, ledger::KeyHash, std::equal_to<>> seen;
    const auto show = [&](ByteView key, const std::optional<Bytes>& value) {
        if (!key.starts_with(prefix) || !seen.emplace(key).second) return;
        if (value) visit(key, *value);
    };
    for (const auto* entries : {&std::as_const(dirty_), &writing_}) {
        for (const Value* entry : *entries) show(entry->key, entry->value);
    }
    for (const NewValues* each : {&std::as_const(new_staged_), &new_writing_}) {
        for (const auto& [key, value] : *each) show(key, value);
    }
    return journal_.scan(journal_key(prefix), {}, [&](ByteView key, ByteView value) {
        const ByteView own = key.substr(kOwnPrefix.size());
        if (!seen.contains(own)) visit(own, value);
        return true;
    });
}

void Outbox::put(ByteView key, Bytes value) { set(key, std::move(value)); }

void Outbox::erase(ByteView key) { set(key, std::nullopt); }

void Outbox::set(ByteView key, std::optional<Bytes> value) {
    const auto found = young_.find(key);
    Value& held = found != young_.end() ? *found.value() : add_young(key);
    if (found == young_.end()) young_bytes_ += key.size() + kValueOverhead;
    young_bytes_ += value ? value->size() : 0;
    held.value = std::move(value);
    held.read_as.reset();
    if (held.dirty) return;
    held.dirty = true;
    dirty_.push_back(&held);
}

}  // namespace filial::publisher
