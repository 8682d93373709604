#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>

#include "schema/limits.h"
#include "test/unit/journal/journal_support.h"

namespace filial::test {
namespace {

using core::Append;
using schema::Epoch;
using schema::Errc;
using schema::Range;
using schema::Segment;
using schema::Sequence;
using schema::StoreId;
using schema::Timestamp;

const StoreId kStore{"store1"};

/// What a log should answer, computed the simple way.
struct LogModel {
    struct Row {
        std::uint64_t seq;
        std::string topic;
        Epoch epoch;
        std::string bytes;
        std::uint64_t commit;  ///< Last position of its commit.
        Timestamp at;
    };
    std::vector<Row> rows;
    std::vector<std::uint64_t> commits{0};  ///< Their last positions.

    static bool asked(const std::vector<std::string>& topics, const std::string& topic) {
        return std::find(topics.begin(), topics.end(), topic) != topics.end() || topics[0] == "*";
    }
    std::vector<const Row*> of(const std::vector<std::string>& topics, std::uint64_t after,
                               std::uint64_t upto) const {
        std::vector<const Row*> found;
        for (const Row& row : rows) {
            if (row.seq > after && row.seq <= upto && asked(topics, row.topic)) {
                found.push_back(&row);
            }
        }
        return found;
    }
    std::uint64_t end() const { return commits.back(); }
    /// Last position of the commit before the one that ends at `upto`.
    std::uint64_t before(std::uint64_t upto) const {
        return *(std::lower_bound(commits.begin(), commits.end(), upto) - 1);
    }
};

class Story {
  public:
    explicit Story(std::uint32_t seed) : random_(seed) {}

    std::size_t below(std::size_t limit) { return random_() % limit; }

    Append commit(LogModel& model, Epoch epoch) {
        Append append;
        append.store = kStore;
        append.epoch = epoch;
        append.after = Sequence{model.end()};
        append.at = Timestamp{static_cast<std::int64_t>(model.commits.size() * 10)};
        const auto count = 1 + below(12);
        append.upto = Sequence{model.end() + count};
        std::map<std::string, Segment> segments;
        for (std::uint64_t seq = model.end() + 1; seq <= append.upto.value(); ++seq) {
            const auto pick = below(9);
            if (pick == 8) continue;  // Of a topic that is not kept here.
            const std::string topic = pick < 5 ? "stock" : pick < 7 ? "debts" : "control";
            const std::string row(1 + below(below(10) == 0 ? 3000 : 90),
                                  static_cast<char>('a' + seq % 26));
            schema::ClientId client{};
            client[0] = static_cast<std::uint8_t>(below(3));
            Segment& segment = segments[topic];
            segment.topic = topic;
            segment.epoch = epoch;
            segment.add(Sequence{seq}, client, row);
            segment.chain = schema::view(schema::hash_of(std::to_string(seq)));
            model.rows.push_back({seq, topic, epoch, row, append.upto.value(), append.at});
        }
        model.commits.push_back(append.upto.value());
        for (auto& [topic, segment] : segments) append.segments.push_back(segment);
        return append;
    }

    std::vector<std::string> topics() {
        static const std::vector<std::vector<std::string>> choices{
            {"*"}, {"stock"}, {"debts"}, {"control", "stock"}, {"debts", "unknown"}, {"unknown"}};
        return choices[below(choices.size())];
    }

