#pragma once

#include <doctest/doctest.h>
#include <unistd.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core/link/mark_book.h"
#include "schema/payloads.h"
#include "subscriber/answers.h"
#include "subscriber/replica.h"

namespace filial::subscriber {

/// A folder that goes with the test.
class Folder {
  public:
    Folder() {
        static int count = 0;
        path_ = std::filesystem::temp_directory_path() /
                ("filial-replica-" + std::to_string(getpid()) + "-" + std::to_string(++count));
        std::filesystem::remove_all(path_);
    }
    ~Folder() { std::filesystem::remove_all(path_); }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
    const std::filesystem::path& path() const { return path_; }

  private:
    std::filesystem::path path_;
};

/// A store's log, cut into ranges at will.
class TestLog {
  public:
    explicit TestLog(std::string store) : store_(std::move(store)) {}

    schema::Position add(const std::string& topic, std::string_view kind, const std::string& key,
                         schema::Bytes payload, std::int64_t at = 0) {
        schema::Event event;
        event.topic = topic;
        event.kind = kind;
        event.key = key;
        event.at = schema::Timestamp{at};
        event.payload = std::move(payload);
        return add(std::move(event));
    }
    schema::Position add(schema::Event event) {
        events_.push_back(std::move(event));
        return {schema::StoreId{store_}, epoch, schema::Sequence{events_.size()}};
    }
    schema::Position move(const std::string& sku, std::int64_t thousandths) {
        return add("stock", schema::kStockMoved, sku,
                   schema::encode(schema::StockMoved{schema::Quantity{thousandths}, "sale", "", 0,
                                                     schema::UnitCost{}}));
    }
    schema::Position debt(const std::string& customer, std::int64_t cents) {
        return add("debts", schema::kDebtMoved, customer,
                   schema::encode(schema::DebtMoved{schema::Money{cents}, "charge", "", 0}));
    }
    schema::Position limit(const std::string& customer, std::int64_t cents) {
        return add("debts", schema::kLimitSet, customer,
                   schema::encode(schema::LimitSet{schema::Money{cents}, ""}));
    }
    schema::Position customer(const std::string& customer, const std::string& home,
                              const std::string& country, std::int64_t at = 0,
                              std::vector<schema::Position> seen = {}) {
        schema::CustomerField field;
        field.name = "country";
        field.value = country;
        field.seen = std::move(seen);
        return add("customers", schema::kCustomerRegistered, customer,
                   schema::encode(schema::CustomerChanged{home, {field}, {}}), at);
    }
    schema::Position transfer(std::string_view kind, const std::string& transfer,
                              const std::string& peer, const std::string& sku,
                              std::int64_t thousandths) {
        schema::TransferStep step{peer, sku, schema::Quantity{thousandths}, {}, "", 0};
        return add("control", kind, transfer, schema::encode(step));
    }

    /// The next epoch begins, behind the last event.
    schema::Position open_epoch(std::uint32_t next) {
        schema::LogOpened opened;
        opened.epoch = epoch = schema::Epoch{next};
        opened.continues_from = schema::Sequence{size()};
        return add("control", schema::kLogOpened, store_, schema::encode(opened));
    }

    /// The log as a machine has it that lost everything above `seq`.
    TestLog until(std::uint64_t seq) const {
        TestLog shorter = *this;
        shorter.events_.resize(seq);
        return shorter;
    }

    std::uint64_t size() const { return events_.size(); }
    schema::StoreId store() const { return schema::StoreId{store_}; }

    /// All events of `topics` in (after, upto].
    schema::Range range(std::uint64_t after, std::uint64_t upto,
                        std::vector<std::string> topics = {"*"}) const {
        schema::Range range;
        range.store = store();
        range.epoch = epoch;
        range.topics = topics;
        range.after = schema::Sequence{after};
        range.upto = schema::Sequence{upto};
        range.end = schema::Sequence{events_.size()};
        const std::set<std::string> asked(topics.begin(), topics.end());
        for (std::uint64_t seq = after + 1; seq <= upto; ++seq) {
            const schema::Event& event = events_[seq - 1];
            if (!asked.contains("*") && !asked.contains(event.topic)) continue;
            segment_of(range, event.topic)
                .add(schema::Sequence{seq}, event.client, schema::encode_row(event));
        }
        return range;
    }
    schema::Range all(std::vector<std::string> topics = {"*"}) const {
        return range(0, size(), std::move(topics));
    }

