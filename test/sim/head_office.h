#pragma once

#include <map>
#include <memory>
#include <string>

#include "schema/messages.h"
#include "test/sim/network.h"
#include "test/sim/process.h"

namespace filial::sim {

/// The people at a broker who say which machine goes on as a store: `filial readmit`.
class HeadOffice {
  public:
    /// `id`: of their process in the network.
    HeadOffice(int id, Machine& broker, Network& network);
    /// That machine goes on, and no other; said again until it does.
    void readmit(const schema::StoreId& store, const schema::Incarnation& incarnation);
    void turn();

  private:
    std::unique_ptr<core::Transport> transport_;
    std::unique_ptr<core::Caller> caller_;
    std::uint64_t requests_ = 0;
    schema::Bytes waiting_;  ///< What could not be sent yet.
};

}  // namespace filial::sim
