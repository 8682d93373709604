#include "core/machine.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <sstream>

#include "core/disk_text.h"

namespace filial::core {

using schema::Errc;
using schema::fail;
using schema::Result;

namespace {

constexpr const char* kMachineFile = "machine";
constexpr const char* kMachineVersion = "1";
constexpr std::size_t kMachineBytesMax = 512;
constexpr const char* kNotKnown = "-";

/// The first word of a file of the system; "-" where there is none.
std::string word_of(const char* file) {
    const auto text = read_text(file, kMachineBytesMax);
    std::string word;
    if (text) std::istringstream(*text) >> word;
    return word.empty() ? kNotKnown : word;
}

std::string inode_of(const std::filesystem::path& file) {
    struct stat info {};
    if (::stat(file.c_str(), &info) != 0) return kNotKnown;
    return std::to_string(info.st_ino);
}

Machine here(const std::filesystem::path& file) {
    return {word_of("/etc/machine-id"), word_of("/sys/class/dmi/id/product_uuid"), inode_of(file)};
}

}  // namespace

std::string difference(const Machine& noted, const Machine& here) {
    const auto other = [](const std::string& a, const std::string& b) {
        return a != b && a != kNotKnown && b != kNotKnown;
    };
    if (other(noted.id, here.id)) return "it was made on another system (machine-id differs)";
    if (other(noted.product, here.product)) {
        return "it was made on another machine (product_uuid differs)";
    }
    if (other(noted.inode, here.inode)) return "it is a copy of the folder that it was made in";
    return {};
}

Result<std::string> check_machine(const std::filesystem::path& data) {
    const auto file = data / kMachineFile;
    const auto text = read_text(file, kMachineBytesMax);
    if (!text && text.error().code == Errc::not_found) {
        const auto noted = note_machine(data);
        return noted ? Result<std::string>(std::string()) : tl::unexpected(noted.error());
    }
    if (!text) return tl::unexpected(text.error());
    std::istringstream words(*text);
    std::string version, more;
    Machine noted;
    words >> version >> noted.id >> noted.product >> noted.inode;
    if (!words || version != kMachineVersion || words >> more) {
        return fail(Errc::corrupt, file.string() + ": no line of version, machine and inode");
    }
    return difference(noted, here(file));
}

Result<void> note_machine(const std::filesystem::path& data) {
    const auto file = data / kMachineFile;
    const auto beside = data / (std::string(kMachineFile) + ".new");
    std::error_code none;
    std::filesystem::remove(beside, none);
    const auto failed = [&] {
        const auto code = errno == ENOSPC || errno == EDQUOT ? Errc::no_space : Errc::io;
        return fail(code, "write " + beside.string() + ": " + std::strerror(errno));
    };
    // In place, since the number of the file stands in it; renaming keeps it.
    const int fd = ::open(beside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0) return failed();
    const Machine now = here(beside);
    const std::string text =
        std::string(kMachineVersion) + " " + now.id + " " + now.product + " " + now.inode + "\n";
    const bool written =
        ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
        ::fsync(fd) == 0 && ::rename(beside.c_str(), file.c_str()) == 0;
    const auto result = written ? Result<void>{} : Result<void>(failed());
    ::close(fd);
    return written ? sync_folder(data) : result;
}

std::string host_name() {
    std::array<char, 256> name{};
    if (::gethostname(name.data(), name.size() - 1) != 0 || name[0] == 0) return "unnamed";
    return name.data();
}

}  // namespace filial::core
