// The simulator: seed after seed a whole company in one thread. See docs/reliability.md.
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <string>

#include "core/log.h"
#include "schema/planted.h"
#include "test/sim/company.h"
#include "test/sim/coverage.h"
#include "test/sim/flags.h"
#include "test/sim/planted_search.h"
#include "test/sim/story.h"

namespace {

using filial::sim::Company;
using filial::sim::Flags;
using filial::sim::Outcome;
using filial::sim::Story;

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

/// A folder in memory for the few files. Its name is always of one length: texts that name files
/// travel, and how long they do so must not depend on who else runs here.
std::string make_folder() {
    const bool memory = std::filesystem::is_directory("/dev/shm");
    const std::string process = std::to_string(::getpid());
    const std::string folder = (memory ? "/dev/shm/" : "/tmp/////") + std::string("filial-sim-") +
                               std::string(10 - process.size(), '0') + process;
    std::filesystem::create_directories(folder);
    return folder;
}

/// What plays, for a program that ends itself in it.
struct Playing {
    std::uint64_t seed = 0;
    const Flags* flags = nullptr;
    const Story* story = nullptr;
};
Playing playing;

std::string planted_text(const Flags& flags) {
    if (flags.plant == filial::schema::Bug::none) return "";
    return std::string(" --plant ") +
           filial::schema::kBugNames[static_cast<std::size_t>(flags.plant)];
}

void print_failure(std::uint64_t seed, const Flags& flags, const std::string& what) {
    const auto number = static_cast<unsigned long long>(seed);
    std::printf("seed %llu: %s\n  replay: scripts/sim --seed %llu --trace%s\n", number,
                what.c_str(), number, planted_text(flags).c_str());
    std::fflush(stdout);
}

Outcome run(std::uint64_t seed, const std::string& folder, Story* story = nullptr) {
    filial::core::AllowList allow(std::vector<filial::core::Admission>{});
    Company company(seed, folder, allow);
    playing.seed = seed;
    playing.story = story;
    if (story != nullptr) company.tell_story(*story);
    Outcome outcome = company.run();
    playing.story = nullptr;
    return outcome;
}

/// A check of the program itself failed. It says which seed that was in, and tells its story as of
/// any other failure: what a run has not told it tells when it is played again.
void on_abort(int) {
    if (playing.story != nullptr) {
        playing.story->print_last();
        std::fflush(stdout);
        return;
    }
    print_failure(playing.seed, *playing.flags, "the program ended itself");
    std::signal(SIGABRT, SIG_DFL);
    const std::string seed = std::to_string(playing.seed);
    const std::string name =
        filial::schema::kBugNames[static_cast<std::size_t>(playing.flags->plant)];
    const bool plant = playing.flags->plant != filial::schema::Bug::none;
    // The signal is held back while it is handled, also over an exec.
    sigset_t abort;
    ::sigemptyset(&abort);
    ::sigaddset(&abort, SIGABRT);
    ::sigprocmask(SIG_UNBLOCK, &abort, nullptr);
    char* const end = nullptr;
    ::execl("/proc/self/exe", "sim", "--seed", seed.c_str(), "--story", plant ? "--plant" : end,
            name.c_str(), end);
}

/// Plays a seed that failed once more, for its story.
void tell_story(std::uint64_t seed, const std::string& folder) {
    Story story(false);
    const Outcome outcome = run(seed, folder, &story);
    story.print_last();
    std::printf("  and then: %s\n",
                outcome.wrong.empty() ? "nothing: it holds when told" : outcome.wrong.c_str());
}

}  // namespace

int main(int argc, char** argv) {
    const auto parsed = filial::sim::parse_flags({argv + 1, argv + argc});
    if (!parsed) {
        std::fprintf(stderr, "sim: %s\n%s", parsed.error().message.c_str(), filial::sim::kUsage);
        return 2;
    }
    const Flags& flags = *parsed;
    if (flags.help) {
        std::printf("%s", filial::sim::kUsage);
        return 0;
    }
    if (flags.bugs) {
        for (std::size_t bug = 1; bug < filial::schema::kBugs; ++bug) {
            std::printf("%s\n", filial::schema::kBugNames[bug]);
        }
        return 0;
    }
    filial::core::log_setup("sim", "", filial::core::Level::info, false);
    filial::core::log_to(sink);
    const std::string folder = make_folder();
    if (flags.planted > 0) {
        const bool found =
            filial::sim::find_planted(flags.first, flags.planted, flags.plant,
                                      [&](std::uint64_t seed) { return run(seed, folder); });
        std::filesystem::remove_all(folder);
        return found ? 0 : 1;
    }
#ifdef FILIAL_PLANTED
    filial::schema::planted_bug = flags.plant;
#endif
    playing.flags = &flags;
    std::signal(SIGABRT, on_abort);
    filial::sim::Coverage coverage;
    std::uint64_t steps = 0, twice = 0;
    std::int64_t simulated = 0;
    int code = 0;
    const std::clock_t began = std::clock();
    std::uint64_t done = 0;
    for (std::uint64_t seed = flags.first; done < flags.seeds && code == 0; ++seed, ++done) {
        Story story(flags.trace);
        const Outcome outcome = run(seed, folder, flags.trace || flags.story ? &story : nullptr);
        steps += outcome.steps;
        simulated += outcome.lasted;
        coverage.add(outcome.counts);
        if (flags.trace) std::printf("%s", outcome.logs.c_str());
        if (!outcome.wrong.empty()) {
            print_failure(seed, flags, outcome.wrong);
            if (!flags.trace) tell_story(seed, folder);
            code = 1;
        } else if (flags.twice_each > 0 && seed % flags.twice_each == 0) {
            ++twice;
            if (run(seed, folder).hash == outcome.hash) continue;
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
    coverage.print();
    if (code == 0) coverage.print_counts(steps);
    if (code == 0 && twice > 0) {
        std::printf("counts: %llu seeds played twice, the same way\n",
                    static_cast<unsigned long long>(twice));
    }
    if (flags.coverage && code == 0 && !coverage.is_complete()) code = 1;
    std::filesystem::remove_all(folder);
    return code;
}
