#include "subscriber/live_answers.h"

#include <doctest/doctest.h>

#include "core/link/client.h"
#include "subscriber/subscriber.h"
#include "test/unit/subscriber/replica_support.h"

using namespace filial;
using namespace filial::subscriber;
using schema::Errc;
using schema::Message;
using schema::Sequence;
using schema::StoreId;

namespace {

/// Publisher of store2 as a peer sees it: sends its log, and says to a live question what it is
/// told to say.
class OtherStore : public core::Host {
  public:
    explicit OtherStore(TestLog& log, const core::Clock& clock) : log_(log), clock_(clock) {}

    std::vector<StoreId> held() const override { return {log_.store()}; }
    Sequence end(const StoreId&) const override { return Sequence{sent}; }
    schema::Epoch epoch(const StoreId&) const override { return schema::Epoch{1}; }
    schema::Result<schema::Range> read(const core::ReadRequest& request) override {
        return log_.range(request.after.value(), sent, request.topics);
    }
    void reached(const core::Peer&, const schema::Fetch&) override {}
    std::optional<core::Want> want(const core::Peer&, const StoreId&) override {
        return std::nullopt;
    }
    schema::Result<void> take(const core::Peer&, schema::Range) override { return {}; }
    schema::Result<void> flush() override { return {}; }
    std::vector<schema::TopicEnd> durable(const core::Want&) const override { return {}; }
    void marked(const core::Peer&, const schema::Mark&) override {}
    void applied(const core::Peer&, const schema::Applied&) override {}
    void request(const core::Requester&, Message) override {}
    void turn(core::BootTime) override {}
    void confirm(const core::Peer& peer, const schema::Confirm& asked) override {
        nonces.push_back(asked.nonce);
        const std::uint64_t nonce = from_memory && nonces.size() > 1 ? nonces.front() : asked.nonce;
        if (!answers) return;
        const schema::Bytes mark = schema::encode(log_.mark(clock_, 7).mark);
        exchange->tell(peer.name, schema::Confirmed{0, nonce, mark, {}});
        exchange->tell(peer.name, schema::Confirmed{0, nonce, mark, {}});  // It may come twice.
    }

    core::Exchange* exchange = nullptr;
    std::vector<std::uint64_t> nonces;
    std::uint64_t sent = 0;  ///< Up to here its log is sent.
    bool answers = true;
    bool from_memory = false;  ///< With what was said to the first question.

  private:
    TestLog& log_;
    const core::Clock& clock_;
};

core::Options options_in(const Folder& folder) {
    core::Options options;
    options.store = StoreId{"store1"};
    options.data = options.sockets = folder.path();
    options.subscriber.own_publisher = false;
    return options;
}

/// A subscriber of store1 that dials store2, and a program that asks it.
struct Pair {
    Folder folder;
    core::SystemClock clock;
    core::Options options = options_in(folder);
    std::unique_ptr<Replica> replica;
    std::unique_ptr<core::Network> network = std::move(*core::Network::open(nullptr));
    TestLog log{"store2"};
    OtherStore other{log, clock};
    std::unique_ptr<Subscriber> subscriber;
    std::unique_ptr<core::Exchange> here, there;
    std::unique_ptr<core::Client> client;

