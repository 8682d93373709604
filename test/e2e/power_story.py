"""Machines that lose their power in the middle of trade, on file systems that lose with it what no
sync has covered."""

import json
import threading
import time

from disks import PowerDisk, cut_power, need_power_cuts
from stage import (check, check_equal, check_truth, count_amiss, log_end, retail, story, wait_for)
from till import Till

KINDS = ("ext4", "xfs")
NAMES = ("store8", "store7")
SELLERS = 3
A_ROUND = 5  # Cuts before everything is held against the truth.


class Seller:
    """Sells one thing after the other; remembers what was acknowledged before the cut."""

    def __init__(self, store, name):
        self.store, self.name = store, name
        self.number = 1
        self.acknowledged = {}
        self.cut = threading.Event()
        self.ended = False
        self.thread = threading.Thread(target=self._run, daemon=True)

    def hand_in(self, number):
        line = [{"op": "sell", "sku": f"{self.name}-{number}", "qty": "1",
                 "at": "2026-03-02T10:00:00Z"}]
        return self.store.filial("ticket", "-", "--json", "--client", self.name, "--number", number,
                                 "--wait", "1", stdin=json.dumps(line), check=False)

    def _run(self):
        while not self.ended:
            if self.cut.is_set():
                time.sleep(0.02)
                continue
            done = self.hand_in(self.number)
            if done.returncode == 0 and not self.cut.is_set():
                answer = json.loads(done.stdout)
                self.acknowledged[self.number] = (answer["first"], answer["last"])
                self.number += 1

    def check_all(self):
        """What was acknowledged is there as it was said, and so it is answered again."""
        for number, positions in self.acknowledged.items():
            again = self.hand_in(number)
            check_equal(again.returncode, 0, f"ticket {number} once more: {again.stdout}")
            answer = json.loads(again.stdout)
            check(answer["repeated"], f"ticket {number} of {self.name} was booked before")
            check_equal((answer["first"], answer["last"]), positions, "where it stands")


def positions_at_broker(company):
    """{store: how far its log was acknowledged by the broker}."""
    return {leg["origin"]: leg["position"] for store in company.stores.values()
            for leg in store.queue()["legs"]
            if leg["process"] == "publisher" and leg["origin"] == store.name
            and "head" in leg["peer"]}


def cut_once(stage, company, disks, tills, sellers):
    victim = stage.random.choice(sorted(disks))
    disk = disks[victim]
    programs = [company.broker]
    if victim != "broker":
        programs = [company.stores[victim].publisher, company.stores[victim].subscriber]
    time.sleep(stage.random.uniform(0.3, 1.5))
    at_broker = positions_at_broker(company)
    booked = {name: log_end(store) for name, store in company.stores.items()}
    for seller in sellers:
        seller.cut.set()
    if victim != "broker":
        tills[victim].power_off()
    cut_power(disk, programs)
    for till in tills.values():
        till.power_on()
    company.wait_ready()
    for name, store in company.stores.items():
        check(log_end(store) >= booked[name],
              f"{name} had booked {booked[name]} and has {log_end(store)}")
    for seller in sellers:
        seller.cut.clear()
    wait_for("the broker to be asked on", 60, lambda: all(
        position >= at_broker[name] for name, position in positions_at_broker(company).items()))
    return f"{disk.kind} under {victim}"


def one_round(stage, kind, cuts):
    by_store = retail(*NAMES, lines=300 + 250 * cuts)
    company = stage.company(*NAMES, start=False)
    disks = {"store8": PowerDisk(stage, company.stores["store8"].dir, kind),
             "broker": PowerDisk(stage, company.head, kind)}
    company.start()
    tills = {name: Till(company.stores[name], ops, 2.0 + 2.5 * cuts)
             for name, ops in by_store.items()}
    sellers = [Seller(company.stores["store8"], f"till{i}") for i in range(SELLERS)]
    for till in tills.values():
        stage.at_end(till.end)
    for seller in sellers:
        seller.thread.start()
        stage.at_end(lambda s=seller: setattr(s, "ended", True))
    what = [cut_once(stage, company, disks, tills, sellers) for _ in range(cuts)]
    for seller in sellers:
        seller.ended = True
        seller.thread.join(60)
        seller.check_all()
        # One may have been booked whose answer was lost: it is handed in until it is answered.
        wait_for("the last sale", 30, lambda s=seller: s.hand_in(s.number).returncode == 0)
    for till in tills.values():
        till.finish()
    sold = [{"op": "sell", "sku": f"{s.name}-{n}", "qty": "1"} for s in sellers
            for n in range(1, s.number + 1)]
    by_store["store8"] = by_store["store8"] + sold
    check_truth(stage, company, by_store)
    count_amiss(stage, company)
    stage.counts(cuts, "power cuts")
    acknowledged = sum(len(s.acknowledged) for s in sellers)
    stage.say(f"{', '.join(what)}: {acknowledged} acknowledged sales are there, 0 differences")
    company.stop()


@story("a machine that loses power in the middle of trade has all that it acknowledged, on ext4 and "
       "XFS", seconds=300, mounts=True)
def power_cuts(stage):
    need_power_cuts(KINDS)
    left, turn = stage.times(4), 0
    while left > 0:
        cuts = min(left, A_ROUND if stage.count else 2)
        one_round(stage, KINDS[turn % 2], cuts)
        left, turn = left - cuts, turn + 1
