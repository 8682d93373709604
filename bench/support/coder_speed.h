#pragma once

#include "bench/support/figure.h"
#include "bench/support/market_day.h"
#include "bench/support/setup.h"

namespace filial::bench {

/// All logs of the day and of those before it in blocks of 128, packed and unpacked by column as on
/// a line: events a second of one thread's processor time, with what is taken in again.
schema::Result<void> coder_speed(const Setup& setup, const MarketDay& day, Report& report);

}  // namespace filial::bench
