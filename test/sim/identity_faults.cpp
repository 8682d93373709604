// Stores whose log goes on in another life: restored, replaced, cloned; and who says which goes on.
#include <algorithm>

#include "broker/readmissions.h"
#include "core/disk_text.h"
#include "core/known_hubs.h"
#include "core/quarantine.h"
#include "publisher/log_repair.h"
#include "test/sim/company.h"

namespace filial::sim {

namespace {

constexpr Time kPeopleLook = 500 * kMillisecond;

/// Whom that refusal to readmit a store waits for, as it names them; empty for nobody.
std::string silent_in(const std::string& refusal) {
    if (refusal.starts_with("not heard here")) {
        const auto names = refusal.find(": ");
        return refusal.substr(names + 2, refusal.find(';') - names - 2);
    }
    const auto says_nothing = refusal.find(" has not said what it has read");
    return says_nothing == std::string::npos ? std::string() : refusal.substr(0, says_nothing);
}

}  // namespace

Company::Process& Company::publisher_of(const Machine& machine) {
    return *std::find_if(processes_.begin(), processes_.end(), [&](const Process& each) {
        return each.machine == &machine && each.role == Role::publisher;
    });
}

Machine& Company::any_store() { return machine_of(random_.pick(stores_)); }

Machine& Company::machine_of(const std::string& name) {
    return **std::find_if(machines_.begin(), machines_.end(),
                          [&](const auto& each) { return each->name == name; });
}

/// Its publisher ends, its log is another one from now on, and may not go on unasked.
void Company::another_log(Machine& machine, SimJournal::Data data, const std::string& why) {
    end(publisher_of(machine), false, random_.between(1, 10) * kSecond, why);
    machine.quarantined = true;
    const auto noted =
        core::write_quarantine(machine.options.data, core::begin_quarantine(machine.store, why));
    schema::check(noted.has_value(), "a quarantine is noted");
    machine.publisher_disk.restore(std::move(data));
    if (random_.chance(500)) return;
    for (Process& process : processes_) {
        if (process.machine != &machine || process.role != Role::subscriber) continue;
        end(process, false, random_.between(1, 10) * kSecond, "loses its replica");
        machine.replica_disk.restore({});
    }
}

/// One more return before the last one is over would have people choose between two brokers, of
/// which they hear one: with one alone there is nothing to choose.
bool Company::may_not_come_back(const Machine& machine) {
    return machine.options.hubs.size() > 1 && is_awaited(machine);
}

/// Its broker has not seen the machine that was readmitted last: as it lists them (`filial
/// readmit`), also where its disk failed before it could answer.
bool Company::is_awaited(const Machine& machine) {
    const SimJournal& disk = machine_of(machine.options.hubs.front().name).broker_disk;
    const auto listed = broker::Readmissions::load(disk);
    const auto* life = listed ? listed->life(machine.store) : nullptr;
    const auto head = disk.head(machine.store);
    return life != nullptr && (!head || head->incarnation != life->incarnation);
}

/// First a backup is made; the next time the store goes on from there. It may be kept for once
/// more.
void Company::restore_store() {
    Machine& machine = any_store();
    if (may_not_come_back(machine)) return;
    auto& [backup, made, used] = backups_[&machine];
    if (!made) {
        made = machine.publisher_disk.log_synced(machine.store) && !machine.quarantined &&
               machine.publisher_disk.end(machine.store).value() > 0;
        if (made) backup = machine.publisher_disk.data();
        used = false;
        return;
    }
    another_log(machine, backup, "is restored from a backup");
    if (used) ++counts_["one backup restored twice"];
    used = true;
    made = random_.chance(600);
    count(Fault::restore);
}

void Company::replace_store() {
    Machine& machine = any_store();
    const bool empty = machine.publisher_disk.end(machine.store).value() == 0;
    if (empty || may_not_come_back(machine)) return;
    another_log(machine, {}, "has another machine");
    count(Fault::replace);
}

/// A copy of the machine runs, with its key, beside the one it was copied from.
void Company::clone_store() {
    if (!clone_ || !publisher_of(*clone_).off) return;
    Machine& original = machine_of(clone_->store.value());
    const bool whole = original.publisher_disk.log_synced(original.store) && !original.quarantined;
    if (!whole || original.publisher_disk.end(original.store).value() == 0) return;
    tell("a clone of " + original.name + " begins to run");
    truth_.cloned(original.store);
    clone_->publisher_disk.restore(original.publisher_disk.data());
    (void)core::lift_quarantine(clone_->options.data);
    Process& process = publisher_of(*clone_);
    process.off = false;
    start(process);
    // One of its tills, which counts anew: what the last clone was handed in is not its.
    clone_till_ = kFirstTill + static_cast<int>(tills_.size());
    add_till(*clone_);
    wake(clone_till_, now_);
    const int id = process.id;
    later(random_.between(5, 90) * kSecond, [this, id] {
        if (!processes_[static_cast<std::size_t>(id)].off) stop_clone();
    });
    count(Fault::clone);
}

void Company::stop_clone() {
    if (!clone_) return;
    Process& process = publisher_of(*clone_);
    if (process.off) return;
    process.off = true;
    end(process, false, 0, "is switched off: it was a clone");
    network_.end(clone_till_, false);
    // Its disk is kept: what was booked there alone can be listed, and is asked for in the end.
    clone_->aside["stopped-" + std::to_string(clone_->aside.size())] =
        clone_->publisher_disk.data();
}

/// Whether all that any broker holds of its log is with it again: also what another one holds comes
/// to its own in the end.
bool Company::has_all_of_brokers(const Machine& machine, const SimJournal& disk) const {
    return std::all_of(machines_.begin(), machines_.end(), [&](const auto& each) {
        return each->broker_disk.end(machine.store) <= disk.end(machine.store);
    });
}

/// `filial doctor --accept-loss`, once every broker has given what it has.
void Company::accept_loss(const Machine& machine, const Process& process) {
    const std::string says = process.life->repairs();
    if (says.find("--accept-loss") == std::string::npos) return;
    // What is on its way to one that has not answered may yet come to stand there.
    for (const core::Remote& hub : machine.options.hubs) {
        if (says.find("; " + hub.name + " has not answered") != std::string::npos) return;
    }
    if (!has_all_of_brokers(machine, machine.publisher_repair) || !random_.chance(100)) return;
    truth_.loss_accepted(machine.store);
    ++counts_["losses accepted"];
    const auto noted = core::replace_text(machine.options.publisher_dir() / publisher::kAcceptLoss,
                                          "lost\n", 0600);
    schema::check(noted.has_value(), "a loss is noted");
}

/// Whether a broker holds all of that log that any broker has ever acknowledged: one that dropped
/// what it could not read may not have been given it again.
bool Company::is_held(const schema::StoreId& store) const {
    return std::any_of(machines_.begin(), machines_.end(), [&](const auto& each) {
        return each->broker_disk.synced_end(store) >= truth_.acknowledged(store);
    });
}

/// Of each log one copy stays: nothing else is damaged before the last damage is repaired, and
/// nothing at a store whose broker has not got back what it had.
void Company::damage(Fault fault) {
    if (fault == Fault::damaged_replica) {
        Machine& machine = any_store();
        if (!machine.replica_disk.damage()) return;
        tell("a row of the replica of " + machine.name + " is damaged");
        return count(fault);
    }
    for (const auto& machine : machines_) {
        const bool whole =
            machine->publisher_disk.looks_whole() && machine->broker_disk.looks_whole();
        if (!whole || machine->quarantined) return;
    }
    Machine& machine = any_store();
    const bool broker = fault == Fault::damaged_broker;
    if (!broker && !is_held(machine.store)) return;
    Machine& where = broker ? machine_of("head") : machine;
    SimJournal& disk = broker ? where.broker_disk : where.publisher_disk;
    if (!disk.damage(machine.store)) return;
    tell((broker ? "the broker's journal of " : "the journal of ") + where.name + " is damaged");
    count(fault);
    // Some damage is done while the process runs, which has the end of its log in memory.
    if (disk.looks_whole() && random_.chance(500)) return;
    for (Process& process : processes_) {
        const Role role = broker ? Role::broker : Role::publisher;
        if (process.machine != &where || process.role != role || !process.life) continue;
        end(process, false, random_.between(1, 5) * kSecond, "is killed");
    }
}

/// What people were told at that broker.
void Company::answered(const std::string& broker, const People::Answer& answer) {
    const Machine* of = &machine_of(answer.said.store.value());
    if (!answer.trouble) {
        refused_.erase(of);
        ++counts_["readmitted"];
        return;
    }
    tell("head office is told at " + broker + ": " + answer.trouble->message);
    if (answer.trouble->code != schema::Errc::refused) return;
    refused_[of] = answer.trouble->message;
    ++counts_["readmissions refused"];
}

/// Whether each further broker of that store lists the machine among those that ask to go on
/// (`filial readmit`): from then on it takes nothing more of the one before. One that stood still
/// may have events of that one waiting, which another machine's next epoch would not stand behind.
bool Company::is_listed(const Machine& machine, const schema::Incarnation& incarnation) {
    const auto& hubs = machine.options.hubs;
    return std::all_of(hubs.begin() + 1, hubs.end(), [&](const core::Remote& hub) {
        const auto listed = broker::Readmissions::load(machine_of(hub.name).broker_disk);
        const auto* attempt = listed ? listed->find(machine.store, incarnation) : nullptr;
        return attempt != nullptr && !attempt->machine.empty();
    });
}

/// Whether a store waits only for stores that wait for others in the same way: in quarantine none
/// of them can be heard, nor say what it has read.
bool Company::wait_for_each_other(const std::string& refusal) const {
    const std::string names = ", " + silent_in(refusal) + ", ";
    if (names == ", , ") return false;
    return std::all_of(machines_.begin(), machines_.end(), [&](const auto& each) {
        if (names.find(", " + each->name + ", ") == std::string::npos) return true;
        const auto refused = refused_.find(each.get());
        return each->quarantined && refused != refused_.end() &&
               !silent_in(refused->second).empty();
    });
}

/// They wait until each broker has given what it has, unless they are in a hurry, and until there
/// is one machine of that name.
void Company::readmit(Machine& machine) {
    if (!machine.quarantined || publisher_of(machine).life == nullptr) return;
    const bool cloned = clone_ && clone_->store == machine.store && !publisher_of(*clone_).off;
    accept_loss(machine, publisher_of(machine));
    const auto quarantine = core::read_quarantine(machine.options.data);
    const bool hurry = plan_.people_hurry;
    if (!quarantine || !*quarantine || cloned || !random_.chance(hurry ? 600 : 200)) return;
    // A machine that was readmitted and never came keeps others from being heard.
    const bool all = has_all_of_brokers(machine, machine.publisher_disk);
    if (!all && !is_awaited(machine) && !hurry) return;
    People& office = offices_.at(machine.options.hubs.front().name);
    if (!office.free() || !is_listed(machine, (*quarantine)->incarnation)) return;
    schema::Readmit message{0, machine.store,
                            schema::to_hex(schema::view((*quarantine)->incarnation)), ""};
    // Who can speak is waited for; what only others have read is nobody's to give back.
    const auto refused = refused_.find(&machine);
    const bool gone = refused != refused_.end() &&
                      (wait_for_each_other(refused->second) ||
                       refused->second.find("has read the log") != std::string::npos);
    if (gone && random_.chance(200)) {
        message.reason = "nobody has it any more";
        ++counts_["readmitted with a reason"];
    }
    truth_.readmitted((*quarantine)->incarnation);
    office.say(std::move(message));
}

/// At a store whose broker has lost its memory they say that it is the one to trust.
void Company::accept_brokers(const Machine& machine) {
    People& shop = shops_.at(machine.name);
    if (publisher_of(machine).life == nullptr || !shop.free() || !random_.chance(100)) return;
    const auto known = core::read_known_hubs(machine.options.data);
    schema::check(known.has_value(), "the brokers that a store knows can be read");
    for (const core::Remote& hub : machine.options.hubs) {
        const auto life = machine_of(hub.name).broker_disk.get("life");
        const core::HubLife* met = known->find(schema::StoreId{hub.name});
        if (!life || !*life || met == nullptr || schema::view(met->life) == **life) continue;
        ++counts_["brokers accepted"];
        return shop.say({0, schema::StoreId{hub.name}, schema::to_hex(**life), "a new disk"});
    }
}

void Company::look_after() {
    later(kPeopleLook, [this] { look_after(); });
    for (auto& [broker, office] : offices_) {
        if (const auto answer = office.turn(now_)) answered(broker, *answer);
    }
    for (auto& [name, shop] : shops_) {
        (void)shop.turn(now_);
        accept_brokers(machine_of(name));
    }
    if (!plan_.lives_end()) return;
    for (const auto& machine : machines_) readmit(*machine);
}

}  // namespace filial::sim
