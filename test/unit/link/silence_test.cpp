// What a caller does about a hub that says nothing, or came back.
#include <doctest/doctest.h>

#include "core/link/exchange.h"
#include "schema/limits.h"
#include "test/support/idle_host.h"

using namespace filial;
using core::kSecond;
using schema::Bytes;
using schema::Message;

namespace {

/// One hub: what was said to it on which connection, and what it says next.
struct Hub {
    const core::ManualClock* clock = nullptr;
    std::uint64_t connections = 1;
    core::BootTime came;  ///< When the last byte came from it.
    std::optional<core::BootTime> back;
    std::vector<std::pair<std::uint64_t, Message>> heard;
    std::vector<Bytes> says;

    void connect() {
        ++connections;
        came = clock->boot();
        back.reset();
        says.clear();
    }
    void say(const Message& message) {
        says.push_back(schema::encode(message));
        came = clock->boot();
    }
    std::size_t hellos() const {
        std::size_t count = 0;
        for (const auto& each : heard) count += std::holds_alternative<schema::Hello>(each.second);
        return count;
    }
    /// Answers the hello that came last.
    void welcome() {
        schema::Welcome welcome;
        for (const auto& [connection, message] : heard) {
            const auto* hello = std::get_if<schema::Hello>(&message);
            if (hello != nullptr) welcome.hello_nonce = hello->nonce;
        }
        welcome.self.nonce = 7;
        welcome.self.store = "head";
        welcome.self.role = welcome.self.name = "broker";
        say(Message{welcome});
    }
    /// The nonce of the caller's session: what messages to it carry.
    std::uint64_t session() const {
        std::uint64_t nonce = 0;
        for (const auto& [connection, message] : heard) {
            const auto* hello = std::get_if<schema::Hello>(&message);
            if (hello != nullptr) nonce = hello->nonce;
        }
        return nonce;
    }
    void say_mark(std::uint64_t counter, std::uint64_t end = 0) {
        schema::Mark mark;
        mark.store = schema::StoreId{"store2"};
        mark.epoch = schema::Epoch{1};
        mark.counter = counter;
        mark.end = schema::Sequence{end};
        schema::MarkMessage message;
        message.session = session();
        message.mark = schema::encode(mark);
        say(Message{message});
    }
    /// Answers every ping that was not answered yet.
    void answer_pings() {
        for (; answered < heard.size(); ++answered) {
            const auto* ping = std::get_if<schema::Ping>(&heard[answered].second);
            if (ping != nullptr) say(Message{schema::Pong{session(), ping->nonce}});
        }
    }
    std::size_t answered = 0;
};

class HubCaller : public core::Caller {
  public:
    explicit HubCaller(Hub& hub) : hub_(hub) {}
    schema::Result<std::optional<Bytes>> receive() override {
        if (hub_.says.empty()) return std::nullopt;
        Bytes first = std::move(hub_.says.front());
        hub_.says.erase(hub_.says.begin());
        return first;
    }
    schema::Result<bool> send(schema::ByteView bytes) override {
        if (!connected()) return false;
        schema::Parser parser;
        hub_.heard.emplace_back(hub_.connections, *schema::decode_message(parser, bytes));
        return true;
    }
    bool connected() override { return !hub_.back; }
    std::uint64_t connections() override { return hub_.connections; }
    std::int64_t next_try_us() override { return hub_.back ? 0 : -1; }
    std::optional<schema::Error> trouble() override { return std::nullopt; }
    std::optional<std::int64_t> quiet_us() const override {
        return hub_.clock->boot().value() - hub_.came.value();
    }
    void hang_up() override {
        hub_.back = core::BootTime{hub_.clock->boot().value() + 300 * core::kMillisecond};
    }
    void stay_down(bool) override {}

  private:
    Hub& hub_;
};

class HubTransport : public core::Transport {
  public:
    explicit HubTransport(Hub& hub) : hub_(hub) {}
    schema::Result<std::unique_ptr<core::Listener>> listen(const std::string&) override {
        return schema::fail(schema::Errc::invalid, "nobody calls here");
    }
    schema::Result<std::unique_ptr<core::Caller>> dial(const core::Remote&) override {
        return std::unique_ptr<core::Caller>(std::make_unique<HubCaller>(hub_));
    }
    void watch_fd(int) override {}
    schema::Result<void> wait(std::chrono::milliseconds) override {
        if (hub_.back && hub_.clock->boot() >= *hub_.back) hub_.connect();
        return {};
    }

