"""Disks that become full at any level, under any program, and that get room again."""

import json

from disks import Memory
from stage import Failed, check, check_equal, count_amiss, story, value, wait_for

LINES = 200          # Of a ticket: about 50 KB in each program's log.
TICKETS_MOST = 2000  # More than any level takes.


class Filler:
    """A till that hands in large tickets until one is refused; each of them is booked once,
    however often it was handed in."""

    def __init__(self, store):
        self.store, self.number, self.sold = store, 1, 0

    def hand_in(self):
        """One ticket: None once it is booked, else what was said instead."""
        lines = [{"op": "sell", "sku": "tea", "qty": "1", "doc": f"{self.number}-{i:060}",
                  "at": "2026-03-02T10:00:00Z"}
                 for i in range(LINES)]
        done = self.store.filial("ticket", "-", "--json", "--client", "filler", "--number",
                                 self.number, "--wait", "1", stdin=json.dumps(lines), check=False)
        if done.returncode != 0:
            return done.stdout + done.stderr
        self.number += 1
        self.sold += LINES
        return None


def healths(company, config):
    done = company.filial("status", "--json", config=config, check=False)
    return {one["process"]: one["health"] for one in json.loads(done.stdout)["processes"]}


def names_space(text):
    return "free" in text or "space" in text


def fill_store(stage, company, filler):
    """Until tickets are refused; programs live and answer."""
    store = filler.store
    for _ in range(TICKETS_MOST):
        said = filler.hand_in()
        if said is not None:
            break
    else:
        raise Failed(f"{TICKETS_MOST} tickets found room")
    check(names_space(said), f"why a ticket is refused: {said}")
    for program in (store.publisher, store.subscriber):
        check(program.running(), f"{program.name} lives on a full disk: {program.tail()}")
    done = store.filial("get", "stock", "tea", "--at", store.name, "--json", check=False)
    check(done.returncode in (0, 3, 6), f"a question on a full disk: {done.stdout}{done.stderr}")
    if done.returncode != 6:
        known = -int(json.loads(done.stdout.splitlines()[0])["value"])
        check(known <= filler.sold + LINES, f"{known} of {filler.sold} known to be sold")
    return [store.publisher, store.subscriber]


def fill_broker(stage, company, filler):
    """Until the broker takes nothing; the store's sales go on."""
    config = company.head / "filial.toml"
    for _ in range(TICKETS_MOST):
        check_equal(filler.hand_in(), None, "a sale, whatever the broker's disk is")
        if names_space(healths(company, config).get("broker", "")):
            break
    else:
        raise Failed(f"{TICKETS_MOST} tickets found room at the broker")
    check(company.broker.running(), f"the broker lives: {company.broker.tail()}")
    return [company.broker]


def start_again(stage, programs):
    """Some are killed there and started again: they run, or end and say why."""
    ended = []
    for program in programs:
        if stage.random.random() < 0.6:
            continue
        program.kill()
        program.start()
        ended.append(program)
    return ended


def come_back(program):
    if program.running():
        return
    check(names_space(program.tail(5)), f"why {program.name} has ended: {program.tail()}")
    check(program.child.returncode > 0, f"how {program.name} ended: {program.child.returncode}")
    program.start()


def levels(stage, count, reserve):
    company = stage.company("store1", "store2", start=False,
                            settings={"disk": {"reserve": reserve}})
    store, other = company.stores["store1"], company.stores["store2"]
    disks = {"store": Memory(stage, store.dir, 160), "broker": Memory(stage, company.head, 160)}
    company.start()
    filler = Filler(store)
    for number in range(count):
        which = stage.random.choice(("store", "store", "broker"))
        # Most of what goes wrong goes wrong within a file's last KiB.
        free = int(2 ** stage.random.uniform(8, 21))
        if reserve == "auto":
            free += 20 << 20
        disks[which].leave(free)
        full = fill_store if which == "store" else fill_broker
        programs = full(stage, company, filler)
        killed = start_again(stage, programs)
        disks[which].grow()
        for program in killed:
            come_back(program)
        wait_for("sales to go on", 60, lambda: filler.hand_in() is None)
        wait_for("everybody to be well", 60, lambda: all(
            health == "ok" for config in (store.config, company.head / "filial.toml")
            for health in healths(company, config).values()))
        company.wait_settled(90, quiet=0.3)
        for at in (store, other):
            check_equal(value(at, "stock", "tea", "--at", "store1"), str(-filler.sold),
                        f"what {at.name} knows to be sold")
        stage.say(f"level {number + 1}: {free} bytes left to the {which}, {filler.number - 1} "
                  f"tickets so far, {len(killed)} programs started again on the full disk")
    count_amiss(stage, company)
    stage.counts(count, "levels of a full disk")
    company.stop()


@story("a disk that is full at any level: busy, no abort, questions are answered, and with room again "
       "nothing is lost or twice", seconds=300, mounts=True)
def full_levels(stage):
    left, reserve = stage.times(3), "0"
    while left > 0:
        count = min(left, 10 if stage.count else 2)
        levels(stage, count, reserve)
        left -= count
        reserve = "auto" if reserve == "0" else "0"
