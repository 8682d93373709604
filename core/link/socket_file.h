#pragma once

#include <filesystem>
#include <memory>

#include "schema/result.h"

namespace filial::core {

/// The file of a socket for programs of this machine, ours alone while this lives. ZeroMQ would
/// take the file over from a living process without a word, and remove it at a time of its own.
class SocketFile {
  public:
    /// Makes and locks the file, mode 0600, and listens on it; a missing folder is made with mode
    /// 0700. One left behind by a dead process is replaced. `locked` if a living process serves
    /// it, `invalid` if something else has the name or it is too long for a socket's address,
    /// `not_allowed` if everybody may write in the folder.
    static schema::Result<std::unique_ptr<SocketFile>> claim(const std::filesystem::path& path);
    /// Removes the file. The listening descriptor belongs to whoever took it.
    ~SocketFile();
    SocketFile(const SocketFile&) = delete;
    SocketFile& operator=(const SocketFile&) = delete;

    /// The listening descriptor; from now on the caller's to close. Once.
    int take_listener();

  private:
    explicit SocketFile(std::filesystem::path path) : path_(std::move(path)) {}
    schema::Result<void> lock();
    schema::Result<void> clear();
    schema::Result<void> listen();

    std::filesystem::path path_;
    int lock_ = -1;
    int listener_ = -1;
    bool made_ = false;
};

}  // namespace filial::core
