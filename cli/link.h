#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "core/link/client.h"
#include "core/link/keys.h"
#include "core/options.h"
#include "schema/messages.h"

namespace filial::cli {

/// The asking end of one process, as far as the verbs need it. The shell has NetworkLink; tests
/// have their own.
class Link {
  public:
    virtual ~Link() = default;
    /// As in core::Client.
    virtual schema::Result<void> send(const schema::Message& message,
                                      std::chrono::milliseconds deadline) = 0;
    virtual schema::Result<schema::Message> receive(std::chrono::milliseconds deadline) = 0;
    virtual schema::Result<schema::Message> ask(schema::Message message,
                                                std::chrono::milliseconds deadline) = 0;
    virtual std::optional<std::int64_t> quiet_us() const { return std::nullopt; }
    virtual void hang_up() {}
};

/// A core::Client with the network and the keys that it needs.
class NetworkLink : public Link {
  public:
    /// Keys are read from `options` only where the endpoint needs them.
    static schema::Result<std::unique_ptr<NetworkLink>> open(const core::Remote& remote,
                                                             const core::Options& options);
    schema::Result<void> send(const schema::Message& message,
                              std::chrono::milliseconds deadline) override;
    schema::Result<schema::Message> receive(std::chrono::milliseconds deadline) override;
    schema::Result<schema::Message> ask(schema::Message message,
                                        std::chrono::milliseconds deadline) override;
    std::optional<std::int64_t> quiet_us() const override { return client_->quiet_us(); }
    void hang_up() override { client_->hang_up(); }

  private:
    NetworkLink() = default;
    core::Keys keys_;
    std::unique_ptr<core::Network> network_;
    std::unique_ptr<core::Client> client_;
};

/// The local programs of a store.
enum class Process { publisher, subscriber, broker };
std::string name_of(Process process);
/// Its local socket; in central mode that of the store that the shop works at.
core::Remote remote_of(Process process, const core::Options& options);

}  // namespace filial::cli
