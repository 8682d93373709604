// What head office hears when it readmits a machine a second time.
#include <doctest/doctest.h>

#include "core/link/client.h"
#include "test/support/memory_journal.h"
#include "test/unit/broker/company.h"

namespace filial::broker {
namespace {

/// A broker that has readmitted a machine as store1 in epoch 2 and has heard nothing of it since.
struct Awaiting {
    core::ManualClock clock;
    test::MemoryJournal journal;
    const StoreId store{"store1"};
    const core::Peer awaited = machine(7);
    std::unique_ptr<core::Network> network = std::move(*core::Network::open(nullptr));
    std::unique_ptr<Broker> broker;
    std::unique_ptr<core::Exchange> exchange;

    Awaiting() {
        Readmissions readmissions;
        Attempt attempt;
        attempt.incarnation = awaited.incarnation;
        REQUIRE(readmissions.met(store, attempt));
        REQUIRE(readmissions.grant(store, "07070707", schema::Epoch{1}));
        core::JournalWrite write;
        readmissions.save(write);
        REQUIRE(journal.commit(write, true));
        broker = std::move(*Broker::open(journal, clock, StoreId{"head"}, nullptr));
        exchange = std::make_unique<core::Exchange>(*broker, clock, *network, nullptr, nullptr,
                                                    core::Self{StoreId{"head"}, "broker", {}, {}});
        REQUIRE(broker->attach(*exchange));
    }
    static core::Peer machine(std::uint8_t number) {
        core::Peer peer;
        peer.store = "store1";
        peer.role = "publisher";
        peer.name = "store1/publisher";
        peer.incarnation.fill(number);
        return peer;
    }
    std::uint32_t granted() const {
        const auto kept = Readmissions::load(journal);
        REQUIRE(kept);
        return kept->life(store)->granted.value();
    }
};

}  // namespace

TEST_CASE("N8: who is readmitted already is so also while the disk is full") {
    const fs::path dir = scratch("readmit-test-");
    core::ManualClock clock;
    test::MemoryJournal journal;
    auto network = std::move(*core::Network::open(nullptr));
    auto broker = std::move(*Broker::open(journal, clock, StoreId{"head"}, nullptr));
    core::Exchange exchange{*broker, clock,   *network,
                            nullptr, nullptr, core::Self{StoreId{"head"}, "broker", {}, {}}};
    REQUIRE(broker->attach(exchange));
    const std::string endpoint = "ipc://" + (dir / "head.sock").string();
    REQUIRE(exchange.listen(endpoint));
    auto person = core::Client::open(*network, {"head", endpoint, ""}, nullptr);
    REQUIRE(person);

    core::Peer machine;
    machine.store = "store1";
    machine.role = "publisher";
    machine.name = "store1/publisher";
    machine.incarnation.fill(7);
    broker->rejoin(machine, {0, machine.incarnation, schema::Epoch{1}, Sequence{2}, "pc", "moved"});
    const auto readmit = [&](const std::string& code) {
        REQUIRE((*person)->send(schema::Readmit{1, StoreId{"store1"}, code},
                                std::chrono::milliseconds{2'000}));
        for (int i = 0; i < 1'000; ++i) {
            REQUIRE(exchange.turn(std::chrono::milliseconds{2}));
            auto answer = (*person)->receive(std::chrono::milliseconds{2});
            if (answer) return std::move(*answer);
        }
        return schema::Message{};
    };
    CHECK(std::holds_alternative<schema::Status>(readmit("07070707")));
    const auto kept = Readmissions::load(journal);
    REQUIRE(kept);
    REQUIRE(kept->life(StoreId{"store1"}) != nullptr);

    // Something of it still waits to be written, and a machine that nobody decided on asks, too.
    LogMaker log("store1");
    log.sell(5);
    REQUIRE(broker->take(machine, log.range(0, 6)));
    journal.fail_commits(schema::Errc::no_space);
    const auto again = readmit("07070707");
    const auto* status = std::get_if<schema::Status>(&again);
    REQUIRE(status != nullptr);
    REQUIRE(status->waiting.size() == 1);
    CHECK(status->waiting.front().find("readmitted as epoch 2") != std::string::npos);
    core::Peer other = machine;
    other.incarnation.fill(8);
    broker->rejoin(other, {0, other.incarnation, schema::Epoch{1}, Sequence{2}, "pc2", "restored"});
    CHECK(std::holds_alternative<schema::Trouble>(readmit("08080808")));
    fs::remove_all(dir);
}

TEST_CASE(
    "N8: while one machine's life is awaited, of all others only a repair is let in, and makes "
    "place for it") {
    Awaiting at;
    Broker* broker = at.broker.get();
    const core::Peer& awaited = at.awaited;

    // Its log was damaged before anybody had the new epoch, or it is an older machine: the events
    // that it gets back say which.
    core::Peer repair = awaited;
    repair.incarnation = {};
    const core::Peer other = Awaiting::machine(8);
    core::Peer old = repair;
    old.epoch = schema::Epoch{1};
    CHECK(!broker->refuses(awaited));
    CHECK(!broker->refuses(repair));
    const auto forked = broker->refuses(other);
    REQUIRE(forked);
    CHECK(forked->code == schema::Errc::forked);
    const auto over = broker->refuses(old);
    REQUIRE(over);
    CHECK(over->code == schema::Errc::stale_incarnation);

    // The repair gave up what nobody has, and took the next epoch, which was granted already: it
    // asks head office instead of standing aside for ever.
    core::Peer next = other;
    next.epoch = schema::Epoch{2};
    const auto asks = broker->refuses(next);
    REQUIRE(asks);
    CHECK(asks->code == schema::Errc::stale_incarnation);
    CHECK(asks->message.find("was granted to 0707") != std::string::npos);

    CHECK(broker->goes_before(awaited, repair));
    CHECK_FALSE(broker->goes_before(repair, awaited));
    CHECK_FALSE(broker->goes_before(other, repair));
    CHECK_FALSE(broker->goes_before(awaited, other));
}

TEST_CASE(
    "N8: an epoch that is granted to a greeting is raised by what the machine then says, durably") {
    Awaiting at;
    const schema::Rejoin says{0,     at.awaited.incarnation, schema::Epoch{2}, Sequence{9}, "pc",
                              "lost"};
    at.journal.fail_commits(schema::Errc::no_space);
    at.broker->rejoin(at.awaited, says);
    at.journal.fail_commits(std::nullopt);
    CHECK(at.granted() == 2);
    at.broker->rejoin(at.awaited, says);
    CHECK(at.granted() == 3);
    // In its own epoch now, it may be what a broker granted: nothing changes by that.
    at.broker->rejoin(at.awaited, says);
    CHECK(at.granted() == 3);
}

}  // namespace filial::broker
