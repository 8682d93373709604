"""Processes that are killed at random moments, while three stores trade."""

import time

from stage import check_truth, count_amiss, retail, story
from till import Till

NAMES = ("warehouse", "store8", "store7")
A_ROUND = 15  # Kills before everything is held against the truth.


def one_round(stage, kills, victim):
    """Trade at three stores; `victim(company, tills)` gives what to kill, as (kill, start)."""
    by_store = retail(*NAMES, lines=1500)
    company = stage.company(*NAMES)
    tills = [Till(company.stores[name], ops, 1.0 + 0.5 * kills)
             for name, ops in by_store.items()]
    for till in tills:
        stage.at_end(till.end)
    for _ in range(kills):
        time.sleep(stage.random.uniform(0.05, 0.6))
        kill, start = victim(company, tills)
        kill()
        time.sleep(stage.random.choice((0.0, stage.random.uniform(0.0, 0.5))))
        start()
    still_trading = any(till.busy() for till in tills)
    for till in tills:
        till.finish()
    company.wait_ready()
    check_truth(stage, company, by_store)
    runs = [till.runs for till in tills]
    when = "during the trade" if still_trading else "after the trade"
    count_amiss(stage, company)
    stage.counts(kills, "SIGKILLs")
    stage.say(f"{kills} kills, the last one {when}; imports ran {runs} times; 0 differences")
    company.stop()


def rounds(stage, few, victim):
    left = stage.times(few)
    while left > 0:
        one_round(stage, min(left, A_ROUND), victim)
        left -= A_ROUND


def a_program(program):
    return program.kill, program.start


@story("a publisher killed at random moments loses nothing and doubles nothing", seconds=240)
def publisher_killed(stage):
    rounds(stage, 15, lambda company, _: a_program(
        company.stores[stage.random.choice(NAMES)].publisher))


@story("a broker killed at random moments loses nothing and doubles nothing")
def broker_killed(stage):
    rounds(stage, 15, lambda company, _: a_program(company.broker))


@story("a subscriber killed at random moments loses nothing and doubles nothing")
def subscriber_killed(stage):
    rounds(stage, 15, lambda company, _: a_program(
        company.stores[stage.random.choice(NAMES)].subscriber))


@story("an import killed at random moments and run again books every line once")
def import_killed(stage):
    def victim(_, tills):
        return stage.random.choice(tills).kill, lambda: None
    rounds(stage, 3, victim)


@story("S32: whatever is killed, whenever: every replica equals the truth")
def anything_killed(stage):
    def victim(company, tills):
        till = stage.random.choice(tills)
        return stage.random.choice([a_program(p) for p in company.programs()] +
                                   [(till.kill, lambda: None)] * 3)
    rounds(stage, 6, victim)
