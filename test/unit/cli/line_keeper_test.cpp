// The line goes down, however a call ends. The commands write down what they did.
#include "cli/line_keeper.h"

#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <fstream>
#include <thread>

#include "cli/timed_command.h"
#include "test/support/temp_folder.h"

using namespace filial;
using cli::CommandEnd;
using cli::LineKeeper;
using core::kSecond;
using schema::Errc;

namespace {

struct Line {
    Line() {
        options.store = schema::StoreId{"store1"};
        options.data = folder.path();
        options.sync.link_up = "echo up >> " + (folder / "did").string();
        options.sync.link_down = "echo down >> " + (folder / "did").string();
        options.sync.link_up_within_us = 20 * kSecond;
        options.sync.link_down_within_us = 20 * kSecond;
    }
    std::string did() const {
        std::ifstream in(folder / "did");
        std::string words, word;
        while (in >> word) words += (words.empty() ? "" : " ") + word;
        return words;
    }
    bool noted() const { return std::filesystem::exists(folder / "calls" / "up"); }
    /// Waits until it did this.
    bool does(const std::string& words) const {
        for (int i = 0; i < 1'000 && did() != words; ++i) {
            std::this_thread::sleep_for(std::chrono::milliseconds(20));
        }
        return did() == words;
    }

    test::TempFolder folder;
    core::Options options;
};

/// Waits until that process runs no more: it is gone, or only nobody has asked how it ended.
bool ends(pid_t pid) {
    const auto runs = [&] {
        std::ifstream in("/proc/" + std::to_string(pid) + "/stat");
        std::string stat;
        if (!std::getline(in, stat)) return false;
        const std::size_t behind = stat.rfind(')');
        return behind + 2 >= stat.size() || (stat[behind + 2] != 'Z' && stat[behind + 2] != 'X');
    };
    for (int i = 0; i < 1'000 && runs(); ++i) {
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    return !runs();
}

/// Runs `body` in a process of its own that is killed once it has said that it is there.
void killed(const std::function<void()>& body) {
    int ends[2];
    REQUIRE(::pipe(ends) == 0);
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        ::close(ends[0]);
        body();
        const auto told = ::write(ends[1], "x", 1);
        static_cast<void>(told);
        for (;;) ::pause();
    }
    ::close(ends[1]);
    char c = 0;
    REQUIRE(::read(ends[0], &c, 1) == 1);
    ::close(ends[0]);
    ::kill(child, SIGKILL);
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
}

}  // namespace

TEST_CASE("N5: line keeper: the line is up between up and down, and noted meanwhile") {
    Line line;
    LineKeeper keeper(line.options);
    REQUIRE(keeper.take());
    CHECK_FALSE(keeper.left_up());
    CHECK(keeper.kept());
    const auto up = keeper.up();
    REQUIRE_MESSAGE(up, up.error().message);
    CHECK(line.did() == "up");
    CHECK(line.noted());
    CHECK(keeper.kept());
    LineKeeper second(line.options);
    const auto taken = second.take();
    REQUIRE_FALSE(taken);
    CHECK(taken.error().code == Errc::locked);
    REQUIRE(keeper.down());
    CHECK(line.did() == "up down");
    CHECK_FALSE(line.noted());
    // Again, by the same caller.
    REQUIRE(keeper.up());
    REQUIRE(keeper.down());
    CHECK(line.did() == "up down up down");
}

TEST_CASE("N5: line keeper: without commands there is a lock, and nothing to run") {
    Line line;
    line.options.sync.link_up.clear();
    line.options.sync.link_down.clear();
    LineKeeper keeper(line.options);
    REQUIRE(keeper.take());
    REQUIRE(keeper.up());
    CHECK(keeper.kept());
    CHECK_FALSE(line.noted());
    REQUIRE(keeper.down());
    CHECK(line.did().empty());
}

