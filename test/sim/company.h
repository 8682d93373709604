#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <queue>
#include <string>
#include <vector>

#include "core/link/allow_list.h"
#include "test/sim/network.h"
#include "test/sim/operations.h"
#include "test/sim/people.h"
#include "test/sim/plan.h"
#include "test/sim/process.h"
#include "test/sim/rare.h"
#include "test/sim/story.h"
#include "test/sim/till.h"
#include "test/sim/truth.h"

namespace filial::sim {

/// What came of one seed.
struct Outcome {
    std::string wrong;  ///< Empty: all held.
    std::uint64_t steps = 0;
    std::uint64_t hash = 0;  ///< Of everything that happened, in its order.
    Time lasted = 0;
    std::map<std::string, std::int64_t> counts;  ///< Faults by name, and what they did.
    std::string logs;  ///< All logs as text, of a seed that failed and was told.
};

/// A company in one thread: machines, lines, tills and everything that befalls them, drawn from one
/// seed. Nothing in it reads a clock or a random number of the real world.
class Company {
  public:
    /// `folder` is for the few files that the processes write; `allow` admits all its machines.
    Company(std::uint64_t seed, const std::string& folder, core::AllowList& allow);
    ~Company();

    Outcome run();
    /// Tells each step as it happens. `story` must outlive it.
    void tell_story(Story& story) { story_ = &story; }
    void tell(const std::string& what);
    /// The one that runs, for lines of the processes' logs.
    static Company* current();
    bool tells() const { return story_ != nullptr; }
    Random& random() { return random_; }
    /// A process logged an error.
    void logged(bool error, const std::string& line);

  private:
    static constexpr int kFirstTill = 1'000;    ///< Processes of tills begin here.
    static constexpr int kFirstPeople = 2'000;  ///< And those of people.
    struct Process {
        int id = 0;
        Role role = Role::publisher;
        Machine* machine = nullptr;
        Fuse* fuse = nullptr;
        std::unique_ptr<Life> life;
        bool paused = false;
        bool off = false;       ///< A clone that does not run.
        Time next = kNever;     ///< When it turns.
        Time restart = kNever;  ///< When it begins again.
    };
    enum class What { turn, till, fault, later, restart };
    struct Event {
        Time at = 0;
        std::uint64_t order = 0;
        What what = What::turn;
        std::size_t index = 0;
        bool operator>(const Event& other) const {
            return at != other.at ? at > other.at : order > other.order;
        }
    };

    /// Into the hash of everything that happens.
    void note(What what, std::size_t index) {
        const auto kind = static_cast<std::uint64_t>(what) + 1;
        hash_ = (hash_ ^ static_cast<std::uint64_t>(now_) ^ (kind << 52) ^ (index << 56)) *
                0x100000001b3;
    }
    void admit_all();
    void add_machine(const std::string& name, bool store, bool broker);
    void set_options(Machine& machine, bool store);
    void add_clone();
    void add_till(Machine& machine);
    void add_earlier_version();
    void add_process(Role role, Machine& machine);
    void push(Time at, What what, std::size_t index);
    void later(Time in, std::function<void()> what);
    void wake(int process, Time when);
    void handle(const Event& event);
    void turn(Process& process);
    void turn_till(std::size_t index);
    void start(Process& process);
    void end(Process& process, bool silently, Time restart_in, const std::string& why);
    void power_cut(Machine& machine);
    void look(Process& process);
    bool put_aside(Process& process, const schema::Error& error);
    std::vector<std::pair<Machine*, Life*>> lives() const;

    // What goes wrong (faults.cpp).
    void befall(Fault fault);
    void draw_next(Fault fault);
    void mend();
    void count(Fault fault);
    Process& any_process();
    Machine& any_machine();
    std::pair<std::string, std::string> any_wire();
    void stop(Process& process, Time lasts);
    void cut(const std::string& a, const std::string& b, Time lasts);
    void replace_replica();
    void replace_broker();

    // Another life of a log (identity_faults.cpp).
    Process& publisher_of(const Machine& machine);
    Machine& any_store();
    Machine& machine_of(const std::string& name);
    void another_log(Machine& machine, SimJournal::Data data, const std::string& why);
    bool may_not_come_back(const Machine& machine);
    bool is_awaited(const Machine& machine);
    bool wait_for_each_other(const std::string& refusal) const;
    bool is_listed(const Machine& machine, const schema::Incarnation& incarnation);
    void restore_store();
    void replace_store();
    void clone_store();
    void stop_clone();
    bool is_held(const schema::StoreId& store) const;
    bool has_all_of_brokers(const Machine& machine, const SimJournal& disk) const;
    void add_people();
    void look_after();
    void readmit(Machine& machine);
    void answered(const std::string& broker, const People::Answer& answer);
    void accept_brokers(const Machine& machine);
    void accept_loss(const Machine& machine, const Process& process);
    void damage(Fault fault);

    Plan plan_;
    Random random_;
    Random amiss_;  ///< Of what came to be simulated later.
    RarePoints rare_;
    Time now_ = 0;
    std::string folder_;
    core::AllowList& allow_;
    Network network_;
    std::vector<std::unique_ptr<Machine>> machines_;
    std::vector<std::string> stores_;
    std::unique_ptr<Operations> operations_;
    Truth truth_;
    std::vector<Process> processes_;
    std::vector<std::unique_ptr<Till>> tills_;
    std::vector<Time> till_next_;
    std::priority_queue<Event, std::vector<Event>, std::greater<>> events_;
    std::vector<std::function<void()>> later_;
    std::uint64_t order_ = 0;
    std::uint64_t steps_ = 0;
    std::uint64_t hash_ = 0xcbf29ce484222325;
    bool mended_ = false;
    Story* story_ = nullptr;
    std::map<std::string, std::int64_t> counts_;
    std::map<const Machine*, std::pair<ReplicaDisk::Data, bool>> old_replicas_;
    std::map<const Machine*, std::pair<SimJournal::Data, bool>> old_brokers_;
    struct BackupOf {
        SimJournal::Data data;
        bool made = false;
        bool used = false;  ///< Restored before.
    };
    std::map<const Machine*, BackupOf> backups_;
    std::map<const Machine*, std::string> refused_;  ///< Why not, when last asked.
    std::unique_ptr<Machine> clone_;
    int clone_till_ = 0;                     ///< Its process.
    std::map<std::string, People> offices_;  ///< At brokers, by machine.
    std::map<std::string, People> shops_;    ///< At stores.
};

}  // namespace filial::sim
