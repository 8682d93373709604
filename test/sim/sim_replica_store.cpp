#include "test/sim/sim_replica_store.h"

namespace filial::sim {

using schema::Bytes;
using schema::ByteView;
using schema::Errc;
using schema::Result;
using subscriber::ReplicaStore;
using subscriber::ReplicaWrite;

namespace {

class SimWrite : public ReplicaWrite {
  public:
    struct Op {
        bool received = false;
        Bytes key;
        std::optional<Bytes> value;
        std::optional<Bytes> end;  ///< Of an erased range.
    };
    void put(ByteView key, ByteView value) override { add(false, key, Bytes(value)); }
    void erase(ByteView key) override { add(false, key, std::nullopt); }
    void put_received(ByteView key, ByteView value) override { add(true, key, Bytes(value)); }
    void erase_received(ByteView first, ByteView end) override {
        ops.push_back({true, Bytes(first), std::nullopt, Bytes(end)});
    }
    bool empty() const override { return ops.empty(); }
    std::size_t bytes() const override { return bytes_; }
    std::vector<Op> ops;

  private:
    void add(bool received, ByteView key, std::optional<Bytes> value) {
        bytes_ += key.size() + (value ? value->size() : 0);
        ops.push_back({received, Bytes(key), std::move(value), std::nullopt});
    }
    std::size_t bytes_ = 0;
};

Result<void> walk(const ReplicaDisk::Map& map, ByteView prefix, ReplicaDisk::Map::const_iterator at,
                  const ReplicaStore::Visit& each) {
    for (; at != map.end() && at->first.compare(0, prefix.size(), prefix) == 0; ++at) {
        if (!each(at->first, at->second)) return {};
    }
    return {};
}

}  // namespace

class SimReplicaStore : public ReplicaStore {
  public:
    explicit SimReplicaStore(ReplicaDisk& disk) : disk_(disk) {}

    Result<std::optional<Bytes>> get(ByteView key) const override {
        const auto at = disk_.data_.state.find(key);
        if (at == disk_.data_.state.end()) return std::optional<Bytes>();
        return std::optional<Bytes>(at->second);
    }
    /// Visitors do not write into what they walk over.
    Result<void> scan(ByteView prefix, ByteView above, const Visit& each) const override {
        const auto& map = disk_.data_.state;
        return walk(map, prefix, above > prefix ? map.upper_bound(above) : map.lower_bound(prefix),
                    each);
    }
    Result<void> scan_received(ByteView prefix, ByteView from, const Visit& each) const override {
        const auto& map = disk_.data_.received;
        return walk(map, prefix, map.lower_bound(from > prefix ? from : prefix), each);
    }
    std::unique_ptr<ReplicaWrite> begin() const override { return std::make_unique<SimWrite>(); }
    Result<void> write(ReplicaWrite& write, bool sync) override {
        std::vector<ReplicaDisk::Step> steps;
        for (const SimWrite::Op& op : static_cast<SimWrite&>(write).ops) {
            if (!op.end) {
                steps.push_back({op.received, op.key, op.value});
                continue;
            }
            const auto& map = disk_.data_.received;
            for (auto at = map.lower_bound(op.key); at != map.end() && at->first < *op.end; ++at) {
                steps.push_back({true, at->first, std::nullopt});
            }
        }
        return disk_.write(std::move(steps), sync);
    }

  private:
    ReplicaDisk& disk_;
};

std::unique_ptr<ReplicaStore> ReplicaDisk::open() {
    failed_ = false;
    unsynced_.clear();
    if (synced) synced();
    return std::make_unique<SimReplicaStore>(*this);
}

Result<void> ReplicaDisk::write(std::vector<Step> steps, bool sync) {
    if (failed_) return schema::fail(Errc::io, "the replica has failed before");
    if (health_ == Health::full) return schema::fail(Errc::no_space, "need 1 byte, free 0");
    fuse_.place();
    std::vector<Step> undo;
    const bool undoable = !sync || fuse_.burns() || health_ == Health::broken;
    for (Step& step : steps) {
        Map& map = step.received ? data_.received : data_.state;
        const auto at = map.find(step.key);
        if (undoable) {
            undo.push_back({step.received, step.key,
                            at == map.end() ? std::nullopt : std::optional<Bytes>(at->second)});
        }
        if (!step.value) {
            if (at != map.end()) map.erase(at);
        } else if (at != map.end()) {
            at->second = std::move(*step.value);
        } else {
            map.emplace(std::move(step.key), std::move(*step.value));
        }
    }
    if (undoable) unsynced_.push_back(std::move(undo));
    fuse_.place();
    if (!sync) return {};
    if (health_ == Health::broken) {
        failed_ = true;
        return schema::fail(Errc::io, "sync: input/output error");
    }
    unsynced_.clear();
    if (synced) synced();
    fuse_.place();
    return {};
}

void ReplicaDisk::power_cut() {
    const std::size_t kept = unsynced_.empty() ? 0 : random_.below(unsynced_.size() + 1);
    while (unsynced_.size() > kept) {
        const std::vector<Step>& undo = unsynced_.back();
        for (auto step = undo.rbegin(); step != undo.rend(); ++step) {
            Map& map = step->received ? data_.received : data_.state;
            if (step->value) {
                map[step->key] = *step->value;
            } else {
                map.erase(step->key);
            }
        }
        unsynced_.pop_back();
    }
}

bool ReplicaDisk::damage() {
    constexpr ByteView kContributions = "cskty";
    const bool received = random_.chance(500);
    Map& map = received ? data_.received : data_.state;
    std::vector<Map::iterator> rows;
    for (auto at = map.begin(); at != map.end(); ++at) {
        if (received || kContributions.find(at->first[0]) != ByteView::npos) rows.push_back(at);
    }
    if (rows.empty()) return false;
    const auto row = rows[random_.below(rows.size())];
    if (random_.chance(300) || row->second.empty()) {
        map.erase(row);
    } else {
        char& byte = row->second[random_.below(row->second.size())];
        byte = static_cast<char>(byte ^ (1 << random_.below(8)));
    }
    return true;
}

void ReplicaDisk::restore(Data data) {
    unsynced_.clear();
    data_ = std::move(data);
}

}  // namespace filial::sim
