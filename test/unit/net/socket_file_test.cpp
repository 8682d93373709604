#include "core/link/socket_file.h"

#include <doctest/doctest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>

#include "core/options.h"
#include "test/unit/net/two_ends.h"

using namespace filial;
using schema::Errc;

namespace {

/// A file as a killed process leaves it: a socket that nobody listens on.
void leave_stale_socket(const std::filesystem::path& path) {
    const int fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
    REQUIRE(::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
    ::listen(fd, 1);
    ::close(fd);
}

}  // namespace

TEST_CASE("local socket: one that a dead process left is replaced, with rights for us alone") {
    test::TwoEnds ends;
    leave_stale_socket(ends.folder / "test.sock");
    ends.listen(ends.ipc());
    struct stat info {};
    REQUIRE(::stat((ends.folder / "test.sock").c_str(), &info) == 0);
    CHECK((info.st_mode & 0777) == 0600);
    CHECK(ends.port->local());
    CHECK(ends.port->endpoint() == ends.ipc());
    auto dial = ends.dial();
    CHECK(ends.until([&] { return dial->connected(); }));
}

TEST_CASE("local socket: one that a living process serves is refused, and goes on serving") {
    test::TwoEnds ends;
    ends.listen(ends.ipc());
    test::End second(nullptr);
    const auto port = core::Port::bind(*second.network, ends.ipc(), nullptr);
    REQUIRE_FALSE(port);
    CHECK(port.error().code == Errc::locked);
    CHECK(port.error().message.find("test.sock") != std::string::npos);
    auto dial = ends.dial();
    CHECK(ends.until([&] { return dial->connected(); }));
}

TEST_CASE("local socket: another program that listens there is not pushed aside") {
    const test::TempFolder folder;
    const auto path = folder / "a.sock";
    const int fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
    REQUIRE(::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
    REQUIRE(::listen(fd, 1) == 0);
    CHECK(core::SocketFile::claim(path).error().code == Errc::locked);
    ::close(fd);
    CHECK(core::SocketFile::claim(path).has_value());
}

TEST_CASE("local socket: a file that is no socket is not removed") {
    const test::TempFolder folder;
    folder.write("a.sock", "precious");
    CHECK(core::SocketFile::claim(folder / "a.sock").error().code == Errc::invalid);
    CHECK(test::read_file(folder / "a.sock") == "precious");
}

TEST_CASE("local socket: its folder is made for us alone, and one open to all is refused") {
    const test::TempFolder folder;
    REQUIRE(core::SocketFile::claim(folder / "deep/er/a.sock"));
    struct stat info {};
    REQUIRE(::stat((folder / "deep/er").c_str(), &info) == 0);
    CHECK((info.st_mode & 0777) == 0700);
    ::chmod((folder / "deep/er").c_str(), 0777);
    CHECK(core::SocketFile::claim(folder / "deep/er/a.sock").error().code == Errc::not_allowed);
}

TEST_CASE("local socket: its path may be as long as the system takes and no longer") {
    const test::TempFolder folder;
    std::string name(core::kSocketPathMax - folder.path().native().size() - 1, 'n');
    CHECK(core::SocketFile::claim(folder / name).has_value());
    const auto longer = core::SocketFile::claim(folder / (name + "n"));
    REQUIRE_FALSE(longer);
    CHECK(longer.error().code == Errc::invalid);
    CHECK(longer.error().message.find("sockets") != std::string::npos);
}

TEST_CASE("local socket: the file is gone when its port is") {
    test::TwoEnds ends;
    ends.listen(ends.ipc());
    CHECK(std::filesystem::exists(ends.folder / "test.sock"));
    ends.hang_up();
    CHECK_FALSE(std::filesystem::exists(ends.folder / "test.sock"));
}
