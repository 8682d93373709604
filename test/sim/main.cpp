// The simulator: seed after seed a whole company in one thread. See docs/reliability.md.
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <map>
#include <string>

#include "core/log.h"
#include "schema/planted.h"
#include "test/sim/company.h"

namespace {

using filial::sim::Company;
using filial::sim::Outcome;

/// Beside the faults themselves, what they have to lead to in 1 % of the seeds.
constexpr const char* kMustHappen[] = {"connections broken",
                                       "messages lost",
                                       "messages stalled",
                                       "messages corrupted",
                                       "tickets repeated",
                                       "lives that ended",
                                       "readmitted",
                                       "events booked by clones",
                                       "tickets in a tail that was lost",
                                       "logs repaired",
                                       "losses accepted",
                                       "of an older session",
                                       "brokers accepted",
                                       "logs trimmed",
                                       "replicas from snapshots"};

struct Flags {
    std::uint64_t seeds = 100;
    std::uint64_t first = 1;
    bool trace = false;
    bool twice = false;
    bool coverage = false;
    std::uint64_t planted = 0;  ///< Each mistake has to be found in so many seeds.
    filial::schema::Bug plant = filial::schema::Bug::none;
};

void sink(filial::core::Level level, std::string_view text,
          std::initializer_list<filial::core::Field> fields) {
    Company* company = Company::current();
    const bool error = level == filial::core::Level::error;
    if (company == nullptr || (!error && !company->tells())) return;
    std::string line(text);
    if (company->tells()) {
        for (const auto& field : fields) line += " " + std::string(field.name) + "=" + field.value;
    }
    company->logged(error, line);
}

/// A folder in memory for the few files.
std::string make_folder() {
    const bool memory = std::filesystem::is_directory("/dev/shm");
    const std::string folder =
        (memory ? "/dev/shm/" : "/tmp/") + std::string("filial-sim-") + std::to_string(::getpid());
    std::filesystem::create_directories(folder);
    return folder;
}

Outcome run(std::uint64_t seed, const std::string& folder, bool trace) {
    filial::core::AllowList allow(std::vector<filial::core::Admission>{});
    Company company(seed, folder, allow);
    if (trace) company.tell_story();
    return company.run();
}

filial::schema::Bug bug_of(const std::string& name) {
#ifdef FILIAL_PLANTED
    for (std::size_t bug = 0; bug < filial::schema::kBugs; ++bug) {
        if (name == filial::schema::kBugNames[bug]) return static_cast<filial::schema::Bug>(bug);
    }
    std::fprintf(stderr, "no such mistake: %s; --bugs names them\n", name.c_str());
#else
    std::fprintf(stderr, "%s: this build has no mistakes to plant; use preset sim\n", name.c_str());
#endif
    std::exit(2);
}

Flags parse(int argc, char** argv) {
    Flags flags;
    for (int i = 1; i < argc; ++i) {
        const std::string flag = argv[i];
        const auto number = [&] { return ++i < argc ? std::strtoull(argv[i], nullptr, 10) : 0ull; };
        if (flag == "--seeds") {
            flags.seeds = number();
        } else if (flag == "--seed") {
            flags.first = number();
            flags.seeds = 1;
        } else if (flag == "--from") {
            flags.first = number();
        } else if (flag == "--trace") {
            flags.trace = true;
        } else if (flag == "--twice") {
            flags.twice = true;
        } else if (flag == "--plant") {
            flags.plant = bug_of(++i < argc ? argv[i] : "");
        } else if (flag == "--planted") {
            flags.planted = number();
        } else if (flag == "--bugs") {
            for (std::size_t bug = 1; bug < filial::schema::kBugs; ++bug) {
                std::printf("%s\n", filial::schema::kBugNames[bug]);
            }
            std::exit(0);
        } else if (flag == "--coverage") {
            flags.coverage = true;
        } else {
            std::fprintf(stderr,
                         "usage: sim [--seeds N] [--from S] [--seed S] [--trace] [--twice] "
                         "[--coverage] [--plant NAME] [--planted N] [--bugs]\n");
            std::exit(2);
        }
    }
    return flags;
}

#ifdef FILIAL_PLANTED
/// The seeds with one mistake, in a process of its own: some mistakes break a promise inside the
/// program, which then ends itself. True when it was found.
bool find_one(std::size_t bug, const Flags& flags, const std::string& folder) {
    std::fflush(stdout);
    const pid_t child = ::fork();
    if (child == 0) {
        filial::schema::planted_bug = static_cast<filial::schema::Bug>(bug);
        std::uint64_t steps = 0;
        std::uint64_t seed = flags.first;
        std::string found;
        for (; found.empty() && seed < flags.first + flags.planted; ++seed) {
            const Outcome outcome = run(seed, folder, false);
            steps += outcome.steps;
            if (outcome.wrong.empty()) continue;
            filial::schema::planted_bug = filial::schema::Bug::none;
            // What fails without the mistake as well says nothing about it.
            if (run(seed, folder, false).wrong.empty()) found = outcome.wrong;
            filial::schema::planted_bug = static_cast<filial::schema::Bug>(bug);
        }
        std::printf("%s %llu seeds, %llu steps: %s\n", found.empty() ? "NOT FOUND in" : "found in",
                    static_cast<unsigned long long>(seed - flags.first),
                    static_cast<unsigned long long>(steps), found.c_str());
        std::fflush(stdout);
        std::_Exit(found.empty() ? 1 : 0);
    }
    int status = 0;
    if (child < 0 || ::waitpid(child, &status, 0) != child) return false;
    const bool aborted = WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
    if (aborted) std::printf("found: the program ended itself\n");
    return aborted || (WIFEXITED(status) && WEXITSTATUS(status) == 0);
}
#endif

/// Plants one mistake after the other. Each has to be found.
int find_planted([[maybe_unused]] const Flags& flags, [[maybe_unused]] const std::string& folder) {
#ifdef FILIAL_PLANTED
    int missed = 0;
    for (std::size_t bug = 1; bug < filial::schema::kBugs; ++bug) {
        std::printf("%-24s ", filial::schema::kBugNames[bug]);
        missed += !find_one(bug, flags, folder);
    }
    const auto planted = static_cast<int>(filial::schema::kBugs - 1);
    std::printf("counts: %d mistakes planted\ncounts: %d mistakes found\n", planted,
                planted - missed);
    return missed == 0 ? 0 : 1;
#else
    std::printf("this build has no mistakes to plant; use preset sim\n");
    return 1;
#endif
}

/// For the table of docs/reliability.md. Each of the last three would have failed a seed.
void print_counts(std::uint64_t seeds, std::uint64_t steps,
                  const std::map<std::string, std::int64_t>& counts) {
    std::printf("counts: %llu seeds\ncounts: %llu steps\n", static_cast<unsigned long long>(seeds),
                static_cast<unsigned long long>(steps));
    for (std::size_t fault = 0; fault < filial::sim::kFaults; ++fault) {
        const char* name = name_of(static_cast<filial::sim::Fault>(fault));
        const auto times = counts.find(name);
        const std::int64_t happened = times == counts.end() ? 0 : times->second;
        std::printf("counts: %lld times %s\n", static_cast<long long>(happened), name);
    }
    for (const char* amiss : {"lost", "twice", "reordered"}) std::printf("counts: 0 %s\n", amiss);
}

}  // namespace

