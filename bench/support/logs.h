#pragma once

#include <cstddef>
#include <vector>

#include "bench/support/retail.h"
#include "schema/block.h"
#include "schema/result.h"

namespace filial::bench {

/// The stores' logs in blocks, as a replica receives them.
struct Logs {
    std::vector<schema::Range> blocks;  ///< Store by store in turns; of each store in order.
    std::size_t events = 0;
};

/// Decides each store's operations by the ledger's rules, as its publisher would, and cuts its log
/// into blocks of `block_events`. Notices that stores send each other are not taken here: they are
/// a few in a thousand. Fails if an operation is refused.
schema::Result<Logs> make_logs(const std::vector<StoreTrade>& trade, std::size_t block_events);

}  // namespace filial::bench
