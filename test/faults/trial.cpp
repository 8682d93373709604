#include "test/faults/trial.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <fstream>
#include <iterator>
#include <sstream>

namespace filial::test {

namespace {

/// A trial takes less than a second of work; machines are shared.
constexpr unsigned kHangsAfterSeconds = 300;

constexpr std::array<std::pair<DiskFault, const char*>, 7> kNames{{
    {DiskFault::none, "none"},
    {DiskFault::error_once, "error_once"},
    {DiskFault::error_for_ever, "error_for_ever"},
    {DiskFault::no_read, "no_read"},
    {DiskFault::torn, "torn"},
    {DiskFault::power_cut, "power_cut"},
    {DiskFault::forgets, "forgets"},
}};

std::optional<DiskFault> fault_named(const std::string& name) {
    for (const auto& [fault, known] : kNames) {
        if (name == known) return fault;
    }
    return std::nullopt;
}

std::unique_ptr<Story> story_of(const Trial& trial, const std::filesystem::path& folder) {
    if (trial.who == "publisher") return publisher_story(folder, trial.seed);
    if (trial.who == "broker") return broker_story(folder, trial.seed);
    return replica_story(folder, trial.seed);
}

Outcome lives(const Trial& trial, const std::filesystem::path& folder) {
    FaultyDisk disk(folder / "lost-and-found");
    const auto story = story_of(trial, folder);
    Outcome outcome;
    disk.arm(trial.fault, trial.at, trial.seed);
    auto wrong = story->live(disk.env(), trial.fault != DiskFault::no_read);
    outcome.writes = disk.writes();
    outcome.reads = disk.reads();
    outcome.happened = disk.happened();
    disk.restart();
    if (!wrong) {
        disk.arm(trial.then, trial.then_at, trial.seed + 1);
        wrong = story->live(disk.env(), trial.then != DiskFault::no_read);
        outcome.writes_then = disk.writes();
        outcome.reads_then = disk.reads();
        outcome.happened_then = disk.happened();
        disk.restart();
    }
    if (!wrong) wrong = story->settle(disk.env());
    outcome.wrong = wrong.value_or("");
    return outcome;
}

/// Everything that comes through a pipe until its other end is closed.
std::string read_all(int fd) {
    std::string text;
    char buffer[4096];
    for (;;) {
        const auto got = ::read(fd, buffer, sizeof buffer);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return text;
        text.append(buffer, static_cast<std::size_t>(got));
    }
}

[[noreturn]] void be_child(const Trial& trial, const std::filesystem::path& folder, int out) {
    ::alarm(kHangsAfterSeconds);
    // Its log lines are only of interest where one trial is played again.
    if (std::getenv("FILIAL_FAULT_POINT") == nullptr) {
        const int log = ::open((folder / "log").c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
        ::dup2(log, STDERR_FILENO);
    }
    std::ostringstream text;
    try {
        const Outcome outcome = lives(trial, folder);
        text << outcome.happened << ' ' << outcome.happened_then << ' ' << outcome.writes << ' '
             << outcome.reads << ' ' << outcome.writes_then << ' ' << outcome.reads_then << ' '
             << outcome.wrong;
    } catch (const std::exception& thrown) {
        text << "0 0 0 0 0 0 thrown: " << thrown.what();
    }
    const std::string all = text.str();
    const bool told = ::write(out, all.data(), all.size()) == static_cast<ssize_t>(all.size());
    ::_exit(told ? 0 : 1);
}

/// Gone at the end. In memory where there is such a place: what is durable, the FaultyDisk knows.
class Scratch {
  public:
    Scratch() {
        std::string in_memory = "/dev/shm/filial-faults-XXXXXX";
        std::string on_disk = "/tmp/filial-faults-XXXXXX";
        if (::mkdtemp(in_memory.data()) != nullptr) {
            path_ = in_memory;
        } else if (::mkdtemp(on_disk.data()) != nullptr) {
            path_ = on_disk;
        }
    }
    ~Scratch() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    Scratch(const Scratch&) = delete;
    Scratch& operator=(const Scratch&) = delete;
    const std::filesystem::path& path() const { return path_; }

  private:
    std::filesystem::path path_;
};

std::string tail_of(const std::filesystem::path& file) {
    std::ifstream in(file, std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(in), {}};
    return text.substr(text.size() - std::min<std::size_t>(text.size(), 2'000));
}

}  // namespace

const char* name_of(DiskFault fault) {
    for (const auto& [known, name] : kNames) {
        if (known == fault) return name;
    }
    return "none";
}

std::string to_string(const Trial& trial) {
    return trial.who + " " + name_of(trial.fault) + " " + std::to_string(trial.at) + " " +
           name_of(trial.then) + " " + std::to_string(trial.then_at) + " " +
           std::to_string(trial.seed);
}

std::optional<Trial> parse_trial(const std::string& text) {
    std::istringstream in(text);
    Trial trial;
    std::string fault, then;
    in >> trial.who >> fault >> trial.at >> then >> trial.then_at >> trial.seed;
    const auto first = fault_named(fault);
    const auto second = fault_named(then);
    if (!in || !first || !second) return std::nullopt;
    trial.fault = *first;
    trial.then = *second;
    return trial;
}

Outcome play(const Trial& trial) {
    const Scratch folder;
    int ends[2];
    Outcome outcome;
    if (::pipe2(ends, O_CLOEXEC) != 0) {
        outcome.wrong = std::strerror(errno);
        return outcome;
    }
    const pid_t child = ::fork();
    if (child == 0) be_child(trial, folder.path(), ends[1]);
    ::close(ends[1]);
    const std::string text = read_all(ends[0]);
    ::close(ends[0]);
    int status = 0;
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
        std::istringstream in(text);
        in >> outcome.happened >> outcome.happened_then >> outcome.writes >> outcome.reads >>
            outcome.writes_then >> outcome.reads_then;
        std::getline(in >> std::ws, outcome.wrong, '\0');
        return outcome;
    }
    outcome.wrong = WIFSIGNALED(status)
                        ? std::string("the program was ended by ") + ::strsignal(WTERMSIG(status))
                        : "the program ended with " + std::to_string(WEXITSTATUS(status));
    outcome.wrong += "\n" + tail_of(folder.path() / "log");
    return outcome;
}

}  // namespace filial::test
