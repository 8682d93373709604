#include "cli/line_keeper.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "cli/timed_command.h"
#include "core/clock.h"
#include "core/disk_text.h"

namespace filial::cli {

using schema::Errc;
using schema::Result;
using How = CommandEnd::How;

namespace {

/// What the process that keeps the line says: how a command ended. A letter, a number, a newline.
constexpr char kLetters[] = {'d', 'f', 'l', 's'};

std::string said(const CommandEnd& end) {
    return kLetters[static_cast<std::size_t>(end.how)] + std::to_string(end.code) + "\n";
}

CommandEnd understood(const std::string& text) {
    CommandEnd end;
    for (std::size_t i = 0; i < std::size(kLetters); ++i) {
        if (!text.empty() && text[0] == kLetters[i]) end.how = static_cast<How>(i);
    }
    if (text.size() > 1) end.code = std::atoi(text.c_str() + 1);
    return end;
}

std::string seconds_text(std::int64_t us) {
    return std::to_string((us + core::kSecond - 1) / core::kSecond) + " s";
}

/// How it ended, for people; `log` has what it said.
std::string end_text(const CommandEnd& end, std::int64_t within_us,
                     const std::filesystem::path& log) {
    const std::string see = "; what it said is in " + log.string();
    switch (end.how) {
        case How::late:
            return "was not ready after " + seconds_text(within_us) + " and was ended" + see;
        case How::stopped:
            return "was ended before it was ready";
        default:
            return "failed with code " + std::to_string(end.code) + see;
    }
}

/// True once the other end is closed, or says anything.
bool heard_from(int fd) {
    pollfd one{fd, POLLIN, 0};
    return ::poll(&one, 1, 0) > 0;
}

}  // namespace

std::filesystem::path LineKeeper::folder(const core::Options& options) {
    return options.data / "calls";
}

LineKeeper::LineKeeper(const core::Options& options)
    : options_(options), folder_(folder(options)) {}

LineKeeper::~LineKeeper() {
    const auto done = down();
    static_cast<void>(done);  // The note says it.
}

Result<void> LineKeeper::take() {
    std::error_code error;
    std::filesystem::create_directories(folder_, error);
    if (const auto taken = lock_.take(folder_ / "lock"); !taken) return taken;
    if (!std::filesystem::exists(folder_ / "up", error)) return {};
    left_up_ = true;
    return run_down();
}

Result<void> LineKeeper::run_down() {
    const std::string log = (folder_ / "line.log").string();
    if (!options_.sync.link_down.empty()) {
        const auto end = run_timed(options_.sync.link_down, options_.sync.link_down_within_us, log);
        if (end.how != How::done) {
            return schema::fail(Errc::io, "link_down " +
                                              end_text(end, options_.sync.link_down_within_us,
                                                       folder_ / "line.log") +
                                              ": the line may still be up; look at it, the next "
                                              "call takes it down first");
        }
    }
    std::error_code error;
    std::filesystem::remove(folder_ / "up", error);
    if (error) return schema::fail(Errc::io, "remove the note that the line is up");
    return core::sync_folder(folder_);
}

/// In the process that keeps the line: never returns.
void LineKeeper::keep(int to_caller) {
    ::setsid();
    for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGPIPE}) std::signal(number, SIG_IGN);
    // What the caller has open must not stay open for longer than the caller does.
    const int null = ::open("/dev/null", O_RDWR);
    for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) ::dup2(null, fd);
    for (int fd = 3; fd < 1'024; ++fd) {
        if (fd != to_caller && fd != lock_.fd()) ::close(fd);
    }
    const auto say = [&](const std::string& text) {
        // Nobody may be there to hear it.
        const auto sent = ::send(to_caller, text.data(), text.size(), MSG_NOSIGNAL);
        static_cast<void>(sent);
    };
    const auto stop = [&] { return heard_from(to_caller); };
    const std::string log = (folder_ / "line.log").string();
    const auto up = run_timed(options_.sync.link_up, options_.sync.link_up_within_us, log, stop);
    say(said(up));
    while (up.how == How::done && !stop()) {
        pollfd one{to_caller, POLLIN, 0};
        ::poll(&one, 1, -1);
    }
    say(run_down() ? "d0\n" : "f1\n");
    ::_exit(0);
}

Result<void> LineKeeper::up(const std::function<bool()>& stop) {
    if (options_.sync.link_up.empty()) return {};
    int ends[2] = {-1, -1};
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
        return schema::fail(Errc::io, "begin a call: no pair of sockets");
    }
    std::error_code ignored;
    std::filesystem::remove(folder_ / "line.log", ignored);
    // Durable before anything happens to the line.
    const auto noted =
        core::replace_text(folder_ / "up", "The line is up, or was left up.\n", 0644);
    const pid_t child = noted ? ::fork() : -1;
    if (child < 0) {
        ::close(ends[0]);
        ::close(ends[1]);
        if (!noted) return schema::fail("begin a call", noted.error());
        return schema::fail(Errc::io, "begin a call: no further process");
    }
    if (child == 0) keep(ends[1]);
    ::close(ends[1]);
    line_ = ends[0];
    keeper_ = child;
    // The limit is the keeper's; some time more, for a machine that is busy.
    const auto text = heard(options_.sync.link_up_within_us + 30 * core::kSecond, stop);
    const auto end = text ? understood(*text) : CommandEnd{How::stopped, 0};
    if (end.how == How::done) return {};
    const auto downed = down();
    const std::string why =
        "link_up " + end_text(end, options_.sync.link_up_within_us, folder_ / "line.log");
    if (!downed) return schema::fail(Errc::unreachable, why + "; then " + downed.error().message);
    return schema::fail(Errc::unreachable, why);
}

bool LineKeeper::kept() const { return line_ < 0 || !heard_from(line_); }

/// The next line of what the keeper says.
Result<std::string> LineKeeper::heard(std::int64_t within_us, const std::function<bool()>& stop) {
    const core::SystemClock clock;
    const std::int64_t until = clock.boot().value() + within_us;
    std::string text;
    while (clock.boot().value() < until && !(stop && stop())) {
        pollfd one{line_, POLLIN, 0};
        if (::poll(&one, 1, 50) <= 0) continue;
        char c = 0;
        const ssize_t got = ::read(line_, &c, 1);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return schema::fail(Errc::io, "the process that keeps the line has ended");
        if (c == '\n') return text;
        text += c;
    }
    return schema::fail(Errc::timeout, "nothing was said");
}

Result<void> LineKeeper::down() {
    if (line_ < 0) return {};
    ::shutdown(line_, SHUT_WR);
    // Up to its end, whatever it says: how `link_down` went is seen by the note.
    const std::int64_t most = options_.sync.link_down_within_us + 30 * core::kSecond;
    Result<std::string> text = heard(most, {});
    while (text) text = heard(most, {});
    if (text.error().code == Errc::timeout) ::kill(keeper_, SIGKILL);
    ::close(line_);
    line_ = -1;
    int status = 0;
    while (::waitpid(keeper_, &status, 0) < 0 && errno == EINTR) {
    }
    keeper_ = -1;
    std::error_code error;
    const bool noted = std::filesystem::exists(folder_ / "up", error);
    if (!noted) return {};
    // It was killed, or `link_down` failed: once more, from here.
    return run_down();
}

}  // namespace filial::cli
