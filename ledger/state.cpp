#include "ledger/state.h"

#include <string>

namespace filial::ledger {

using schema::Bytes;
using schema::ByteView;
using schema::Errc;
using schema::fail;
using schema::Result;

namespace {

/// So many changes are looked through one by one: what a ticket of a few lines makes.
constexpr std::size_t kFewChanges = 16;

}  // namespace

const Row* State::row(ByteView) const { return nullptr; }

void State::add_part(ByteView key, Bytes part) {
    Bytes value = get(key).value_or(Bytes());
    value += part;
    put(key, std::move(value));
}

Result<void> State::scan(ByteView prefix, const Visit&) const {
    return fail(Errc::invalid, "this state cannot be walked through: " + Bytes(prefix));
}

const Change* Scratch::find(ByteView key) const {
    if (changes_.size() <= kFewChanges) {
        for (const Change& change : changes_) {
            if (change.key == key) return &change;
        }
        return nullptr;
    }
    const auto [from, to] = places_.equal_range(KeyHash{}(key));
    for (auto at = from; at != to; ++at) {
        if (changes_[at->second].key == key) return &changes_[at->second];
    }
    return nullptr;
}

void Scratch::set(ByteView key, std::optional<Bytes> value, bool is_new) {
    if (const Change* found = find(key); found != nullptr) {
        changes_[static_cast<std::size_t>(found - changes_.data())].value = std::move(value);
        return;
    }
    changes_.push_back({Bytes(key), std::move(value), is_new});
    if (changes_.size() <= kFewChanges) return;
    for (std::size_t i = places_.size(); i < changes_.size(); ++i) {
        places_.emplace(KeyHash{}(changes_[i].key), i);
    }
}

std::optional<Bytes> Scratch::get(ByteView key) const {
    const Change* found = find(key);
    return found != nullptr ? found->value : base_.get(key);
}

const Row* Scratch::row(ByteView key) const {
    return find(key) != nullptr ? nullptr : base_.row(key);
}

void Scratch::put(ByteView key, Bytes value) { set(key, std::move(value), false); }

void Scratch::erase(ByteView key) { set(key, std::nullopt, false); }

void Scratch::put_new(ByteView key, Bytes value) { set(key, std::move(value), true); }

void Scratch::add_part(ByteView key, Bytes part) {
    const Change* found = find(key);
    if (found == nullptr) return set(key, std::move(part), true);
    changes_[static_cast<std::size_t>(found - changes_.data())].value->append(part);
}

Result<void> Scratch::scan(ByteView prefix, const Visit& visit) const {
    const auto below = base_.scan(prefix, [&](ByteView key, ByteView value) {
        if (find(key) == nullptr) visit(key, value);
    });
    if (!below) return below;
    for (const Change& change : changes_) {
        if (change.value && ByteView(change.key).starts_with(prefix)) {
            visit(change.key, *change.value);
        }
    }
    return {};
}

Changes Scratch::take() {
    places_.clear();
    return std::move(changes_);
}

void write(State& state, Changes changes) {
    for (Change& change : changes) {
        if (!change.value) {
            state.erase(change.key);
        } else if (change.is_new) {
            state.put_new(change.key, std::move(*change.value));
        } else {
            state.put(change.key, std::move(*change.value));
        }
    }
}

std::optional<Bytes> MapState::get(ByteView key) const {
    const auto found = values_.find(key);
    if (found == values_.end()) return std::nullopt;
    return found->second;
}

void MapState::put(ByteView key, Bytes value) { values_.insert_or_assign(Bytes(key), value); }

void MapState::erase(ByteView key) {
    const auto found = values_.find(key);
    if (found != values_.end()) values_.erase(found);
}

Result<void> MapState::scan(ByteView prefix, const Visit& visit) const {
    for (auto at = values_.lower_bound(prefix); at != values_.end(); ++at) {
        if (!ByteView(at->first).starts_with(prefix)) break;
        visit(at->first, at->second);
    }
    return {};
}

Result<std::int64_t> read_sum(const State& state, ByteView key) {
    const Row* row = state.row(key);
    std::optional<Bytes> copy;
    if (row == nullptr) copy = state.get(key);
    const auto& value = row != nullptr ? row->value : copy;
    if (!value) return 0;
    if (value->size() != 8) return fail(Errc::corrupt, "own state at " + Bytes(key));
    std::uint64_t bits = 0;
    for (const char c : *value) bits = bits << 8 | static_cast<unsigned char>(c);
    return static_cast<std::int64_t>(bits);
}

void write_sum(State& state, ByteView key, std::int64_t value) {
    Bytes bytes(8, '\0');
    auto bits = static_cast<std::uint64_t>(value);
    for (std::size_t i = 8; i-- > 0; bits >>= 8) bytes[i] = static_cast<char>(bits & 0xff);
    state.put(key, std::move(bytes));
}

schema::Parser& parser() {
    static thread_local schema::Parser mine;
    return mine;
}

}  // namespace filial::ledger
