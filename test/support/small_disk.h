#pragma once

#include <doctest/doctest.h>
#include <sys/mount.h>

#include <cerrno>
#include <cstring>
#include <string>

#include "test/support/temp_folder.h"

namespace filial::test {

/// A file system of a few MiB of memory, gone at the end. Not there where nothing can be mounted.
class SmallDisk {
  public:
    explicit SmallDisk(std::size_t bytes) {
        const auto size = "size=" + std::to_string(bytes);
        mounted_ = ::mount("tmpfs", path().c_str(), "tmpfs", 0, size.c_str()) == 0;
        if (!mounted_) {
            MESSAGE(
                "not tried, since no file system can be mounted here: " << std::strerror(errno));
        }
    }
    ~SmallDisk() {
        if (mounted_) ::umount2(path().c_str(), MNT_DETACH);
    }
    SmallDisk(const SmallDisk&) = delete;
    SmallDisk& operator=(const SmallDisk&) = delete;

    void resize(std::size_t bytes) const {
        const auto size = "size=" + std::to_string(bytes);
        REQUIRE(::mount("tmpfs", path().c_str(), "tmpfs", MS_REMOUNT, size.c_str()) == 0);
    }
    bool mounted() const { return mounted_; }
    const std::filesystem::path& path() const { return folder_.path(); }

  private:
    TempFolder folder_;
    bool mounted_ = false;
};

}  // namespace filial::test
