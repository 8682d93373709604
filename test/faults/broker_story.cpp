// A broker's journal on a disk that fails: the logs of two stores, and who has got how far.
#include <doctest/doctest.h>

#include <random>

#include "broker/broker.h"
#include "core/journal/rocks_journal.h"
#include "test/faults/story.h"
#include "test/unit/broker/log_maker.h"

namespace filial::test {

using schema::Sequence;

namespace {

using Wrong = std::optional<std::string>;

constexpr int kEventsEach = 700;
constexpr int kBrokerTurns = 40;
constexpr std::uint64_t kRangeMost = 24;

class BrokerStory : public Story {
  public:
    BrokerStory(std::filesystem::path folder, std::uint32_t seed)
        : folder_(std::move(folder)), random_(seed) {
        for (std::size_t i = 0; i < 2; ++i) {
            auto& log = logs_.emplace_back("store" + std::to_string(i + 1),
                                           static_cast<std::uint8_t>(i + 1));
            log.sell(kEventsEach);
        }
    }

    Wrong live(rocksdb::Env* env, bool writes_fail) override {
        Life life;
        if (auto wrong = begin(env, life)) return *wrong;
        if (!life.broker) return std::nullopt;
        for (int turn = 0; turn < kBrokerTurns; ++turn) {
            for (std::size_t i = 0; i < logs_.size(); ++i) {
                if (random_() % 3 == 0) continue;
                if (auto wrong = give(life, i, 1 + random_() % kRangeMost)) return wrong;
            }
            const auto flushed = life.broker->flush();
            if (!flushed)
                return writes_fail ? ends_for_good(life, flushed.error()) : told(flushed.error());
            note_acknowledged(life);
        }
        return std::nullopt;
    }

    Wrong settle(rocksdb::Env* env) override {
        for (int again = 0; again < 2; ++again) {
            Life life;
            if (auto wrong = begin(env, life)) return wrong;
            if (!life.broker) return "the journal does not open: " + why_;
            for (std::size_t i = 0; i < logs_.size(); ++i) {
                if (auto wrong = check_log(*life.journal, i)) return wrong;
                while (life.broker->end(store(i)).value() < logs_[i].size()) {
                    if (auto wrong = give(life, i, 200)) return wrong;
                    const auto flushed = life.broker->flush();
                    if (!flushed) return "on a disk that works: " + flushed.error().message;
                    note_acknowledged(life);
                }
                if (auto wrong = check_log(*life.journal, i)) return wrong;
            }
        }
        return std::nullopt;
    }

  private:
    struct Life {
        std::unique_ptr<core::RocksJournal> journal;
        std::unique_ptr<broker::Broker> broker;
    };

    static schema::StoreId store(std::size_t i) {
        return schema::StoreId{"store" + std::to_string(i + 1)};
    }
    static core::Peer publisher_of(std::size_t i) {
        core::Peer peer;
        peer.store = store(i).value();
        peer.role = "publisher";
        peer.name = peer.store + "/publisher";
        peer.epoch = schema::Epoch{1};
        peer.incarnation.fill(static_cast<std::uint8_t>(i + 1));
        return peer;
    }

    Wrong begin(rocksdb::Env* env, Life& life) {
        core::JournalOptions journal;
        journal.dir = folder_ / "broker";
        journal.memtable_bytes = 64 << 10;
        journal.cache_bytes = 64 << 10;
        journal.free_bytes_floor = 0;
        journal.env = env;
        auto opened = core::RocksJournal::open(std::move(journal));
        if (!opened) return refused(opened.error());
        life.journal = std::move(*opened);
        auto made = broker::Broker::open(*life.journal, clock_, schema::StoreId{"head"}, nullptr);
        if (!made) return refused(made.error());
        life.broker = std::move(*made);
        return std::nullopt;
    }
    Wrong refused(const schema::Error& error) {
        why_ = error.message;
        return told(error);
    }

    /// What the store sends next: behind what the broker asks for, which is not less than what it
    /// had acknowledged. Some of it comes twice.
    Wrong give(Life& life, std::size_t i, std::uint64_t events) {
        const core::Peer peer = publisher_of(i);
        const auto want = life.broker->want(peer, store(i));
        if (!want) return "the log of " + peer.store + " is not wanted";
        const std::uint64_t after = want->after.front().seq.value();
        if (after < acknowledged_[i]) {
            return peer.store + " was acknowledged up to " + std::to_string(acknowledged_[i]) +
                   " and is asked for what is above " + std::to_string(after);
        }
        if (after > logs_[i].size()) return "more is held than there is of " + peer.store;
        const std::uint64_t from = after - std::min<std::uint64_t>(after, random_() % 3);
        const std::uint64_t upto = std::min(after + events, logs_[i].size());
        if (upto <= after) return std::nullopt;
        const auto taken = life.broker->take(peer, logs_[i].range(from, upto));
        // What is held is read before something is taken that begins below it; it comes again.
        if (!taken) return refused(taken.error());
        schema::Fetch fetch;
        fetch.store = store(i);
        fetch.epoch = schema::Epoch{1};
        fetch.after.push_back({std::string(schema::kAllTopics), Sequence{after}});
        core::Peer reader = publisher_of(1 - i);
        reader.role = "subscriber";
        reader.name = reader.store + "/subscriber";
        life.broker->reached(reader, fetch);
        return std::nullopt;
    }
    void note_acknowledged(const Life& life) {
        for (std::size_t i = 0; i < logs_.size(); ++i) {
            core::Want want;
            want.store = store(i);
            acknowledged_[i] = life.broker->durable(want).front().seq.value();
        }
    }

    Wrong ends_for_good(Life& life, const schema::Error& error) {
        if (auto wrong = told(error)) return wrong;
        const auto before = life.journal->end(store(0));
        if (life.broker->flush()) return "after \"" + error.message + "\" the next was taken";
        if (life.journal->end(store(0)) != before) return "a failed flush moved the log";
        return std::nullopt;
    }

    Wrong check_log(const core::Journal& journal, std::size_t i) const {
        const std::uint64_t end = journal.end(store(i)).value();
        if (end < acknowledged_[i]) {
            return store(i).value() + " ends at " + std::to_string(end) +
                   " and was acknowledged up to " + std::to_string(acknowledged_[i]);
        }
        if (end == 0) return std::nullopt;
        std::uint64_t after = 0;
        while (after < end) {
            const auto held = journal.read({store(i), {"*"}, Sequence{after}, 64 << 10});
            if (!held) return "the log cannot be read: " + held.error().message;
            const auto sent = logs_[i].range(after, held->upto.value());
            const auto ours = schema::events_in_order(held->segments);
            const auto theirs = schema::events_in_order(sent.segments);
            if (!ours || !theirs || *ours != *theirs) {
                return store(i).value() + " differs behind " + std::to_string(after);
            }
            after = held->upto.value();
        }
        return std::nullopt;
    }

    const std::filesystem::path folder_;
    std::mt19937 random_;
    core::ManualClock clock_;
    std::vector<broker::LogMaker> logs_;
    std::array<std::uint64_t, 2> acknowledged_{};
    std::string why_;
};

}  // namespace

std::unique_ptr<Story> broker_story(std::filesystem::path folder, std::uint32_t seed) {
    return std::make_unique<BrokerStory>(std::move(folder), seed);
}

}  // namespace filial::test
