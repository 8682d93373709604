#include "broker/broker.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <filesystem>

#include "core/journal/rocks_journal.h"
#include "core/link/client.h"
#include "test/unit/broker/log_maker.h"

namespace filial::broker {
namespace {

using core::Want;
using schema::Errc;
using schema::Sequence;
using schema::StoreId;

namespace fs = std::filesystem;

fs::path scratch(const std::string& name) {
    const auto dir = fs::temp_directory_path() / ("filial-" + name + std::to_string(getpid()));
    fs::remove_all(dir);
    fs::create_directories(dir);
    return dir;
}

std::unique_ptr<core::RocksJournal> open_journal(const fs::path& dir) {
    core::JournalOptions options;
    options.dir = dir;
    auto journal = core::RocksJournal::open(options);
    REQUIRE(journal);
    return std::move(*journal);
}

/// A store's publisher as the broker sees it: it offers one log and takes nothing.
class Source : public core::Host {
  public:
    explicit Source(LogMaker& log, std::string offers = "store1")
        : log_(log), offers_(std::move(offers)) {}

    std::vector<StoreId> held() const override { return {StoreId{offers_}}; }
    Sequence end(const StoreId&) const override { return Sequence{log_.size()}; }
    schema::Epoch epoch(const StoreId&) const override { return schema::Epoch{1}; }
    schema::Result<schema::Range> read(const core::ReadRequest& request) override {
        const std::uint64_t after = request.after.value();
        return log_.range(after, std::min(log_.size(), after + 7));
    }
    void reached(const core::Peer&, const schema::Fetch& fetch) override {
        acknowledged = fetch.after.front().seq;
    }
    std::optional<Want> want(const core::Peer&, const StoreId&) override { return std::nullopt; }
    schema::Result<void> take(const core::Peer&, schema::Range) override { return {}; }
    schema::Result<void> flush() override { return {}; }
    std::vector<schema::TopicEnd> durable(const Want&) const override { return {}; }
    void marked(const core::Peer&, const schema::Mark&) override {}
    void applied(const core::Peer&, const schema::Applied&) override {}
    void request(const core::Requester&, schema::Message) override {}
    void turn(core::BootTime) override {}

    Sequence acknowledged;

  private:
    LogMaker& log_;
    std::string offers_;
};

/// Head office with a broker on a loopback port, and one machine of store1 that dials it.
struct Company {
    fs::path dir = scratch("broker-test-");
    core::SystemClock clock;
    core::Keys head_keys = *core::make_keys();
    core::Keys store_keys = *core::make_keys();
    core::AllowList allow{dir / "allow.toml"};
    std::unique_ptr<core::RocksJournal> journal = open_journal(dir / "broker");
    std::unique_ptr<core::Network> head_net = std::move(*core::Network::open(&allow));
    std::unique_ptr<core::Network> store_net = std::move(*core::Network::open(nullptr));
    std::unique_ptr<Broker> broker =
        std::move(*Broker::open(*journal, clock, StoreId{"head"}, &allow));
    core::Exchange head{*broker, clock,      *head_net,
                        &allow,  &head_keys, core::Self{StoreId{"head"}, "broker", {}, {}}};
    std::string endpoint = "ipc-unset";

    Company() {
        REQUIRE(broker->attach(head));
        // The port is chosen by trying, as long as somebody else has the one tried.
        for (int port = 20'000 + getpid() % 20'000; port < 60'000; port += 7) {
            endpoint = "tcp://127.0.0.1:" + std::to_string(port);
            if (head.listen(endpoint)) break;
        }
    }
    ~Company() { fs::remove_all(dir); }

