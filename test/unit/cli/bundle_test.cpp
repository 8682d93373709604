// Bundles with a store's receiving end that is the real one: a Receiver, and positions.
#include <doctest/doctest.h>

#include "cli/bundle_gatherer.h"
#include "cli/bundle_giver.h"
#include "cli/bundle_memory.h"
#include "cli/bundled_log.h"
#include "schema/limits.h"
#include "schema/payloads.h"
#include "test/golden/samples.h"

using namespace filial;
using cli::BundledLog;
using cli::BundleGiver;
using schema::BundleLog;
using schema::Message;
using schema::Range;
using schema::Sequence;
using schema::StoreId;

namespace {

const core::BootTime kNow{core::kSecond};

schema::Bytes row(const std::string& key) {
    schema::Event event;
    event.kind = schema::kStockMoved;
    event.key = key;
    event.payload =
        schema::encode(schema::StockMoved{schema::Quantity{-1'000}, "sale", "D1", 0, {}});
    return schema::encode_row(event);
}

/// Every third event is of `control`, the others of `stock`.
Range range(std::uint64_t after, std::uint64_t upto) {
    Range made{StoreId{"store1"}, schema::Epoch{1}, {"*"}, Sequence{after}, Sequence{upto}, {},
               Sequence{upto}};
    for (const std::string topic : {"control", "stock"}) {
        schema::Segment segment;
        segment.topic = topic;
        segment.epoch = schema::Epoch{1};
        for (std::uint64_t seq = after + 1; seq <= upto; ++seq) {
            if ((seq % 3 == 0) != (topic == "control")) continue;
            segment.add(Sequence{seq}, schema::ClientId{}, row("S" + std::to_string(seq % 7)));
        }
        if (!segment.empty()) made.segments.push_back(std::move(segment));
    }
    return made;
}

/// Store1's log in (after, upto], in blocks of a hundred.
schema::Bundle bundle(std::uint64_t after, std::uint64_t upto) {
    schema::BundleHeader header;
    header.from = StoreId{"store1"};
    header.to = StoreId{"store2"};
    header.logs.push_back(
        {StoreId{"store1"}, schema::Epoch{1}, {}, {"*"}, Sequence{after}, Sequence{upto}});
    schema::BundleWriter out(header);
    cli::BundlePacker packer;
    for (std::uint64_t at = after; at < upto; at += 100) {
        const std::uint64_t end = std::min(at + 100, upto);
        out.add(schema::BlockMessage{0, packer.pack(range(at, end))});
    }
    return *schema::parse_bundle(out.take());
}

/// A process that takes `topics` of store1's log.
struct Taker {
    explicit Taker(std::vector<std::string> which) {
        for (const std::string& topic : which) held[topic] = Sequence{0};
    }
    core::Want want() const {
        core::Want made{StoreId{"store1"}, schema::Epoch{}, {}, incarnation};
        for (const auto& [topic, seq] : held) made.after.push_back({topic, seq});
        made.epoch = epoch;
        return made;
    }
    /// All that is said until nobody says anything more.
    schema::Result<void> play(BundleGiver& giver) {
        schema::Hello self;
        self.nonce = 900;
        self.store = "store2";
        self.role = "subscriber";
        core::Session session(self, false, true);
        giver.greet(901, schema::Timestamp{0}, kNow);
        std::vector<Message> back;
        for (int turn = 0; turn < 1'000 && !giver.done(); ++turn) {
            std::vector<Message> said = giver.take_messages();
            if (said.empty() && back.empty()) return {};
            for (const Message& message : said) hear(session, message, back);
            for (const Message& message : std::exchange(back, {})) {
                const auto ok = giver.take(message, schema::Timestamp{0}, kNow);
                if (!ok) return ok;
            }
        }
        return {};
    }
    void hear(core::Session& session, const Message& message, std::vector<Message>& back) {
        const auto say = [&](auto answer) {
            answer.session = session.to_peer();
            back.emplace_back(std::move(answer));
        };
        if (const auto* hello = std::get_if<schema::Hello>(&message)) {
            back.emplace_back(*session.greet(*hello, "", schema::Timestamp{0}, kNow));
            if (!held.empty()) say(session.receiver.begin(want(), kNow));
        } else if (const auto* block = std::get_if<schema::BlockMessage>(&message)) {
            if (session.receiver.judge(block->block, kNow) != core::Receiver::Step::take) return;
            const auto taken = schema::unpack(block->block);
            REQUIRE(taken);
            const auto events_there = schema::events_in_order(taken->segments);
            REQUIRE(events_there);
            for (const schema::LoggedEvent& logged : *events_there) {
                const auto of_topic = held.find(logged.event.topic);
                const auto& known = of_topic != held.end() ? of_topic->second : held.at("*");
                if (logged.seq <= known) continue;
                ++events;
                last = logged.seq;
            }
            for (const std::string& topic : taken->topics) {
                held[topic] = std::max(held[topic], taken->upto);
            }
            say(session.receiver.confirm(StoreId{"store1"}, want().after));
        } else if (const auto* ping = std::get_if<schema::Ping>(&message)) {
            say(schema::Pong{0, ping->nonce});
        } else if (const auto* mark = std::get_if<schema::MarkMessage>(&message)) {
            marks.push_back(*mark);
        }
    }

    std::map<std::string, Sequence> held;
    schema::Epoch epoch;
    schema::Incarnation incarnation{};
    std::uint64_t events = 0;
    Sequence last;
    std::vector<schema::MarkMessage> marks;
};

BundleGiver::State give(const schema::Bundle& bundle, Taker& taker) {
    BundledLog log(bundle, bundle.header.logs[0]);
    BundleGiver giver(log, {}, schema::Timestamp{0});
    const auto played = taker.play(giver);
    REQUIRE(played);
    return giver.state();
}

}  // namespace

TEST_CASE("bundle giver: everything is taken once, read twice nothing is new") {
    Taker taker({"control", "stock"});
    const auto day = bundle(0, 1'050);
    CHECK(give(day, taker) == BundleGiver::State::done);
    CHECK(taker.events == 1'050);
    CHECK(give(day, taker) == BundleGiver::State::done);
    CHECK(taker.events == 1'050);
    CHECK(taker.held["control"] == Sequence{1'050});
}

TEST_CASE("bundle giver: one that begins above what is held is a gap, and nothing of it is taken") {
    Taker taker({"control", "stock"});
    const auto first = bundle(0, 500);
    const auto second = bundle(500, 900);
    CHECK(give(second, taker) == BundleGiver::State::gap);
    CHECK(taker.events == 0);
    CHECK(give(first, taker) == BundleGiver::State::done);
    CHECK(give(second, taker) == BundleGiver::State::done);
    CHECK(taker.events == 900);
    CHECK(give(first, taker) == BundleGiver::State::done);
    CHECK(taker.events == 900);
}

TEST_CASE("bundle giver: topics that stand apart meet, and others of the log stay out") {
    Taker taker({"control", "stock"});
    taker.held["stock"] = Sequence{250};
    CHECK(give(bundle(0, 400), taker) == BundleGiver::State::done);
    CHECK(taker.events == 133 + 100);
    Taker notices({"control"});
    CHECK(give(bundle(0, 400), notices) == BundleGiver::State::done);
    CHECK(notices.events == 133);
    Taker broker({"*"});
    CHECK(give(bundle(0, 400), broker) == BundleGiver::State::done);
    CHECK(broker.held["*"] == Sequence{400});
}

TEST_CASE("bundle giver: a log that nobody takes is said to be unwanted") {
    Taker taker({});
    CHECK(give(bundle(0, 10), taker) == BundleGiver::State::unwanted);
}

TEST_CASE(
    "bundle giver: another log of the same epoch, an epoch that is over and topics that are "
    "not in it are refused") {
    auto day = bundle(0, 10);
    Taker rival({"stock"});
    rival.epoch = schema::Epoch{1};
    rival.incarnation.fill(1);
    day.header.logs[0].incarnation.fill(2);
    CHECK(give(day, rival) == BundleGiver::State::refused);
    Taker later({"stock"});
    later.epoch = schema::Epoch{2};
    CHECK(give(day, later) == BundleGiver::State::refused);
    Taker beyond({"stock"});
    beyond.epoch = schema::Epoch{2};
    beyond.held["stock"] = Sequence{12};
    CHECK(give(day, beyond) == BundleGiver::State::done);
    day.header.logs[0].topics = {"control"};
    Taker more({"stock"});
    CHECK(give(day, more) == BundleGiver::State::refused);
    CHECK(rival.events + later.events + beyond.events + more.events == 0);
}

TEST_CASE(
    "bundle giver: a mark comes after the events of which it speaks, and is as old as the "
    "bundle lay") {
    const auto day = bundle(0, 10);
    BundledLog log(day, day.header.logs[0]);
    schema::MarkMessage mark;
    mark.mark = schema::encode(golden::mark());
    mark.dwell_us = 5;
    BundleGiver giver(log, {mark}, schema::Timestamp{-3'000'000});
    Taker taker({"stock"});
    REQUIRE(taker.play(giver));
    CHECK(giver.state() == BundleGiver::State::done);
    REQUIRE(taker.marks.size() == 1);
    CHECK(taker.marks[0].dwell_us == 3'000'005);
    CHECK(!taker.marks[0].dwell_exact);
    CHECK(taker.last.value() > 0);
}

TEST_CASE("bundled log: it is read from anywhere, also backwards, as it was packed") {
    const auto day = bundle(40, 1'000);
    BundledLog log(day, day.header.logs[0]);
    for (const std::uint64_t after : {40u, 700u, 139u, 140u, 999u, 41u}) {
        const auto got = log.read({StoreId{"store1"}, {"*"}, Sequence{after}, 0});
        REQUIRE(got);
        CHECK(got->after == Sequence{after});
        CHECK(got->count() == got->upto.value() - after);
    }
}

TEST_CASE("bundle memory: acknowledgements only rise, and it is read as it was written") {
    cli::BundleMemory memory;
    schema::BundleHeader header;
    header.holds.push_back({StoreId{"store1"}, schema::Epoch{1}, Sequence{200}});
    memory.heard(header);
    header.holds[0].seq = Sequence{120};
    memory.heard(header);
    CHECK(memory.holds[StoreId{"store1"}].seq == Sequence{200});
    header.holds[0].epoch = schema::Epoch{2};
    memory.heard(header);
    CHECK(memory.holds[StoreId{"store1"}].seq == Sequence{120});
    memory.number = 4;
    CHECK(*cli::parse_bundle_memory(cli::bundle_memory_text(memory)) == memory);
    CHECK(!cli::parse_bundle_memory("{\"number\": -1}"));
}