    /// The store's mark now, as it arrives over a fresh line.
    core::HeldMark mark(const core::Clock& clock, std::uint64_t counter) const {
        core::HeldMark held;
        held.mark.store = store();
        held.mark.epoch = epoch;
        held.mark.counter = counter;
        held.mark.at = clock.wall();
        held.mark.end = schema::Sequence{size()};
        for (std::uint64_t seq = 1; seq <= size(); ++seq) {
            end_of(held.mark, events_[seq - 1].topic) = schema::Sequence{seq};
        }
        held.received = clock.boot();
        held.boot_id = clock.boot_id();
        return held;
    }

    schema::Epoch epoch{1};

  private:
    schema::Segment& segment_of(schema::Range& range, const std::string& topic) const {
        for (schema::Segment& segment : range.segments) {
            if (segment.topic == topic) return segment;
        }
        schema::Segment segment;
        segment.topic = topic;
        segment.epoch = epoch;
        range.segments.push_back(std::move(segment));
        return range.segments.back();
    }
    static schema::Sequence& end_of(schema::Mark& mark, const std::string& topic) {
        for (schema::TopicEnd& end : mark.ends) {
            if (end.topic == topic) return end.seq;
        }
        mark.ends.push_back({topic, {}});
        return mark.ends.back().seq;
    }

    std::string store_;
    std::vector<schema::Event> events_;
};

inline ReplicaOptions replica_options(const Folder& folder, const std::string& own = "store1",
                                      std::vector<std::string> topics = {"stock", "customers",
                                                                         "debts"},
                                      std::vector<std::string> stores = {"*"}) {
    ReplicaOptions options;
    options.store.dir = folder.path();
    options.store.free_bytes_floor = 0;
    options.own = schema::StoreId{own};
    options.topics = std::move(topics);
    options.stores = std::move(stores);
    return options;
}

inline std::unique_ptr<Replica> open_replica(const ReplicaOptions& options) {
    auto replica = Replica::open(options);
    REQUIRE_MESSAGE(replica, replica.error().message);
    return std::move(*replica);
}

inline void take(Replica& replica, const schema::Range& range) {
    const auto taken = replica.take(range);
    REQUIRE_MESSAGE(taken, taken.error().message);
    const auto flushed = replica.flush();
    REQUIRE_MESSAGE(flushed, flushed.error().message);
}

inline void check_sums(const Replica& replica) {
    const auto sums = replica.check_sums();
    REQUIRE_MESSAGE(sums, sums.error().message);
}

/// A replica with someone to ask.
struct Asked {
    const core::Clock& clock;
    const Replica& replica;
    core::Policy policy;

    schema::Result<schema::Answer> ask(const schema::Query& query) const {
        return Answers(replica, clock, policy).answer(query);
    }
    schema::AnswerRow row(schema::QueryKind kind, const std::string& key) const {
        schema::Query query;
        query.kind = kind;
        query.key = key;
        const auto answer = ask(query);
        REQUIRE_MESSAGE(answer, answer.error().message);
        REQUIRE(answer->rows.size() == 1);
        return answer->rows.front();
    }
    /// Every page of a list, `limit` rows each.
    std::vector<schema::AnswerRow> pages(schema::Query query, std::uint64_t limit = 0) const {
        std::vector<schema::AnswerRow> rows;
        query.limit = limit;
        do {
            const auto answer = ask(query);
            REQUIRE_MESSAGE(answer, answer.error().message);
            rows.insert(rows.end(), answer->rows.begin(), answer->rows.end());
            query.after = answer->next;
        } while (!query.after.empty());
        return rows;
    }
    std::vector<schema::AnswerRow> pages(schema::QueryKind kind, std::uint64_t limit = 0) const {
        schema::Query query;
        query.kind = kind;
        return pages(query, limit);
    }
};

/// Thousandths on hand; nothing where the store never moved it.
inline std::optional<std::int64_t> stock_of(const Replica& replica, const TestLog& log,
                                            const std::string& sku) {
    const auto found = replica.read().stock(log.store(), sku);
    REQUIRE_MESSAGE(found, found.error().message);
    return *found;
}

inline CustomerRecord record_of(const Replica& replica, const std::string& customer) {
    auto found = replica.read().customer(customer);
    REQUIRE_MESSAGE(found, found.error().message);
    return std::move(*found);
}

inline std::int64_t balance_of(const Replica& replica, const std::string& customer) {
    const auto balance = record_of(replica, customer).balance();
    REQUIRE_MESSAGE(balance, balance.error().message);
    return *balance;
}

inline std::string field(const schema::AnswerRow& row, const std::string& name) {
    for (const auto& [known, value] : row.fields) {
        if (known == name) return value;
    }
    return "(none)";
}

}  // namespace filial::subscriber
