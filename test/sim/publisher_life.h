#pragma once

#include <memory>
#include <optional>

#include "core/link/asker.h"
#include "core/quarantine.h"
#include "publisher/log_place.h"
#include "publisher/log_repair.h"
#include "publisher/rejoiner.h"
#include "test/sim/watched_host.h"

namespace filial::sim {

/// The own log's place on a simulated machine.
class SimLogPlace : public publisher::LogPlace {
  public:
    explicit SimLogPlace(Machine& machine) : machine_(machine) {}
    bool taken(const std::string& name) const override { return machine_.aside.contains(name); }
    schema::Result<void> move_aside(const std::string& name) override;

  private:
    Machine& machine_;
};

/// The publisher's process: one life of the log after the other, as publisher/lives.cpp has them,
/// with everything in them that decides.
class PublisherLife : public Life {
  public:
    PublisherLife(Machine& machine, int process, Network& network, core::AllowList& allow,
                  Watch& watch)
        : machine_(machine), process_(process), network_(network), allow_(allow), watch_(watch) {}

    schema::Result<void> start();
    schema::Result<void> turn() override;
    core::Exchange& exchange() override { return *exchange_; }
    bool is_publisher() const override { return true; }
    std::string repairs() const override { return repair_ ? repair_->state() : std::string(); }

  private:
    schema::Result<void> trade();
    schema::Result<void> rejoin();
    schema::Result<void> lift();
    schema::Result<void> repair(const schema::Error& error);
    schema::Result<void> end_repair();
    schema::Result<void> connect(core::Host& host, const core::Self& self);
    void end_life();

    Machine& machine_;
    int process_;
    Network& network_;
    core::AllowList& allow_;
    Watch& watch_;
    std::optional<core::Quarantine> quarantine_;
    std::unique_ptr<publisher::Publisher> publisher_;
    std::unique_ptr<publisher::Rejoiner> rejoiner_;
    std::unique_ptr<publisher::LogRepair> repair_;
    std::unique_ptr<WatchedHost> host_;
    std::unique_ptr<core::Exchange> exchange_;
    std::unique_ptr<core::Asker> asker_;
    std::unique_ptr<publisher::ExchangeLegs> legs_;
};

}  // namespace filial::sim
