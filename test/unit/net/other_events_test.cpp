// A sender whose log has other events at places that are held here: what it had sent behind them.
#include "schema/block.h"
#include "test/support/idle_host.h"
#include "test/unit/net/scripted_client.h"

using namespace filial;
using schema::Sequence;

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

/// Greets as store1's publisher; from which position on its log is asked for then.
std::uint64_t greet(test::ScriptedClient& publisher, std::uint64_t nonce) {
    schema::Hello hello;
    hello.nonce = nonce;
    hello.store = "store1";
    hello.role = "publisher";
    hello.epoch = schema::Epoch{1};
    hello.offers = {"store1"};
    publisher.greet(hello);
    const auto fetch = publisher.next<schema::Fetch>();
    REQUIRE(fetch);
    return fetch->after.front().seq.value();
}

void send_block(test::ScriptedClient& publisher, std::uint64_t session, std::uint64_t after,
                std::uint64_t upto) {
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
    publisher.send(schema::BlockMessage{session, schema::pack(range)});
}

}  // namespace

TEST_CASE("exchange: of a log with other events nothing is taken that was behind them on the way") {
    Broker host;
    test::ScriptedClient publisher(host, {schema::StoreId{"head"}, "broker", {}, {}});
    CHECK(greet(publisher, 77) == 5);
    const std::uint64_t first = publisher.session;
    host.held = Sequence{7};  // Another source was faster.
    send_block(publisher, first, 5, 7);
    // On its way already: it begins right where what is held ends.
    send_block(publisher, first, 7, 9);
    for (int refused = 0; refused < 2; ++refused) {
        const auto told = publisher.next<schema::Trouble>();
        REQUIRE(told);
        CHECK(told->code == schema::Errc::unknown_session);
    }
    CHECK(host.taken.empty());
    CHECK(publisher.count("sessions_of_another_log") == 1);

    // It greets again, is asked from the end on, and what it sends then counts.
    CHECK(greet(publisher, 78) == 7);
    send_block(publisher, first, 7, 9);
    REQUIRE(publisher.next<schema::Trouble>());
    CHECK(host.taken.empty());
    send_block(publisher, publisher.session, 7, 9);
    CHECK(publisher.until([&] { return !host.taken.empty(); }));
    CHECK(host.taken == std::vector<std::uint64_t>{7});
}
