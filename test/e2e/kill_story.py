"""Processes that are killed at random moments, while three stores trade."""

import collections
import time

from stage import check, check_truth, count_amiss, retail, story
from till import Till

NAMES = ("warehouse", "store8", "store7")
KINDS = {"publisher": "SIGKILLs of a publisher", "broker": "SIGKILLs of a broker",
         "subscriber": "SIGKILLs of a subscriber", "import": "SIGKILLs of an import"}
A_ROUND = 15  # Kills before everything is held against the truth.


def one_round(stage, kills, victim, bad_every):
    """Trade at three stores. `victim(company, tills)` gives what to kill, as (kind, kill, start);
    `kill` says whether something was killed. Gives how many of each kind were: fewer than `kills`
    where the trade came to its end before."""
    by_store = retail(*NAMES, lines=1500)
    company = stage.company(*NAMES)
    tills = [Till(company.stores[name], ops, 1.0 + 0.5 * kills, bad_every)
             for name, ops in by_store.items()]
    for till in tills:
        stage.at_end(till.end)
    killed = collections.Counter()
    while killed.total() < kills and any(till.busy() for till in tills):
        time.sleep(stage.random.uniform(0.05, 0.6))
        kind, kill, start = victim(company, tills)
        killed[kind] += kill()
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
    stage.counts(killed.total(), "SIGKILLs")
    for kind, number in sorted(killed.items()):
        stage.counts(number, kind)
    stage.say(f"{killed.total()} kills, the last one {when}; imports ran {runs} times; "
              "0 differences")
    company.stop()
    return killed.total()


def rounds(stage, few, victim, bad_every=0):
    left, rounds_left = stage.times(few), 3 + stage.times(few)
    while left > 0:
        check(rounds_left > 0, f"{left} kills are left, and the trade of every round is over")
        left -= one_round(stage, min(left, A_ROUND), victim, bad_every)
        rounds_left -= 1


def a_program(program):
    def kill():
        killed = program.running()
        program.kill()
        return killed
    return KINDS[program.name.split()[-1]], kill, program.start


def an_import(stage, tills):
    """A till that sells, while there is one."""
    till = stage.random.choice([till for till in tills if till.busy()] or tills)
    return KINDS["import"], till.kill, lambda: None


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


@story("an import killed at random moments and run again books every line once, says each bad one")
def import_killed(stage):
    rounds(stage, 3, lambda _, tills: an_import(stage, tills), bad_every=25)


@story("S32: whatever is killed, whenever: every replica equals the truth")
def anything_killed(stage):
    def victim(company, tills):
        return stage.random.choice([a_program(p) for p in company.programs()] +
                                   [an_import(stage, tills)] * 3)
    rounds(stage, 6, victim)
