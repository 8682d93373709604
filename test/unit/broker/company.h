#pragma once

#include <doctest/doctest.h>
#include <unistd.h>

#include <filesystem>
#include <memory>
#include <string>

#include "broker/broker.h"
#include "core/journal/rocks_journal.h"
#include "test/unit/broker/log_maker.h"

namespace filial::broker {

using core::Want;
using schema::Sequence;
using schema::StoreId;

namespace fs = std::filesystem;

inline fs::path scratch(const std::string& name) {
    const auto dir = fs::temp_directory_path() / ("filial-" + name + std::to_string(getpid()));
    fs::remove_all(dir);
    fs::create_directories(dir);
    return dir;
}

inline std::unique_ptr<core::RocksJournal> open_journal(const fs::path& dir) {
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
    void outcounted(const core::Peer&, const schema::Mark& mark) override {
        outcounted_by.push_back(mark.counter);
    }
    void request(const core::Requester&, schema::Message) override {}
    void turn(core::BootTime) override {}

    Sequence acknowledged;
    std::vector<std::uint64_t> outcounted_by;

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
    std::unique_ptr<core::Exchange> dial(Source& source, const core::Self& self,
                                         const std::string& line = "auto") {
        auto store =
            std::make_unique<core::Exchange>(source, clock, *store_net, nullptr, &store_keys, self);
        core::Remote remote{"head", endpoint, head_keys.curve_public};
        remote.line = line;
        REQUIRE(store->dial(remote, "publisher"));
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

}  // namespace filial::broker
