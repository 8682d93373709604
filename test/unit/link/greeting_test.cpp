// What a called end does about greetings that it did not expect.
#include <doctest/doctest.h>

#include <deque>

#include "core/link/exchange.h"
#include "test/support/idle_host.h"

using namespace filial;
using schema::Bytes;
using schema::Message;

namespace {

/// What one caller says, and what it is answered.
struct Guest {
    std::deque<Bytes> says;
    std::vector<Message> heard;
    void say(const Message& message) { says.push_back(schema::encode(message)); }
    template <class Kind>
    std::vector<Kind> all() const {
        std::vector<Kind> found;
        for (const Message& message : heard) {
            if (const auto* one = std::get_if<Kind>(&message)) found.push_back(*one);
        }
        return found;
    }
};

class Door : public core::Listener {
  public:
    explicit Door(Guest& caller) : caller_(caller) {}
    schema::Result<std::optional<core::Incoming>> receive() override {
        if (caller_.says.empty()) return std::nullopt;
        core::Incoming incoming;
        incoming.route = "1";

        incoming.bytes = std::move(caller_.says.front());
        caller_.says.pop_front();
        return incoming;
    }
    schema::Result<bool> send(const Bytes&, schema::ByteView bytes) override {
        schema::Parser parser;
        caller_.heard.push_back(*schema::decode_message(parser, bytes));
        return true;
    }
    core::QuietOf quiet_of(const core::Incoming&) const override { return {}; }
    const std::string& endpoint() const override { return endpoint_; }
    bool local() const override { return true; }
    std::uint64_t strangers() const override { return 0; }

  private:
    Guest& caller_;
    std::string endpoint_ = "ipc://head.sock";
};

class DoorTransport : public core::Transport {
  public:
    explicit DoorTransport(Guest& caller) : caller_(caller) {}
    schema::Result<std::unique_ptr<core::Listener>> listen(const std::string&) override {
        return std::unique_ptr<core::Listener>(std::make_unique<Door>(caller_));
    }
    schema::Result<std::unique_ptr<core::Caller>> dial(const core::Remote&) override {
        return schema::fail(schema::Errc::invalid, "nobody is called here");
    }
    void watch_fd(int) override {}
    schema::Result<void> wait(std::chrono::milliseconds) override { return {}; }

  private:
    Guest& caller_;
};

}  // namespace

TEST_CASE("greeting: one that comes twice does not leave two ends that never hear each other") {
    core::ManualClock clock;
    Guest caller;
    test::IdleHost host;
    core::Exchange head(host, clock, std::make_unique<DoorTransport>(caller), nullptr,
                        core::Self{schema::StoreId{"head"}, "broker", {}, {}});
    REQUIRE(head.listen("ipc://head.sock"));
    schema::Hello hello;
    hello.nonce = 11;
    hello.store = "store1";
    hello.role = hello.name = "subscriber";
    caller.say(Message{hello});
    caller.say(Message{hello});
    REQUIRE(head.turn(std::chrono::milliseconds(0)));
    const auto welcomes = caller.all<schema::Welcome>();
    REQUIRE(!welcomes.empty());

    // The caller took the first answer for the answer.
    caller.say(Message{schema::Ping{welcomes.front().self.nonce, 1}});
    REQUIRE(head.turn(std::chrono::milliseconds(0)));
    const auto troubles = caller.all<schema::Trouble>();
    REQUIRE(troubles.size() == 1);
    CHECK(troubles.front().code == schema::Errc::unknown_session);

    // So it greets again, and is heard.
    hello.nonce = 12;
    caller.say(Message{hello});
    REQUIRE(head.turn(std::chrono::milliseconds(0)));
    caller.say(Message{schema::Ping{caller.all<schema::Welcome>().back().self.nonce, 2}});
    REQUIRE(head.turn(std::chrono::milliseconds(0)));
    REQUIRE(caller.all<schema::Pong>().size() == 1);
    CHECK(caller.all<schema::Pong>().front().nonce == 2);
}
