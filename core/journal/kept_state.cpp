#include "core/journal/kept_state.h"

#include <rocksdb/db.h>

#include <algorithm>
#include <utility>

namespace filial::core {

using schema::Bytes;
using schema::ByteView;
using schema::Errc;
using schema::fail;
using schema::Result;

namespace {

/// Older changes that a commit writes as rows: twice as many as it brings, so that they are done
/// before as many new ones have come, and a few for commits that bring hardly any.
constexpr std::size_t kRowsLeast = 64;
/// A generation has at most this many records, however small: each is read at opening.
constexpr std::size_t kRecordsMax = 2'048;
/// Of a change in memory, beside its bytes.
constexpr std::size_t kChangeOverhead = 80;

rocksdb::Slice slice(ByteView bytes) { return {bytes.data(), bytes.size()}; }

Result<void> prepared(const rocksdb::Status& status) {
    if (status.ok()) return {};
    return tl::unexpected(from_status("prepare a commit", status));
}

Result<void> check_size(const StateEntry& entry) {
    const std::size_t bytes = entry.first.size() + (entry.second ? entry.second->size() : 0);
    if (bytes <= kStateEntryBytesMax) return {};
    return fail(Errc::too_large, "a value of the state has " + std::to_string(bytes) +
                                     " bytes, at most " + std::to_string(kStateEntryBytesMax) +
                                     " are possible");
}

}  // namespace

/// In the order of keys over both generations, the younger one first where both have a key.
class KeptState::Walk {
  public:
    Walk(const KeptState& state, ByteView from, ByteView prefix)
        : changes_(state.young_.changes), prefix_(prefix), young_(state.young_.keys, from) {
        const auto below = [](const Change& change, ByteView key) { return change.first < key; };
        old_ = std::lower_bound(state.rows_.begin(), state.rows_.end(), from, below);
        old_end_ = state.rows_.end();
    }

    /// The next change of a key with the prefix, if there is one.
    std::optional<Change> here() const {
        const ByteView* young = young_.here();
        const bool any_young = young != nullptr && young->starts_with(prefix_);
        const bool any_old = old_ != old_end_ && old_->first.starts_with(prefix_);
        if (any_young && (!any_old || *young <= old_->first)) {
            return Change{*young, changes_.at(*young)};
        }
        return any_old ? std::optional(*old_) : std::nullopt;
    }
    void next() {
        const ByteView key = here()->first;
        if (old_ != old_end_ && old_->first == key) ++old_;
        if (young_.here() != nullptr && *young_.here() == key) young_.next();
    }

