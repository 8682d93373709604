#include "subscriber/shadow_store.h"

#include <utility>
#include <vector>

namespace filial::subscriber {

using schema::Bytes;
using schema::ByteView;
using schema::Result;

namespace {

class ShadowWrite : public ReplicaWrite {
  public:
    void put(ByteView key, ByteView value) override {
        bytes_ += key.size() + value.size();
        changes.emplace_back(key, Bytes(value));
    }
    void erase(ByteView key) override {
        bytes_ += key.size();
        changes.emplace_back(key, std::nullopt);
    }
    void put_received(ByteView, ByteView) override {}
    void erase_received(ByteView, ByteView) override {}
    bool empty() const override { return changes.empty(); }
    std::size_t bytes() const override { return bytes_; }

    std::vector<std::pair<Bytes, std::optional<Bytes>>> changes;

  private:
    std::size_t bytes_ = 0;
};

}  // namespace

Result<std::optional<Bytes>> ShadowStore::get(ByteView key) const {
    const auto at = rows_.find(key);
    if (at == rows_.end()) return std::optional<Bytes>();
    return std::optional<Bytes>(at->second);
}

Result<void> ShadowStore::scan(ByteView prefix, ByteView above, const Visit& each) const {
    auto at = above > prefix ? rows_.upper_bound(above) : rows_.lower_bound(prefix);
    for (; at != rows_.end() && at->first.starts_with(prefix); ++at) {
        if (!each(at->first, at->second)) break;
    }
    return {};
}

Result<void> ShadowStore::scan_received(ByteView, ByteView, const Visit&) const { return {}; }

std::unique_ptr<ReplicaWrite> ShadowStore::begin() const { return std::make_unique<ShadowWrite>(); }

Result<void> ShadowStore::write(ReplicaWrite& write, bool) {
    for (auto& [key, value] : static_cast<ShadowWrite&>(write).changes) {
        if (const auto at = rows_.find(key); at != rows_.end()) {
            bytes_ -= at->first.size() + at->second.size();
            rows_.erase(at);
        }
        if (!value) continue;
        bytes_ += key.size() + value->size();
        rows_.emplace(std::move(key), std::move(*value));
    }
    return {};
}

}  // namespace filial::subscriber
