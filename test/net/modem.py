#!/usr/bin/python3
"""A shop that calls head office over a modem: 33.6 kbit/s, 300 ms there and back, in two network
namespaces, with the real programs of $FILIAL_BIN. Prints what a day and three weeks of backlog take
beside what they may, and a day over a line that loses, doubles and damages packets. After each call
the shop holds every event that the broker had before it, and the same ones.

    test/net/modem.py --data DIR [--date 2011-06-30] [--seed N] [--day] [--trace] [--keep]

DIR holds ops/*.jsonl with that day, those before it, which both ends know, and six weeks and a day
of trade behind it.
Exit code 0: all within their limits; 77: this machine cannot play it, and why.
"""

import argparse
import datetime
import json
import pathlib
import random
import subprocess
import sys
import time
import traceback

HERE = pathlib.Path(__file__).resolve().parent
sys.path += [str(HERE), str(HERE.parent / "e2e")]
sys.dont_write_bytecode = True
from modem_line import BITS_A_SECOND, ROUND_TRIP, Missing, Modem  # noqa: E402
from stage import Company, Failed, Stage, check, default_bin, wait_for, write_lines  # noqa: E402

SHOP = "store1"
ROUND_TRIPS = 10
# Linux waits this long at least, and a round trip, before it sends a packet again unasked.
TIME_OUT = 0.2 + 2 * ROUND_TRIP
LEAST_USE = {0.0: 0.85, 0.02: 0.70}
BAD = {"loss": 0.10, "doubled": 0.01, "damaged": 0.01}


def read(data):
    """{store: [(date, operation)]} in the order of the data."""
    trade = {}
    for path in sorted(pathlib.Path(data, "ops").glob("*.jsonl")):
        rows = [json.loads(line) for line in path.read_text().splitlines()]
        trade[path.stem] = [(row["at"][:10], row) for row in rows]
    return trade


class World:
    """Head office with its broker and the other stores at one end, one shop at the other."""

    def __init__(self, stage, modem, stores):
        self.stage, self.modem = stage, modem
        self.company = Company(stage.dir / "company", default_bin(), host=modem.address["head"],
                               inside=modem.head)
        stage.companies.append(self.company)
        for name in stores:
            inside = modem.shop if name == SHOP else modem.head
            self.company.add_store(name, inside=inside)
        self.shop = self.company.stores[SHOP]
        self.shop.configure("[hub]", calls="asked")
        self.company.broker.start()
        for store in self.company.stores.values():
            store.publisher.start()
        self.shop.subscriber.start()
        for store in self.company.stores.values():
            wait_for(f"{store.name} to answer", 60, lambda s=store: s.answers("publisher"))

    def trade(self, by_store):
        """Hands in operations, until the broker has those of all stores but the shop."""
        children = {}
        for name, rows in by_store.items():
            path = write_lines(self.stage.dir / "ops" / f"{name}-{time.monotonic_ns()}.jsonl", rows)
            command = self.company.stores[name].import_command(path, "--json")
            children[name] = subprocess.Popen(command, stdout=subprocess.PIPE,
                                              stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                                              text=True)
        for name, child in children.items():
            text, _ = child.communicate(timeout=600)
            check(child.returncode == 0, f"import of {name}: exit {child.returncode}\n{text}")
        for store in self.company.stores.values():
            if store is not self.shop:
                wait_for(f"the broker to have {store.name}", 300, lambda s=store: not any(
                    leg["depth_events"] for leg in s.queue()["legs"] if leg["direction"] == "out"))

    def call(self):
        """One `filial sync`: its report, how long it took, and what went over the line."""
        ends = self.ends()
        self.modem.dropped()
        self.modem.reset()
        began = time.monotonic()
        done = self.shop.filial("sync", "--json", check=False, timeout=900)
        seconds = time.monotonic() - began
        ways = self.modem.counted()
        report = json.loads(done.stdout)
        check(report["outcome"] == "complete", f"the call: {report}{done.stderr}")
        held = self.held()
        lacks = {origin: (held.get(origin, 0), end) for origin, end in ends.items()
                 if held.get(origin, 0) < end}
        check(not lacks, f"the shop lacks events after the call: (held, there) of {lacks}")
        return report, seconds, ways, self.modem.dropped()


    def ends(self):
        """{store: where its log ends at the broker}, of all but the shop."""
        legs = self.company.head_queue()["legs"]
        return {leg["origin"]: leg["end"] for leg in legs
                if leg["direction"] == "in" and leg["origin"] not in ("", SHOP)}

    def held(self):
        """{store: up to where the shop's replica has confirmed its log to the broker}"""
        return {leg["origin"]: leg["position"] for leg in self.company.head_queue()["legs"]
                if leg["peer"] == f"{SHOP}/subscriber"}

    def compare(self):
        """Holds every event of the shop's replica against its source, by digests, over a line that is
        fast meanwhile."""
        self.modem.fast()
        done = subprocess.run([*self.modem.shop, self.company.bin / "filial", "--config",
                               self.shop.config, "digest", "--json"], capture_output=True,
                              text=True, check=False, timeout=400)
        rows = [json.loads(line) for line in done.stdout.splitlines()]
        unlike = [row for row in rows if row["state"] != "equal"]
        check(done.returncode == 0 and rows and not unlike,
              f"digest: exit {done.returncode}: {unlike[:3]}{done.stderr}")
        self.stage.say(f"    {sum(row['events'] for row in rows)} events in {len(rows)} topics of "
                       "the shop's replica are those of their sources")
        self.modem.slow()