int main(int argc, char** argv) {
    const Flags flags = parse(argc, argv);
    filial::core::log_setup("sim", "", filial::core::Level::info, false);
    filial::core::log_to(sink);
    const std::string folder = make_folder();
#ifdef FILIAL_PLANTED
    filial::schema::planted_bug = flags.plant;
#endif
    if (flags.planted > 0) {
        const int code = find_planted(flags, folder);
        std::filesystem::remove_all(folder);
        return code;
    }
    std::map<std::string, std::int64_t> counts, seen;
    std::uint64_t steps = 0;
    std::int64_t simulated = 0;
    int code = 0;
    const std::clock_t began = std::clock();
    std::uint64_t done = 0;
    for (std::uint64_t seed = flags.first; done < flags.seeds && code == 0; ++seed, ++done) {
        const Outcome outcome = run(seed, folder, flags.trace);
        steps += outcome.steps;
        simulated += outcome.lasted;
        for (const auto& [what, times] : outcome.counts) {
            counts[what] += times;
            seen[what] += times > 0;
        }
        if (!outcome.wrong.empty()) {
            std::printf("seed %llu: %s\n  replay: scripts/sim --seed %llu --trace\n",
                        static_cast<unsigned long long>(seed), outcome.wrong.c_str(),
                        static_cast<unsigned long long>(seed));
            code = 1;
        } else if (flags.twice && run(seed, folder, false).hash != outcome.hash) {
            std::printf("seed %llu: I18: the second run took another way\n",
                        static_cast<unsigned long long>(seed));
            code = 1;
        }
    }
    const double took = static_cast<double>(std::clock() - began) / CLOCKS_PER_SEC;
    std::printf(
        "%llu seeds, %llu steps, %.0f simulated hours, %.1f s of one core: %.0f steps a second\n",
        static_cast<unsigned long long>(done), static_cast<unsigned long long>(steps),
        static_cast<double>(simulated) / 3.6e9, took, static_cast<double>(steps) / took);
    for (const auto& [what, times] : counts) {
        std::printf("  %-22s %12lld in %lld seeds\n", what.c_str(), static_cast<long long>(times),
                    static_cast<long long>(seen[what]));
    }
    if (code == 0) print_counts(done, steps, counts);
    if (flags.coverage && code == 0) {
        std::vector<std::string> names(std::begin(kMustHappen), std::end(kMustHappen));
        for (std::size_t fault = 0; fault < filial::sim::kFaults; ++fault) {
            names.emplace_back(name_of(static_cast<filial::sim::Fault>(fault)));
        }
        for (const std::string& name : names) {
            if (seen[name] * 100 >= static_cast<std::int64_t>(done)) continue;
            std::printf("%s happened in %lld of %llu seeds only\n", name.c_str(),
                        static_cast<long long>(seen[name]), static_cast<unsigned long long>(done));
            code = 1;
        }
    }
    std::filesystem::remove_all(folder);
    return code;
}
