#include "core/last_words.h"

#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdlib>
#include <new>
#include <string>

namespace filial::core {
namespace {

struct Ending {
    int status = 0;  ///< As from waitpid.
    std::string said;
};

/// Of a process that has said its name and then does what `last` does.
template <class Last>
Ending ending_of(const Last& last) {
    std::array<int, 2> pipe{};
    REQUIRE(::pipe(pipe.data()) == 0);
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        ::dup2(pipe[1], STDERR_FILENO);
        say_last_words("filial-example", 3);
        last();
        ::_exit(0);
    }
    ::close(pipe[1]);
    Ending ending;
    std::array<char, 512> some{};
    ssize_t got = 0;
    while ((got = ::read(pipe[0], some.data(), some.size())) > 0) {
        ending.said.append(some.data(), static_cast<std::size_t>(got));
    }
    ::close(pipe[0]);
    REQUIRE(::waitpid(child, &ending.status, 0) == child);
    return ending;
}

TEST_CASE("last words: a check that failed ends the process by SIGABRT, with one line of ours") {
    const Ending ending = ending_of([] { std::abort(); });
    CHECK(WIFSIGNALED(ending.status));
    CHECK(WTERMSIG(ending.status) == SIGABRT);
    CHECK(ending.said.rfind("filial-example: ended by a check that failed", 0) == 0);
    CHECK(ending.said.find("What was answered is on the disk") != std::string::npos);
    CHECK(ending.said.find('\n') == ending.said.size() - 1);
}

TEST_CASE("last words: SIGABRT from outside, as of a watchdog, ends the process too") {
    const Ending ending = ending_of([] { ::kill(::getpid(), SIGABRT); });
    CHECK(WIFSIGNALED(ending.status));
    CHECK(WTERMSIG(ending.status) == SIGABRT);
    CHECK(ending.said.rfind("filial-example: ended by a check that failed", 0) == 0);
}

TEST_CASE("last words: who gets no memory ends with the code that was given, with one line") {
    const Ending ending = ending_of([] { std::get_new_handler()(); });
    CHECK(WIFEXITED(ending.status));
    CHECK(WEXITSTATUS(ending.status) == 3);
    CHECK(ending.said.rfind("filial-example: out of memory", 0) == 0);
    CHECK(ending.said.find('\n') == ending.said.size() - 1);
}

}  // namespace
}  // namespace filial::core