def tell(stage, what, seconds, report, ways, dropped):
    stage.say(f"{what}: {seconds:.2f} s in all, {report['seconds']:.2f} s on the line; "
              f"{report['events_in']} events came, {report['events_out']} went")
    for name, way in ways.items():
        stage.say(f"    {name}: {way.bytes} bytes in {way.packets} packets, {way.data} of TCP for "
                  f"the first time, {way.again} bytes sent again, {way.lost} packets lost")
    if stage.trace:
        rows = sorted((*row, name) for name, way in ways.items() for row in way.trace)
        for when, port, size, again, name in rows:
            stage.say(f"      {when - rows[0][0]:7.3f} {name:4} port {port} {size:5}"
                      f"{' again' if again else ''}")
    if dropped:
        stage.say(f"    {dropped} packets found the modem full")


def a_day(stage, world):
    """Up and down in one call."""
    report, seconds, ways, dropped = world.call()
    tell(stage, "a day up and down", seconds, report, ways, dropped)
    carried = sum(way.bytes for way in ways.values())
    lost = dropped + sum(way.lost for way in ways.values())
    sending = carried * 8 / BITS_A_SECOND
    most = sending + ROUND_TRIPS * ROUND_TRIP + lost * TIME_OUT
    slower = max(way.bytes for way in ways.values()) * 8 / BITS_A_SECOND
    stage.say(f"    at most {carried} bytes x 8 / {BITS_A_SECOND} + {ROUND_TRIPS} round trips of "
              f"{ROUND_TRIP:.1f} s + {lost} x {TIME_OUT:.1f} s = {most:.2f} s; took {seconds:.2f} s:"
              f" {(seconds - sending) / ROUND_TRIP:.1f} round trips beside all bytes, "
              f"{(seconds - slower) / ROUND_TRIP:.1f} beside those of the fuller way")
    return seconds <= most


def backlog(stage, world, loss):
    """How much of the line three weeks of the other stores' trade use."""
    world.modem.loss = loss
    report, seconds, ways, dropped = world.call()
    world.modem.loss = 0.0
    tell(stage, f"three weeks, {loss:.0%} lost", seconds, report, ways, dropped)
    way = ways["down"]
    use = (way.bytes - way.again) * 8 / BITS_A_SECOND / seconds
    stage.say(f"    {use:.3f} of the line used, from the command to its end, without what was sent "
              f"again; at least {LEAST_USE[loss]}")
    return use >= LEAST_USE[loss]


def bad_day(stage, world):
    """A day up and down while packets are lost, doubled and damaged: no limit, but all of it comes."""
    for what, share in BAD.items():
        setattr(world.modem, what, share)
    report, seconds, ways, dropped = world.call()
    for what in BAD:
        setattr(world.modem, what, 0.0)
    tell(stage, "a day, " + ", ".join(f"{share:.0%} {what}" for what, share in BAD.items()), seconds,
         report, ways, dropped)


def play(stage, modem, options):
    trade = read(options.data)
    day = datetime.date.fromisoformat(options.date)
    weeks = {0.0: (day + datetime.timedelta(1), day + datetime.timedelta(21)),
             0.02: (day + datetime.timedelta(22), day + datetime.timedelta(42))}
    world = World(stage, modem, trade)

    def between(first, last, shop):
        return {name: [row for date, row in rows if str(first) <= date <= str(last)]
                for name, rows in trade.items() if shop or name != SHOP}

    world.trade(between("0", day - datetime.timedelta(1), True))
    for _ in range(2):
        world.call()
    stage.say("the days before are known at both ends")
    modem.slow()
    held = []
    world.trade(between(day, day, True))
    held.append(a_day(stage, world))
    world.compare()
    for loss, (first, last) in ({} if options.day else weeks).items():
        world.trade(between(first, last, False))
        held.append(backlog(stage, world, loss))
        world.compare()
    if not options.day:
        later = str(day + datetime.timedelta(43))
        later = min(date for rows in trade.values() for date, _ in rows if date >= later)
        world.trade(between(later, later, True))
        bad_day(stage, world)
        world.compare()
    return all(held)


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True)
    parser.add_argument("--date", default="2011-06-30")
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    parser.add_argument("--keep", action="store_true")
    parser.add_argument("--trace", action="store_true", help="print every packet")
    parser.add_argument("--day", action="store_true", help="the day alone")
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)
    try:
        modem = Modem(options.seed)
    except Missing as error:
        print(f"modem: {error}", file=sys.stderr)
        return 77
    stage = Stage(options.seed, keep=options.keep)
    stage.trace = options.trace
    holds = failed = False
    try:
        holds = play(stage, modem, options)
    except (Failed, OSError, subprocess.SubprocessError):
        traceback.print_exc(file=sys.stdout)
        failed = True
    finally:
        stage.close(failed)
        modem.close()
    stage.say("holds" if holds else "FAILED")
    return 0 if holds else 1


if __name__ == "__main__":
    sys.exit(main())
