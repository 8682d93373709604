#include "cli/timed_command.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "core/clock.h"

namespace filial::cli {

namespace {

constexpr int kTickMilliseconds = 20;

/// In the child: becomes the command.
[[noreturn]] void become(const char* command, const char* log) {
    ::setpgid(0, 0);
    // Should whoever waits be killed, the command must not bring a line up afterwards.
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    sigset_t none;
    sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGPIPE}) std::signal(number, SIG_DFL);
    const int in = ::open("/dev/null", O_RDONLY);
    int out = ::open(log, O_WRONLY | O_CREAT | O_APPEND, 0644);
    if (out < 0) out = ::open("/dev/null", O_WRONLY);
    if (in >= 0) ::dup2(in, STDIN_FILENO);
    if (out >= 0) {
        ::dup2(out, STDOUT_FILENO);
        ::dup2(out, STDERR_FILENO);
    }
    // Whatever else is open here is not the command's: a lock would live as long as it does.
    for (int fd = 3; fd < 1'024; ++fd) ::close(fd);
    ::execl("/bin/sh", "sh", "-c", command, static_cast<char*>(nullptr));
    ::_exit(127);
}

}  // namespace

CommandEnd run_timed(const std::string& command, std::int64_t most_us, const std::string& log,
                     const std::function<bool()>& stop) {
    using How = CommandEnd::How;
    const core::SystemClock clock;
    const std::int64_t until = clock.boot().value() + most_us;
    const pid_t child = ::fork();
    if (child < 0) return {How::failed, 126};
    if (child == 0) become(command.c_str(), log.c_str());
    ::setpgid(child, child);  // Whoever of the two comes first.
    How killed = How::done;
    for (;;) {
        int status = 0;
        const pid_t ended = ::waitpid(child, &status, WNOHANG);
        if (ended == child || (ended < 0 && errno != EINTR)) {
            if (killed != How::done) return {killed, 0};
            const int code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
            return {code == 0 ? How::done : How::failed, code};
        }
        const bool stopped = killed == How::done && stop && stop();
        const bool late = killed == How::done && clock.boot().value() >= until;
        if (stopped || late) {
            killed = stopped ? How::stopped : How::late;
            ::kill(-child, SIGKILL);
        }
        ::poll(nullptr, 0, kTickMilliseconds);
    }
}

}  // namespace filial::cli