  private:
    std::mt19937 random_;
};

/// The rows of the range as the model has them, each once, with their segment's chain head.
void check_rows(const LogModel& model, const Range& range) {
    const auto rows = model.of(range.topics, range.after.value(), range.upto.value());
    CHECK(range.count() == rows.size());
    std::set<std::string> topics;
    for (const Segment& segment : range.segments) {
        CHECK(topics.insert(segment.topic).second);
        CHECK_FALSE(segment.empty());
        CHECK(segment.epoch == range.epoch);
        CHECK(segment.chain ==
              schema::view(schema::hash_of(std::to_string(segment.last().value()))));
        for (std::size_t i = 0; i < segment.rows.size(); ++i) {
            const auto found = std::find_if(rows.begin(), rows.end(), [&](const auto* row) {
                return Sequence{row->seq} == segment.seqs[i];
            });
            REQUIRE(found != rows.end());
            CHECK((*found)->topic == segment.topic);
            CHECK((*found)->bytes == segment.rows[i]);
        }
    }
}

void check_cut(const LogModel& model, const Range& range, std::size_t goal) {
    const auto after = range.after.value(), upto = range.upto.value();
    const auto bytes_upto = [&](std::uint64_t last) {
        std::size_t bytes = 0;
        for (const auto* row : model.of(range.topics, after, last)) bytes += row->bytes.size();
        return bytes;
    };
    CHECK(range.end == Sequence{model.end()});
    CHECK(std::binary_search(model.commits.begin(), model.commits.end(), upto));
    // Without its last commit it was below the goal: nothing needless is sent.
    if (model.before(upto) > after && upto < model.end()) {
        CHECK(bytes_upto(model.before(upto)) < std::max<std::size_t>(goal, 1));
    }
    if (upto == model.end() || bytes_upto(upto) >= goal) return;
    // Cut below the goal: the next event asked for is of another epoch, or only the epoch's end
    // stands behind.
    const auto rest = model.of(range.topics, upto, model.end());
    const bool next_epoch =
        rest.empty() ? model.rows.back().epoch != range.epoch : rest.front()->epoch != range.epoch;
    CHECK(next_epoch);
}

void check_depth(const core::Journal& journal, const LogModel& model,
                 const std::vector<std::string>& topics, std::uint64_t after) {
    const auto rows = model.of(topics, after, model.end());
    std::uint64_t bytes = 0;
    for (const auto* row : rows) bytes += row->bytes.size();
    const auto depth = journal.depth(kStore, topics, Sequence{after});
    REQUIRE(depth.has_value());
    CHECK(depth->events == rows.size());
    CHECK(depth->bytes == bytes);
    REQUIRE(depth->oldest.has_value() == !rows.empty());
    if (!rows.empty()) CHECK(*depth->oldest == rows.front()->at);
}

TEST_CASE("range: whatever the commits, topics and goals, resumed reads give each event once") {
    for (std::uint32_t seed = 1; seed <= 20; ++seed) {
        CAPTURE(seed);
        TempFolder folder;
        Story story(seed);
        LogModel model;
        auto options = options_in(folder.path());
        options.memtable_bytes = 64 << 10;
        auto journal = opened(options);
        Epoch epoch{1};
        const auto commits = 1 + story.below(80);
        for (std::size_t i = 0; i < commits; ++i) {
            if (story.below(25) == 0) epoch = Epoch{epoch.value() + 1};
            core::JournalWrite write;
            write.appends.push_back(story.commit(model, epoch));
            if (story.below(4) == 0) write.appends.push_back(story.commit(model, epoch));
            REQUIRE(journal->commit(write, false));
            if (story.below(40) == 0) {
                journal.reset();
                journal = opened(options);
            }
        }
        if (model.rows.empty()) continue;
        for (int round = 0; round < 12; ++round) {
            const auto topics = story.topics();
            const std::size_t goal = story.below(2) ? story.below(6000) : story.below(100'000);
            std::uint64_t after = story.below(3) ? story.below(model.end() + 1) : 0;
            CAPTURE(topics);
            CAPTURE(goal);
            CAPTURE(after);
            check_depth(*journal, model, topics, after);
            for (;;) {
                const auto range = journal->read({kStore, topics, Sequence{after}, goal});
                REQUIRE_MESSAGE(range.has_value(), (range ? "" : range.error().message));
                CHECK(range->after == Sequence{after});
                CHECK(range->topics == topics);
                check_rows(model, *range);
                check_cut(model, *range, goal);
                if (range->upto == range->end) break;
                REQUIRE(range->upto > range->after);
                after = range->upto.value();
            }
        }
    }
}

TEST_CASE("range: a position inside a commit gives the rest of that commit") {
    TempFolder folder;
    const auto journal = opened(options_in(folder.path()));
    REQUIRE(
        commit_rows(*journal, {{"stock", "a"}, {"debts", "b"}, {"stock", "c"}, {"debts", "d"}}));
    REQUIRE(commit_rows(*journal, {{"stock", "e"}}));
    CHECK(rows_of(*journal, {"*"}, 2) ==
          std::vector<std::string>{"3 stock c", "4 debts d", "5 stock e"});
    const auto range = journal->read({kStore, {"stock"}, Sequence{1}, 1});
    REQUIRE(range.has_value());
    CHECK(range->upto == Sequence{4});
    REQUIRE(range->segments.size() == 1);
    CHECK(range->segments[0].rows == std::vector<schema::Bytes>{"c"});
    // Nothing of stock is left in it behind 3.
    const auto rest = journal->read({kStore, {"stock"}, Sequence{3}, 1 << 20});
    REQUIRE(rest.has_value());
    CHECK(rest->count() == 1);
    CHECK(rest->upto == Sequence{5});
    CHECK(journal->depth(kStore, {"stock", "debts"}, Sequence{2})->events == 3);
    CHECK(journal->depth(kStore, {"stock"}, Sequence{3})->events == 1);
}

TEST_CASE("range: a commit above the goal comes whole") {
    TempFolder folder;
    const auto journal = opened(options_in(folder.path()));
    Rows rows;
    for (int i = 0; i < 200; ++i)
        rows.emplace_back(i % 2 ? "stock" : "debts", std::string(900, 'x'));
    REQUIRE(commit_rows(*journal, rows));
    REQUIRE(commit_rows(*journal, {{"stock", "y"}}));
    const auto range = journal->read({kStore, {"*"}, Sequence{0}, 1000});
    REQUIRE(range.has_value());
    CHECK(range->upto == Sequence{200});
    CHECK(range->count() == 200);
}

TEST_CASE("range: a relay's commits, each as large as a block, are never more than one block") {
    TempFolder folder;
    const auto journal = opened(options_in(folder.path()));
    Rows small{{"stock", "a"}}, large;
    for (int i = 0; i < 29; ++i) large.emplace_back("stock", std::string(30'000, 'x'));
    for (const Rows& rows : {small, large, small, large}) REQUIRE(commit_rows(*journal, rows));
    Sequence after;
    while (after < journal->end(kStore)) {
        const auto range = journal->read({kStore, {"*"}, after, schema::kBlockBytesGoal});
        REQUIRE(range.has_value());
        REQUIRE(range->upto > after);
        CHECK(schema::unpack(schema::pack(*range)).has_value());
        after = range->upto;
    }
}

TEST_CASE("range: at the end there is nothing, behind the end there is a gap, elsewhere no log") {
    TempFolder folder;
    const auto journal = opened(options_in(folder.path()));
    REQUIRE(commit_rows(*journal, {{"stock", "a"}}));
    const auto nothing = journal->read({kStore, {"*"}, Sequence{1}, 100});
    REQUIRE(nothing.has_value());
    CHECK(nothing->upto == Sequence{1});
    CHECK(nothing->end == Sequence{1});
    CHECK(nothing->epoch == Epoch{1});
    CHECK(nothing->segments.empty());
    CHECK(journal->read({kStore, {"*"}, Sequence{2}, 100}).error().code == Errc::gap);
    const StoreId nobody{"store2"};
    CHECK(journal->read({nobody, {"*"}, Sequence{0}, 100}).error().code == Errc::not_found);
    CHECK(journal->depth(nobody, {"*"}, Sequence{0}).error().code == Errc::not_found);
    CHECK(journal->depth(kStore, {"*"}, Sequence{1})->events == 0);
    CHECK_FALSE(journal->depth(kStore, {"*"}, Sequence{1})->oldest.has_value());
}

TEST_CASE("range: one ends with its epoch, and the next begins there") {
    TempFolder folder;
    const auto journal = opened(options_in(folder.path()));
    REQUIRE(commit_rows(*journal, {{"stock", "a"}, {"debts", "b"}}));
    auto next_life = append_after(Sequence{2}, {{"debts", "c"}});
    next_life.epoch = next_life.segments[0].epoch = Epoch{2};
    REQUIRE(journal->commit({{next_life}, {}}, true));

    const auto first = journal->read({kStore, {"*"}, Sequence{0}, 1 << 20});
    REQUIRE(first.has_value());
    CHECK(first->epoch == Epoch{1});
    CHECK(first->upto == Sequence{2});
    const auto second = journal->read({kStore, {"*"}, Sequence{2}, 1 << 20});
    REQUIRE(second.has_value());
    CHECK(second->epoch == Epoch{2});
    CHECK(second->count() == 1);
    CHECK(second->upto == Sequence{3});
    // Of a topic that has nothing in the second one, the rest is empty, and of the second one.
    CHECK(journal->read({kStore, {"stock"}, Sequence{0}, 1 << 20})->upto == Sequence{2});
    const auto rest = journal->read({kStore, {"stock"}, Sequence{2}, 1 << 20});
    CHECK(rest->epoch == Epoch{2});
    CHECK(rest->upto == Sequence{3});
}

}  // namespace
}  // namespace filial::test
