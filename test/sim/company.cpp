#include "test/sim/company.h"

#include <algorithm>

#include "core/journal/scrub_pace.h"
#include "schema/hash.h"

namespace filial::sim {

namespace {

Company* running = nullptr;

/// After everything is mended: the longest pauses of dials and greetings together are 160 s, and a
/// sender that stands still is asked again after 30.
constexpr Time kSettlesWithin = 400 * kSecond;
constexpr Time kLookedThrough = core::kScrubFirstAfter + 90 * kSecond;

}  // namespace

Company* Company::current() { return running; }

Company::Company(std::uint64_t seed, const std::string& folder, core::AllowList& allow)
    : plan_(seed),
      random_(seed * 2),
      amiss_(seed * 2 + 0x616d'6973),
      rare_(seed, plan_.quiet()),
      folder_(folder),
      allow_(allow),
      network_(now_, random_, amiss_, [this](int process, Time when) { wake(process, when); }),
      truth_(now_, machines_) {
    running = this;
    rare_points = &rare_;
    schema::set_random_source([](char* to, std::size_t size) {
        for (std::size_t i = 0; i < size; ++i) {
            to[i] = static_cast<char>(running->random_.next());
        }
    });
    add_machine("head", plan_.head_is_store, true);
    for (int i = 1; i <= plan_.stores; ++i) {
        add_machine("store" + std::to_string(i), true, false);
    }
    if (plan_.brokers == 2) add_machine("region", false, true);
    operations_ = std::make_unique<Operations>(plan_, random_, machines_, stores_);
    truth_.begin(stores_, operations_->pools());
    for (std::size_t a = 0; a < machines_.size(); ++a) {
        for (std::size_t b = a; b < machines_.size(); ++b) {
            Wire& wire = network_.wire(machines_[a]->store.value(), machines_[b]->store.value());
            wire.latency_us = plan_.latency_us;
            wire.jitter_us = plan_.jitter_us;
        }
    }
    for (Process& process : processes_)
        push(random_.between(0, kSecond), What::restart, static_cast<std::size_t>(process.id));
    for (const std::string& store : stores_) {
        for (int i = 0; i < plan_.tills; ++i) {
            add_till(**std::find_if(machines_.begin(), machines_.end(), [&](const auto& each) {
                return each->store.value() == store;
            }));
            if (i > 0) continue;
            for (auto& operation : operations_->beginning(store))
                tills_.back()->add_first(operation);
        }
    }
    for (std::size_t i = 0; i < tills_.size(); ++i) wake(kFirstTill + static_cast<int>(i), kSecond);
    if (plan_.every_of(Fault::clone) > 0) add_clone();
    add_people();
    add_earlier_version();
    admit_all();
    truth_.over_older = [this](int process) { return network_.over_older(process); };
    for (std::size_t fault = 0; fault < kFaults; ++fault) draw_next(static_cast<Fault>(fault));
}

Company::~Company() {
    tills_.clear();
    offices_.clear();
    shops_.clear();
    for (Process& process : processes_) process.life.reset();
    schema::set_random_source(nullptr);
    rare_points = nullptr;
    running = nullptr;
}

void Company::push(Time at, What what, std::size_t index) {
    events_.push({std::max(at, now_), ++order_, what, index});
}

void Company::later(Time in, std::function<void()> what) {
    later_.push_back(std::move(what));
    push(now_ + in, What::later, later_.size() - 1);
}

void Company::wake(int id, Time when) {
    if (when == kNever) return;
    when = std::max(when, now_);
    if (id >= kFirstTill) {
        const auto till = static_cast<std::size_t>(id - kFirstTill);
        if (till >= till_next_.size() || when >= till_next_[till]) return;
        till_next_[till] = when;
        return push(when, What::till, till);
    }
    Process& process = processes_[static_cast<std::size_t>(id)];
    if (when >= process.next) return;
    process.next = when;
    push(process.next, What::turn, static_cast<std::size_t>(id));
}

void Company::tell(const std::string& what) {
    if (story_ != nullptr) story_->add(now_, what);
}

void Company::start(Process& process) {
    if (process.life || process.off) return;
    process.restart = kNever;
    const std::string name = process.machine->name + " " + name_of(process.role);
    try {
        auto life =
            Life::begin(process.role, *process.machine, process.id, network_, allow_, truth_);
        if (!life) {
            tell(name + " does not start: " + life.error().message);
            const schema::Errc code = life.error().code;
            const bool disk = code == schema::Errc::no_space || code == schema::Errc::io ||
                              put_aside(process, life.error());
            if (!disk) truth_.fail("I16: " + name + " does not start: " + life.error().message);
            network_.end(process.id, false);
            process.restart = now_ + random_.between(1, 10) * kSecond;
            return push(process.restart, What::restart, static_cast<std::size_t>(process.id));
        }
        process.life = std::move(*life);
    } catch (const ProcessEnds& ends) {
        return end(process, false, random_.between(1, 5) * kSecond, "was killed at its start");
    }
    tell(name + " starts");
    process.paused = false;
    process.next = kNever;
    wake(process.id, now_);
}

/// As subscriber/main.cpp does with a replica that cannot be read.
bool Company::put_aside(Process& process, const schema::Error& error) {
    if (error.code != schema::Errc::corrupt || process.role != Role::subscriber) return false;
    process.machine->replica_disk.restore({});
    ++counts_["replicas put aside"];
    return true;
}

void Company::end(Process& process, bool silently, Time restart_in, const std::string& why) {
    tell(process.machine->name + " " + name_of(process.role) + " " + why);
    network_.end(process.id, silently);
    process.life.reset();
    process.fuse->put_out();
    process.paused = false;
    process.next = kNever;
    process.restart = now_ + restart_in;
    push(process.restart, What::restart, static_cast<std::size_t>(process.id));
}

void Company::power_cut(Machine& machine) {
    const Time back = random_.between(1, 60) * kSecond;
    for (Process& process : processes_) {
        if (process.machine != &machine) continue;
        end(process, true, back + random_.between(0, kSecond), "loses power");
    }
    for (std::size_t i = 0; i < tills_.size(); ++i) {
        if (&tills_[i]->machine() == &machine) network_.end(kFirstTill + static_cast<int>(i), true);
    }
    machine.publisher_disk.power_cut();
    machine.broker_disk.power_cut();
    machine.replica_disk.power_cut();
    machine.publisher_repair.power_cut();
    machine.broker_repair.power_cut();
    machine.clock.reboot();
}

void Company::turn(Process& process) {
    try {
        const auto turned = process.life->turn();
        if (!turned) {
            put_aside(process, turned.error());
            return end(process, false, random_.between(1, 20) * kSecond,
                       "ends: " + turned.error().message);
        }
    } catch (const ProcessEnds& ends) {
        if (ends.power_cut) {
            tell("power is cut at a write of " + std::string(name_of(process.role)));
            return power_cut(*process.machine);
        }
        ++counts_[std::string(name_of(process.role)) + " ended at a write"];
        return end(process, false, random_.between(100, 20'000) * kMillisecond,
                   "is killed at a write");
    }
    wake(process.id, now_ + (rare(Rare::idle_turn) ? kMillisecond : plan_.tick));
    look(process);
}

void Company::look(Process& process) {
    if (steps_ % 8 == 0 && process.life->replica() != nullptr) {
        truth_.check_as_of(*process.machine, *process.life->replica());
    }
    // A story ends where the sums first go wrong.
    if (steps_ % 2'048 == 0 || tells()) {
        truth_.check_ledger();
        truth_.check_memory(network_.waiting_bytes());
    }
}

void Company::turn_till(std::size_t index) {
    Till& till = *tills_[index];
    const bool of_clone = &till.machine() == clone_.get();
    const bool current = clone_till_ == kFirstTill + static_cast<int>(index);
    if (of_clone && (!current || publisher_of(*clone_).off)) return;
    const bool open = now_ < plan_.runs_for;
    const Time next = till.turn(open);
    if (!till.wrong().empty()) {
        truth_.fail("till of " + till.machine().store.value() + ": " + till.wrong());
    }
    if (open || !till.idle()) wake(kFirstTill + static_cast<int>(index), next);
}

void Company::handle(const Event& event) {
    switch (event.what) {
        case What::turn: {
            Process& process = processes_[event.index];
            if (process.next != event.at) return;
            process.next = kNever;
            if (!process.life || process.paused) return;
            ++steps_;
            note(event.what, event.index);
            return turn(process);
        }
        case What::till:
            if (till_next_[event.index] != event.at) return;
            till_next_[event.index] = kNever;
            ++steps_;
            note(event.what, event.index);
            return turn_till(event.index);
        case What::fault:
            ++steps_;
            note(event.what, event.index);
            if (!mended_) befall(static_cast<Fault>(event.index));
            return draw_next(static_cast<Fault>(event.index));
        case What::later: {
            note(event.what, event.index);
            const auto what = std::move(later_[event.index]);
            return what();
        }
        case What::restart: {
            Process& process = processes_[event.index];
            note(event.what, event.index);
            if (!process.life && process.restart <= now_) start(process);
            return;
        }
    }
}

std::vector<std::pair<Machine*, Life*>> Company::lives() const {
    std::vector<std::pair<Machine*, Life*>> all;
    for (const Process& process : processes_) {
        if (process.machine == clone_.get()) continue;
        all.emplace_back(process.machine, process.life.get());
    }
    return all;
}

Outcome Company::run() {
    tell(plan_.text());
    tell("often here: " + rare_.text());
    bool settled = false;
    Time look_again = 0;
    std::string what;
    while (truth_.wrong().empty() && !settled && !events_.empty()) {
        const Event event = events_.top();
        events_.pop();
        now_ = event.at;
        handle(event);
        if (now_ < plan_.runs_for) continue;
        if (!mended_) {
            mended_ = true;
            tell("--- everything is mended");
            mend();
        }
        if (now_ < look_again) continue;
        look_again = now_ + kSecond;
        const auto waits = [&](const auto& till) {
            return !till->idle() && &till->machine() != clone_.get();
        };
        const bool answered = std::none_of(tills_.begin(), tills_.end(), waits);
        // What is damaged and not read is found by a look, which begins a while after a start.
        const bool looked = !plan_.rots() || now_ > plan_.runs_for + kLookedThrough;
        settled = answered && looked && truth_.settled(lives(), what);
        for (const auto& till : tills_) {
            if (waits(till)) what = till->text();
        }
        if (!settled && now_ > plan_.runs_for + kSettlesWithin) {
            truth_.fail("I16: not settled " + std::to_string(kSettlesWithin / kSecond) +
                        " s after everything was mended: " + what);
        }
    }
    // A look costs as much as all that was replayed before.
    const bool looks = plan_.rots() || plan_.seed % 4 == 0;
    if (truth_.wrong().empty()) truth_.check_at_the_end(lives(), tills_, looks);

    Outcome outcome;
    if (tells() && !truth_.wrong().empty()) outcome.logs = truth_.story();
    outcome.wrong = truth_.wrong();
    outcome.steps = steps_ + static_cast<std::uint64_t>(network_.counts().messages);
    outcome.hash = hash_ ^ network_.hash();
    outcome.lasted = now_;
    const NetworkCounts& net = network_.counts();
    counts_["messages"] = net.messages;
    counts_["messages lost"] = net.lost;
    counts_["messages corrupted"] = net.corrupted;
    counts_["messages stalled"] = net.stalled;
    counts_["connections broken"] = net.broken;
    counts_["events"] = truth_.events();
    counts_["as-of checks"] = truth_.asked();
    for (const auto& till : tills_) {
        counts_["tickets booked"] += static_cast<std::int64_t>(till->booked().size());
        counts_["tickets refused"] += till->refused();
        counts_["tickets busy"] += till->busy();
        counts_["tickets repeated"] += till->repeated();
    }
    for (const auto& machine : machines_) {
        counts_["logs trimmed"] += machine->broker_disk.trims();
        counts_["commits lost"] += machine->publisher_disk.lost() + machine->broker_disk.lost();
        const auto& rows = machine->replica_disk.data().state;
        const auto row = rows.lower_bound("z");
        counts_["replicas from snapshots"] += row != rows.end() && row->first[0] == 'z' ? 1 : 0;
    }
    for (const auto& [name, times] : truth_.counts()) counts_[name] += times;
    counts_["of an older session"] = net.older;
    counts_["messages repeated"] = net.repeated;
    counts_["messages overtaken"] = net.overtaken;
    for (std::size_t point = 0; point < kRares; ++point) {
        counts_[kRareNames[point]] = rare_.times(static_cast<Rare>(point));
    }
    outcome.counts = counts_;
    return outcome;
}

void Company::logged(bool error, const std::string& line) {
    if (error) ++counts_["errors logged"];
    tell("    " + line);
}

}  // namespace filial::sim
