#include "test/sim/publisher_life.h"

#include "schema/planted.h"
#include "test/sim/sim_damage.h"

namespace filial::sim {

using schema::Result;

Result<void> SimLogPlace::move_aside(const std::string& name) {
    const SimJournal::Data& data = machine_.publisher_disk.data();
    if (data.logs.empty() && data.state.empty()) return {};
    machine_.aside[name] = data;
    machine_.publisher_disk.restore({});
    return {};
}

void PublisherLife::end_life() {
    legs_.reset();
    asker_.reset();
    exchange_.reset();
    host_.reset();
    publisher_.reset();
    rejoiner_.reset();
    repair_.reset();
}

Result<void> PublisherLife::connect(core::Host& host, const core::Self& self) {
    const core::Options& options = machine_.options;
    host_ = std::make_unique<WatchedHost>(host, watch_, process_);
    exchange_ = std::make_unique<core::Exchange>(
        *host_, machine_.clock, network_.transport(process_, machine_.name, machine_.store.value()),
        &allow_, self);
    if (const auto ok = exchange_->listen(options.publisher_socket()); !ok) return ok;
    if (const auto ok = exchange_->listen(options.publisher.listen); !ok) return ok;
    for (const auto& hub : options.hubs) {
        if (const auto ok = exchange_->dial(hub, "publisher"); !ok) return ok;
    }
    return {};
}

Result<void> PublisherLife::start() {
    end_life();
    auto quarantine = core::read_quarantine(machine_.options.data);
    if (!quarantine) return tl::unexpected(quarantine.error());
    quarantine_ = std::move(*quarantine);
    machine_.quarantined = quarantine_.has_value();
    if (quarantine_) return rejoin();
    const auto begun = trade();
    return begun ? begun : repair(begun.error());
}

/// What is damaged is built again; anything else ends the process.
Result<void> PublisherLife::repair(const schema::Error& error) {
    if (error.code != schema::Errc::corrupt || quarantine_) return tl::unexpected(error);
    end_life();
    machine_.quarantined = true;
    repair_ = std::make_unique<publisher::LogRepair>(
        machine_.options,
        std::make_unique<SimDamage>(machine_.publisher_disk, machine_.publisher_repair),
        machine_.clock, error.message);
    const core::Self self{machine_.store, "publisher", repair_->own_epoch(),
                          repair_->own_incarnation()};
    if (const auto ok = connect(*repair_, self); !ok) return ok;
    repair_->attach(*exchange_);
    return {};
}

Result<void> PublisherLife::end_repair() {
    exchange_.reset();
    host_.reset();
    const auto ended = repair_->finish();
    return ended ? start() : ended;
}

Result<void> PublisherLife::trade() {
    machine_.publisher_disk.open();
    const auto whole = machine_.publisher_disk.whole();
    if (!whole && !schema::planted(schema::Bug::witness_unread)) return whole;
    const auto quarantine = publisher::unlifted(machine_.options, machine_.publisher_disk);
    if (!quarantine) return tl::unexpected(quarantine.error());
    if (*quarantine) return start();
    auto opened = publisher::Publisher::open(machine_.options, machine_.publisher_disk,
                                             machine_.clock, &allow_);
    if (!opened) return tl::unexpected(opened.error());
    publisher_ = std::move(*opened);
    publisher_->groups(machine_.groups);
    const core::Self self{machine_.store, "publisher", publisher_->epoch(),
                          publisher_->incarnation()};
    if (const auto ok = connect(*publisher_, self); !ok) return ok;
    asker_ = std::make_unique<core::Asker>(
        [this] { return network_.transport(process_, machine_.name, machine_.store.value()); },
        machine_.clock, machine_.options.subscriber_socket());
    legs_ = std::make_unique<publisher::ExchangeLegs>(*exchange_, *asker_);
    publisher_->attach(*legs_);
    return {};
}

Result<void> PublisherLife::lift() {
    if (const auto lifted = core::lift_quarantine(machine_.options.data); !lifted) return lifted;
    machine_.quarantined = false;
    return start();
}

Result<void> PublisherLife::rejoin() {
    SimLogPlace place(machine_);
    if (const auto room = publisher::make_room(*quarantine_, place); !room) return room;
    machine_.publisher_disk.open();
    if (publisher::readmitted(machine_.publisher_disk, *quarantine_)) return lift();
    rejoiner_ = std::make_unique<publisher::Rejoiner>(machine_.options, machine_.publisher_disk,
                                                      machine_.clock, *quarantine_);
    if (const auto ok =
            connect(*rejoiner_, {machine_.store, "publisher", {}, quarantine_->incarnation});
        !ok) {
        return ok;
    }
    rejoiner_->attach(*exchange_);
    return {};
}

Result<void> PublisherLife::turn() {
    const auto turned = exchange_->turn(kTurnMax);
    if (publisher_ && (!turned || publisher_->over())) publisher_->settle();
    if (!turned) return repair(turned.error());
    if (repair_ && repair_->done()) return end_repair();
    using Ended = publisher::Rejoiner::Outcome;
    if (publisher_ && publisher_->over()) {
        const auto begun = publisher::begin_quarantine(machine_.options, *publisher_->over());
        return begun ? start() : begun;
    }
    if (!rejoiner_ || rejoiner_->outcome() == Ended::going_on) return {};
    if (rejoiner_->outcome() == Ended::readmitted) return lift();
    const auto aside = publisher::set_aside(machine_.options, SimLogPlace(machine_), *quarantine_,
                                            rejoiner_->why());
    return aside ? start() : aside;
}

}  // namespace filial::sim