TEST_CASE("N5: line keeper: a link-up that fails, hangs or is not waited for is followed by down") {
    Line line;
    line.options.sync.link_up_within_us = kSecond;
    const auto refused = [&](const std::string& command, const std::function<bool()>& stop = {}) {
        line.options.sync.link_up = command;
        std::filesystem::remove(line.folder / "did");
        LineKeeper keeper(line.options);
        REQUIRE(keeper.take());
        const auto up = keeper.up(stop);
        REQUIRE_FALSE(up);
        CHECK(up.error().code == Errc::unreachable);
        CHECK(line.did() == "down");
        CHECK_FALSE(line.noted());
        return up.error().message;
    };
    CHECK(refused("echo busy; exit 3").find("failed with code 3") != std::string::npos);
    std::ifstream log(line.folder / "calls" / "line.log");
    std::string said;
    CHECK((std::getline(log, said) && said == "busy"));
    CHECK(refused("kill -9 $$").find("failed with code 137") != std::string::npos);
    CHECK(refused("sleep 600").find("not ready after 1 s") != std::string::npos);
    // It would come back late: it is ended with all that it began.
    const std::string late = "(sleep 600; echo late >> " + (line.folder / "did").string() +
                             ") & echo $! > " + (line.folder / "late").string() + "; wait";
    CHECK(refused(late).find("not ready") != std::string::npos);
    line.options.sync.link_up_within_us = 60 * kSecond;
    CHECK(refused("sleep 600", [] { return true; }).find("before it was ready") !=
          std::string::npos);
    std::ifstream in(line.folder / "late");
    pid_t pid = 0;
    REQUIRE((in >> pid));
    CHECK(ends(pid));
    CHECK(line.did() == "down");
}

TEST_CASE("N5: line keeper: the caller is killed with the line up, and it goes down at once") {
    Line line;
    killed([&] {
        auto* keeper = new LineKeeper(line.options);  // Never ended in an orderly way.
        if (!keeper->take() || !keeper->up()) ::_exit(1);
    });
    CHECK(line.does("up down"));
    // Once the line is down it is free, and there is nothing to make up for.
    LineKeeper keeper(line.options);
    while (!keeper.take()) std::this_thread::sleep_for(std::chrono::milliseconds(20));
    CHECK_FALSE(keeper.left_up());
    CHECK(line.did() == "up down");
}

TEST_CASE("N5: line keeper: the caller is killed while link-up runs, which is ended, then down") {
    Line line;
    line.options.sync.link_up = "echo begun >> " + (line.folder / "did").string() +
                                "; sleep 600; echo late >> " + (line.folder / "did").string();
    killed([&] {
        auto* keeper = new LineKeeper(line.options);
        if (!keeper->take()) ::_exit(1);
        const auto up = keeper->up([&] { return line.did() == "begun"; });
        static_cast<void>(up);
    });
    CHECK(line.does("begun down"));
}

TEST_CASE(
    "N5: line keeper: both processes are killed, and the next call takes the line down first") {
    Line line;
    line.options.sync.link_up += "; echo $PPID > " + (line.folder / "keeper").string();
    killed([&] {
        auto* keeper = new LineKeeper(line.options);
        if (!keeper->take() || !keeper->up()) ::_exit(1);
        std::ifstream in(line.folder / "keeper");
        pid_t pid = 0;
        if (!(in >> pid) || ::kill(pid, SIGKILL) != 0) ::_exit(1);
        while (keeper->kept()) std::this_thread::sleep_for(std::chrono::milliseconds(5));
    });
    CHECK(line.did() == "up");
    CHECK(line.noted());
    LineKeeper keeper(line.options);
    REQUIRE(keeper.take());
    CHECK(keeper.left_up());
    CHECK(line.did() == "up down");
    CHECK_FALSE(line.noted());
}

TEST_CASE(
    "N5: line keeper: the process that keeps the line is killed, and the caller takes it down") {
    Line line;
    line.options.sync.link_up += "; echo $PPID > " + (line.folder / "keeper").string();
    LineKeeper keeper(line.options);
    REQUIRE(keeper.take());
    REQUIRE(keeper.up());
    std::ifstream in(line.folder / "keeper");
    pid_t pid = 0;
    REQUIRE((in >> pid));
    REQUIRE(::kill(pid, SIGKILL) == 0);
    while (keeper.kept()) std::this_thread::sleep_for(std::chrono::milliseconds(5));
    REQUIRE(keeper.down());
    CHECK(line.did() == "up down");
    CHECK_FALSE(line.noted());
}

TEST_CASE(
    "N5: line keeper: a link-down that fails or hangs is said, and tried again by the next call") {
    Line line;
    const std::string down = line.options.sync.link_down;
    for (const std::string command : {"exit 1", "sleep 600"}) {
        CAPTURE(command);
        line.options.sync.link_down = command;
        line.options.sync.link_down_within_us = kSecond;
        std::filesystem::remove(line.folder / "did");
        {
            LineKeeper keeper(line.options);
            REQUIRE(keeper.take());
            REQUIRE(keeper.up());
            const auto failed = keeper.down();
            REQUIRE_FALSE(failed);
            CHECK(failed.error().message.find("may still be up") != std::string::npos);
            CHECK(line.noted());
        }
        line.options.sync.link_down = down;
        LineKeeper keeper(line.options);
        REQUIRE(keeper.take());
        CHECK(keeper.left_up());
        CHECK(line.did() == "up down");
        CHECK_FALSE(line.noted());
    }
}
