#pragma once

#include <chrono>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "bench/support/child.h"
#include "bench/support/setup.h"
#include "core/link/client.h"
#include "core/options.h"
#include "schema/messages.h"

namespace filial::bench {

/// A head office with its broker and some stores, all real programs on loopback with CURVE. Made by
/// `filial init` and `filial admit`, as a person would. Everything ends with it.
class Company {
  public:
    /// In a new folder `dir`. Nothing runs yet. No broker for an empty `head`.
    static schema::Result<std::unique_ptr<Company>> make(const Setup& setup,
                                                         const std::filesystem::path& dir,
                                                         const std::string& head,
                                                         const std::vector<std::string>& stores);

    schema::Result<void> start_broker();
    schema::Result<void> start_publisher(const std::string& store);
    schema::Result<void> start_subscriber(const std::string& store);
    schema::Result<void> stop_broker() { return stop(head_ + " broker"); }
    schema::Result<void> stop_publisher(const std::string& store) {
        return stop(store + " publisher");
    }
    schema::Result<void> stop_subscriber(const std::string& store) {
        return stop(store + " subscriber");
    }

    /// From its next start the store's programs reach the head over `port` of this machine, and
    /// take the line for dear, with at most `block_events` events in a block (0: no limit).
    schema::Result<void> over_dear_line(const std::string& store, int port,
                                        std::uint64_t block_events);

    const core::Options& options(const std::string& store) const { return options_.at(store); }
    /// "broker", "publisher" or "subscriber" of one store; it must run.
    Child& child(const std::string& store, const std::string& program) {
        return children_.at(store + " " + program);
    }

    /// What the program at this endpoint (ipc) says of itself.
    schema::Result<schema::Status> status(const std::string& endpoint);
    /// Any question to it.
    schema::Result<schema::Message> ask(const std::string& endpoint, schema::Message question);

  private:
    explicit Company(const Setup& setup) : setup_(setup) {}
    schema::Result<std::string> init(const std::string& store,
                                     const std::vector<std::string>& more);
    schema::Result<void> start(const std::string& store, const std::string& program,
                               const std::string& endpoint);
    schema::Result<void> stop(const std::string& child);

    const Setup& setup_;
    std::filesystem::path dir_;
    std::string head_;
    std::map<std::string, core::Options> options_;
    std::map<std::string, Child> children_;
    std::unique_ptr<core::Network> network_;
    std::map<std::string, std::unique_ptr<core::Client>> clients_;
};

/// The value of one counter; nullopt if the program has none of that name.
std::optional<std::int64_t> counter(const schema::Status& status, std::string_view name);

/// A port of this machine that nobody has now.
schema::Result<int> free_port();

}  // namespace filial::bench
