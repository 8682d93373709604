#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "core/clock.h"
#include "core/link/host.h"

namespace filial::broker {

/// Passes live questions to the store that they are about, and each answer back to who asked. It
/// keeps no answer: a question with another nonce goes to the store again. Pure.
class ConfirmRelay {
  public:
    /// Who of `peers` to ask: the store's own publisher, or without one the other brokers. None
    /// where nobody is there: then the asker's time runs out. A nonce that somebody else asks under
    /// already goes nowhere, which ends a ring of brokers.
    std::vector<std::string> asked(const std::string& asker, const schema::Confirm& question,
                                   const std::vector<core::Peer>& peers, core::BootTime now);
    /// Whom to give the answer about `store` to; empty where nobody waits for it: it came twice,
    /// or late.
    std::string answered(std::uint64_t nonce, const schema::StoreId& store);
    /// Forgets what waited longer than kConfirmWait.
    void turn(core::BootTime now);
    std::size_t waiting() const { return waiting_.size(); }

  private:
    struct Waiting {
        std::string asker;
        core::BootTime since;
    };
    std::map<std::pair<std::uint64_t, schema::StoreId>, Waiting> waiting_;
};

/// Longer than any asker waits.
constexpr std::int64_t kConfirmWait = 120 * core::kSecond;
/// All stores of a large company ask about all others; what is beyond is dropped and asked again.
constexpr std::size_t kConfirmsMax = 65'536;

}  // namespace filial::broker
