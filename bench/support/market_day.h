#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "bench/support/retail.h"
#include "schema/block.h"
#include "schema/result.h"

namespace filial::bench {

/// One store's log up to the end of a day, by the ledger's rules, and where that day begins in it.
struct DayLog {
    std::string store;
    std::vector<schema::Range> blocks;  ///< From the beginning of the log; none crosses the night.
    schema::Sequence night;             ///< Last event before the day.
    schema::Sequence end;
    std::size_t operations = 0;  ///< Of the day.
};

/// One day of all stores, with the days before it.
struct MarketDay {
    std::string date;
    std::vector<StoreTrade> before;
    std::vector<StoreTrade> trade;  ///< Of the day.
    std::vector<DayLog> logs;
    std::size_t operations = 0;
    std::size_t bzip2_all = 0;                     ///< bzip2 -9 of the day's JSON lines, one file.
    std::map<std::string, std::size_t> bzip2_own;  ///< The same of each store's lines alone.
};

/// The day `date` of the data, or its last one where it does not have that; `work` takes files.
schema::Result<MarketDay> read_day(const std::filesystem::path& data, const std::string& date,
                                   const std::filesystem::path& work);

}  // namespace filial::bench
