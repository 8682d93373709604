#include "test/sim/planted_search.h"

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <new>

#include "schema/planted.h"

namespace filial::sim {

#ifdef FILIAL_PLANTED
namespace {

using Run = std::function<Outcome(std::uint64_t seed)>;

/// What a process that searches has come to; kept when it ends itself.
struct Progress {
    std::uint64_t seed = 0;
    std::uint64_t steps = 0;
    bool without = false;  ///< It plays that seed without the mistake.
};

/// In pages that this process and those that it begins have in common.
Progress& shared_progress() {
    void* pages = ::mmap(nullptr, sizeof(Progress), PROT_READ | PROT_WRITE,
                         MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    schema::check(pages != MAP_FAILED, "a page for the search is there");
    return *new (pages) Progress;
}

enum class End { yes, no, aborted };

/// `what` in a process of its own: some mistakes break a promise inside the program, which then
/// ends itself.
End apart(const std::function<bool()>& what) {
    std::fflush(stdout);
    const pid_t child = ::fork();
    schema::check(child >= 0, "a process for the search can be begun");
    if (child == 0) {
        std::signal(SIGABRT, SIG_DFL);
        const bool yes = what();
        std::fflush(stdout);
        std::_Exit(yes ? 0 : 1);
    }
    int status = 0;
    schema::check(::waitpid(child, &status, 0) == child, "the search is waited for");
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT) return End::aborted;
    return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? End::yes : End::no;
}

/// Up to `end` until something is found.
bool search(schema::Bug bug, std::uint64_t end, Progress& progress, const Run& run) {
    for (; progress.seed < end; ++progress.seed) {
        schema::planted_bug = bug;
        progress.without = false;
        const Outcome outcome = run(progress.seed);
        progress.steps += outcome.steps;
        if (outcome.wrong.empty()) continue;
        schema::planted_bug = schema::Bug::none;
        progress.without = true;
        // What fails without the mistake as well says nothing about it.
        if (!run(progress.seed).wrong.empty()) continue;
        std::printf("seed %llu, %llu steps: %s\n", static_cast<unsigned long long>(progress.seed),
                    static_cast<unsigned long long>(progress.steps), outcome.wrong.c_str());
        return true;
    }
    return false;
}

bool find_one(schema::Bug bug, std::uint64_t first, std::uint64_t seeds, Progress& progress,
              const Run& run) {
    progress = {first, 0, false};
    while (progress.seed < first + seeds) {
        const End end = apart([&] { return search(bug, first + seeds, progress, run); });
        if (end == End::yes) return true;
        if (end == End::no) break;
        const std::uint64_t seed = progress.seed;
        const bool holds = !progress.without && apart([&] {
                                                    schema::planted_bug = schema::Bug::none;
                                                    return run(seed).wrong.empty();
                                                }) == End::yes;
        if (holds) {
            std::printf("seed %llu: the program ended itself\n",
                        static_cast<unsigned long long>(seed));
            return true;
        }
        ++progress.seed;
    }
    std::printf("NOT FOUND in %llu seeds, %llu steps\n", static_cast<unsigned long long>(seeds),
                static_cast<unsigned long long>(progress.steps));
    return false;
}

}  // namespace

bool find_planted(std::uint64_t first, std::uint64_t seeds, schema::Bug only, const Run& run) {
    Progress& progress = shared_progress();
    int planted = 0, missed = 0;
    for (std::size_t bug = 1; bug < schema::kBugs; ++bug) {
        const bool asked = only == schema::Bug::none || only == static_cast<schema::Bug>(bug);
        if (!asked) continue;
        ++planted;
        std::printf("%-24s ", schema::kBugNames[bug]);
        missed += !find_one(static_cast<schema::Bug>(bug), first, seeds, progress, run);
    }
    std::printf("counts: %d mistakes planted\ncounts: %d mistakes found\n", planted,
                planted - missed);
    return missed == 0;
}
#else
bool find_planted(std::uint64_t, std::uint64_t, schema::Bug,
                  const std::function<Outcome(std::uint64_t)>&) {
    std::printf("this build has no mistakes to plant; use preset sim\n");
    return false;
}
#endif

}  // namespace filial::sim
