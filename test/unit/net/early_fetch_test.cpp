// A fetch that only confirms, and comes before the one that begins: over wires that keep no order.
#include <doctest/doctest.h>

#include "core/link/client.h"
#include "core/link/exchange.h"
#include "test/support/idle_host.h"
#include "test/support/temp_folder.h"

using namespace filial;
using schema::Message;
using std::chrono::milliseconds;

namespace {

constexpr std::uint64_t kEnd = 9;

/// Has a log of nine events, and remembers how far it was told that they are held elsewhere.
class NineEvents : public test::IdleHost {
  public:
    std::vector<schema::StoreId> held() const override { return {schema::StoreId{"store1"}}; }
    schema::Sequence end(const schema::StoreId&) const override { return schema::Sequence{kEnd}; }
    schema::Epoch epoch(const schema::StoreId&) const override { return schema::Epoch{1}; }
    schema::Result<schema::Range> read(const core::ReadRequest& request) override {
        schema::Range range;
        range.store = request.store;
        range.epoch = schema::Epoch{1};
        range.topics = request.topics;
        range.after = request.after;
        range.upto = range.end = schema::Sequence{kEnd};
        schema::Segment segment;
        segment.topic = "stock";
        segment.epoch = range.epoch;
        for (std::uint64_t at = range.after.value() + 1; at <= kEnd; ++at) {
            segment.add(schema::Sequence{at}, schema::ClientId{1}, schema::encode_row({}));
        }
        range.segments.push_back(std::move(segment));
        return range;
    }
    void reached(const core::Peer&, const schema::Fetch& fetch) override {
        counted.push_back(fetch.after.front().seq.value());
    }

    std::vector<std::uint64_t> counted;
};

/// A log's giver on a local socket, and a receiver whose messages the test writes.
struct Receiving {
    const test::TempFolder folder;
    const std::string endpoint = "ipc://" + (folder / "store1.sock").string();
    const core::SystemClock clock;
    std::unique_ptr<core::Network> network = std::move(*core::Network::open(nullptr));
    NineEvents host;
    core::Exchange giver{host,    clock,   *network,
                         nullptr, nullptr, {schema::StoreId{"store1"}, "publisher", {}, {}}};
    std::unique_ptr<core::Client> receiver;
    std::uint64_t session = 0;

    Receiving() {
        REQUIRE(giver.listen(endpoint));
        receiver =
            std::move(*core::Client::open(*network, core::Remote{"store1", endpoint, ""}, nullptr));
        schema::Hello hello;
        hello.nonce = 77;
        hello.store = "store1";
        hello.role = "subscriber";
        REQUIRE(receiver->send(hello, milliseconds(5'000)));
        const auto welcome = next<schema::Welcome>(500);
        REQUIRE(welcome);
        session = welcome->self.nonce;
    }
    void fetch(std::uint64_t after, bool restart) {
        schema::Fetch fetch;
        fetch.session = session;
        fetch.store = schema::StoreId{"store1"};
        fetch.epoch = schema::Epoch{1};
        fetch.after = {{std::string(schema::kAllTopics), schema::Sequence{after}}};
        fetch.credit = 1 << 16;
        fetch.restart = restart;
        REQUIRE(receiver->send(fetch, milliseconds(5'000)));
    }
    /// The next message of this kind that comes within so many turns.
    template <class Kind>
    std::optional<Kind> next(int turns) {
        for (int turn = 0; turn < turns; ++turn) {
            REQUIRE(giver.turn(milliseconds(2)));
            const auto message = receiver->receive(milliseconds(1));
            if (!message) continue;
            if (const auto* found = std::get_if<Kind>(&*message)) return *found;
        }
        return std::nullopt;
    }
    std::int64_t ignored() const {
        for (const auto& [name, value] : giver.counters()) {
            if (name == "fetches_ignored") return value;
        }
        return 0;
    }
};

}  // namespace

TEST_CASE("exchange: positions that no fetch has begun with give nothing and count for nothing") {
    Receiving it;
    // What it rests on, which log and the proof of what is held, is in the one that is overtaken.
    it.fetch(7, false);
    for (int turn = 0; turn < 500 && it.ignored() == 0; ++turn) {
        REQUIRE(it.giver.turn(milliseconds(2)));
    }
    CHECK(it.ignored() == 1);
    CHECK(it.host.counted.empty());
    CHECK_FALSE(it.next<schema::BlockMessage>(20));

    it.fetch(7, true);
    const auto block = it.next<schema::BlockMessage>(500);
    REQUIRE(block);
    CHECK(block->block.after.value() == 7);
    CHECK(it.host.counted == std::vector<std::uint64_t>{7});
    it.fetch(kEnd, false);
    for (int turn = 0; turn < 500 && it.host.counted.size() < 2; ++turn) {
        REQUIRE(it.giver.turn(milliseconds(2)));
    }
    CHECK(it.host.counted.back() == kEnd);
    CHECK(it.ignored() == 1);
}
