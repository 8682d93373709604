#include "core/link/sender.h"

#include <doctest/doctest.h>

#include "schema/limits.h"
#include "test/unit/link/one_log.h"

using namespace filial;
using namespace filial::schema;
using core::Sender;
using test::at_second;
using test::fetch_of;
using test::OneLog;
using test::rows_of;

namespace {

using Topics = std::vector<std::string>;

OneLog ten_commits(const Topics& topics, std::size_t row_bytes) {
    OneLog log;
    for (int i = 0; i < 10; ++i) log.append(topics, row_bytes);
    return log;
}

}  // namespace

TEST_CASE("sender: it sends nothing until it is asked, and nothing twice") {
    const OneLog log = ten_commits({"stock"}, 16);
    Sender sender;
    CHECK(log.pump(sender, at_second(1)).empty());
    REQUIRE(sender.fetch(fetch_of({{"stock", 4}}, true)));
    const auto blocks = log.pump(sender, at_second(1));
    REQUIRE(blocks.size() == 1);
    CHECK(blocks[0].after == Sequence{4});
    CHECK(blocks[0].upto == Sequence{10});
    CHECK(blocks[0].topics == Topics{"stock"});
    CHECK(rows_of(*unpack(blocks[0]), "stock").size() == 6);
    CHECK(log.pump(sender, at_second(100)).empty());
    REQUIRE(sender.fetch(fetch_of({{"stock", 10}})));
    CHECK(log.pump(sender, at_second(200)).empty());
}

TEST_CASE("sender: no more than the credit is on the way, confirmed bytes free it again") {
    const OneLog log = ten_commits({"stock"}, 100);
    Sender sender;
    REQUIRE(sender.fetch(fetch_of({{"stock", 0}}, true, 350)));
    const auto first = log.pump(sender, at_second(1), 1);
    CHECK(first.size() == 3);  // Two are below 350 bytes, the third passes it.
    CHECK(sender.bytes_on_the_way(log.store) >= 350);
    CHECK(sender.bytes_on_the_way(log.store) < 350 + 200);
    CHECK(log.pump(sender, at_second(50), 1).empty());
    REQUIRE(sender.fetch(fetch_of({{"stock", 1}}, false, 350)));
    CHECK(log.pump(sender, at_second(50), 1).size() == 1);
    // A larger credit counts from now on.
    REQUIRE(sender.fetch(fetch_of({{"stock", 1}}, false, 1 << 20)));
    CHECK(log.pump(sender, at_second(50), 1).size() == 6);
    REQUIRE(sender.fetch(fetch_of({{"stock", 10}}, false, 1 << 20)));
    CHECK(sender.bytes_on_the_way(log.store) == 0);
}

