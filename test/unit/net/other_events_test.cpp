// A sender whose log has other events at places that are held here: what it had sent behind them.
#include <doctest/doctest.h>

#include "core/clock.h"
#include "core/link/client.h"
#include "core/link/exchange.h"
#include "schema/block.h"
#include "test/support/idle_host.h"
#include "test/support/temp_folder.h"

using namespace filial;
using schema::Message;
using schema::Sequence;
using std::chrono::milliseconds;

namespace {

/// Holds store1's log up to `held`, and takes what goes on behind that alone: of what begins below
/// it knows that other events stand here.
class Broker : public test::IdleHost {
  public:
    Sequence end(const schema::StoreId&) const override { return held; }
    schema::Epoch epoch(const schema::StoreId&) const override { return schema::Epoch{1}; }
    std::optional<core::Want> want(const core::Peer&, const schema::StoreId& store) override {
        return core::Want{store, schema::Epoch{1}, durable({}), {}};
    }
    schema::Result<void> take(const core::Peer&, schema::Range range) override {
        if (range.after < held) return schema::fail(schema::Errc::gap, "other events are held");
        taken.push_back(range.after.value());
        held = range.upto;
        return {};
    }
    std::vector<schema::TopicEnd> durable(const core::Want&) const override {
        return {{std::string(schema::kAllTopics), held}};
    }

    Sequence held{5};
    std::vector<std::uint64_t> taken;
};

/// A broker on a local socket, and a publisher of store1 whose messages the test writes.
struct Publishing {
    const test::TempFolder folder;
    const std::string endpoint = "ipc://" + (folder / "head.sock").string();
    const core::SystemClock clock;
    std::unique_ptr<core::Network> network = std::move(*core::Network::open(nullptr));
    Broker host;
    core::Exchange broker{host,    clock,   *network,
                          nullptr, nullptr, {schema::StoreId{"head"}, "broker", {}, {}}};
    std::unique_ptr<core::Client> store;
    std::uint64_t session = 0;

    Publishing() {
        REQUIRE(broker.listen(endpoint));
        store =
            std::move(*core::Client::open(*network, core::Remote{"head", endpoint, ""}, nullptr));
    }
    /// Greets, and waits until the log is asked for behind `after`.
    void greet(std::uint64_t nonce, std::uint64_t after) {
        schema::Hello hello;
        hello.nonce = nonce;
        hello.store = "store1";
        hello.role = "publisher";
        hello.epoch = schema::Epoch{1};
        hello.offers = {"store1"};
        REQUIRE(store->send(hello, milliseconds(5'000)));
        const auto welcome = next<schema::Welcome>();
        REQUIRE(welcome);
        session = welcome->self.nonce;
        const auto fetch = next<schema::Fetch>();
        REQUIRE(fetch);
        CHECK(fetch->after.front().seq.value() == after);
    }
    void block(std::uint64_t of_session, std::uint64_t after, std::uint64_t upto) {
        schema::Range range;
        range.store = schema::StoreId{"store1"};
        range.epoch = schema::Epoch{1};
        range.topics = {std::string(schema::kAllTopics)};
        range.after = Sequence{after};
        range.upto = range.end = Sequence{upto};
        schema::Segment segment;
        segment.topic = "stock";
        segment.epoch = range.epoch;
        for (std::uint64_t at = after + 1; at <= upto; ++at) {
            segment.add(Sequence{at}, schema::ClientId{1}, schema::encode_row({}));
        }
        range.segments.push_back(std::move(segment));
        const schema::BlockMessage message{of_session, schema::pack(range)};
        REQUIRE(store->send(message, milliseconds(5'000)));
    }
    template <class Kind>
    std::optional<Kind> next() {
        for (int turn = 0; turn < 1'000; ++turn) {
            REQUIRE(broker.turn(milliseconds(2)));
            const auto message = store->receive(milliseconds(1));
            if (!message) continue;
            if (const auto* found = std::get_if<Kind>(&*message)) return *found;
        }
        return std::nullopt;
    }
    std::int64_t count(const std::string& what) const {
        for (const auto& [name, value] : broker.counters()) {
            if (name == what) return value;
        }
        return 0;
    }
};

}  // namespace

TEST_CASE("exchange: of a log with other events nothing is taken that was behind them on the way") {
    Publishing it;
    it.greet(77, 5);
    const std::uint64_t first = it.session;
    it.host.held = Sequence{7};  // Another source was faster.
    it.block(first, 5, 7);
    it.block(first, 7, 9);  // On its way already: it begins right where what is held ends.
    const auto told = it.next<schema::Trouble>();
    REQUIRE(told);
    CHECK(told->code == schema::Errc::unknown_session);
    const auto late = it.next<schema::Trouble>();
    REQUIRE(late);
    CHECK(late->code == schema::Errc::unknown_session);
    CHECK(it.host.taken.empty());
    CHECK(it.count("sessions_of_another_log") == 1);

    // It greets again, is asked from the end on, and what it sends then counts.
    it.greet(78, 7);
    it.block(first, 7, 9);
    REQUIRE(it.next<schema::Trouble>());
    CHECK(it.host.taken.empty());
    it.block(it.session, 7, 9);
    for (int turn = 0; turn < 500 && it.host.taken.empty(); ++turn) {
        REQUIRE(it.broker.turn(milliseconds(2)));
    }
    CHECK(it.host.taken == std::vector<std::uint64_t>{7});
}
