#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "core/clock.h"
#include "core/link/socket.h"
#include "schema/messages.h"

namespace filial::core {

/// Asks another process of this machine one thing at a time, for a program whose loop must not
/// wait. The connection stands as long as a question does.
class Asker {
  public:
    using Open = std::function<std::unique_ptr<Transport>()>;
    /// Each question has a transport of its own. `endpoint` is of ipc; `clock` must outlive it.
    Asker(Open open, const Clock& clock, std::string endpoint);
    /// Over ZeroMQ; `network` must outlive it.
    Asker(Network& network, const Clock& clock, std::string endpoint)
        : Asker([&network] { return make_transport(network, nullptr); }, clock,
                std::move(endpoint)) {}
    ~Asker();

    /// Begins; an earlier question is forgotten. The request number is set here.
    void ask(schema::Message message);
    /// Goes on with what was asked and returns at once: nullopt while there is no answer, or no
    /// question. A Trouble becomes its error; `unreachable` where nobody answered in time.
    std::optional<schema::Result<schema::Message>> answer();

  private:
    struct Question;
    std::optional<schema::Result<schema::Message>> go_on();

    Open transport_;
    const Clock& clock_;
    std::string endpoint_;
    std::uint64_t requests_ = 0;
    std::unique_ptr<Question> open_;  ///< What is asked now.
};

}  // namespace filial::core
