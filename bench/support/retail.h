#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "schema/operation.h"
#include "schema/result.h"

namespace filial::bench {

/// What one store's tills handed in, in order.
struct StoreTrade {
    std::string store;
    std::vector<schema::Operation> operations;
};

/// Reads `dir`/ops/*.jsonl, in the order of the names.
schema::Result<std::vector<StoreTrade>> read_trade(const std::filesystem::path& dir);

/// The same days again, `passes` times in all: with other customers and other transfers each time,
/// since those exist once.
std::vector<StoreTrade> repeated(const std::vector<StoreTrade>& trade, std::size_t passes);

/// The whole company's trade as the trade of one busy shop, in the order of the times: every
/// customer's home is `shop`, and what was sent between stores goes to and comes from elsewhere, so
/// that no operation is refused.
std::vector<schema::Operation> as_one_shop(const std::vector<StoreTrade>& trade,
                                           const std::string& shop);

/// Operations of all stores together.
std::size_t count(const std::vector<StoreTrade>& trade);

/// The lines of one document as one ticket, as a till hands them in; what has no document is a
/// ticket by itself. Keeps the order; at most kOperationsMax in one.
std::vector<std::vector<schema::Operation>> receipts(
    const std::vector<schema::Operation>& operations);

/// One operation a ticket.
std::vector<std::vector<schema::Operation>> one_by_one(
    const std::vector<schema::Operation>& operations);

}  // namespace filial::bench
