// What a bundle is made of, read from a process whose giving end is the real Sender.
#include <doctest/doctest.h>

#include "cli/bundle_gatherer.h"
#include "cli/bundled_log.h"
#include "schema/payloads.h"

using namespace filial;
using cli::BundleGatherer;
using cli::GatheredLog;
using schema::Epoch;
using schema::Message;
using schema::Position;
using schema::Range;
using schema::Sequence;
using schema::StoreId;

namespace {

const core::BootTime kGathered{core::kSecond};

/// A log of one store: `control` with its epoch record, then `stock`; perhaps a second epoch.
struct Log {
    StoreId store;
    std::vector<Range> parts;  ///< One an epoch.
    std::vector<schema::Mark> marks;

    Sequence end() const { return parts.back().upto; }
    void epoch(std::uint32_t number, std::uint64_t after, std::uint64_t upto) {
        Range part{store, Epoch{number}, {"*"}, Sequence{after}, Sequence{upto}, {}, {}};
        schema::Segment control, stock;
        control.topic = "control";
        stock.topic = "stock";
        control.epoch = stock.epoch = Epoch{number};
        schema::LogOpened opened;
        opened.incarnation.fill(static_cast<std::uint8_t>(number));
        opened.epoch = Epoch{number};
        schema::Event event;
        event.kind = schema::kLogOpened;
        event.payload = schema::encode(opened);
        control.add(Sequence{after + 1}, schema::ClientId{}, schema::encode_row(event));
        for (std::uint64_t seq = after + 2; seq <= upto; ++seq) {
            schema::Event sale;
            sale.kind = schema::kStockMoved;
            sale.key = "S" + std::to_string(seq);
            stock.add(Sequence{seq}, schema::ClientId{}, schema::encode_row(sale));
        }
        part.segments.push_back(std::move(control));
        if (!stock.empty()) part.segments.push_back(std::move(stock));
        parts.push_back(std::move(part));
    }
    void mark(std::uint64_t counter, std::uint64_t at) {
        schema::Mark made;
        made.store = store;
        made.epoch = parts.back().epoch;
        made.counter = counter;
        made.end = Sequence{at};
        marks.push_back(made);
    }
};

/// A broker with some logs, in blocks of ten events.
struct Hub {
    std::vector<Log> logs;

    Log& add(const std::string& store) {
        logs.push_back({StoreId{store}, {}, {}});
        return logs.back();
    }
    const Log& of(const StoreId& store) const {
        for (const Log& log : logs) {
            if (log.store == store) return log;
        }
        FAIL("no such log");
        return logs.front();
    }
    Range read(const core::ReadRequest& request) const {
        for (const Range& part : of(request.store).parts) {
            if (part.upto <= request.after) continue;
            Range rest = cli::part_of(part, request.topics, request.after);
            rest.end = of(request.store).end();
            return schema::first_rows(std::move(rest), 10);
        }
        FAIL("read beyond the end");
        return {};
    }
    std::vector<GatheredLog> play(BundleGatherer& gatherer) {
        schema::Hello self;
        self.nonce = 900;
        self.store = "head";
        self.role = "broker";
        for (const Log& log : logs) self.offers.push_back(log.store.value());
        core::Session session(self, false, true);
        gatherer.greet(901, schema::Timestamp{0}, kGathered);
        core::BootTime time = kGathered;
        for (int turn = 0; turn < 1'000 && !gatherer.done(); ++turn) {
            std::vector<Message> back;
            for (const Message& message : gatherer.take_messages()) hear(session, message, back);
            while (session.established()) {
                time = core::BootTime{time.value() + core::kQuietEvery};
                const auto request = session.sender.next(
                    [&](const StoreId& store) { return of(store).end(); }, time);
                if (!request) break;
                if (auto block = session.sender.supply(read(*request), time)) {
                    back.emplace_back(schema::BlockMessage{session.to_peer(), std::move(*block)});
                }
            }
            for (const Message& message : back) {
                REQUIRE(gatherer.take(message, schema::Timestamp{0}, kGathered));
            }
        }
        REQUIRE(gatherer.done());
        return gatherer.take_logs();
    }
    void hear(core::Session& session, const Message& message, std::vector<Message>& back) const {
        if (const auto* hello = std::get_if<schema::Hello>(&message)) {
            back.emplace_back(*session.greet(*hello, "", schema::Timestamp{0}, kGathered));
            for (const Log& log : logs) {
                for (const schema::Mark& mark : log.marks) {
                    back.emplace_back(
                        schema::MarkMessage{session.to_peer(), schema::encode(mark), "", 0, true});
                }
            }
        } else if (const auto* fetch = std::get_if<schema::Fetch>(&message)) {
            REQUIRE(session.sender.fetch(*fetch));
        } else if (const auto* ping = std::get_if<schema::Ping>(&message)) {
            // What was asked for before goes out before the answer, or with the next turn.
            back.emplace_back(schema::Pong{session.to_peer(), ping->nonce});
        }
    }
};

BundleGatherer::Known holding(Position held) {
    return [held](const StoreId& store) -> std::optional<Position> {
        if (store.value() == "store2") return std::nullopt;
        return store == held.store ? held : Position{store, {}, {}};
    };
}

std::uint64_t events(const GatheredLog& log) {
    std::uint64_t count = 0;
    Sequence at = log.after;
    for (const Range& range : log.ranges) {
        CHECK(range.after == at);
        at = range.upto;
        count += range.count();
    }
    CHECK(at == log.upto);
    return count;
}

}  // namespace

