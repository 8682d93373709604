#include "cli/console.h"

#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>

namespace filial::cli {
namespace {

volatile std::sig_atomic_t stop_signal = 0;

void on_signal(int number) { stop_signal = number; }

}  // namespace

schema::Result<void> write_all(int fd, std::string_view text) {
    while (!text.empty()) {
        const ssize_t written = ::write(fd, text.data(), text.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return schema::fail(schema::Errc::io, std::strerror(errno));
        text.remove_prefix(static_cast<std::size_t>(written));
    }
    return {};
}

bool Console::out(std::string_view text) {
    if (out_text_ != nullptr) {
        out_text_->append(text);
        return true;
    }
    return write_all(STDOUT_FILENO, text).has_value();
}

void Console::err(std::string_view text) {
    if (err_text_ != nullptr) {
        err_text_->append(text);
        return;
    }
    // Where stderr is closed there is nobody left to tell.
    const auto written = write_all(STDERR_FILENO, text);
    static_cast<void>(written);
}

bool Console::out_is_terminal() const {
    return out_text_ == nullptr && ::isatty(STDOUT_FILENO) == 1;
}

bool Console::err_is_terminal() const {
    return err_text_ == nullptr && ::isatty(STDERR_FILENO) == 1;
}

bool Console::can_ask() const { return out_is_terminal() && ::isatty(STDIN_FILENO) == 1; }

std::string Console::read_line() {
    std::string text;
    char c = 0;
    while (text.size() < 4'096) {
        const ssize_t got = ::read(STDIN_FILENO, &c, 1);
        if (got < 0 && errno == EINTR && !stop_requested()) continue;
        if (got != 1 || c == '\n') break;
        text += c;
    }
    return text;
}

bool Console::colored() const {
    const char* no_color = std::getenv("NO_COLOR");
    return out_is_terminal() && (no_color == nullptr || *no_color == '\0');
}

std::string Console::bold(const std::string& text) const {
    return colored() ? "\033[1m" + text + "\033[0m" : text;
}

std::string Console::red(const std::string& text) const {
    return colored() ? "\033[31m" + text + "\033[0m" : text;
}

bool stop_requested() { return stop_signal != 0; }

void catch_signals() {
    struct sigaction action {};
    action.sa_handler = on_signal;
    sigemptyset(&action.sa_mask);
    // Without SA_RESTART: a wait ends early, so that the end comes at once.
    sigaction(SIGINT, &action, nullptr);
    sigaction(SIGTERM, &action, nullptr);
}

}  // namespace filial::cli