    void admit(const std::string& store) {
        REQUIRE(core::AllowList::admit(dir / "allow.toml",
                                       core::Admission{store, store_keys.curve_public}));
    }
    core::Self machine(std::uint8_t number) const {
        core::Self self{StoreId{"store1"}, "publisher", schema::Epoch{1}, {}};
        self.incarnation.fill(number);
        return self;
    }
    std::unique_ptr<core::Exchange> dial(Source& source, const core::Self& self) {
        auto store =
            std::make_unique<core::Exchange>(source, clock, *store_net, nullptr, &store_keys, self);
        REQUIRE(store->dial(core::Remote{"head", endpoint, head_keys.curve_public}, "publisher"));
        return store;
    }
    /// Both loops in turn until `holds` or the time is up; whether it came to hold.
    template <class Holds>
    bool run(core::Exchange& store, Holds holds, std::int64_t seconds = 20) {
        const auto end = clock.boot().value() + seconds * core::kSecond;
        while (!holds() && clock.boot().value() < end) {
            REQUIRE(store.turn(std::chrono::milliseconds{2}));
            REQUIRE(head.turn(std::chrono::milliseconds{2}));
        }
        return holds();
    }
    Sequence end() const { return journal->end(StoreId{"store1"}); }
};

TEST_CASE("broker: a store's log arrives whole, and is acknowledged once it is durable") {
    Company company;
    company.admit("store1");
    LogMaker log("store1");
    log.sell(100);
    Source source(log);
    auto store = company.dial(source, company.machine(1));
    CHECK(company.run(*store, [&] { return source.acknowledged == Sequence{101}; }));
    CHECK(company.end() == Sequence{101});

    log.sell(50);
    CHECK(company.run(*store, [&] { return source.acknowledged == Sequence{151}; }));
}

TEST_CASE("broker: a key that is not admitted gets nothing in, and is served once it is") {
    Company company;
    LogMaker log("store1");
    log.sell(10);
    Source source(log);
    auto store = company.dial(source, company.machine(1));
    CHECK_FALSE(company.run(
        *store, [&] { return company.end() > Sequence{0}; }, 2));
    company.admit("store1");
    CHECK(company.run(*store, [&] { return source.acknowledged == Sequence{11}; }));
}

TEST_CASE("S28: a store is the only writer of its log: nobody can publish for another one") {
    Company company;
    company.admit("store1");
    LogMaker log("store2");
    log.sell(10);
    Source source(log, "store2");
    auto store = company.dial(source, company.machine(1));
    std::int64_t heard = 0;
    CHECK(company.run(*store, [&] { return company.head.session_of("store1/publisher", heard); }));
    CHECK_FALSE(company.run(
        *store, [&] { return !company.journal->logs().empty(); }, 1));
}

TEST_CASE("broker: a key that belongs to one store cannot say that it is another") {
    Company company;
    company.admit("store9");
    LogMaker log("store1");
    Source source(log);
    auto store = company.dial(source, company.machine(1));
    CHECK_FALSE(company.run(
        *store, [&] { return company.end() > Sequence{0}; }, 2));
}

TEST_CASE("broker: a second machine under one store's name is not taken from") {
    Company company;
    company.admit("store1");
    LogMaker log("store1", 1);
    log.sell(10);
    Source source(log);
    auto store = company.dial(source, company.machine(1));
    REQUIRE(company.run(*store, [&] { return source.acknowledged == Sequence{11}; }));
    store.reset();

    LogMaker clone("store1", 2);
    clone.sell(30);
    Source second(clone);
    auto other = company.dial(second, company.machine(2));
    CHECK_FALSE(company.run(
        *other, [&] { return company.end() > Sequence{11}; }, 2));
}

TEST_CASE("broker: a second machine does not disturb the first, and is told why") {
    Company company;
    company.admit("store1");
    LogMaker log("store1", 1);
    log.sell(10);
    Source source(log);
    auto store = company.dial(source, company.machine(1));
    REQUIRE(company.run(*store, [&] { return source.acknowledged == Sequence{11}; }));

    LogMaker clone("store1", 2);
    clone.sell(30);
    Source second(clone);
    auto other = company.dial(second, company.machine(2));
    const auto refused = [&] {
        REQUIRE(other->turn(std::chrono::milliseconds{1}));
        const auto legs = other->incoming_legs();
        return !legs.empty() && legs[0].note.find("another machine") != std::string::npos;
    };
    CHECK(company.run(*store, refused));
    for (int i = 0; i < 300; ++i) {  // It tries again and again.
        REQUIRE(other->turn(std::chrono::milliseconds{2}));
        REQUIRE(store->turn(std::chrono::milliseconds{2}));
        REQUIRE(company.head.turn(std::chrono::milliseconds{2}));
        std::int64_t heard = 0;
        REQUIRE(store->session_of("head/broker", heard));
    }
    log.sell(10);
    CHECK(company.run(*store, [&] { return source.acknowledged == Sequence{21}; }));
    CHECK(company.end() == Sequence{21});
}

TEST_CASE("broker: a question is answered to whom it may be, and to a revoked key no longer") {
    Company company;
    core::Admission entry{"store1", company.store_keys.curve_public};
    entry.tickets = true;
    REQUIRE(core::AllowList::admit(company.dir / "allow.toml", entry));
    REQUIRE(company.allow.refresh());
    const auto client = std::move(*core::Client::open(
        *company.store_net, {"head", company.endpoint, company.head_keys.curve_public},
        &company.store_keys));
    const auto ask = [&] {
        for (int turn = 0; turn < 1'000; ++turn) {
            const auto sent = client->send(schema::StatusAsk{5}, std::chrono::milliseconds{1});
            REQUIRE(company.head.turn(std::chrono::milliseconds{5}));
            if (!sent) continue;
            for (int answers = 0; answers < 100; ++answers) {
                REQUIRE(company.head.turn(std::chrono::milliseconds{5}));
                const auto answer = client->receive(std::chrono::milliseconds{5});
                if (!answer) continue;
                const auto* trouble = std::get_if<schema::Trouble>(&*answer);
                return trouble == nullptr ? std::string() : trouble->message;
            }
        }
        return std::string("no answer");
    };
    CHECK(ask() == "");
    REQUIRE(core::AllowList::revoke(company.dir / "allow.toml", "store1"));
    REQUIRE(company.allow.refresh());
    CHECK(ask().find("may not ask") != std::string::npos);
}

TEST_CASE("broker: the receivers of a store that is revoked are forgotten") {
    Company company;
    company.admit("store1");
    REQUIRE(company.allow.refresh());
    core::Peer peer;
    peer.store = "store1";
    peer.role = "subscriber";
    peer.name = "store1/subscriber";
    schema::Fetch fetch;
    fetch.store = StoreId{"store2"};
    fetch.after = {{"*", Sequence{0}}};
    company.broker->reached(peer, fetch);
    const auto remembered = [&](std::int64_t later) {
        company.broker->turn(core::BootTime{company.clock.boot().value() + later * core::kSecond});
        bool found = false;
        REQUIRE(company.journal->scan("receiver", {}, [&](schema::ByteView, schema::ByteView) {
            found = true;
            return true;
        }));
        return found;
    };
    CHECK(remembered(10));
    REQUIRE(core::AllowList::revoke(company.dir / "allow.toml", "store1"));
    REQUIRE(company.allow.refresh());
    CHECK_FALSE(remembered(20));
}

TEST_CASE("broker: a revoked key loses its session in the middle of it") {
    Company company;
    company.admit("store1");
    LogMaker log("store1");
    log.sell(10);
    Source source(log);
    auto store = company.dial(source, company.machine(1));
    REQUIRE(company.run(*store, [&] { return source.acknowledged == Sequence{11}; }));

    REQUIRE(core::AllowList::revoke(company.dir / "allow.toml", "store1"));
    std::int64_t heard = 0;
    CHECK(company.run(*store, [&] { return !company.head.session_of("store1/publisher", heard); }));
    log.sell(10);
    CHECK_FALSE(company.run(
        *store, [&] { return company.end() > Sequence{11}; }, 2));
}

}  // namespace
}  // namespace filial::broker
