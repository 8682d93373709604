#include "subscriber/numbers.h"

#include <algorithm>
#include <tuple>

#include "subscriber/replica_keys.h"

namespace filial::subscriber {

using schema::Bytes;
using schema::Result;

namespace {

/// Records kept in memory, about 150 bytes each: the products of a chain of 13 stores fit (40,000
/// in the retail data), and a larger chain still stays below 10 MiB.
constexpr std::size_t kHeldMax = 64'000;

Bytes key_of(const std::string& topic, const schema::StoreId& store, std::string_view key) {
    if (topic == schema::kTopicStock) return stock_key(store.value(), key);
    return contribution_key({topic, store, {}, Part::number, std::string(key)});
}

}  // namespace

std::size_t Numbers::slot(std::string_view topic, const schema::StoreId& store) {
    for (std::size_t i = 0; i < slots_.size(); ++i) {
        if (slots_[i]->topic == topic && slots_[i]->store == store) return i;
    }
    auto slot = std::make_unique<Slot>();
    slot->topic = topic;
    slot->store = store;
    // A position is written with the first event's effect, and dropped after the last one's.
    const auto position = store_.get(log_key('p', store.value(), topic));
    slot->complete = position && !*position;
    slots_.push_back(std::move(slot));
    return slots_.size() - 1;
}

Result<Numbers::Cell> Numbers::load(const Slot& slot, std::string_view key) const {
    if (slot.complete) return Cell{};
    const auto value = store_.get(key_of(slot.topic, slot.store, key));
    if (!value) return tl::unexpected(value.error());
    if (!*value) return Cell{};
    auto record = NumberRecord::decode(**value);
    if (!record) return tl::unexpected(record.error());
    return Cell{std::move(*record), false};
}

Result<bool> Numbers::add(std::size_t index, schema::Epoch epoch, std::string_view key,
                          std::int64_t delta) {
    Slot& slot = *slots_[index];
    auto at = slot.cells.find(key);
    if (at == slot.cells.end()) {
        auto loaded = load(slot, key);
        if (!loaded) return tl::unexpected(loaded.error());
        at = slot.cells.emplace(key, std::move(*loaded)).first;
        ++held_;
    }
    Cell& cell = at->second;
    if (!cell.record.add(epoch, delta)) return false;
    if (!cell.changed) {
        cell.changed = true;
        changed_.push_back({&slot, &*at});
    }
    return true;
}

void Numbers::write_into(ReplicaWrite& write) {
    // In the order of their keys, which the memtable takes several times faster.
    std::sort(changed_.begin(), changed_.end(), [](const Change& a, const Change& b) {
        if (a.slot != b.slot) {
            return std::tie(a.slot->topic, a.slot->store) < std::tie(b.slot->topic, b.slot->store);
        }
        return a.cell->first < b.cell->first;
    });
    Bytes value;
    for (const Change& change : changed_) {
        const auto& [name, cell] = *change.cell;
        value.clear();
        cell.record.append_to(value);
        write.put(key_of(change.slot->topic, change.slot->store, name), value);
    }
}

void Numbers::written() {
    for (const Change& change : changed_) change.cell->second.changed = false;
    changed_.clear();
    if (held_ <= kHeldMax) return;
    for (const auto& slot : slots_) {
        slot->complete = slot->complete && slot->cells.empty();
        slot->cells.clear();
    }
    held_ = 0;
}

void Numbers::forget() {
    slots_.clear();
    changed_.clear();
    held_ = 0;
}

}  // namespace filial::subscriber
