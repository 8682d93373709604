#pragma once

#include <random>

#include "core/journal/log_base.h"
#include "schema/snapshot.h"
#include "test/support/memory_journal.h"
#include "test/unit/subscriber/parked_support.h"

/// A broker that keeps a part of a log, and a replica that catches up with it.
namespace filial::subscriber::snapshot_test {

using schema::Bytes;
using schema::Chunk;
using schema::Errc;
using schema::Sequence;
using schema::StoreId;

inline const StoreId kStore{"store2"};
inline const std::vector<std::string> kFolded{"stock", "debts", "names"};

/// Everything that a topic may hold: moves, limits, values, kinds that nobody knows, a document
/// that was paid twice; `seed` draws them.
inline TestLog mixed_log(std::uint32_t seed, int rounds) {
    std::mt19937 random(seed);
    TestLog log("store2");
    log.open_epoch(1);
    for (int i = 0; i < rounds; ++i) {
        const std::string key = "k" + std::to_string(random() % 9);
        log.move(key, static_cast<std::int64_t>(random() % 2'000) - 1'000);
        switch (random() % 8) {
            case 0:
                log.limit(key, static_cast<std::int64_t>(random() % 1'000));
                break;
            case 1:
                log.customer(key, "store2", "country " + std::to_string(i), i);
                break;
            case 2:
                log.transfer(schema::kTransferSent, key + std::to_string(i), "store7", "sku", 10);
                break;
            case 3:
                log.add("names", random() % 3 == 0 ? schema::kAppEvent : schema::kAppValue, key,
                        std::to_string(i), i);
                break;
            case 4:
                if (random() % 4 == 0) log.add("stock", "stock.counted", key, "?");
                break;
            case 5:
                if (random() % 3 == 0) {
                    log.add("debts", schema::kDebtMoved, key,
                            schema::encode(schema::DebtMoved{schema::Money{-300}, "payment",
                                                             "doc" + std::to_string(i),
                                                             schema::kFlagPaidTwice}));
                }
                break;
            default:
                log.debt(key, static_cast<std::int64_t>(random() % 5'000));
        }
    }
    return log;
}

/// A broker that has this log, and keeps of it what is above `trimmed`.
struct Kept {
    test::MemoryJournal journal{};
    const TestLog& log;

    Kept(const TestLog& of, std::uint64_t trimmed) : log(of) {
        std::map<std::string, schema::Hash> heads;
        for (std::uint64_t at = 0; at < log.size(); at += 5) {
            core::Append append;
            append.store = kStore;
            append.after = Sequence{at};
            append.upto = Sequence{std::min(at + 5, log.size())};
            schema::Range range = log.range(at, append.upto.value());
            append.epoch = range.epoch;
            append.at = schema::Timestamp{static_cast<std::int64_t>(at) + 1};
            for (schema::Segment& segment : range.segments) {
                const auto chain = schema::chain_after(kStore, segment, heads[segment.topic]);
                REQUIRE(chain);
                heads[segment.topic] = *chain;
                segment.chain = Bytes(schema::view(*chain));
                append.segments.push_back(std::move(segment));
            }
            core::JournalWrite write;
            write.appends.push_back(std::move(append));
            REQUIRE(journal.commit(write, true));
        }
        trim(trimmed);
    }
    void trim(std::uint64_t upto) {
        for (const std::string& topic : kFolded) {
            for (;;) {
                core::JournalWrite write;
                const auto found = core::fold_step(
                    journal, kStore, topic,
                    {Sequence{upto}, schema::Timestamp{INT64_MAX}, {}, 7, 1 << 20}, write);
                REQUIRE_MESSAGE(found, found.error().message);
                if (*found == 0) break;
                REQUIRE(journal.commit(write, true));
            }
        }
    }
    Chunk piece(const Replica& replica, const std::string& topic, std::size_t most = 60) const {
        schema::SnapshotAsk ask;
        ask.store = kStore;
        ask.topic = topic;
        if (const Shelved* coming = replica.coming(kStore, topic)) {
            ask.upto = coming->info.upto;
            ask.after = coming->after;
        }
        const auto chunk = core::base_piece(journal, ask, most);
        REQUIRE_MESSAGE(chunk, chunk.error().message);
        return *chunk;
    }
};

using Rows = std::map<Bytes, Bytes>;

/// As state_of, without when something was parked.
inline Rows rows_of(const Replica& replica) {
    Rows rows;
    schema::Parser parser;
    for (auto& [key, value] : state_of(replica)) {
        Bytes& row = rows[key] = value;
        if (key[0] == 'x') {
            auto event = decode_parked_event(parser, value);
            REQUIRE(event);
            event->since = {};
            row = encode(*event);
        }
        if (key[0] == 'u') {
            auto state = decode_parked_state(parser, value);
            REQUIRE(state);
            state->since = {};
            row = encode(*state);
        }
    }
    return rows;
}

/// What one step of catching up needs; false when nothing is left to do.
using Step = std::function<schema::Result<bool>(Replica&)>;

/// Takes the log as a subscriber does: notices and customers from their beginning, the folded
/// topics from the snapshot where they are behind it, and then the log.
inline schema::Result<bool> catch_up(const Kept& kept, Replica& replica) {
    const TestLog& log = kept.log;
    for (const std::string topic : {"control", "accounts", "customers"}) {
        const Sequence at = replica.position(kStore, topic);
        if (at.value() == log.size()) continue;
        const std::uint64_t upto = std::min(at.value() + 40, log.size());
        const auto taken = replica.take(log.range(at.value(), upto, {topic}));
        if (!taken) return tl::unexpected(taken.error());
        const auto flushed = replica.flush();
        if (!flushed) return tl::unexpected(flushed.error());
        return true;
    }
    const auto head = kept.journal.head(kStore);
    for (const std::string& topic : kFolded) {
        const Sequence at = replica.position(kStore, topic);
        if (at < head->find(topic)->kept_after) {
            const Shelved* coming = replica.coming(kStore, topic);
            if (coming != nullptr && coming->whole) {
                const auto done = replica.switch_to_snapshot(kStore, topic);
                if (!done) return tl::unexpected(done.error());
                CHECK(*done);
                return true;
            }
            const auto added = replica.add_piece(kept.piece(replica, topic));
            if (!added) return tl::unexpected(added.error());
            CHECK(*added);
            const auto flushed = replica.flush();
            if (!flushed) return tl::unexpected(flushed.error());
            return true;
        }
        if (at.value() == log.size()) continue;
        const auto range = kept.journal.read({kStore, {topic}, at, 400});
        REQUIRE_MESSAGE(range, range.error().message);
        const auto taken = replica.take(*range);
        if (!taken) return tl::unexpected(taken.error());
        const auto flushed = replica.flush();
        if (!flushed) return tl::unexpected(flushed.error());
        return true;
    }
    return false;
}

inline void finish(const Kept& kept, Replica& replica) {
    for (int steps = 0;; ++steps) {
        REQUIRE(steps < 10'000);
        const auto more = catch_up(kept, replica);
        REQUIRE_MESSAGE(more, more.error().message);
        if (!*more) return;
    }
}

inline void look(Replica& replica) {
    for (;;) {
        const auto ended = replica.scrub(700);
        REQUIRE_MESSAGE(ended, ended.error().message);
        if (*ended) break;
    }
    const auto& damages = replica.damages();
    INFO(core::to_string(damages));
    CHECK(damages.empty());
    check_sums(replica);
}

inline Rows replayed(const TestLog& log) {
    Folder folder;
    const auto replica = open_replica(holding(folder, {}));
    take(*replica, log.all());
    return rows_of(*replica);
}

}  // namespace filial::subscriber::snapshot_test
