// A replica on a disk that fails: the logs of two stores, replayed.
#include <doctest/doctest.h>

#include <map>
#include <random>

#include "test/faults/story.h"
#include "test/unit/subscriber/replica_support.h"

namespace filial::test {

using schema::Sequence;
using subscriber::Replica;
using subscriber::TestLog;

namespace {

using Wrong = std::optional<std::string>;

constexpr std::uint64_t kReplayed = 900;  ///< Events of each log.
constexpr int kReplayTurns = 40;
constexpr std::uint64_t kSkus = 40;
constexpr std::uint64_t kCustomers = 30;

/// A log, and what each number is after each of its events.
struct ToldLog {
    TestLog log;
    std::vector<std::pair<std::string, std::int64_t>> moves;  ///< By position: key, delta.
};

ToldLog told_log(const std::string& store, std::mt19937& random) {
    ToldLog told{TestLog(store), {}};
    for (std::uint64_t i = 0; i < kReplayed; ++i) {
        const auto delta = static_cast<std::int64_t>(random() % 2'001) - 1'000;
        const bool stock = random() % 3 != 0;
        const std::string key = stock ? "sku" + std::to_string(random() % kSkus)
                                      : "customer" + std::to_string(random() % kCustomers);
        if (stock) {
            told.log.move(key, delta);
        } else {
            told.log.debt(key, delta);
        }
        told.moves.emplace_back(key, delta);
    }
    return told;
}

class ReplicaStory : public Story {
  public:
    ReplicaStory(std::filesystem::path folder, std::uint32_t seed)
        : folder_(std::move(folder)), random_(seed) {
        for (const char* store : {"store1", "store2"}) logs_.push_back(told_log(store, random_));
    }

    Wrong live(rocksdb::Env* env, bool /*writes_fail*/) override {
        auto replica = begin(env);
        if (!replica) return told(replica.error());
        if (auto wrong = check_replica(**replica)) return excused(*wrong);
        for (int turn = 0; turn < kReplayTurns; ++turn) {
            const auto before = given_;
            for (const ToldLog& told_of : logs_) {
                if (random_() % 3 == 0) continue;
                const auto taken = give(**replica, told_of, 1 + random_() % 40);
                if (!taken) return told(taken.error());
            }
            const bool sync = random_() % 3 != 0;
            const auto flushed = (*replica)->flush(sync);
            if (!flushed) return told(flushed.error());
            // A flush of nothing writes nothing, and syncs nothing of what was written before.
            if (sync && given_ != before) note_acknowledged(**replica);
        }
        return std::nullopt;
    }

    Wrong settle(rocksdb::Env* env) override {
        for (int again = 0; again < 2; ++again) {
            auto replica = begin(env);
            if (!replica) return "the replica does not open: " + replica.error().message;
            if (auto wrong = check_replica(**replica)) return wrong;
            for (const ToldLog& told_of : logs_) {
                const auto taken = give(**replica, told_of, kReplayed);
                if (!taken) return "on a disk that works: " + taken.error().message;
            }
            const auto flushed = (*replica)->flush();
            if (!flushed) return "on a disk that works: " + flushed.error().message;
            note_acknowledged(**replica);
            if (auto wrong = check_replica(**replica)) return wrong;
        }
        return std::nullopt;
    }

  private:
    schema::Result<std::unique_ptr<Replica>> begin(rocksdb::Env* env) const {
        subscriber::ReplicaOptions options;
        options.store.dir = folder_ / "subscriber";
        options.store.memtable_bytes = 64 << 10;
        options.store.received_memtable_bytes = 64 << 10;
        options.store.cache_bytes = 64 << 10;
        options.store.free_bytes_floor = 0;
        options.store.env = env;
        options.own = schema::StoreId{"store1"};
        options.topics = {"stock", "customers", "debts"};
        options.stores = {"*"};
        return Replica::open(std::move(options));
    }

    schema::Result<void> give(Replica& replica, const ToldLog& told_of, std::uint64_t events) {
        std::uint64_t& at = given_[told_of.log.store().value()];
        at = std::max(at, replica.position(told_of.log.store(), "stock").value());
        const std::uint64_t from = at - std::min<std::uint64_t>(at, random_() % 4);
        const std::uint64_t upto = std::min(at + events, kReplayed);
        if (upto <= at) return {};
        const auto taken = replica.take(told_of.log.range(from, upto));
        if (taken) at = upto;
        return taken;
    }
    void note_acknowledged(const Replica& replica) {
        for (const ToldLog& told_of : logs_) {
            acknowledged_[told_of.log.store().value()] =
                replica.position(told_of.log.store(), "stock").value();
        }
    }

    /// A number that cannot be read is no wrong one: the disk may have refused it.
    Wrong excused(const std::string& wrong) const { return unread_ ? std::nullopt : Wrong(wrong); }

    /// Positions are not behind what was acknowledged, and every number is that of the positions.
    Wrong check_replica(const Replica& replica) {
        given_.clear();
        unread_ = false;
        std::map<std::string, std::int64_t> owed;
        for (const ToldLog& told_of : logs_) {
            const schema::StoreId store = told_of.log.store();
            const std::uint64_t at = replica.position(store, "stock").value();
            if (at < acknowledged_[store.value()] ||
                at != replica.position(store, "debts").value()) {
                return store.value() + " stands at " + std::to_string(at) +
                       " and was acknowledged up to " +
                       std::to_string(acknowledged_[store.value()]);
            }
            std::map<std::string, std::int64_t> stock;
            for (std::uint64_t i = 0; i < at; ++i) {
                const auto& [key, delta] = told_of.moves[i];
                (key.starts_with("sku") ? stock : owed)[key] += delta;
            }
            for (std::uint64_t i = 0; i < kSkus; ++i) {
                const std::string sku = "sku" + std::to_string(i);
                const auto said = replica.read().stock(store, sku);
                if (!said) return unread(said.error());
                if (said->value_or(0) != stock[sku]) return "stock of " + sku + " differs";
            }
        }
        for (std::uint64_t i = 0; i < kCustomers; ++i) {
            const std::string customer = "customer" + std::to_string(i);
            const auto said = replica.read().customer(customer);
            if (!said) return unread(said.error());
            const auto balance = said->balance();
            if (!balance || *balance != owed[customer]) return "debts of " + customer + " differ";
        }
        const auto sums = replica.check_sums();
        return sums ? std::nullopt : unread(sums.error());
    }
    Wrong unread(const schema::Error& error) {
        unread_ = error.code == schema::Errc::io;
        return "cannot be read: " + error.message;
    }

    const std::filesystem::path folder_;
    std::mt19937 random_;
    std::vector<ToldLog> logs_;
    std::map<std::string, std::uint64_t> given_;
    std::map<std::string, std::uint64_t> acknowledged_;
    bool unread_ = false;
};

}  // namespace

std::unique_ptr<Story> replica_story(std::filesystem::path folder, std::uint32_t seed) {
    return std::make_unique<ReplicaStory>(std::move(folder), seed);
}

}  // namespace filial::test
