// A fetch that only confirms, and comes before the one that begins: over wires that keep no order.
#include "test/support/idle_host.h"
#include "test/unit/net/scripted_client.h"

using namespace filial;

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

void fetch(test::ScriptedClient& receiver, std::uint64_t after, bool restart) {
    schema::Fetch fetch;
    fetch.session = receiver.session;
    fetch.store = schema::StoreId{"store1"};
    fetch.epoch = schema::Epoch{1};
    fetch.after = {{std::string(schema::kAllTopics), schema::Sequence{after}}};
    fetch.credit = 1 << 16;
    fetch.restart = restart;
    receiver.send(fetch);
}

}  // namespace

TEST_CASE("exchange: positions that no fetch has begun with give nothing and count for nothing") {
    NineEvents host;
    test::ScriptedClient receiver(host, {schema::StoreId{"store1"}, "publisher", {}, {}});
    schema::Hello hello;
    hello.nonce = 77;
    hello.store = "store1";
    hello.role = "subscriber";
    receiver.greet(hello);
    // What it rests on, which log and the proof of what is held, is in the one that is overtaken.
    fetch(receiver, 7, false);
    CHECK(receiver.until([&] { return receiver.count("fetches_ignored") == 1; }));
    CHECK(host.counted.empty());
    CHECK_FALSE(receiver.next<schema::BlockMessage>(20));

    fetch(receiver, 7, true);
    const auto block = receiver.next<schema::BlockMessage>();
    REQUIRE(block);
    CHECK(block->block.after.value() == 7);
    CHECK(host.counted == std::vector<std::uint64_t>{7});
    fetch(receiver, kEnd, false);
    CHECK(receiver.until([&] { return host.counted.size() == 2; }));
    CHECK(host.counted.back() == kEnd);
    CHECK(receiver.count("fetches_ignored") == 1);
}