  private:
    Hub& hub_;
};

/// Holds no log and wants none.
/// It takes the control topic of every log.
class ControlHost : public test::IdleHost {
  public:
    std::optional<core::Want> want(const core::Peer&, const schema::StoreId& store) override {
        return core::Want{store, {}, {{"control", schema::Sequence{0}}}};
    }
    std::vector<schema::TopicEnd> durable(const core::Want&) const override {
        return {{"control", schema::Sequence{durable_upto}}};
    }

    std::uint64_t durable_upto = 0;
};

struct Caller {
    core::ManualClock clock;
    Hub hub;
    ControlHost host;
    core::Exchange exchange{host,
                            clock,
                            std::make_unique<HubTransport>(hub),
                            nullptr,
                            {schema::StoreId{"store1"}, "publisher", {}, {}}};

    Caller() {
        hub.clock = &clock;
        hub.came = clock.boot();
        REQUIRE(exchange.dial(core::Remote{"head", "tcp://head:1", ""}, "publisher"));
    }
    void run(std::int64_t seconds, bool answered = false) {
        for (std::int64_t tenth = 0; tenth < 10 * seconds; ++tenth) {
            clock.advance(kSecond / 10);
            REQUIRE(exchange.turn(std::chrono::milliseconds(0)));
            if (answered) hub.answer_pings();
        }
    }
    void greet() {
        run(1);
        hub.welcome();
        run(1);
        REQUIRE(established());
    }
    /// Of the mark that is held.
    double age_seconds() {
        const core::HeldMark* held = exchange.marks().find(schema::StoreId{"store2"});
        REQUIRE(held != nullptr);
        bool exact = false;
        return static_cast<double>(held->age_us(clock.boot(), clock.boot_id(), exact)) / kSecond;
    }
    bool established() const {
        std::int64_t heard = 0;
        return exchange.session_of("head/broker", heard);
    }
};

}  // namespace

TEST_CASE("line: a hub that says nothing is greeted again on every new connection, however long") {
    Caller caller;
    caller.run(600);
    const std::uint64_t before = caller.hub.connections;
    const std::size_t hellos = caller.hub.hellos();
    caller.run(300);
    CHECK(caller.hub.connections > before);
    CHECK(caller.hub.hellos() - hellos >= caller.hub.connections - before);
    CHECK(caller.hub.heard.back().first == caller.hub.connections);
    caller.hub.welcome();
    caller.run(1);
    CHECK(caller.established());
}

TEST_CASE("line: a session that ended by silence is greeted anew as soon as there is a line") {
    Caller caller;
    caller.greet();
    caller.run(16);
    CHECK_FALSE(caller.established());
    const std::size_t hellos = caller.hub.hellos();
    caller.run(2);
    CHECK(caller.hub.connections == 2);
    CHECK(caller.hub.hellos() > hellos);
}

TEST_CASE("line: a connection that broke and came back between two looks is greeted at once") {
    Caller caller;
    caller.greet();
    const std::size_t hellos = caller.hub.hellos();
    caller.hub.connect();
    caller.run(1);
    REQUIRE(caller.hub.hellos() > hellos);
    CHECK(caller.hub.heard.back().first == 2);
    caller.hub.welcome();
    caller.run(1);
    CHECK(caller.established());
}

TEST_CASE("mark: one that waited while this process stood still is as old as the standstill") {
    Caller caller;
    caller.greet();
    caller.hub.say_mark(1);
    caller.run(1);
    CHECK(caller.age_seconds() < 1.5);

    caller.hub.say_mark(2);  // Read by nobody, in the queue or still in the kernel.
    caller.clock.advance(180 * kSecond);
    caller.run(1);
    CHECK(caller.age_seconds() >= 180);
    CHECK(caller.age_seconds() < 183);

    // What the kernel still had comes a little later, and is no younger.
    caller.hub.say_mark(3);
    caller.run(1);
    CHECK(caller.age_seconds() >= 180);

    caller.run(6, true);
    caller.hub.say_mark(4);
    caller.run(1);
    CHECK(caller.age_seconds() < 1.5);
}