TEST_CASE("bundle gatherer: each log from what is held there to its end, and not the addressee's") {
    Hub hub;
    hub.add("store1").epoch(1, 0, 95);
    hub.add("store2").epoch(1, 0, 40);
    hub.add("store3").epoch(1, 0, 25);
    hub.logs[0].mark(7, 90);
    hub.logs[0].mark(8, 95);
    BundleGatherer gatherer("head", "bundle-1",
                            holding({StoreId{"store1"}, Epoch{1}, Sequence{62}}));
    const auto logs = hub.play(gatherer);
    REQUIRE(logs.size() == 3);
    CHECK(events(logs[0]) == 33);
    CHECK(logs[0].after == Sequence{62});
    CHECK(logs[0].epoch == Epoch{1});
    REQUIRE(logs[0].mark);
    schema::Parser parser;
    CHECK(schema::decode_mark(parser, logs[0].mark->mark)->counter == 8);
    CHECK(!logs[1].wanted);
    CHECK(logs[1].end == Sequence{40});
    CHECK(logs[1].ranges.empty());
    CHECK(events(logs[2]) == 25);
    CHECK(logs[2].incarnation[0] == 1);
}

TEST_CASE("bundle gatherer: nothing new is no range, and more than there is is told") {
    Hub hub;
    hub.add("store1").epoch(1, 0, 20);
    BundleGatherer same("head", "b", holding({StoreId{"store1"}, Epoch{1}, Sequence{20}}));
    auto logs = hub.play(same);
    CHECK(events(logs[0]) == 0);
    CHECK(logs[0].upto == Sequence{20});
    BundleGatherer more("head", "b", holding({StoreId{"store1"}, Epoch{1}, Sequence{30}}));
    logs = hub.play(more);
    CHECK(logs[0].after > logs[0].end);
}

TEST_CASE("bundle gatherer: an epoch that began below what is held is written from the beginning") {
    Hub hub;
    hub.add("store1").epoch(1, 0, 50);
    hub.logs[0].epoch(2, 50, 80);
    // Held up to 50: the new epoch goes on right behind it.
    BundleGatherer behind("head", "b", holding({StoreId{"store1"}, Epoch{1}, Sequence{50}}));
    auto logs = hub.play(behind);
    CHECK(logs[0].after == Sequence{50});
    CHECK(events(logs[0]) == 30);
    CHECK(logs[0].epoch == Epoch{2});
    CHECK(logs[0].incarnation[0] == 2);
    // Held up to 60 of the first epoch, ten events of which are lost: all of it is needed again.
    BundleGatherer lost("head", "b", holding({StoreId{"store1"}, Epoch{1}, Sequence{60}}));
    logs = hub.play(lost);
    CHECK(logs[0].after == Sequence{0});
    CHECK(events(logs[0]) == 80);
}

TEST_CASE(
    "bundle gatherer: a quiet log still brings its mark, and no mark speaks beyond its range") {
    Hub hub;
    hub.add("store1").epoch(1, 0, 30);
    hub.logs[0].mark(3, 30);
    hub.logs[0].mark(4, 33);
    BundleGatherer gatherer("head", "b", holding({StoreId{"store1"}, Epoch{1}, Sequence{30}}));
    const auto logs = hub.play(gatherer);
    CHECK(logs[0].upto == Sequence{30});
    REQUIRE(logs[0].mark);
    schema::Parser parser;
    CHECK(schema::decode_mark(parser, logs[0].mark->mark)->counter == 3);
}