TEST_CASE("sender: a credit above the limit is cut to it") {
    OneLog log;
    for (int i = 0; i < 40; ++i) log.append({"stock"}, 100'000);
    Sender sender;
    REQUIRE(sender.fetch(fetch_of({{"stock", 0}}, true, UINT64_MAX)));
    CHECK(log.pump(sender, at_second(1), 1).size() < 20);
    CHECK(sender.bytes_on_the_way(log.store) < kCreditBytes + kBlockBytesGoal);
    REQUIRE(sender.fetch(fetch_of({{"stock", 1}}, false, UINT64_MAX)));
    CHECK(log.pump(sender, at_second(1), 1).size() == 1);
}

TEST_CASE("sender: one block is always allowed, however small the credit") {
    const OneLog log = ten_commits({"stock"}, 1'000);
    Sender sender;
    REQUIRE(sender.fetch(fetch_of({{"stock", 0}}, true, 0)));
    for (std::uint64_t seq = 1; seq <= 10; ++seq) {
        const auto blocks = log.pump(sender, at_second(1), 1);
        REQUIRE(blocks.size() == 1);
        CHECK(blocks[0].upto == Sequence{seq});
        REQUIRE(sender.fetch(fetch_of({{"stock", seq}}, false, 0)));
    }
    CHECK(log.pump(sender, at_second(1), 1).empty());
}

TEST_CASE("sender: topics at different positions are fetched apart until they meet") {
    const OneLog log = ten_commits({"stock", "debts"}, 100);
    Sender sender;
    REQUIRE(sender.fetch(fetch_of({{"debts", 0}, {"stock", 12}}, true)));
    const auto blocks = log.pump(sender, at_second(1));
    REQUIRE(blocks.size() == 2);
    CHECK(blocks[0].topics == Topics{"debts"});
    CHECK(blocks[0].after == Sequence{0});
    CHECK(blocks[0].upto == Sequence{12});
    CHECK(rows_of(*unpack(blocks[0]), "debts").size() == 6);
    CHECK(blocks[1].topics == Topics{"debts", "stock"});
    CHECK(blocks[1].after == Sequence{12});
    CHECK(blocks[1].upto == Sequence{20});
    CHECK(rows_of(*unpack(blocks[1]), "debts").size() == 4);
    CHECK(rows_of(*unpack(blocks[1]), "stock").size() == 4);
}

TEST_CASE("sender: topics meet also where the one behind has no events") {
    const OneLog log = ten_commits({"stock"}, 100);
    Sender sender;
    REQUIRE(sender.fetch(fetch_of({{"debts", 0}, {"stock", 7}}, true)));
    const auto blocks = log.pump(sender, at_second(1));
    REQUIRE(blocks.size() == 2);
    CHECK(blocks[0].topics == Topics{"debts"});
    CHECK(blocks[0].upto == Sequence{7});
    CHECK(blocks[0].count == 0);
    CHECK(blocks[1].topics == Topics{"debts", "stock"});
    CHECK(blocks[1].upto == Sequence{10});
}

TEST_CASE("sender: a log of other topics moves the position once a second, not once a commit") {
    OneLog log;
    Sender sender;
    REQUIRE(sender.fetch(fetch_of({{"debts", 0}}, true)));
    std::size_t sent = 0;
    Sequence upto;
    for (int tick = 0; tick < 100; ++tick) {  // Ten seconds.
        log.append({"stock", "stock"});
        for (const Block& block : log.pump(sender, core::BootTime{(20 + tick) * 100'000})) {
            ++sent;
            CHECK(block.after == upto);  // Joined without a hole.
            CHECK(block.count == 0);
            upto = block.upto;
        }
    }
    CHECK(sent == 10);
    log.append({"debts"});
    const auto blocks = log.pump(sender, core::BootTime{12'000'001});
    REQUIRE(blocks.size() == 1);  // An event does not wait.
    CHECK(blocks[0].after == upto);
    CHECK(blocks[0].count == 1);
    CHECK(blocks[0].upto == Sequence{201});
}

TEST_CASE("sender: what stays quiet at last still moves the position to the log's end") {
    OneLog log;
    Sender sender;
    REQUIRE(sender.fetch(fetch_of({{"debts", 0}}, true)));
    log.append({"debts"});
    CHECK(log.pump(sender, at_second(5)).size() == 1);
    log.append({"stock"});
    CHECK(log.pump(sender, at_second(5)).empty());
    const auto blocks = log.pump(sender, at_second(6));
    REQUIRE(blocks.size() == 1);
    CHECK(blocks[0].after == Sequence{1});
    CHECK(blocks[0].upto == Sequence{2});
    CHECK(log.pump(sender, at_second(60)).empty());
}

TEST_CASE("sender: a restart begins again at its positions and forgets what is on the way") {
    const OneLog log = ten_commits({"stock"}, 100);
    Sender sender;
    REQUIRE(sender.fetch(fetch_of({{"stock", 0}}, true)));
    CHECK(log.pump(sender, at_second(1)).size() == 1);
    REQUIRE(sender.fetch(fetch_of({{"stock", 3}}, true)));
    CHECK(sender.bytes_on_the_way(log.store) == 0);
    const auto again = log.pump(sender, at_second(1));
    REQUIRE(again.size() == 1);
    CHECK(again[0].after == Sequence{3});
}

TEST_CASE("sender: a fetch of other topics begins again, too") {
    const OneLog log = ten_commits({"stock", "debts"}, 16);
    Sender sender;
    REQUIRE(sender.fetch(fetch_of({{"stock", 0}}, true)));
    CHECK(log.pump(sender, at_second(1)).size() == 1);
    REQUIRE(sender.fetch(fetch_of({{"stock", 20}, {"debts", 0}})));
    const auto blocks = log.pump(sender, at_second(1));
    REQUIRE(blocks.size() == 1);
    CHECK(blocks[0].topics == Topics{"debts"});
    CHECK(rows_of(*unpack(blocks[0]), "debts").size() == 10);
}

TEST_CASE("sender: what another source brought the receiver is not sent again") {
    const OneLog log = ten_commits({"stock"}, 100);
    Sender sender;
    REQUIRE(sender.fetch(fetch_of({{"stock", 0}}, true, 0)));
    CHECK(log.pump(sender, at_second(1), 1).size() == 1);
    REQUIRE(sender.fetch(fetch_of({{"stock", 8}}, false, 1 << 20)));
    CHECK(sender.bytes_on_the_way(log.store) == 0);
    const auto blocks = log.pump(sender, at_second(1));
    REQUIRE(blocks.size() == 1);
    CHECK(blocks[0].after == Sequence{8});
}

TEST_CASE("sender: a receiver that is ahead of this log is left alone until the log has more") {
    OneLog log = ten_commits({"stock"}, 16);
    Sender sender;
    REQUIRE(sender.fetch(fetch_of({{"stock", 12}}, true)));
    CHECK(log.pump(sender, at_second(50)).empty());
    log.append({"stock", "stock", "stock"});
    const auto blocks = log.pump(sender, at_second(50));
    REQUIRE(blocks.size() == 1);
    CHECK(blocks[0].after == Sequence{12});
    CHECK(blocks[0].upto == Sequence{13});
}

TEST_CASE("sender: a fetch without topics, with one twice, or with all and one more is refused") {
    Sender sender;
    CHECK(sender.fetch(fetch_of({})).error().code == Errc::invalid);
    CHECK(sender.fetch(fetch_of({{"stock", 0}, {"stock", 1}})).error().code == Errc::invalid);
    CHECK(sender.fetch(fetch_of({{"*", 0}, {"stock", 1}})).error().code == Errc::invalid);
    CHECK(ten_commits({"stock"}, 16).pump(sender, at_second(1)).empty());
}

TEST_CASE("sender: all topics of a log run under one position") {
    const OneLog log = ten_commits({"stock", "debts", "control"}, 16);
    Sender sender;
    REQUIRE(sender.fetch(fetch_of({{"*", 5}}, true)));
    const auto blocks = log.pump(sender, at_second(1));
    REQUIRE(blocks.size() == 1);
    CHECK(blocks[0].topics == Topics{"*"});
    CHECK(blocks[0].count == 25);
    CHECK(unpack(blocks[0]).has_value());
}

TEST_CASE("sender: a range that was read for a fetch that is over is not sent") {
    const OneLog log = ten_commits({"stock", "debts"}, 16);
    Sender sender;
    REQUIRE(sender.fetch(fetch_of({{"stock", 0}}, true)));
    const auto end = [&](const StoreId&) { return log.end(); };
    const auto request = sender.next(end, at_second(1));
    REQUIRE(request);
    Range range{log.store, Epoch{1}, {"stock"}, Sequence{0}, Sequence{20}, {}, Sequence{20}};
    REQUIRE(sender.fetch(fetch_of({{"stock", 6}}, true)));
    CHECK(!sender.supply(range, at_second(1)));
    REQUIRE(sender.fetch(fetch_of({{"debts", 0}}, true)));
    CHECK(!sender.supply(range, at_second(1)));
    sender.drop(log.store);
    CHECK(!sender.supply(range, at_second(1)));
    CHECK(log.pump(sender, at_second(9)).empty());
}

TEST_CASE("sender: logs have their turn, none waits for the end of another") {
    Sender sender;
    for (const char* store : {"a", "b", "c"}) {
        Fetch fetch = fetch_of({{"stock", 0}}, true);
        fetch.store = StoreId{store};
        REQUIRE(sender.fetch(fetch));
    }
    std::string order;
    for (int i = 1; i <= 7; ++i) {
        const auto request =
            sender.next([](const StoreId&) { return Sequence{100}; }, at_second(1));
        REQUIRE(request);
        order += request->store.value();
        Range range{request->store,       Epoch{1}, request->topics, request->after,
                    next(request->after), {},       Sequence{100}};
        Segment segment{"stock", Epoch{1}, {}, {}, {}, {}, {}};
        segment.add(range.upto, ClientId{}, "row");
        range.segments = {segment};
        CHECK(sender.supply(range, at_second(1)).has_value());
    }
    CHECK(order == "abcabca");
}
