#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "core/link/socket.h"
#include "core/options.h"
#include "schema/messages.h"

namespace filial::core {

/// The asking end for programs: hands in tickets, asks queries and status of one process. Blocking
/// with a deadline; one thread.
class Client {
  public:
    /// `unreachable` only when used. ipc endpoints need no keys.
    static schema::Result<std::unique_ptr<Client>> open(Network& network, const Remote& remote,
                                                        const Keys* keys);
    ~Client();

    /// Sends without waiting for an answer; waits up to `deadline` for room on the line.
    /// `unreachable` naming the endpoint if nobody is there by then.
    schema::Result<void> send(const schema::Message& message, std::chrono::milliseconds deadline);
    /// The next message of any kind; `timeout` when none came. A Trouble comes as a message.
    schema::Result<schema::Message> receive(std::chrono::milliseconds deadline);
    /// Sends and waits for the answer with the same request number (set here). A Trouble becomes
    /// its error. `unreachable` if the process is not there, `timeout` if it does not answer.
    schema::Result<schema::Message> ask(schema::Message message,
                                        std::chrono::milliseconds deadline);

    /// As Dial's: whether bytes come, and an end to a connection over which none do.
    std::optional<std::int64_t> quiet_us() const;
    void hang_up();

  private:
    struct Inside;
    explicit Client(std::unique_ptr<Inside> inside);
    std::unique_ptr<Inside> inside_;
};

}  // namespace filial::core
