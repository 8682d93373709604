"""Connections that end at random moments, while everything is on its way over them."""

import time

from connections import Connections, kernel_kills
from stage import Failed, check, check_truth, count_amiss, retail, story
from till import Till

NAMES = ("warehouse", "store8", "store7")
A_ROUND = 50  # Kills before everything is held against the truth.
SECONDS_A_KILL = 0.3


def one_round(stage, kills, by_kernel):
    """Trade at three stores; gives how many connections ended during it."""
    by_store = retail(*NAMES, lines=400 + 60 * kills)
    company = stage.company(*NAMES, cuttable=not by_kernel)
    connections = Connections(company, by_kernel)
    tills = [Till(company.stores[name], ops, 2.0 + SECONDS_A_KILL * kills)
             for name, ops in by_store.items()]
    for till in tills:
        stage.at_end(till.end)
    killed = 0
    while killed < kills and any(till.busy() for till in tills):
        time.sleep(stage.random.uniform(0.0, 1.2 * SECONDS_A_KILL))
        killed += connections.kill_one(stage.random) and any(till.busy() for till in tills)
    for till in tills:
        till.finish()
    check_truth(stage, company, by_store)
    count_amiss(stage, company)
    check(not any(till.runs > 1 for till in tills), "no till noticed anything")
    stage.counts(killed, "connections ended")
    stage.say(f"{killed} connections ended during the trade "
              f"({'ss -K' if by_kernel else 'by relays'}); 0 lost, 0 twice, 0 reordered")
    company.stop()
    return killed


@story("connections that end at random moments under load lose, double and reorder nothing",
       seconds=240)
def connections_killed(stage):
    by_kernel = kernel_kills()
    left = stage.times(25)
    while left > 0:
        killed = one_round(stage, min(left, A_ROUND), by_kernel)
        if killed == 0:
            raise Failed("no connection was up during a whole round")
        left -= killed
