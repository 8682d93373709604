// What an exchange does with whoever calls, whatever its host is.
#include "core/link/exchange.h"

#include <doctest/doctest.h>

#include "core/link/client.h"
#include "test/support/temp_folder.h"

using namespace filial;
using schema::Message;
using std::chrono::milliseconds;

namespace {

/// Holds no log and wants none; answers every request as it is told to.
class QuietHost : public core::Host {
  public:
    std::vector<schema::StoreId> held() const override { return {}; }
    schema::Sequence end(const schema::StoreId&) const override { return {}; }
    schema::Epoch epoch(const schema::StoreId&) const override { return {}; }
    schema::Result<schema::Range> read(const core::ReadRequest&) override {
        return schema::fail(schema::Errc::not_held, "nothing is held");
    }
    void reached(const core::Peer&, const schema::Fetch&) override {}
    std::optional<core::Want> want(const core::Peer&, const schema::StoreId&) override {
        return std::nullopt;
    }
    schema::Result<void> take(const core::Peer&, schema::Range) override { return {}; }
    schema::Result<void> flush() override { return {}; }
    std::vector<schema::TopicEnd> durable(const core::Want&) const override { return {}; }
    void marked(const core::Peer&, const schema::Mark&) override {}
    void applied(const core::Peer&, const schema::Applied&) override {}
    void request(const core::Requester& from, Message message) override {
        answer.request = schema::request_of(message);
        exchange->reply(from, Message{answer});
    }
    void turn(core::BootTime) override {}

    core::Exchange* exchange = nullptr;
    schema::Status answer;
};

}  // namespace

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
