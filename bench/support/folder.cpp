#include "bench/support/folder.h"

#include <sys/vfs.h>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string>

namespace filial::bench {

using schema::Errc;
using schema::fail;
using schema::Result;

namespace {

constexpr auto kTmpfs = 0x01021994;
constexpr auto kRamfs = 0x858458f6;

}  // namespace

Result<Folder> Folder::make(const std::filesystem::path& parent) {
    struct statfs about {};
    if (::statfs(parent.c_str(), &about) != 0) {
        return fail(Errc::invalid, parent.string() + ": " + std::strerror(errno));
    }
    if (about.f_type == kTmpfs || about.f_type == kRamfs) {
        return fail(Errc::invalid,
                    parent.string() + " is in memory; name a folder on a disk with --work");
    }
    std::string name = (parent / "filial-bench-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) {
        return fail(Errc::io, "make a folder in " + parent.string() + ": " + std::strerror(errno));
    }
    return Folder(name);
}

Folder::~Folder() {
    std::error_code ignored;
    if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
}

}  // namespace filial::bench
