#pragma once

#include "bench/support/market_day.h"
#include "core/options.h"
#include "schema/result.h"

/// Programs that have lived through the days before: their databases, made at once.
namespace filial::bench {

/// The broker holds all logs up to the end of the day, and of each store the mark that its
/// publisher makes when its own replica has everything of the others: as large as a mark becomes.
schema::Result<void> fill_broker(const core::Options& options, const MarketDay& day);
/// The replica holds all logs up to the night before.
schema::Result<void> fill_replica(const core::Options& options, const MarketDay& day);

}  // namespace filial::bench