  private:
    const Changes& changes_;
    ByteView prefix_;
    KeyRuns::Walk young_;
    std::vector<Change>::const_iterator old_, old_end_;
};

void KeptState::Generation::take(RedoPtr record) {
    bytes += record->bytes.size();
    for (const StateChange& change : record->changes) {
        if (!changes.insert_or_assign(change.key, change.value).second) continue;
        bytes += kChangeOverhead;
        keys.add(change.key);
    }
    record->changes = {};
    records.push_back(std::move(record));
}

Result<void> KeptState::load(const JournalStore& store) {
    schema::Parser parser;
    const std::unique_ptr<rocksdb::Iterator> at(
        store.db().NewIterator(rocksdb::ReadOptions(), store.column(kRedoColumn)));
    for (at->SeekToFirst(); at->Valid(); at->Next()) {
        const auto number = redo_number(at->key().ToStringView());
        if (!number) return fail("state", number.error());
        auto record = read_redo(parser, at->value().ToStringView());
        if (!record) return fail("state", record.error());
        if (young_.records.empty()) young_.first = *number;
        if (*number != young_.first + young_.records.size()) {
            return fail(Errc::corrupt, "state: redo record " + std::to_string(*number) +
                                           " does not follow the one before it");
        }
        young_.take(std::move(*record));
        next_record_ = *number + 1;
    }
    if (!at->status().ok()) return tl::unexpected(from_status("redo records", at->status()));
    if (auto rows = due()) turn(std::move(*rows));
    return {};
}

Result<KeptState::Step> KeptState::add(rocksdb::WriteBatch& batch, const JournalStore& store,
                                       const std::vector<StateEntry>& changes) const {
    Step step;
    rocksdb::ColumnFamilyHandle* redo = store.column(kRedoColumn);
    std::span<const StateEntry> left(changes);
    while (!left.empty()) {
        const std::size_t count = redo_entries(left);
        for (const StateEntry& entry : left.first(count)) {
            if (const auto ok = check_size(entry); !ok) return tl::unexpected(ok.error());
        }
        step.records.push_back(make_redo(left.first(count)));
        const Bytes key = redo_key(next_record_ + step.records.size() - 1);
        const auto put = prepared(batch.Put(redo, key, step.records.back()->bytes));
        if (!put) return tl::unexpected(put.error());
        left = left.subspan(count);
    }
    if (old_.records.empty()) return step;

    const std::size_t most = std::max(kRowsLeast, 2 * changes.size());
    rocksdb::ColumnFamilyHandle* rows = store.column(kStateColumn);
    std::size_t at = next_row_;
    for (; at < rows_.size() && step.rows < most; ++at, ++step.rows) {
        const auto& [key, value] = rows_[at];
        const auto put = prepared(value ? batch.Put(rows, slice(key), slice(*value))
                                        : batch.Delete(rows, slice(key)));
        if (!put) return tl::unexpected(put.error());
    }
    step.all_rows = at == rows_.size();
    for (std::size_t i = 0; step.all_rows && i < old_.records.size(); ++i) {
        const auto gone = prepared(batch.Delete(redo, redo_key(old_.first + i)));
        if (!gone) return tl::unexpected(gone.error());
    }
    return step;
}

void KeptState::wrote(Step step) {
    next_row_ += step.rows;
    if (step.all_rows) {
        rows_.clear();
        old_ = Generation();
    }
    for (RedoPtr& record : step.records) {
        if (young_.records.empty()) young_.first = next_record_;
        young_.take(std::move(record));
        ++next_record_;
    }
}

/// The young generation becomes rows once it is large enough and the last one has become so.
std::optional<std::vector<KeptState::Change>> KeptState::due() const {
    const bool large = young_.bytes >= bytes_goal_ || young_.records.size() >= kRecordsMax;
    if (!large || !old_.records.empty()) return std::nullopt;
    std::vector<Change> rows;
    rows.reserve(young_.changes.size());
    for (const auto& [key, value] : young_.changes) rows.emplace_back(key, value);
    const auto below = [](const Change& a, const Change& b) { return a.first < b.first; };
    std::sort(rows.begin(), rows.end(), below);
    return rows;
}

void KeptState::turn(std::vector<Change> sorted) {
    old_ = std::exchange(young_, Generation());
    rows_ = std::move(sorted);
    next_row_ = 0;
}

Result<std::optional<Bytes>> KeptState::get(const JournalStore& store, ByteView key) const {
    for (const Generation* each : {&std::as_const(young_), &old_}) {
        const auto found = each->changes.find(key);
        if (found == each->changes.end()) continue;
        if (!found->second) return std::nullopt;
        return Bytes(*found->second);
    }
    std::string value;
    const auto status =
        store.db().Get(rocksdb::ReadOptions(), store.column(kStateColumn), slice(key), &value);
    if (status.IsNotFound()) return std::nullopt;
    if (!status.ok()) return tl::unexpected(from_status("read state", status));
    return value;
}

Result<void> KeptState::scan(const JournalStore& store, ByteView prefix, ByteView after,
                             const std::function<bool(ByteView, ByteView)>& each) const {
    const ByteView from = std::max(prefix, after);
    const std::unique_ptr<rocksdb::Iterator> at(
        store.db().NewIterator(rocksdb::ReadOptions(), store.column(kStateColumn)));
    at->Seek(slice(from));
    Walk changes(*this, from, prefix);
    const auto wanted = [&](ByteView key) { return after.empty() || key != after; };
    for (;;) {
        const bool row = at->Valid() && at->key().ToStringView().starts_with(prefix);
        const auto change = changes.here();
        if (!row && !change) break;
        const ByteView key = row ? at->key().ToStringView() : ByteView();
        if (!change || (row && key < change->first)) {
            if (wanted(key) && !each(key, at->value().ToStringView())) return {};
            at->Next();
            continue;
        }
        const bool is = change->second && wanted(change->first);
        if (is && !each(change->first, *change->second)) return {};
        if (row && key == change->first) at->Next();
        changes.next();
    }
    if (!at->status().ok()) return tl::unexpected(from_status("read state", at->status()));
    return {};
}

}  // namespace filial::core
