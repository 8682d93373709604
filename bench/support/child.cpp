#include "bench/support/child.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>
#include <utility>

namespace filial::bench {

using schema::Errc;
using schema::fail;
using schema::Result;

namespace {

constexpr int kStopTries = 3'000;
constexpr useconds_t kStopStep = 10'000;
constexpr int kExecFailed = 127;

std::string last_lines(const std::filesystem::path& file) {
    constexpr std::size_t kMost = 2'000;
    std::ifstream in(file);
    std::ostringstream all;
    all << in.rdbuf();
    std::string text = all.str();
    return text.size() > kMost ? text.substr(text.size() - kMost) : text;
}

/// Forks and runs `command` with these as its standard output and error.
Result<pid_t> spawn(const std::vector<std::string>& command, int out, int err) {
    std::vector<char*> arguments;
    for (const std::string& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
    arguments.push_back(nullptr);
    const pid_t parent = ::getpid();
    const pid_t pid = ::fork();
    if (pid < 0) return fail(Errc::io, std::string("fork: ") + std::strerror(errno));
    if (pid == 0) {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (::getppid() != parent) ::_exit(kExecFailed);
        ::dup2(::open("/dev/null", O_RDONLY), STDIN_FILENO);
        ::dup2(out, STDOUT_FILENO);
        ::dup2(err, STDERR_FILENO);
        ::execv(arguments[0], arguments.data());
        ::_exit(kExecFailed);
    }
    return pid;
}

}  // namespace

Result<Child> Child::start(const std::vector<std::string>& command,
                           const std::filesystem::path& log) {
    const int out = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (out < 0) return fail(Errc::io, log.string() + ": " + std::strerror(errno));
    const auto pid = spawn(command, out, out);
    ::close(out);
    if (!pid) return tl::unexpected(pid.error());
    return Child(*pid, std::filesystem::path(command.front()).filename(), log);
}

Child::Child(Child&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      name_(std::move(other.name_)),
      log_(std::move(other.log_)) {}

Child& Child::operator=(Child&& other) noexcept {
    std::swap(pid_, other.pid_);
    std::swap(name_, other.name_);
    std::swap(log_, other.log_);
    return *this;
}

Child::~Child() { kill(); }

void Child::kill() {
    if (pid_ < 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    pid_ = -1;
}

bool Child::running() {
    if (pid_ < 0) return false;
    if (::waitpid(pid_, nullptr, WNOHANG) == 0) return true;
    pid_ = -1;
    return false;
}

Result<void> Child::stop() {
    if (pid_ < 0) return fail(Errc::io, name_ + " ended by itself:\n" + tail());
    ::kill(pid_, SIGTERM);
    for (int i = 0; i < kStopTries; ++i) {
        int status = 0;
        if (::waitpid(pid_, &status, WNOHANG) == pid_) {
            pid_ = -1;
            if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return {};
            return fail(Errc::io, name_ + " failed:\n" + tail());
        }
        ::usleep(kStopStep);
    }
    kill();
    return fail(Errc::timeout, name_ + " did not end after SIGTERM:\n" + tail());
}

double Child::cpu_seconds() const {
    std::ifstream in("/proc/" + std::to_string(pid_) + "/stat");
    std::string text{std::istreambuf_iterator<char>(in), {}};
    const std::size_t after_name = text.rfind(')');
    if (after_name == std::string::npos) return 0;
    std::istringstream fields(text.substr(after_name + 1));
    std::string skipped;
    // State is the third field of the line, user and system time the 14th and 15th.
    for (int field = 3; field < 14; ++field) fields >> skipped;
    double user = 0;
    double system = 0;
    fields >> user >> system;
    return (user + system) / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

std::string Child::tail() const { return last_lines(log_); }

Result<std::string> run(const std::vector<std::string>& command) {
    int out[2];
    int err[2];
    if (::pipe2(out, O_CLOEXEC) != 0) return fail(Errc::io, "pipe");
    if (::pipe2(err, O_CLOEXEC) != 0) return fail(Errc::io, "pipe");
    const auto pid = spawn(command, out[1], err[1]);
    ::close(out[1]);
    ::close(err[1]);
    std::string texts[2];
    for (int i = 0; i < 2; ++i) {
        const int from = i == 0 ? out[0] : err[0];
        char buffer[4096];
        for (ssize_t n = 0; (n = ::read(from, buffer, sizeof buffer)) > 0;) {
            texts[i].append(buffer, static_cast<std::size_t>(n));
        }
        ::close(from);
    }
    if (!pid) return tl::unexpected(pid.error());
    int status = 0;
    ::waitpid(*pid, &status, 0);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return texts[0];
    std::string said;
    for (const std::string& word : command) said += word + " ";
    return fail(Errc::io, said + "failed: " + texts[1] + texts[0]);
}

}  // namespace filial::bench
