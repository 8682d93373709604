#include "ledger/state.h"

#include <string>

namespace filial::ledger {

using schema::Bytes;
using schema::ByteView;
using schema::Errc;
using schema::fail;
using schema::Result;

const Row* State::row(ByteView) const { return nullptr; }

std::optional<Bytes> Scratch::get(ByteView key) const {
    if (changes_.empty()) return base_.get(key);
    const auto found = changes_.find(key);
    return found != changes_.end() ? found->second : base_.get(key);
}

const Row* Scratch::row(ByteView key) const {
    if (!changes_.empty() && changes_.contains(key)) return nullptr;
    return base_.row(key);
}

void Scratch::put(ByteView key, Bytes value) {
    const auto found = changes_.find(key);
    if (found != changes_.end()) {
        found->second = std::move(value);
    } else {
        changes_.emplace(Bytes(key), std::move(value));
    }
}

void Scratch::erase(ByteView key) {
    const auto found = changes_.find(key);
    if (found != changes_.end()) {
        found->second.reset();
    } else {
        changes_.emplace(Bytes(key), std::nullopt);
    }
}

void write(State& state, Changes changes) {
    for (auto& [key, value] : changes) {
        if (value) {
            state.put(key, std::move(*value));
        } else {
            state.erase(key);
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