TEST_CASE("mark: one that comes late from the other end is as old as the last answer") {
    Caller caller;
    caller.greet();
    caller.run(30, true);
    REQUIRE(caller.established());
    // The other end, or the line, stands still with a mark in hand for twelve seconds.
    caller.run(12);
    caller.hub.say_mark(1);
    caller.hub.answer_pings();
    caller.run(1);
    REQUIRE(caller.established());
    CHECK(caller.age_seconds() >= 12);
    CHECK(caller.age_seconds() < 25);
    // An answer that waited itself says nothing about what stands behind it.
    caller.hub.say_mark(2);
    caller.run(1);
    CHECK(caller.age_seconds() >= 3);

    caller.run(12, true);
    caller.hub.say_mark(3);
    caller.run(1);
    CHECK(caller.age_seconds() < 1.5);
}

TEST_CASE("mark: one of many that the line carries too slowly is as old as the last answer") {
    Caller caller;
    caller.greet();
    caller.run(30, true);
    REQUIRE(caller.established());
    // A mark each second, each of them longer on its way than the one before; pings wait as well.
    for (std::uint64_t counter = 1; counter <= 20; ++counter) {
        caller.hub.say_mark(counter);
        caller.run(1);
    }
    REQUIRE(caller.established());
    CHECK(caller.age_seconds() >= 14);
    CHECK(caller.age_seconds() < 30);
    caller.run(12, true);
    caller.hub.say_mark(21);
    caller.run(1);
    CHECK(caller.age_seconds() < 1.5);
}

TEST_CASE("line: what a lost session brought is told, with its age, until the line is back") {
    Caller caller;
    const auto only_leg = [&] {
        const auto legs = caller.exchange.incoming_legs();
        REQUIRE(legs.size() == 1);
        return legs.front();
    };
    const auto cut = [&] { caller.hub.back = core::BootTime{INT64_MAX}; };
    caller.run(1);
    CHECK(only_leg().peer == "head");
    CHECK(only_leg().origin == "");
    CHECK(only_leg().last_heard_us == -1);

    caller.greet();
    caller.hub.say_mark(1, 9);
    caller.run(1);
    schema::Leg stands = only_leg();
    CHECK(stands.connected);
    CHECK(stands.origin == "store2");
    CHECK(stands.depth_events == 9);

    cut();
    caller.run(20);
    schema::Leg lost = only_leg();
    CHECK_FALSE(lost.connected);
    CHECK(lost.peer == "head/broker");
    CHECK(lost.origin == "store2");
    CHECK(lost.topics == "control");
    CHECK(lost.position == 0);
    CHECK(lost.end == 9);
    CHECK(lost.depth_events == 9);
    CHECK(lost.note == "not connected");
    CHECK(lost.next_try_us >= 0);
    CHECK(lost.last_heard_us >= 20 * kSecond);
    caller.run(3'600);
    CHECK(only_leg().last_heard_us == lost.last_heard_us + 3'600 * kSecond);

    // Another line brings some of it, and in the end more than was known to be.
    caller.host.durable_upto = 7;
    CHECK(only_leg().position == 7);
    CHECK(only_leg().depth_events == 2);
    caller.host.durable_upto = 12;
    CHECK(only_leg().end == 12);
    CHECK(only_leg().depth_events == 0);

    // A session that ends before anything is asked for changes only when it was heard.
    caller.hub.connect();
    caller.greet();
    CHECK(caller.exchange.incoming_legs().empty());
    cut();
    caller.run(10);
    CHECK(only_leg().origin == "store2");
    CHECK(only_leg().last_heard_us < 15 * kSecond);

    caller.hub.connect();
    caller.greet();
    caller.hub.say_mark(2, 14);
    caller.run(1);
    CHECK(only_leg().connected);
    CHECK(only_leg().last_heard_us <= kSecond);
}
