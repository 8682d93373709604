#include "subscriber/numbers.h"

#include <algorithm>

#include "schema/amounts.h"
#include "subscriber/replica_keys.h"

namespace filial::subscriber {

using schema::Bytes;
using schema::Result;

namespace {

/// Values kept in memory, about 120 bytes each: the products of a chain of 13 stores fit (40,000
/// values in the retail data), and a larger chain still stays below 8 MiB.
constexpr std::size_t kHeldMax = 64'000;

Bytes sum_key(const std::string& topic, const schema::StoreId& store, std::string_view key) {
    if (topic == schema::kTopicStock) return stock_key(store.value(), key);
    return customer_prefix(key) + 'd' + store.value();
}

}  // namespace

std::size_t Numbers::slot(std::string_view topic, const schema::StoreId& store,
                          schema::Epoch epoch) {
    for (std::size_t i = 0; i < slots_.size(); ++i) {
        const Slot& slot = *slots_[i];
        if (slot.topic == topic && slot.store == store && slot.epoch == epoch) return i;
    }
    auto slot = std::make_unique<Slot>();
    slot->topic = topic;
    slot->store = store;
    slot->epoch = epoch;
    slot->contribution = contribution_key({slot->topic, store, epoch, Part::number, {}});
    slots_.push_back(std::move(slot));
    return slots_.size() - 1;
}

const Numbers::Cell* Numbers::in_older_epoch(const Slot& slot, std::string_view key) const {
    const Slot* newest = nullptr;
    for (const auto& other : slots_) {
        const bool same_log = other->topic == slot.topic && other->store == slot.store;
        if (!same_log || !(other->epoch < slot.epoch)) continue;
        if (newest == nullptr || newest->epoch < other->epoch) newest = other.get();
    }
    if (newest == nullptr) return nullptr;
    const auto cell = newest->cells.find(key);
    if (cell != newest->cells.end()) return &cell->second;
    return in_older_epoch(*newest, key);
}

Result<Numbers::Cell> Numbers::load(const Slot& slot, std::string_view key) const {
    Cell cell;
    const auto value = store_.get(slot.contribution + Bytes(key));
    if (!value) return tl::unexpected(value.error());
    if (*value) cell.value = number_of(**value);
    if (slot.epoch.value() <= 1) {  // Nothing can stand before it.
        cell.sum = cell.value;
        return cell;
    }
    if (const Cell* older = in_older_epoch(slot, key)) {
        cell.sum = older->sum;
        return cell;
    }
    const auto sum = store_.get(sum_key(slot.topic, slot.store, key));
    if (!sum) return tl::unexpected(sum.error());
    if (*sum) cell.sum = number_of(**sum);
    return cell;
}

Result<bool> Numbers::add(std::size_t index, std::string_view key, std::int64_t delta) {
    Slot& slot = *slots_[index];
    auto at = slot.cells.find(key);
    if (at == slot.cells.end()) {
        const auto loaded = load(slot, key);
        if (!loaded) return tl::unexpected(loaded.error());
        at = slot.cells.emplace(key, *loaded).first;
        ++held_;
    }
    Cell& cell = at->second;
    const auto value = schema::add(cell.value, delta);
    const auto sum = schema::add(cell.sum, delta);
    if (!value || !sum) return false;
    cell.value = *value;
    cell.sum = *sum;
    if (!cell.changed) {
        cell.changed = true;
        changed_.push_back({&slot, &*at});
    }
    return true;
}

void Numbers::write_into(ReplicaWrite& write) {
    // In the order of their keys, which the memtable takes several times faster.
    std::sort(changed_.begin(), changed_.end(), [](const Change& a, const Change& b) {
        if (a.slot != b.slot) return a.slot->contribution < b.slot->contribution;
        return a.cell->first < b.cell->first;
    });
    Bytes key;
    for (const Change& change : changed_) {
        const auto& [name, cell] = *change.cell;
        key = change.slot->contribution;
        key += name;
        write.put(key, number_value(cell.value));
        write.put(sum_key(change.slot->topic, change.slot->store, name), number_value(cell.sum));
    }
}

void Numbers::written() {
    for (const Change& change : changed_) change.cell->second.changed = false;
    changed_.clear();
    if (held_ <= kHeldMax) return;
    for (const auto& slot : slots_) slot->cells.clear();
    held_ = 0;
}

void Numbers::forget() {
    slots_.clear();
    changed_.clear();
    held_ = 0;
}

}  // namespace filial::subscriber
