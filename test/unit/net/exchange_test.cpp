// What an exchange does with whoever calls, whatever its host is.
#include "core/link/exchange.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <utility>

#include "core/link/client.h"
#include "test/support/idle_host.h"
#include "test/support/temp_folder.h"

using namespace filial;
using schema::Message;
using std::chrono::milliseconds;

namespace {

/// Answers every request as it is told to.
class QuietHost : public test::IdleHost {
  public:
    void request(const core::Requester& from, Message message) override {
        answer.request = schema::request_of(message);
        exchange->reply(from, Message{answer});
    }
    std::optional<schema::Error> refuses(const core::Peer&) override { return refusal; }
    bool goes_before(const core::Peer& newer, const core::Peer&) override {
        return newer.incarnation[0] == before_all;
    }
    void turned_away(const core::Peer& peer, const schema::Error&) override {
        turned_away_by.push_back(peer);
    }

    std::optional<schema::Error> refusal;  ///< Of every greeting.
    std::uint8_t before_all = 0;  ///< The number of the machine that others make place for.
    std::vector<core::Peer> turned_away_by;
    core::Exchange* exchange = nullptr;
    schema::Status answer;
};

/// A head office on a local socket, and machines that say they are store1. Time is the test's.
struct Machines {
    const test::TempFolder folder;
    const std::string endpoint = "ipc://" + (folder / "head.sock").string();
    core::ManualClock clock;
    std::unique_ptr<core::Network> network = std::move(*core::Network::open(nullptr));
    QuietHost host;
    core::Exchange head{host,    clock,   *network,
                        nullptr, nullptr, {schema::StoreId{"head"}, "broker", {}, {}}};

    Machines() { REQUIRE(head.listen(endpoint)); }

    std::unique_ptr<core::Exchange> machine(std::uint8_t number, std::uint32_t epoch = 1) {
        core::Self self{schema::StoreId{"store1"}, "publisher", schema::Epoch{epoch}, {}};
        self.incarnation.fill(number);
        auto made = std::make_unique<core::Exchange>(host, clock, *network, nullptr, nullptr, self);
        REQUIRE(made->dial(core::Remote{"head", endpoint, ""}, "publisher"));
        return made;
    }
    /// Turns all for so much of the test's time, a tenth of a second at each.
    void run(std::vector<core::Exchange*> all, int tenths) {
        all.push_back(&head);
        for (int i = 0; i < tenths; ++i) {
            for (core::Exchange* each : all) REQUIRE(each->turn(milliseconds(1)));
            clock.advance(core::kSecond / 10);
        }
    }
    static bool connected(const core::Exchange& machine) {
        std::int64_t heard = 0;
        return machine.session_of("head/broker", heard);
    }
    std::int64_t counter(const std::string& name) const {
        for (const auto& [each, value] : head.counters()) {
            if (each == name) return value;
        }
        return 0;
    }
};

constexpr std::uint64_t kEventsOfALog = 1'000;

/// Offers many logs of a thousand events each.
class ManyLogs : public QuietHost {
  public:
    std::vector<schema::StoreId> held() const override {
        std::vector<schema::StoreId> all;
        for (int i = 1; i <= 40; ++i) all.emplace_back("store" + std::to_string(i));
        return all;
    }
    schema::Sequence end(const schema::StoreId&) const override {
        return schema::Sequence{kEventsOfALog};
    }
    schema::Epoch epoch(const schema::StoreId&) const override { return schema::Epoch{1}; }
    schema::Result<schema::Range> read(const core::ReadRequest& request) override {
        schema::Range range;
        range.store = request.store;
        range.epoch = schema::Epoch{1};
        range.topics = request.topics;
        range.after = request.after;
        range.upto = range.end = schema::Sequence{kEventsOfALog};
        schema::Segment segment;
        segment.topic = "stock";
        segment.epoch = range.epoch;
        for (std::uint64_t at = range.after.value() + 1; at <= kEventsOfALog; ++at) {
            segment.add(schema::Sequence{at}, schema::ClientId{1}, schema::encode_row({}));
        }
        range.segments.push_back(std::move(segment));
        return range;
    }
};

/// Has a large piece of a snapshot for whoever asks, and counts them.
class Pieces : public QuietHost {
  public:
    schema::Result<schema::Chunk> snapshot(const core::Peer&, const schema::SnapshotAsk& ask,
                                           std::size_t most) override {
        ++made;
        schema::Chunk chunk;
        chunk.store = ask.store;
        chunk.topic = ask.topic;
        chunk.rows = schema::Bytes(most / 8, 'r');
        return chunk;
    }
    void chunk(const core::Peer&, const schema::Chunk&) override { ++came; }

