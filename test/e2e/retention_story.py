"""Brokers that keep events for a time: who was away for longer, and who is too far behind.

A simulated day is DAY seconds: what a broker keeps for 30 days it keeps for 30 * DAY."""

import json
import time

from damage_story import damage_any, drop_aside, well
from running import set_toml
from stage import (check, check_equal, check_refused, check_truth, import_all, log_end, retail, story,
                   ticket, value, wait_for)
from tap_story import start as start_tap, whole_lines

NAMES = ("warehouse", "store8", "store7")
DAY = 0.5
PIECES_A_LIFE = 2


def keeping(stage, *names, **settings):
    company = stage.company(*names, start=False)
    set_toml(company.head / "filial.toml", "broker", settings)
    return company


def days(count):
    return f"{int(count * DAY)}s"


def counters(store, process="subscriber"):
    return {p["process"]: p for p in store.ask("status")["processes"]}[process]["counters"]


def at_head(company, *arguments):
    return json.loads(company.filial(*arguments, "--json", config=company.head / "filial.toml").stdout)


def broker(company):
    return next(p for p in at_head(company, "status")["processes"] if p["process"] == "broker")


def trimmed(company):
    return broker(company)["counters"]["events_trimmed"]


def first_of_three(by_store, parts, but=()):
    """The operations of each store's first so many thirds: an import goes on where its file stood."""
    return {name: ops[:len(ops) * parts // 3] for name, ops in by_store.items() if name not in but}


def foldable(stores):
    """Events of topics that are trimmed, by what the stores' logs say."""
    count = 0
    for store in stores:
        done = store.filial("tap", "*", "--store", store.name, "--from", "1", "--count",
                            log_end(store), "--publisher", "--json", timeout=60)
        count += sum(json.loads(line)["topic"] in ("stock", "debts")
                     for line in done.stdout.splitlines())
    return count


def away_for_60_days(stage, company, by_store):
    """Store 7 leaves after the first part of trade, the others go on; when it may come back, what it
    lacks is past retention but for the last part."""
    company.start()
    import_all(stage, company, first_of_three(by_store, 1))
    company.wait_settled(90)
    away = company.stores["store7"]
    own = foldable([away])
    check_equal([away.subscriber.stop(), away.publisher.stop()], [0, 0], "exit codes of store 7")
    left = time.monotonic()
    others = first_of_three(by_store, 2, but=["store7"])
    import_all(stage, company, others)
    present = [company.stores[name] for name in others]
    wait_for("the second part to reach the broker", 60, lambda: all(
        leg["depth_events"] == 0 for store in present for leg in store.queue()["legs"]
        if leg["process"] == "publisher" and leg["direction"] == "out" and
        leg["peer"].startswith("head")))
    company.stores.pop("store7")
    old = own + foldable(company.stores.values())
    wait_for("all of that to be past retention", 90, lambda: trimmed(company) >= old)
    wait_for("60 days to pass", 60, lambda: time.monotonic() - left >= 60 * DAY, every=0.1)
    import_all(stage, company, first_of_three(by_store, 3, but=["store7"]))
    company.stores["store7"] = away
    stage.say(f"store 7 was away for {(time.monotonic() - left) / DAY:.0f} days; "
              f"{trimmed(company)} events of stock and debts are not kept any more")
    return away


@story("S39: a store back after 60 days with retention at 30: snapshot, then the log, equal to truth",
       seconds=300)
def back_after_sixty_days(stage):
    by_store = retail(*NAMES, lines=1800)
    company = keeping(stage, *NAMES, keep=days(30))
    away = away_for_60_days(stage, company, by_store)
    began = time.monotonic()
    away.publisher.start()
    away.subscriber.start()
    wait_for("store 7 to answer", 30, lambda: away.answers("subscriber"))
    wait_for("its snapshots", 60, lambda: counters(away)["snapshots_taken"] >= 3)
    company.wait_settled(90)
    took = time.monotonic() - began
    seen = counters(away)
    events = sum(log_end(company.stores[name]) for name in ("warehouse", "store8"))
    stage.say(f"equal again {took:.1f} s after its start (of these 1.5 s to see that nothing comes any "
              f"more): {seen['snapshots_taken']} snapshots of {seen['snapshot_bytes_in']} bytes in "
              f"{seen['snapshot_pieces_in']} pieces, then {seen['events_in']} of the {events} events "
              f"of the others' logs in {seen['block_bytes_in']} bytes of blocks")
    check(0 < seen["events_in"] < events, "of the logs only a part came")
    import_all(stage, company, {"store7": by_store["store7"]})
    check_truth(stage, company, by_store)
    compared = away.filial("digest", "--json", check=False)
    states = {json.loads(line)["state"] for line in compared.stdout.splitlines()
              if '"state"' in line}
    check(states <= {"equal"} and states, f"digests at store 7: {compared.stdout[-2000:]}")

    # A store that never was there before, and a replica that is made again.
    newcomer = company.add_store("store13")
    newcomer.publisher.start()
    newcomer.subscriber.start()
    wait_for("store 13 to answer", 30, lambda: newcomer.answers("subscriber"))
    wait_for("its snapshots", 60, lambda: counters(newcomer)["snapshots_taken"] >= 3)
    check_truth(stage, company, by_store)


@story("N5: a store that is killed while its snapshots come over a slow line goes on with them",
       seconds=300)
def killed_in_snapshots(stage):
    by_store = retail(*NAMES, lines=4000)
    company = keeping(stage, "warehouse", "store8", keep=days(30))
    company.add_store("store7", cuttable=True).configure("[hub]", line="dear")
    away = away_for_60_days(stage, company, by_store)
    away.line.delay = 0.3

    def pieces():
        return broker(company)["counters"].get("snapshot_pieces_out", 0)
    away.publisher.start()
    kills = 0
    for _ in range(stage.times(8)):
        given = pieces()
        away.subscriber.start()
        if kills % 4 != 3:
            wait_for("pieces on their way", 30, lambda: pieces() >= given + PIECES_A_LIFE or
                     broker(company)["counters"]["snapshots_given"] >= 3, every=0.02)
        time.sleep(stage.random.uniform(0, 0.2))
        away.subscriber.kill()
        kills += 1
        if broker(company)["counters"]["snapshots_given"] >= 3:
            break
    before = pieces()
    away.subscriber.start()
    wait_for("store 7 to answer", 30, lambda: away.answers("subscriber"))
    wait_for("its snapshots", 60, lambda: broker(company)["counters"]["snapshots_given"] >= 3)
    all_pieces = pieces()
    away.line.delay = 0
    import_all(stage, company, {"store7": by_store["store7"]})
    check_truth(stage, company, by_store, seconds=120)
    seen = counters(away)
    given = broker(company)["counters"]
    stage.say(f"{kills} kills; {before} pieces came in lives that were killed, "
              f"{all_pieces - before} in the last one, {given['snapshot_bytes_out']} "
              f"bytes in all; the last life took {seen['snapshots_taken']} snapshots")
    check_equal(away.filial("digest", "--json", check=False).returncode, 0, "exit code of digest")

    # The same logs, without an interruption: what came before a kill was not sent again, but for
    # the piece on its way.
    other = company.add_store("store13", settings={
        "[hub]": {"line": "dear"}, "subscriber": {"stores": ["warehouse", "store8"]}})
    other.publisher.start()
    other.subscriber.start()
    wait_for("the snapshots of store 13", 60, lambda: other.answers("subscriber") and
             counters(other).get("snapshots_taken", 0) >= 3)
    needed = counters(other)["snapshot_pieces_in"]
    stage.say(f"without a kill {needed} pieces come")
    check(kills >= 3 and before >= kills + 2, "it was killed with pieces on their way")
    check(all_pieces <= needed + kills, f"{all_pieces} pieces came, {needed} are needed")


@story("N8: a broker that keeps events for a time and is damaged says so, and every replica, also a "
       "new one, equals the truth", seconds=300)
def damaged_keeper(stage):
    company = keeping(stage, "store1", "store2", keep="3s")
    company.start()
    sold = {name: 0 for name in company.stores}

    def sell(times):
        for name in sold:
            for number in range(times):
                ticket(company.stores[name], {"op": "sell", "sku": f"sku{number % 3}", "qty": "1"})
            sold[name] += times
    for turn in range(stage.times(4)):
        before = trimmed(company)
        sell(6)
        wait_for("sales to be past retention", 60, lambda: trimmed(company) >= before + 12)
        sell(3)
        company.wait_settled(60)
        company.broker.kill()
        told, _ = damage_any(stage, company.head / "broker")
        stage.say(told)
        company.broker.start()
        sell(2)
        for store in company.stores.values():
            wait_for(f"{store.name} to be well", 60, lambda s=store: well(s))
        other = company.add_store(f"new{turn}")
        other.publisher.start()
        other.subscriber.start()
        wait_for("the new store to answer", 30, lambda: other.answers("subscriber"))
        for at in company.stores.values():
            for name in sold:
                wait_for(f"the sales of {name} at {at.name}", 60, lambda a=at, n=name: -sum(
                    int(value(a, "stock", f"sku{number}", "--at", n) or 0)
                    for number in range(3)) == sold[n])
        check_equal(broker(company)["health"], "ok", "the broker's health")
        drop_aside(company.head / "broker")


@story("a tap past its quota is suspended and shown, holds up nothing, and is given up by name")
def suspended_tap(stage):
    company = keeping(stage, "store1", "store2", keep="3s", tap_keep="20s")
    company.start()
    store = company.stores["store1"]
    path = stage.dir / "tap.jsonl"

    def tap():
        return start_tap(store, "stock", "--name", "labels", "--store", "store1", "--out", str(path),
                         out=-1)

    def receiver():
        return {each["name"]: each for each in at_head(company, "receiver", "list")["receivers"]}.get(
            "store1/tap:labels")

    def sell(first, last):
        for number in range(first, last + 1):
            ticket(store, {"op": "sell", "sku": f"sku{number}", "qty": "1"})
            store.filial("publish", "names", "k", f"n{number}", "--last-value")
    sell(1, 3)
    running = tap()
    stage.at_end(running.kill)
    wait_for("the tap to show the sales", 20, lambda: len(whole_lines(path)) == 3)
    wait_for("the broker to know", 20, lambda: receiver() and receiver()["depth_events"] == 0)
    running.kill()
    running.wait()
    sell(4, 6)
    # What it has not read is past retention, and held for it: the names beside it are not.
    wait_for("the names to be trimmed", 30, lambda: trimmed(company) >= 3 + 6)
    check_equal(trimmed(company), 3 + 6, "sales that the tap has read, and names")
    running = tap()
    stage.at_end(running.kill)
    wait_for("the tap to show the others", 20, lambda: len(whole_lines(path)) == 6)
    running.kill()
    running.wait()
    check_equal([e["key"] for e in whole_lines(path)], [f"sku{n}" for n in range(1, 7)], "its events")

    sell(7, 9)
    wait_for("the tap to be suspended", 60, lambda: "suspended" in (receiver().get("note") or ""))
    check_equal(trimmed(company), 9 + 9, "everything that is past retention")
    legs = [leg for leg in at_head(company, "queue")["legs"] if leg["peer"] == "store1/tap:labels"]
    check(all("suspended" in leg["note"] for leg in legs) and legs, f"its legs in the queue: {legs}")
    done = store.filial("tap", "stock", "--name", "labels", "--store", "store1", "--out", str(path),
                        check=False, timeout=30)
    check_refused(done, 1, "kept here from behind event", "another --name")
    check_equal(len(whole_lines(path)), 6, "lines of the tap")
    wait_for("the end of the tap to be seen", 30, lambda: not receiver()["connected"])
    at_head(company, "receiver", "remove", "store1/tap:labels")
    check(receiver() is None, "the tap is forgotten")
    # The stores have lost nothing by it.
    company.wait_settled(30)
