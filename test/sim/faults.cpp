// What befalls a company, and how it is mended at the end.
#include <algorithm>

#include "test/sim/company.h"

namespace filial::sim {

void Company::draw_next(Fault fault) {
    const Time every = plan_.every[static_cast<std::size_t>(fault)];
    if (every == 0 || mended_) return;
    const auto index = static_cast<std::size_t>(fault);
    Random& random = index < kFirstOfLater ? random_ : amiss_;
    push(now_ + random.between(every / 4, every * 7 / 4), What::fault, index);
}

void Company::count(Fault fault) { ++counts_[name_of(fault)]; }

Company::Process& Company::any_process() { return processes_[random_.below(processes_.size())]; }
Machine& Company::any_machine() { return *machines_[random_.below(machines_.size())]; }

/// Between a machine that has a broker or is a peer, and another one.
std::pair<std::string, std::string> Company::any_wire() {
    const std::string a = any_machine().store.value();
    std::string b = any_machine().store.value();
    if (!plan_.peers && random_.chance(700))
        b = plan_.brokers == 2 && random_.chance(400) ? "region" : "head";
    if (a == b) b = a == "head" ? machines_[1]->store.value() : "head";
    return {a, b};
}

void Company::stop(Process& process, Time lasts) {
    if (!process.life || process.paused) return;
    process.paused = true;
    network_.pause(process.id, true);
    tell(process.machine->store.value() + " " + name_of(process.role) + " stands still for " +
         std::to_string(lasts / kMillisecond) + " ms");
    const int id = process.id;
    later(lasts, [this, id] {
        Process& stopped = processes_[static_cast<std::size_t>(id)];
        if (!stopped.paused) return;
        stopped.paused = false;
        network_.pause(id, false);
        tell(stopped.machine->store.value() + " " + name_of(stopped.role) + " goes on");
        stopped.next = kNever;
        wake(id, now_);
    });
}

void Company::cut(const std::string& a, const std::string& b, Time lasts) {
    tell("the wire between " + a + " and " + b + " is cut for " + std::to_string(lasts / kSecond) +
         " s");
    network_.cut(a, b);
    const unsigned forgets = static_cast<unsigned>(random_.below(1'000));
    later(lasts, [this, a, b, forgets] {
        tell("the wire between " + a + " and " + b + " is back");
        network_.mend(a, b, forgets);
    });
}

/// First a copy is put by; the next time the folder comes from there, or is empty.
void Company::replace_replica() {
    Process& process = any_process();
    if (process.role != Role::subscriber || !process.life) return;
    Machine& machine = *process.machine;
    auto& [copy, made] = old_replicas_[&machine];
    const bool wiped = random_.chance(300);
    if (!made && !wiped) {
        copy = machine.replica_disk.data();
        made = true;
        return;
    }
    end(process, false, random_.between(1, 10) * kSecond,
        wiped ? "loses its replica" : "goes on with an older copy of its replica");
    machine.replica_disk.restore(wiped ? ReplicaDisk::Data{} : copy);
    made = false;
    count(Fault::old_replica);
}

void Company::replace_broker() {
    std::vector<Process*> brokers;
    for (Process& each : processes_) {
        if (each.role == Role::broker) brokers.push_back(&each);
    }
    Process& process = *random_.pick(brokers);
    if (!process.life) return;
    Machine& machine = *process.machine;
    auto& [copy, made] = old_brokers_[&machine];
    const bool wiped = random_.chance(300);
    if (!made && !wiped) {
        copy = machine.broker_disk.data();
        made = true;
        return;
    }
    end(process, false, random_.between(1, 10) * kSecond,
        wiped ? "loses its logs" : "goes on with an older copy of its logs");
    machine.broker_disk.restore(wiped ? SimJournal::Data{} : copy);
    made = false;
    count(Fault::old_broker);
}

void Company::befall(Fault fault) {
    switch (fault) {
        case Fault::kill: {
            Process& process = any_process();
            if (!process.life) return;
            end(process, false, random_.between(100, 40'000) * kMillisecond, "is killed");
            break;
        }
        case Fault::restart: {
            Process& process = any_process();
            if (!process.life) return;
            end(process, false, random_.between(100, 2'000) * kMillisecond, "is started again");
            break;
        }
        case Fault::kill_at_write:
        case Fault::power_at_write: {
            Process& process = any_process();
            if (!process.life) return;
            process.fuse->light(1 + random_.below(12), fault == Fault::power_at_write);
            break;
        }
        case Fault::power_cut:
            power_cut(any_machine());
            break;
        case Fault::pause:
            stop(any_process(),
                 random_.between(200, random_.chance(500) ? 5'000 : 180'000) * kMillisecond);
            break;
        case Fault::suspend: {
            Machine& machine = any_machine();
            const Time lasts = random_.between(1, 300) * kSecond;
            for (Process& process : processes_) {
                if (process.machine == &machine) stop(process, lasts);
            }
            break;
        }
        case Fault::cut: {
            const auto [a, b] = any_wire();
            cut(a, b, random_.between(500, random_.chance(500) ? 20'000 : 400'000) * kMillisecond);
            break;
        }
        case Fault::isolate: {
            const std::string alone = any_machine().store.value();
            const Time lasts = random_.between(1, 200) * kSecond;
            for (const auto& machine : machines_) {
                if (machine->store.value() != alone) cut(alone, machine->store.value(), lasts);
            }
            break;
        }
        case Fault::swizzle:
            for (int i = 0; i < 4; ++i) {
                const auto [a, b] = any_wire();
                later(random_.between(0, 20) * kSecond, [this, a = a, b = b] {
                    if (!mended_) cut(a, b, random_.between(1, 60) * kSecond);
                });
            }
            break;
        case Fault::reset: {
            const auto [a, b] = any_wire();
            tell("all connections between " + a + " and " + b + " break");
            network_.reset(a, b);
            break;
        }
        case Fault::slow: {
            const auto [a, b] = any_wire();
            const std::int64_t speed = random_.pick(std::vector<std::int64_t>{300, 1'200, 4'200});
            network_.set_speed(a, b, speed);
            tell("the wire between " + a + " and " + b + " is slow");
            later(random_.between(5, 120) * kSecond,
                  [this, a = a, b = b] { network_.set_speed(a, b, 0); });
            break;
        }
        case Fault::swallow: {
            const auto [a, b] = any_wire();
            network_.wire(a, b).swallows = true;
            tell("the wire between " + a + " and " + b + " swallows what it carries");
            later(random_.between(5, 90) * kSecond, [this, a = a, b = b] {
                network_.wire(a, b).swallows = false;
                network_.reset(a, b);
            });
            break;
        }
        case Fault::corrupt: {
            const auto [a, b] = any_wire();
            network_.wire(a, b).corrupts = static_cast<unsigned>(random_.between(50, 500));
            tell("the wire between " + a + " and " + b + " damages what it carries");
            later(random_.between(1, 30) * kSecond,
                  [this, a = a, b = b] { network_.wire(a, b).corrupts = 0; });
            break;
        }
        case Fault::full_disk:
        case Fault::broken_disk: {
            Machine& machine = any_machine();
            const Health health = fault == Fault::full_disk ? Health::full : Health::broken;
            const bool replica = random_.chance(400);
            tell("a disk of " + machine.store.value() +
                 (health == Health::full ? " is full" : " is broken"));
            const auto set = [&machine, replica](Health to) {
                if (replica) return machine.replica_disk.set_health(to);
                machine.publisher_disk.set_health(to);
                machine.broker_disk.set_health(to);
            };
            set(health);
            later(random_.between(1, 40) * kSecond, [set] { set(Health::well); });
            break;
        }
        case Fault::clock_jump: {
            const std::int64_t by = random_.between(-3'600, 3'600) * kSecond;
            any_machine().clock.set_wrong(random_.chance(100) ? by * 24 * 365 : by);
            break;
        }
        case Fault::clock_drift:
            any_machine().clock.set_drift(random_.between(-200'000, 200'000));
            break;
        case Fault::dial_up: {
            const auto [a, b] = any_wire();
            for (int window = 0; window < 4; ++window) {
                later(window * 50 * kSecond, [this, a = a, b = b] {
                    if (!mended_) cut(a, b, random_.between(20, 45) * kSecond);
                });
            }
            break;
        }
        case Fault::old_replica:
            return replace_replica();
        case Fault::old_broker:
            return replace_broker();
        case Fault::restore:
            return restore_store();
        case Fault::replace:
            return replace_store();
        case Fault::clone:
            return clone_store();
        case Fault::repeat:
        case Fault::overtake: {
            const auto [a, b] = any_wire();
            const bool twice = fault == Fault::repeat;
            const auto amiss = [this, a = a, b = b, twice](unsigned in_a_thousand) {
                Wire& wire = network_.wire(a, b);
                (twice ? wire.repeats : wire.overtakes) = in_a_thousand;
            };
            amiss(static_cast<unsigned>(amiss_.between(20, 400)));
            tell("the wire between " + a + " and " + b +
                 (twice ? " brings messages twice" : " lets messages overtake others"));
            later(amiss_.between(1, 60) * kSecond, [amiss] { amiss(0); });
            break;
        }
        case Fault::damaged_log:
        case Fault::damaged_broker:
        case Fault::damaged_replica:
            return damage(fault);
        case Fault::count:
            return;
    }
    count(fault);
}

/// Nothing is wrong any more; what is to come is only that it gets right again.
void Company::mend() {
    // A repair is many commits, each of which would have to find room.
    rare_.disarm(Rare::no_room);
    for (std::size_t a = 0; a < machines_.size(); ++a) {
        for (std::size_t b = a; b < machines_.size(); ++b) {
            const std::string& one = machines_[a]->store.value();
            const std::string& other = machines_[b]->store.value();
            network_.mend(one, other, 500);
            network_.set_speed(one, other, 0);
            network_.wire(one, other).corrupts = 0;
            network_.wire(one, other).repeats = network_.wire(one, other).overtakes = 0;
            if (network_.wire(one, other).swallows) network_.reset(one, other);
            network_.wire(one, other).swallows = false;
        }
    }
    stop_clone();
    for (const auto& machine : machines_) {
        machine->publisher_disk.set_health(Health::well);
        machine->broker_disk.set_health(Health::well);
        machine->replica_disk.set_health(Health::well);
        machine->clock.set_drift(0);
    }
    for (Process& process : processes_) {
        process.fuse->put_out();
        if (!process.life) {
            process.restart = now_;
            push(now_, What::restart, static_cast<std::size_t>(process.id));
        }
        if (!process.paused) continue;
        process.paused = false;
        network_.pause(process.id, false);
        process.next = kNever;
        wake(process.id, now_);
    }
}

}  // namespace filial::sim
