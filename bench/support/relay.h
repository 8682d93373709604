#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

#include "schema/result.h"

namespace filial::bench {

/// What went over a line, in both directions together.
struct Traffic {
    std::uint64_t bytes = 0;     ///< That TCP carried.
    std::uint64_t segments = 0;  ///< TCP's, as the kernel counts them, bare acknowledgements too.

    /// With the heads of IPv4 (20 bytes) and TCP (20, and 12 for its timestamps).
    std::uint64_t on_the_wire() const { return bytes + 52 * segments; }
    friend Traffic operator-(const Traffic& a, const Traffic& b) {
        return {a.bytes - b.bytes, a.segments - b.segments};
    }
};

/// A line that is counted, and can be cut: a port of this machine whose connections are passed on
/// to another one. The caller's side counts, with Ethernet's segments of 1,460 bytes.
class Relay {
  public:
    /// To `port` of this machine. Cut at first.
    static schema::Result<std::unique_ptr<Relay>> make(int port);
    ~Relay();

    int port() const { return port_; }
    /// Lets callers through; what was counted begins at 0.
    void open();
    /// Breaks connections; nobody gets through.
    void cut();
    /// Since `open`.
    Traffic traffic() const;
    /// Up to the answer to the first message of the caller: TCP's, CURVE's and our own greeting.
    std::optional<Traffic> greeting() const;

  private:
    class FirstMessage;
    struct Call;
    Relay(int listener, int port, int to);
    void run();
    void accept();
    void pass(Call& call);
    void count(Call& call);

    int listener_;
    int port_;
    int to_;
    std::atomic<bool> open_{false};
    std::atomic<bool> over_{false};
    mutable std::mutex mutex_;
    Traffic before_;  ///< Of connections that are over.
    Traffic now_;
    std::optional<Traffic> greeting_;
    std::unique_ptr<Call> call_;
    std::thread thread_;
};

}  // namespace filial::bench
