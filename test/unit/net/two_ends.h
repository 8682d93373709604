#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/link/allow_list.h"
#include "core/link/keys.h"
#include "core/link/socket.h"
#include "test/support/temp_folder.h"

namespace filial::test {

core::Keys make_keys();
core::Admission admission(const std::string& store, const core::Keys& keys);

/// One process's worth of network: a context with its handler of keys, and a poller.
struct End {
    explicit End(core::AllowList* allow);
    std::unique_ptr<core::Network> network;
    core::Poller poller;
};

/// A process that listens and one that dials, both in this thread.
struct TwoEnds {
    TwoEnds();

    TempFolder folder;
    std::filesystem::path allow_file = folder / "allow.toml";
    core::AllowList allow{allow_file};
    core::Keys server_keys = make_keys();
    core::Keys client_keys = make_keys();
    End server{&allow};
    End client{nullptr};
    std::unique_ptr<core::Port> port;
    std::vector<core::Incoming> came;  ///< To the port, in order.

    /// Listens on a free port of this machine, or on `endpoint`.
    void listen(const std::string& endpoint = "tcp://127.0.0.1:*");
    void hang_up();
    std::string ipc() const { return "ipc://" + (folder / "test.sock").string(); }
    std::unique_ptr<core::Dial> dial(const core::Keys& keys, const std::string& server_key);
    std::unique_ptr<core::Dial> dial() { return dial(client_keys, server_keys.curve_public); }

    /// Turns both ends until `holds`, at most ten seconds. What comes to the port is in `came`.
    bool until(const std::function<bool()>& holds);
    /// Turns both ends for a while in which nothing is expected to happen.
    void idle(std::chrono::milliseconds at_least);

  private:
    void turn();
    std::unique_ptr<core::Poller> server_poller_;
};

}  // namespace filial::test
