#pragma once

#include <filesystem>

#include "schema/result.h"

namespace filial::bench {

/// A folder of one run's own; gone with everything in it when this goes.
class Folder {
  public:
    /// Makes a new one in `parent`, which must be on a disk: in memory a sync costs nothing, and
    /// no figure would mean anything. `invalid` for a file system in memory.
    static schema::Result<Folder> make(const std::filesystem::path& parent);
    ~Folder();
    Folder(Folder&& other) noexcept : path_(std::move(other.path_)) { other.path_.clear(); }
    Folder& operator=(Folder&&) = delete;

    const std::filesystem::path& path() const { return path_; }

  private:
    explicit Folder(std::filesystem::path path) : path_(std::move(path)) {}
    std::filesystem::path path_;
};

}  // namespace filial::bench