    explicit Pair(std::vector<std::string> stores = {"*"}) {
        log.move("tea", 5'000);
        log.move("tea", -1'000);
        replica = open_replica(replica_options(folder, "store1", {"stock"}, std::move(stores)));
        subscriber = std::make_unique<Subscriber>(options, *replica, clock, nullptr);
        here = std::make_unique<core::Exchange>(*subscriber, clock, *network, nullptr, nullptr,
                                                core::Self{options.store, "subscriber", {}, {}});
        there = std::make_unique<core::Exchange>(
            other, clock, *network, nullptr, nullptr,
            core::Self{log.store(), "publisher", schema::Epoch{1}, {}});
        other.exchange = there.get();
        subscriber->attach(*here);
        REQUIRE(here->listen(options.subscriber_socket()));
        const std::string endpoint = "ipc://" + (folder.path() / "other.sock").string();
        REQUIRE(there->listen(endpoint));
        REQUIRE(here->dial({"store2", endpoint, ""}, "subscriber"));
        client = std::move(
            *core::Client::open(*network, {"store1", options.subscriber_socket(), ""}, nullptr));
        run([&] { return !here->peers().empty(); });
    }

    template <class Holds>
    void run(Holds holds) {
        const std::int64_t until = clock.boot().value() + 20 * core::kSecond;
        while (!holds()) {
            REQUIRE(clock.boot().value() < until);
            REQUIRE(here->turn(std::chrono::milliseconds(5)));
            REQUIRE(there->turn(std::chrono::milliseconds(5)));
        }
    }
    void send(std::uint64_t wait_ms, const std::string& at = "store2") {
        schema::Query query;
        query.kind = schema::QueryKind::official;
        query.request = 7;
        query.topic = "stock";
        query.key = "tea";
        query.store = at;
        query.limit = wait_ms;
        REQUIRE(client->send(query, std::chrono::seconds(5)));
    }
    Message answer() {
        std::optional<Message> got;
        run([&] {
            auto one = client->receive(std::chrono::milliseconds(1));
            if (one) got = std::move(*one);
            return got.has_value();
        });
        return *got;
    }
    schema::Answer rows() {
        const Message message = answer();
        const auto* one = std::get_if<schema::Answer>(&message);
        REQUIRE(one != nullptr);
        CHECK(one->request == 7);
        return *one;
    }
};

}  // namespace

TEST_CASE("S43: a live answer waits until the replica has read what the store just said") {
    Pair pair;
    pair.other.sent = 1;  // The second event is on its way.
    pair.send(15'000);
    pair.run([&] { return !pair.other.nonces.empty(); });
    pair.run([&] { return pair.replica->position(pair.log.store(), "stock") == Sequence{1}; });
    pair.other.sent = 2;
    const schema::Answer answer = pair.rows();
    CHECK(answer.unit == "thousandths");
    REQUIRE(answer.rows.size() == 1);
    CHECK(answer.rows[0].value == 4'000);
    CHECK(answer.rows[0].freshness.verdict == schema::Verdict::fresh);
    CHECK(answer.rows[0].freshness.source == "live");
    REQUIRE(answer.rows[0].freshness.positions.size() == 1);
    CHECK(answer.rows[0].freshness.positions[0].seq == Sequence{2});
}

TEST_CASE("N4: what was said to an earlier question answers no later one") {
    Pair pair;
    pair.other.sent = 2;
    pair.send(15'000);
    CHECK(pair.rows().unit == "thousandths");
    pair.other.from_memory = true;
    pair.send(500);
    const schema::Answer second = pair.rows();
    CHECK(second.unit == schema::kUnitMissing);
    REQUIRE(second.rows.size() == 1);
    CHECK(second.rows[0].store == "store2");
    CHECK(pair.other.nonces.front() != pair.other.nonces.back());
}

TEST_CASE("S43: who does not answer in time is named, with why it matters and its last mark") {
    Pair pair;
    pair.other.sent = 2;
    pair.other.answers = false;
    pair.send(300);
    const schema::Answer answer = pair.rows();
    CHECK(answer.unit == schema::kUnitMissing);
    REQUIRE(answer.rows.size() == 1);
    CHECK(answer.rows[0].store == "store2");
    CHECK(answer.rows[0].fields[0].first == "why");
    CHECK(answer.rows[0].fields[1].second == "silent");
    CHECK_FALSE(answer.rows[0].freshness.ever);  // No mark of it ever came.
}

TEST_CASE("S43: no official answer is made of some of the stores that matter") {
    Pair pair({"store2"});
    pair.send(300, "");
    const Message message = pair.answer();
    const auto* trouble = std::get_if<schema::Trouble>(&message);
    REQUIRE(trouble != nullptr);
    CHECK(trouble->code == Errc::refused);
    CHECK(trouble->message.find("not every store") != std::string::npos);
}
