#pragma once

#include <string>

#include "cli/context.h"
#include "cli/submit.h"

namespace filial::cli {

struct CloseDayArgs {
    std::string date;  ///< Empty: today, by this machine's clock and zone.
    bool show = false;
    std::string by;                  ///< With `show`: the store that closed it; empty: this one.
    std::string late_after = "10m";  ///< Not heard of for longer is late.
    TicketArgs ticket;
};

/// `filial close-day`: makes the cut of what this store's replica has now, one position a store,
/// and books it; names the stores that are late. With `show` the totals of a closed day, made anew
/// from the events between two cuts: one JSON object for each store and day of its events, and one
/// without totals for each store that was late. Exit code 3 while some of those events are not
/// here.
schema::Result<int> run_close_day(Context& context, const CloseDayArgs& args);

}  // namespace filial::cli
