#include "bench/support/market_day.h"

#include <algorithm>
#include <fstream>

#include "bench/support/child.h"
#include "bench/support/logs.h"
#include "schema/timestamp.h"

namespace filial::bench {

using schema::Errc;
using schema::fail;
using schema::Result;
using schema::Sequence;

namespace {

constexpr std::size_t kDayBlockEvents = 1'000;

std::string date_of(const schema::Operation& operation) {
    return to_string(operation.at).substr(0, 10);
}

Result<std::size_t> bzip2_size(const std::filesystem::path& file) {
    const auto packed = run({"/usr/bin/env", "bzip2", "-9", "-c", file.string()});
    if (!packed) return tl::unexpected(packed.error());
    return packed->size();
}

/// The day's lines as they stand in the data, of each store and all of them in one file.
Result<void> pack_lines(MarketDay& day, const std::filesystem::path& data,
                        const std::filesystem::path& work) {
    std::filesystem::create_directories(work);
    std::string all;
    for (const StoreTrade& store : day.trade) {
        std::ifstream in(data / "ops" / (store.store + ".jsonl"));
        std::string own;
        for (std::string line; std::getline(in, line);) {
            if (line.find("\"at\":\"" + day.date) != std::string::npos) own += line + "\n";
        }
        const auto file = work / (store.store + ".jsonl");
        std::ofstream(file) << own;
        const auto size = bzip2_size(file);
        if (!size) return tl::unexpected(size.error());
        day.bzip2_own[store.store] = *size;
        all += own;
    }
    const auto file = work / "all.jsonl";
    std::ofstream(file) << all;
    const auto size = bzip2_size(file);
    if (!size) return tl::unexpected(size.error());
    day.bzip2_all = *size;
    return {};
}

Result<DayLog> log_of(const StoreTrade& before, const StoreTrade& day) {
    StoreTrade both = before;
    both.operations.insert(both.operations.end(), day.operations.begin(), day.operations.end());
    const auto earlier = make_logs({before}, kDayBlockEvents);
    if (!earlier) return tl::unexpected(earlier.error());
    auto whole = make_logs({both}, kDayBlockEvents);
    if (!whole) return tl::unexpected(whole.error());
    DayLog log;
    log.store = day.store;
    log.night = Sequence{earlier->events};
    log.end = Sequence{whole->events};
    log.operations = day.operations.size();
    for (const schema::Range& block : whole->blocks) {
        if (block.after >= log.night || block.upto <= log.night) {
            log.blocks.push_back(block);
            continue;
        }
        log.blocks.push_back(schema::first_rows(block, log.night.value() - block.after.value()));
        schema::Range rest = block;
        rest.after = log.night;
        for (schema::Segment& segment : rest.segments) {
            schema::Segment later;
            later.topic = segment.topic;
            later.epoch = segment.epoch;
            later.append(segment, log.night);
            segment = std::move(later);
        }
        std::erase_if(rest.segments, [](const auto& segment) { return segment.empty(); });
        log.blocks.push_back(std::move(rest));
    }
    for (schema::Range& block : log.blocks) block.end = log.end;
    return log;
}

}  // namespace

Result<MarketDay> read_day(const std::filesystem::path& data, const std::string& date,
                           const std::filesystem::path& work) {
    const auto trade = read_trade(data);
    if (!trade) return tl::unexpected(trade.error());
    std::string last;
    bool there = false;
    for (const StoreTrade& store : *trade) {
        for (const schema::Operation& operation : store.operations) {
            last = std::max(last, date_of(operation));
            there = there || date_of(operation) == date;
        }
    }
    MarketDay day;
    day.date = there ? date : last;
    for (const StoreTrade& store : *trade) {
        StoreTrade before{store.store, {}}, own{store.store, {}};
        for (const schema::Operation& operation : store.operations) {
            const std::string at = date_of(operation);
            if (at < day.date) before.operations.push_back(operation);
            if (at == day.date) own.operations.push_back(operation);
        }
        auto log = log_of(before, own);
        if (!log) return tl::unexpected(log.error());
        day.logs.push_back(std::move(*log));
        day.operations += own.operations.size();
        day.before.push_back(std::move(before));
        day.trade.push_back(std::move(own));
    }
    if (day.operations == 0) return fail(Errc::invalid, data.string() + " has no trade");
    if (const auto ok = pack_lines(day, data, work); !ok) return tl::unexpected(ok.error());
    return day;
}

}  // namespace filial::bench
