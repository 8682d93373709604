// Who belongs to a company: machines, what runs on them, tills.
#include <algorithm>
#include <filesystem>

#include "schema/result.h"
#include "test/sim/company.h"

namespace filial::sim {

void Company::add_machine(const std::string& name, bool store, bool broker) {
    machines_.push_back(std::make_unique<Machine>(now_, random_, name, name));
    Machine& machine = *machines_.back();
    set_options(machine, store);
    if (broker) add_process(Role::broker, machine);
    if (!store) return;
    stores_.push_back(name);
    machine.publisher_disk.keep_witness(machine.store);
    add_process(Role::publisher, machine);
    add_process(Role::subscriber, machine);
}

/// A second machine of one of the stores: its publisher. Switched off at first.
void Company::add_clone() {
    const std::string& store = random_.pick(stores_);
    clone_ = std::make_unique<Machine>(now_, random_, store, store + "-clone");
    set_options(*clone_, true);
    // It dials the brokers that its original dials.
    for (const auto& machine : machines_) {
        if (machine->store == clone_->store) clone_->options.hubs = machine->options.hubs;
    }
    add_process(Role::publisher, *clone_);
    processes_.back().off = true;
    truth_.add_clone(*clone_);
}

void Company::add_till(Machine& machine) {
    const int id = kFirstTill + static_cast<int>(tills_.size());
    till_next_.push_back(kNever);
    tills_.push_back(
        std::make_unique<Till>(id, machine, network_, plan_, random_, now_, *operations_));
}

void Company::set_options(Machine& machine, bool store) {
    const std::string& name = machine.name;
    core::Options& options = machine.options;
    options.store = machine.store;
    options.data = std::filesystem::path(folder_) / name;
    options.sockets = name;
    options.publisher.mark_every_us =
        rare_.holds(Rare::marks_each_turn) ? 100 * kMillisecond : plan_.mark_every;
    options.publisher.queue_tickets = plan_.queue_tickets;
    options.scrub_every_us = rare_.holds(Rare::looks_all_day) ? 10 * kSecond : plan_.scrub_every;
    machine.groups = rare_.holds(Rare::groups_of_one) ? publisher::GroupSizes{1, 1} : plan_.groups;
    options.broker.keep_us = plan_.keep;
    options.publisher.listen = "tcp://" + name + ":1";
    options.broker.listen = "tcp://" + name + ":2";
    if (plan_.asks_by_itself) {
        options.limits.credit = {true, 2'000, 6'000, 0};
        options.limits.stock = {true, 3'000, 9'000, 0};
    }
    const core::Remote head{"head", "tcp://head:2", ""};
    const core::Remote region{"region", "tcp://region:2", ""};
    if (name == "region") {
        machine.relays = plan_.chained;
        options.hubs = {head};
    } else if (plan_.chained) {
        // Some stores hang on the region's broker, which hangs on head office's.
        options.hubs = {machines_.size() % 2 == 0 && name != "head" ? region : head};
    } else {
        options.hubs = {head};
        if (plan_.brokers == 2) options.hubs.push_back(region);
    }
    if (plan_.peers && store) {
        for (const std::string& other : stores_) {
            options.peers.push_back({other, "tcp://" + other + ":1", ""});
        }
    }
    std::filesystem::remove_all(options.data);
    std::filesystem::create_directories(options.publisher_dir());
}

/// The replica of one store does not know a kind of event until its next version comes.
void Company::add_earlier_version() {
    if (plan_.unknown_kind.empty()) return;
    Machine& machine = machine_of(stores_[plan_.seed % stores_.size()]);
    machine.options.subscriber.hold_kinds = {plan_.unknown_kind};
    later(plan_.upgrade, [this, &machine] {
        counts_["events parked"] += truth_.parked(machine);
        machine.options.subscriber.hold_kinds.clear();
        for (Process& process : processes_) {
            const bool replica = process.machine == &machine && process.role == Role::subscriber;
            if (!replica || !process.life) continue;
            counts_["upgrades"] += 1;
            end(process, false, amiss_.between(1, 10) * kSecond, "is upgraded");
        }
    });
}

/// Who has a log that head office waits for, and who may send the logs of others.
void Company::admit_all() {
    std::vector<core::Admission> all;
    for (const auto& machine : machines_) {
        core::Admission one;
        one.store = machine->name;
        one.key = std::string(39, '0');
        one.key += static_cast<char>('1' + all.size());
        one.publish = std::count(stores_.begin(), stores_.end(), machine->name) > 0;
        one.relay = machine->name == "head" || machine->name == "region";
        all.push_back(std::move(one));
    }
    allow_ = core::AllowList(all);
}

/// Where something may have to be decided that no program decides.
void Company::add_people() {
    const bool broker_forgets =
        plan_.every_of(Fault::old_broker) > 0 || plan_.every_of(Fault::damaged_broker) > 0;
    if (!plan_.lives_end() && !broker_forgets) return;
    int id = kFirstPeople;
    for (const auto& machine : machines_) {
        const std::string& name = machine->name;
        if (name == "head" || name == "region") {
            offices_.try_emplace(name, id++, name, name, network_,
                                 machine->options.broker_socket());
        }
        if (std::count(stores_.begin(), stores_.end(), name) == 0 || !broker_forgets) continue;
        shops_.try_emplace(name, id++, name, name, network_, machine->options.publisher_socket());
    }
    look_after();
}

void Company::add_process(Role role, Machine& machine) {
    Process process;
    process.id = static_cast<int>(processes_.size());
    process.role = role;
    process.machine = &machine;
    process.fuse = role == Role::publisher ? &machine.publisher_fuse
                   : role == Role::broker  ? &machine.broker_fuse
                                           : &machine.subscriber_fuse;
    process.restart = 0;
    processes_.push_back(std::move(process));
    truth_.add_process({&machine, role});
}

}  // namespace filial::sim