    int made = 0;
    int came = 0;
};

/// Wants all of them, and counts what it is given between two flushes.
class Counting : public QuietHost {
  public:
    std::optional<core::Want> want(const core::Peer&, const schema::StoreId& store) override {
        core::Want want;
        want.store = store;
        want.after.push_back({std::string(schema::kAllTopics), schema::Sequence{ends[store]}});
        return want;
    }
    schema::Result<void> take(const core::Peer&, schema::Range range) override {
        const std::uint64_t more = range.upto.value() - ends[range.store];
        ends[range.store] = range.upto.value();
        taken += more;
        all += more;
        return {};
    }
    schema::Result<void> flush() override {
        most = std::max(most, std::exchange(taken, 0));
        return {};
    }
    std::vector<schema::TopicEnd> durable(const core::Want& want) const override {
        const auto at = ends.find(want.store);
        return {{std::string(schema::kAllTopics), schema::Sequence{at->second}}};
    }

    std::map<schema::StoreId, std::uint64_t> ends;
    std::uint64_t taken = 0;
    std::uint64_t most = 0;
    std::uint64_t all = 0;
};

}  // namespace

TEST_CASE("exchange: a backlog of many logs that comes at once is flushed in parts") {
    const test::TempFolder folder;
    const std::string endpoint = "ipc://" + (folder / "head.sock").string();
    core::ManualClock clock;
    const auto network = std::move(*core::Network::open(nullptr));
    ManyLogs logs;
    core::Exchange head{logs,    clock,   *network,
                        nullptr, nullptr, {schema::StoreId{"head"}, "broker", {}, {}}};
    REQUIRE(head.listen(endpoint));
    Counting host;
    core::Exchange store{host,    clock,   *network,
                         nullptr, nullptr, {schema::StoreId{"store99"}, "subscriber", {}, {}}};
    REQUIRE(store.dial(core::Remote{"head", endpoint, ""}, "subscriber"));
    const std::uint64_t all = 40 * kEventsOfALog;
    for (int i = 0; i < 1'000 && host.all < all; ++i) {
        // The sender gets far ahead.
        for (int turns = 0; turns < 10; ++turns) REQUIRE(head.turn(milliseconds(1)));
        REQUIRE(store.turn(milliseconds(1)));
        clock.advance(core::kSecond / 10);
    }
    CHECK(host.all == all);
    CHECK(host.most >= 2 * kEventsOfALog);
    CHECK(host.most <= 8'192 + kEventsOfALog);
}

TEST_CASE("exchange: who asks for pieces of a snapshot and reads none is given no more of them") {
    const test::TempFolder folder;
    const std::string endpoint = "ipc://" + (folder / "head.sock").string();
    core::ManualClock clock;
    const auto network = std::move(*core::Network::open(nullptr));
    Pieces pieces;
    core::Exchange head{pieces,  clock,   *network,
                        nullptr, nullptr, {schema::StoreId{"head"}, "broker", {}, {}}};
    REQUIRE(head.listen(endpoint));
    core::Exchange store{pieces,  clock,   *network,
                         nullptr, nullptr, {schema::StoreId{"store9"}, "subscriber", {}, {}}};
    REQUIRE(store.dial(core::Remote{"head", endpoint, ""}, "subscriber"));
    const auto ask = [&] {
        schema::SnapshotAsk message;
        message.store = schema::StoreId{"head"};
        message.topic = "stock";
        return store.tell("head/broker", message);
    };
    const auto both = [&](int turns) {
        for (int i = 0; i < turns; ++i) {
            REQUIRE(head.turn(milliseconds(1)));
            REQUIRE(store.turn(milliseconds(1)));
            clock.advance(core::kSecond / 100);
        }
    };
    both(100);
    REQUIRE(ask());
    both(20);
    REQUIRE(pieces.came == 1);
    // Of what it asks at once it is given the last.
    for (int i = 0; i < 200; ++i) REQUIRE(ask());
    both(20);
    CHECK(pieces.made < 20);
    CHECK(pieces.came == pieces.made);
    // What waits for it is bounded, also in the transport.
    constexpr int kAsked = 300;
    for (int i = 0; i < kAsked; ++i) {
        REQUIRE(ask());
        REQUIRE(head.turn(milliseconds(1)));
    }
    CHECK(pieces.made < 60);
    for (int i = 0; i < 50 && pieces.came < pieces.made; ++i) both(20);
    CHECK(pieces.came == pieces.made);
    const int before = pieces.came;
    REQUIRE(ask());
    both(20);
    CHECK(pieces.came == before + 1);
}

TEST_CASE(
    "exchange: another incarnation is refused while the first is alive, but for who goes before it "
    "and a later epoch") {
    Machines all;
    auto first = all.machine(1);
    all.run({first.get()}, 30);
    REQUIRE(Machines::connected(*first));
    auto clone = all.machine(2);
    for (int i = 0; i < 10; ++i) {
        all.run({first.get(), clone.get()}, 10);
        CHECK(Machines::connected(*first));
        CHECK_FALSE(Machines::connected(*clone));
    }
    all.host.before_all = 2;
    all.run({first.get(), clone.get()}, 300);
    CHECK_FALSE(Machines::connected(*first));
    CHECK(Machines::connected(*clone));
    first.reset();
    auto later = all.machine(3, 2);
    all.run({later.get()}, 100);
    CHECK(Machines::connected(*later));
}

TEST_CASE("N8: who is refused at the greeting learns from which life of the broker that comes") {
    const test::TempFolder folder;
    core::ManualClock clock;
    const auto network = std::move(*core::Network::open(nullptr));
    QuietHost there, here;
    there.refusal = schema::Error{schema::Errc::stale_incarnation, "epoch 1 is over"};
    core::Self broker{schema::StoreId{"head"}, "broker", {}, {}};
    broker.incarnation.fill(9);
    const std::string endpoint = "ipc://" + (folder / "head.sock").string();
    core::Exchange head(there, clock, *network, nullptr, nullptr, broker);
    REQUIRE(head.listen(endpoint));
    core::Self self{schema::StoreId{"store1"}, "publisher", schema::Epoch{1}, {}};
    self.incarnation.fill(1);
    core::Exchange store(here, clock, *network, nullptr, nullptr, self);
    REQUIRE(store.dial(core::Remote{"head", endpoint, ""}, "publisher"));
    for (int i = 0; i < 300 && here.turned_away_by.empty(); ++i) {
        REQUIRE(store.turn(milliseconds(1)));
        REQUIRE(head.turn(milliseconds(1)));
        clock.advance(core::kSecond / 10);
    }
    REQUIRE(!here.turned_away_by.empty());
    CHECK(here.turned_away_by[0].store == "head");
    CHECK(here.turned_away_by[0].incarnation == broker.incarnation);
    CHECK(here.turned_away_by[0].dialled);
}

TEST_CASE(
    "exchange: two copies of one machine put each other out slowly, not many times a second") {
    Machines all;
    auto one = all.machine(1);
    auto copy = all.machine(1);
    all.run({one.get(), copy.get()}, 100);
    const auto before = all.counter("messages_in");
    all.run({one.get(), copy.get()}, 200);
    CHECK(all.counter("messages_in") > before);
    CHECK(all.counter("messages_in") < before + 60);
}

TEST_CASE("exchange: an answer that no message can carry is refused, with its request number") {
    const test::TempFolder folder;
    const std::string endpoint = "ipc://" + (folder / "head.sock").string();
    const core::SystemClock clock;
    const auto network = std::move(*core::Network::open(nullptr));
    QuietHost host;
    core::Exchange exchange(host, clock, *network, nullptr, nullptr,
                            {schema::StoreId{"head"}, "broker", {}, {}});
    host.exchange = &exchange;
    REQUIRE(exchange.listen(endpoint));
    const auto client =
        std::move(*core::Client::open(*network, core::Remote{"head", endpoint, ""}, nullptr));
    const auto ask = [&](std::uint64_t request) {
        REQUIRE(client->send(schema::StatusAsk{request}, milliseconds(5'000)));
        for (int turn = 0; turn < 500; ++turn) {
            REQUIRE(exchange.turn(milliseconds(10)));
            auto answer = client->receive(milliseconds(1));
            if (answer) return std::move(*answer);
        }
        FAIL("no answer");
        return Message{schema::Ping{}};
    };
    CHECK(std::holds_alternative<schema::Status>(ask(30)));
    host.answer.health = std::string(1 << 20, 'x');
    const Message answer = ask(31);
    const auto* trouble = std::get_if<schema::Trouble>(&answer);
    REQUIRE(trouble != nullptr);
    CHECK(trouble->request == 31);
    CHECK(trouble->code == schema::Errc::too_large);
}
