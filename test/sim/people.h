#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "schema/messages.h"
#include "test/sim/network.h"

namespace filial::sim {

/// People at a machine who say what no program may decide: at a broker which machine goes on as a
/// store (`filial readmit`), at a store that a broker without its memory is the one to trust
/// (`filial accept-hub`).
class People {
  public:
    /// `id`: of their process in the network. `endpoint`: of the process that they speak to.
    People(int id, const std::string& machine, const std::string& store, Network& network,
           const std::string& endpoint);
    /// One thing at a time: nothing is waiting to be sent or answered.
    bool free() const { return !waiting_; }
    void say(schema::Readmit message);
    /// What came of it: its answer, once.
    struct Answer {
        schema::Readmit said;
        std::optional<schema::Trouble> trouble;  ///< nullopt: it was done.
    };
    std::optional<Answer> turn(Time now);

  private:
    std::unique_ptr<core::Transport> transport_;
    std::unique_ptr<core::Caller> caller_;
    std::uint64_t requests_ = 0;
    std::optional<schema::Readmit> waiting_;
    Time sent_ = kNever;
    schema::Parser parser_;
};

}  // namespace filial::sim
