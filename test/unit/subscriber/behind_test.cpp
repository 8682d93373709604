// A replica whose as-of stands at a mark that a copy of the store's machine made.
#include <doctest/doctest.h>

#include "subscriber/subscriber.h"
#include "test/unit/subscriber/replica_support.h"

using namespace filial;
using namespace filial::subscriber;
using schema::Sequence;
using schema::StoreId;

namespace {

/// The publisher of store2: it only says its marks, and hears who has newer ones.
class Maker : public core::Host {
  public:
    explicit Maker(TestLog& log) : log_(log) {}
    std::vector<StoreId> held() const override { return {log_.store()}; }
    Sequence end(const StoreId&) const override { return Sequence{log_.size()}; }
    schema::Epoch epoch(const StoreId&) const override { return schema::Epoch{1}; }
    schema::Result<schema::Range> read(const core::ReadRequest& request) override {
        return log_.range(request.after.value(), log_.size(), request.topics);
    }
    void reached(const core::Peer&, const schema::Fetch&) override {}
    std::optional<core::Want> want(const core::Peer&, const StoreId&) override { return {}; }
    schema::Result<void> take(const core::Peer&, schema::Range) override { return {}; }
    schema::Result<void> flush() override { return {}; }
    std::vector<schema::TopicEnd> durable(const core::Want&) const override { return {}; }
    void marked(const core::Peer&, const schema::Mark&) override {}
    void applied(const core::Peer&, const schema::Applied&) override {}
    void outcounted(const core::Peer&, const schema::Mark& mark) override {
        heard.push_back(mark.counter);
    }
    void request(const core::Requester&, schema::Message) override {}
    void turn(core::BootTime) override {}

    std::vector<std::uint64_t> heard;

  private:
    TestLog& log_;
};

}  // namespace

TEST_CASE(
    "subscriber: who sends marks below the one at which as-of stands is told, also after a "
    "restart") {
    Folder folder;
    core::SystemClock clock;
    core::Options options;
    options.store = StoreId{"store1"};
    options.data = options.sockets = folder.path();
    options.subscriber.own_publisher = false;
    TestLog log("store2");
    log.move("tea", 5'000);
    {
        const auto replica = open_replica(replica_options(folder, "store1", {"stock"}));
        take(*replica, log.all());
        replica->marked(log.mark(clock, 900), "broker head");
        REQUIRE(replica->flush());
    }
    const auto replica = open_replica(replica_options(folder, "store1", {"stock"}));
    REQUIRE(replica->newest_mark(log.store()) != nullptr);
    CHECK(replica->newest_mark(log.store())->held.mark.counter == 900);

    const auto network = std::move(*core::Network::open(nullptr));
    Subscriber subscriber(options, *replica, clock, nullptr);
    core::Exchange here(subscriber, clock, *network, nullptr, nullptr,
                        core::Self{options.store, "subscriber", {}, {}});
    subscriber.attach(here);
    Maker maker(log);
    core::Exchange there(maker, clock, *network, nullptr, nullptr,
                         core::Self{log.store(), "publisher", schema::Epoch{1}, {}});
    const std::string endpoint = "ipc://" + (folder.path() / "other.sock").string();
    REQUIRE(there.listen(endpoint));
    REQUIRE(here.dial({"store2", endpoint, ""}, "subscriber"));

    const auto says = [&](std::uint64_t counter) {
        schema::MarkMessage message;
        message.mark = schema::encode(log.mark(clock, counter).mark);
        REQUIRE(there.marks().offer(message, clock, clock.boot()));
        there.announce(log.store());
        const auto end = clock.boot().value() + 20 * core::kSecond;
        const auto here_too = [&] {
            const core::HeldMark* mark = here.marks().find(log.store());
            return mark != nullptr && mark->mark.counter == counter;
        };
        while (!here_too() && clock.boot().value() < end) {
            REQUIRE(here.turn(std::chrono::milliseconds{2}));
            REQUIRE(there.turn(std::chrono::milliseconds{2}));
        }
        REQUIRE(here_too());
        for (int turn = 0; turn < 50; ++turn) {
            REQUIRE(here.turn(std::chrono::milliseconds{2}));
            REQUIRE(there.turn(std::chrono::milliseconds{2}));
        }
    };
    says(7);
    CHECK(maker.heard == std::vector<std::uint64_t>{900});
    says(901);
    CHECK(maker.heard.size() == 1);
    CHECK(replica->newest_mark(log.store())->held.mark.counter == 901);
}
