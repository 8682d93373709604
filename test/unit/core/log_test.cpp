#include "core/log.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <string>

#include "core/log_output.h"

using namespace filial;
using core::Level;

namespace {

constexpr schema::Timestamp kAt{1'291'190'400'123'456};  // 2010-12-01T08:00:00.123456Z

/// What `body` writes to stderr.
template <class Body>
std::string stderr_of(Body body) {
    int ends[2];
    REQUIRE(::pipe(ends) == 0);
    const int saved = ::dup(STDERR_FILENO);
    ::dup2(ends[1], STDERR_FILENO);
    ::close(ends[1]);
    body();
    ::dup2(saved, STDERR_FILENO);
    ::close(saved);
    std::string text(16 * 1024, '\0');
    const ssize_t got = ::read(ends[0], text.data(), text.size());
    ::close(ends[0]);
    text.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    return text;
}

}  // namespace

TEST_CASE("log: a line has time, level, process, store, text and fields") {
    core::log_setup("publisher", "store1", Level::info, false);
    CHECK(core::log_line(kAt, Level::info, "ticket accepted", {{"first", 17}, {"till", "t-1"}}) ==
          "2010-12-01T08:00:00.123Z INFO process=publisher store=store1 ticket accepted "
          "first=17 till=t-1\n");
}

TEST_CASE("log: nothing in a value can end the line or look like another field") {
    core::log_setup("broker", "head", Level::info, false);
    const std::string line = core::log_line(
        kAt, Level::warn, "odd\nname", {{"a", "x y"}, {"b", "q\"=\\"}, {"c", "1\n2"}, {"d", ""}});
    CHECK(line ==
          "2010-12-01T08:00:00.123Z WARN process=broker store=head odd\\nname a=\"x y\" "
          "b=\"q\\\"=\\\\\" c=\"1\\n2\" d=\"\"\n");
}

TEST_CASE("log: a JSON line has valid strings for any bytes, and bare numbers") {
    core::log_setup("broker", "head", Level::info, true);
    const std::string line = core::log_line(
        kAt, Level::error, "bad",
        {{"n", -3}, {"yes", true}, {"raw", std::string("\xff\x01\"", 3)}, {"name", "Jos\xc3\xa9"}});
    CHECK(line ==
          "{\"time\":\"2010-12-01T08:00:00.123Z\",\"level\":\"ERROR\",\"process\":\"broker\","
          "\"store\":\"head\",\"text\":\"bad\",\"n\":-3,\"yes\":true,"
          "\"raw\":\"\\u00ff\\u0001\\\"\",\"name\":\"Jos\xc3\xa9\"}\n");
}

TEST_CASE("log: a value that is too long is cut where a character begins") {
    core::log_setup("p", "s", Level::info, true);
    std::string value;
    while (value.size() < 2 * core::kLogValueMax) value += "\xe2\x82\xac";  // Three bytes each.
    const std::string line = core::log_line(kAt, Level::info, "t", {{"v", value}});
    CHECK(line.size() < core::kLogValueMax + 200);
    CHECK(line.find("\xe2\x82\xac...\"}") != std::string::npos);
    CHECK(line.find("\\u00") == std::string::npos);
}

TEST_CASE("log: lines below the level are not written, the others whole") {
    core::log_setup("p", "s", Level::warn, false);
    const std::string text = stderr_of([] {
        core::log(Level::info, "quiet");
        core::log(Level::warn, "loud", {{"n", 1}});
    });
    CHECK(text.find("quiet") == std::string::npos);
    CHECK(text.find("WARN process=p store=s loud n=1\n") != std::string::npos);
    core::log_setup("", "", Level::info, false);
}

TEST_CASE("log: levels have four names") {
    CHECK(core::parse_level("debug").value() == Level::debug);
    CHECK(core::parse_level("error").value() == Level::error);
    CHECK(core::parse_level("loud").error().code == schema::Errc::invalid);
}

TEST_CASE("log: a pipe that nobody drains holds nobody up, and what was dropped is told later") {
    int ends[2];
    REQUIRE(::pipe(ends) == 0);
    REQUIRE(::fcntl(ends[1], F_SETPIPE_SZ, 16384) >= 16384);
    core::LogOutput output(ends[1], std::chrono::milliseconds(50), [](std::uint64_t dropped) {
        return "dropped " + std::to_string(dropped) + "\n";
    });
    const auto began = std::chrono::steady_clock::now();
    for (int i = 0; i < 1'000; ++i) output.write("line " + std::string(195, 'x') + "\n");
    CHECK(std::chrono::steady_clock::now() - began < std::chrono::seconds(5));

    const auto drained = [&] {
        std::string text(1 << 20, '\0');
        const ssize_t got = ::read(ends[0], text.data(), text.size());
        text.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
        return text;
    };
    const auto whole = static_cast<int>(drained().size() / 201);
    output.write("again\n");
    output.write("and again\n");
    const std::string said = drained();
    CHECK(said.find("dropped " + std::to_string(1'000 - whole) + "\nagain\nand again\n") !=
          std::string::npos);

    ::close(ends[0]);
    ::signal(SIGPIPE, SIG_IGN);
    output.write("nobody\n");
    ::close(ends[1]);
}

TEST_CASE("log: a trouble that lasts is told when it begins, once a minute, and when it is over") {
    core::LastingTrouble trouble;
    CHECK_FALSE(trouble.over());
    int told = 0;
    for (std::int64_t tenth = 0; tenth < 1'810; ++tenth) {
        if (trouble.seen(core::BootTime{tenth * core::kSecond / 10})) ++told;
    }
    CHECK(told == 4);
    CHECK(trouble.over());
    CHECK_FALSE(trouble.over());
    CHECK(trouble.seen(core::BootTime{182 * core::kSecond}));
}
