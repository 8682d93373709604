// A modem: one block takes minutes, and everything else stands in line behind it.
#include <doctest/doctest.h>

#include <deque>
#include <memory>

#include "core/link/session.h"
#include "schema/limits.h"
#include "test/unit/link/one_log.h"

using namespace filial;
using namespace filial::schema;
using core::BootTime;
using core::Session;
using test::at_second;

namespace {

Hello greeting_of(const std::string& store, std::uint64_t nonce) {
    Hello hello;
    hello.nonce = nonce;
    hello.store = store;
    return hello;
}

/// One direction of the line: messages in order, so many bytes a second.
struct Direction {
    std::deque<Bytes> waiting;
    std::size_t crossed = 0;  ///< Of the first one.
    std::uint64_t total = 0;

    void send(const Message& message) { waiting.push_back(encode(message)); }
    /// True if any byte came; `whole` are the messages that are complete now.
    bool move(std::size_t bytes, std::vector<Bytes>& whole) {
        const bool any = bytes > 0 && !waiting.empty();
        while (bytes > 0 && !waiting.empty()) {
            const std::size_t part = std::min(bytes, waiting.front().size() - crossed);
            bytes -= part;
            crossed += part;
            total += part;
            if (crossed < waiting.front().size()) break;
            whole.push_back(std::move(waiting.front()));
            waiting.pop_front();
            crossed = 0;
        }
        return any;
    }
};

/// A store with a log and the broker that fetches it, turned once a second.
class SlowLine {
  public:
    explicit SlowLine(std::size_t bytes_a_second) : speed(bytes_a_second) {
        auto welcome = broker.greet(store.hello(), "store1", Timestamp{0}, now);
        REQUIRE(welcome);
        REQUIRE(store.welcomed(*welcome, "head", Timestamp{0}, now));
        begin();
    }

    void second() {
        now = BootTime{now.value() + core::kSecond};
        cross(up, broker);
        cross(down, store);
        for (auto& block : log.pump(store.sender, now)) {
            up.send(BlockMessage{store.to_peer(), std::move(block)});
        }
        if (const auto ping = store.ping(now)) up.send(*ping);
        if (const auto ping = broker.ping(now)) down.send(*ping);
        for (const StoreId& due : broker.receiver.due(now, broker.asked())) {
            REQUIRE(due == log.store);
            ++restarts;
            begin();
        }
        ended = ended || store.silent(now) || broker.silent(now);
    }

    test::OneLog log;
    Session store{greeting_of("store1", 11), true, false};
    Session broker{greeting_of("head", 22), false, false};
    Direction up, down;
    std::size_t speed;
    BootTime now = at_second(100);
    Sequence held;
    int restarts = 0;
    bool ended = false;
    bool sender_sleeps = false;

  private:
    void begin() {
        const core::Want want{log.store, Epoch{1}, {{std::string(kAllTopics), held}}};
        Fetch fetch = broker.receiver.begin(want, now);
        fetch.session = broker.to_peer();
        down.send(std::move(fetch));
    }
    void cross(Direction& direction, Session& to) {
        std::vector<Bytes> whole;
        if (direction.move(speed, whole)) to.bytes_came(now);
        for (const Bytes& bytes : whole) {
            Parser parser;
            const auto message = decode_message(parser, bytes);
            REQUIRE(message);
            to.heard(now);
            Direction& back = &direction == &up ? down : up;
            if (const auto* ping = std::get_if<Ping>(&*message)) {
                back.send(Pong{to.to_peer(), ping->nonce});
            } else if (const auto* pong = std::get_if<Pong>(&*message)) {
                to.pong(pong->nonce, now);
            } else if (const auto* fetch = std::get_if<Fetch>(&*message)) {
                if (!sender_sleeps) REQUIRE(to.sender.fetch(*fetch));
            } else if (const auto* block = std::get_if<BlockMessage>(&*message)) {
                take(block->block);
            }
        }
    }
    void take(const Block& block) {
        using Step = core::Receiver::Step;
        if (broker.receiver.judge(block, now) != Step::take) return;
        REQUIRE(unpack(block));
        held = std::max(held, block.upto);
        Fetch fetch = broker.receiver.confirm(log.store, {{std::string(kAllTopics), held}});
        fetch.session = broker.to_peer();
        down.send(std::move(fetch));
    }
};

}  // namespace

TEST_CASE("slow line: blocks of many minutes cross it once, at any speed of a modem") {
    for (const std::size_t speed : {300, 1'200, 4'200}) {  // 2.4, 9.6 and 33.6 kbit/s.
        CAPTURE(speed);
        SlowLine line(speed);
        // Blocks of 128 KiB that do not shrink, and one event after the other of the largest size.
        for (int i = 0; i < 24; ++i) line.log.append({"names"}, kPayloadBytesMax);
        std::uint64_t raw = 24 * kPayloadBytesMax;
        line.broker.receiver.learn_end(line.log.store, line.log.end(), line.now);
        std::uint64_t seconds = 0;
        while (line.held < line.log.end() && seconds < 10 * raw / speed) {
            line.second();
            ++seconds;
        }
        CHECK(line.held == line.log.end());
        CHECK_FALSE(line.ended);
        CHECK(line.restarts == 0);
        CHECK(line.up.total < raw * 11 / 10);
        CHECK(seconds < raw * 11 / 10 / speed + 10);
    }
}

TEST_CASE("slow line: a line that goes dead in the middle of a block is given up by both ends") {
    SlowLine line(300);
    for (int i = 0; i < 8; ++i) line.log.append({"names"}, kPayloadBytesMax);
    for (int i = 0; i < 200; ++i) line.second();
    REQUIRE_FALSE(line.ended);
    REQUIRE(line.held < line.log.end());
    line.speed = 0;
    const auto limit = static_cast<int>(kSilenceMax.count());
    for (int i = 1; i < limit - 5; ++i) line.second();
    CHECK_FALSE(line.ended);
    for (int i = 0; i < 10; ++i) line.second();
    CHECK(line.store.silent(line.now));
    CHECK(line.broker.silent(line.now));
}

TEST_CASE("slow line: a sender that has more and answers pings instead is asked again") {
    SlowLine line(4'200);
    line.sender_sleeps = true;
    line.log.append({"names"});
    line.broker.receiver.learn_end(line.log.store, line.log.end(), line.now);
    const auto overdue = static_cast<int>(core::kOverdue / core::kSecond);
    for (int i = 0; i < overdue; ++i) line.second();
    CHECK(line.restarts == 0);
    for (int i = 0; i < 15; ++i) line.second();
    CHECK(line.restarts == 1);
    line.sender_sleeps = false;
    for (int i = 0; i < overdue + 15; ++i) line.second();
    CHECK(line.held == line.log.end());
    CHECK_FALSE(line.ended);
}
