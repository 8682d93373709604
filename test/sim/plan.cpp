#include "test/sim/plan.h"

#include <algorithm>

#include "schema/grant_payloads.h"
#include "schema/payloads.h"

namespace filial::sim {

const char* name_of(Fault fault) {
    constexpr const char* names[] = {"kill",
                                     "kill at a write",
                                     "power cut",
                                     "power cut at a write",
                                     "pause",
                                     "suspend",
                                     "cut wire",
                                     "isolate",
                                     "swizzle",
                                     "reset",
                                     "slow",
                                     "swallow",
                                     "corrupt",
                                     "full disk",
                                     "broken disk",
                                     "clock jump",
                                     "clock drift",
                                     "dial-up",
                                     "old replica",
                                     "old broker",
                                     "restart",
                                     "restore",
                                     "replace",
                                     "clone",
                                     "damaged log",
                                     "damaged broker",
                                     "damaged replica",
                                     "repeat",
                                     "overtake"};
    return names[static_cast<std::size_t>(fault)];
}

Plan::Plan(std::uint64_t from) : seed(from) {
    Random random(from * 2 + 1);
    stores = static_cast<int>(random.between(1, 4));
    if (stores == 1 && random.chance(700)) stores = 2;
    head_is_store = random.chance(500);
    brokers = random.chance(300) ? 2 : 1;
    chained = brokers == 2 && random.chance(500);
    peers = random.chance(200);
    tills = random.chance(300) ? 2 : 1;
    runs_for = random.between(30, 200) * kSecond;
    tick = random.pick(std::vector<Time>{50, 200, 400, 400}) * kMillisecond;
    mark_every = random.between(1, 5) * kSecond;
    scrub_every = random.between(60, 120) * kSecond;
    latency_us = random.between(1, 200) * kMillisecond;
    jitter_us = random.chance(500) ? random.between(0, 300) * kMillisecond : 0;
    ticket_every = random.between(200, 3'000) * kMillisecond;
    window = random.chance(500) ? 1 : static_cast<std::uint64_t>(random.between(2, 12));
    queue_tickets = random.chance(200) ? 2 : 64;
    // Tills here have a few tickets under way: small groups have the disk and the loop work at
    // once.
    if (from % 4 == 1) groups = {2, 1};
    accounts_move = random.chance(400);
    asks_by_itself = random.chance(400);
    for (std::size_t fault = 0; fault < kFirstOfLater; ++fault) {
        const bool on = random.chance(450);
        every[fault] = on ? random.between(4, 120) * kSecond : 0;
    }
    if (random.chance(50)) every.fill(0);  // A quiet company is one, too.
    // A look through everything is a quarter of all work; where no row rots, a few are enough.
    if (every_of(Fault::damaged_replica) == 0) scrub_every *= 6;
    // Of a log one copy stays, at its store or at a broker: else it is not to be had by anybody.
    // What one seed may have of these it has for certain, or it would be rare.
    const std::uint64_t which = random.below(100);
    const auto only = [&](Fault fault, bool may, Time least, Time most) {
        const bool too = may && random.chance(700);
        every[static_cast<std::size_t>(fault)] = too ? random.between(least, most) * kSecond : 0;
    };
    if (quiet()) return;
    draw_later();
    only(Fault::restore, which < 20, 4, 60);
    only(Fault::replace, which < 20, 4, 90);
    // With two brokers each may have another half of a fork, and only people can part them.
    only(Fault::clone, which >= 20 && which < 35 && brokers == 1, 4, 60);
    only(Fault::damaged_log, which >= 35 && which < 55, 4, 90);
    only(Fault::damaged_broker, which >= 35 && which < 65, 4, 90);
    only(Fault::old_broker, which >= 65, 4, 60);
    // What a broker has trimmed it can give back to no store, nor to a broker that has not asked it
    // for that log before.
    const bool gives_back = lives_end() || every_of(Fault::damaged_broker) > 0 ||
                            every_of(Fault::old_broker) > 0 || chained;
    if (!gives_back && random.chance(700)) keep = random.between(2, 40) * kSecond;
    // Drawn last: all else in a seed is as it was without.
    const bool comes_back = every_of(Fault::restore) > 0 || every_of(Fault::replace) > 0;
    people_hurry = comes_back && brokers == 1 && random.chance(400);
}

/// From other numbers: all else in a seed is as it was before there were these.
void Plan::draw_later() {
    Random random(seed * 2 + 0x6c61'7465);
    for (std::size_t fault = kFirstOfLater; fault < kFaults; ++fault) {
        const bool on = random.chance(250);
        every[fault] = on ? random.between(4, 120) * kSecond : 0;
    }
    const bool old = random.chance(150);
    upgrade = random.between(runs_for / 4, runs_for);
    const std::string_view kind = random.pick(std::vector<std::string_view>{
        schema::kStockMoved, schema::kDebtMoved, schema::kLimitSet, schema::kAppValue,
        schema::kCustomerRegistered, schema::kCustomerEdited, schema::kTransferSent,
        schema::kTransferSettled, schema::kGrantGiven, schema::kGrantReturned, schema::kDebtTold,
        schema::kRoundOpened});
    if (old) unknown_kind = kind;
}

bool Plan::quiet() const {
    return std::all_of(every.begin(), every.end(), [](Time each) { return each == 0; });
}

bool Plan::rots() const {
    return every_of(Fault::damaged_log) > 0 || every_of(Fault::damaged_broker) > 0 ||
           every_of(Fault::damaged_replica) > 0;
}

bool Plan::lives_end() const {
    return every_of(Fault::restore) > 0 || every_of(Fault::replace) > 0 ||
           every_of(Fault::clone) > 0 || every_of(Fault::damaged_log) > 0;
}

std::string Plan::text() const {
    std::string text = "seed " + std::to_string(seed) + ": " + std::to_string(stores) +
                       " stores, " + std::to_string(brokers) + (chained ? " chained" : "") +
                       " brokers, " + (head_is_store ? "head office has a log, " : "") +
                       (peers ? "peers, " : "") + (people_hurry ? "people hurry, " : "") +
                       (unknown_kind.empty() ? "" : "one does not know " + unknown_kind + ", ") +
                       (keep > 0 ? "kept " + std::to_string(keep / kSecond) + " s, " : "") +
                       "a ticket each " + std::to_string(ticket_every / kMillisecond) + " ms, " +
                       std::to_string(runs_for / kSecond) + " s; faults:";
    for (std::size_t fault = 0; fault < kFaults; ++fault) {
        if (every[fault] == 0) continue;
        text += std::string(" ") + name_of(static_cast<Fault>(fault)) + " each " +
                std::to_string(every[fault] / kSecond) + " s,";
    }
    return text;
}

}  // namespace filial::sim
