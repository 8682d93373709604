"""Brokers that are down, stores that are cut off, disks that are lost."""

import json
import pathlib
import shutil
import subprocess
import tarfile
import time

from stage import (ROOT, Company, check, check_equal, check_truth, default_bin, differences, get,
                   import_all, log_end, read_log, retail, story, ticket, value, wait_for)


def sell(store, sku="tea", count=1):
    for _ in range(count):
        ticket(store, {"op": "sell", "sku": sku, "qty": "1"})


def queue_depth(store, *arguments):
    """scripts/queue-depth with the exit codes of monitoring plugins."""
    return subprocess.run([ROOT / "scripts" / "queue-depth", "--config", store.config,
                           *map(str, arguments)], capture_output=True, text=True, check=False,
                          timeout=60)


def broker_leg(store):
    return next(leg for leg in store.queue()["legs"] if leg["direction"] == "out"
                and leg["origin"] == store.name and "head" in leg["peer"])


def incoming(store, peer):
    """What the store's replica tells of the logs that come from `peer`, by their stores."""
    return {leg["origin"]: leg for leg in store.queue()["legs"] if leg["direction"] == "in"
            and leg["process"] == "subscriber" and leg["peer"] == peer}


@story("S34: with the broker down sales go on, own stock is live, and the queue says what waits")
def broker_down(stage):
    company = stage.company("store1", "store2")
    store, other = company.stores["store1"], company.stores["store2"]
    sell(store, count=3)
    company.wait_settled(30)
    check_equal(queue_depth(store, "--warn", 5, "--crit", 10).returncode, 0, "OK with nothing")

    company.broker.kill()
    wait_for("the store to notice", 30, lambda: not broker_leg(store)["connected"])
    sell(store, count=7)
    mine = get(store, "stock", "tea", "--at", "store1")
    check_equal(mine["value"], "-10", "own stock, with the last sale in it")
    check_equal((mine["verdict"], mine["source"]), ("fresh", "own publisher"), "verdict, source")
    check_equal(value(other, "stock", "tea", "--at", "store1"), "-3", "as the other store knows it")
    time.sleep(1.1)
    leg = broker_leg(store)
    check(leg["depth_events"] == 7 and leg["depth_bytes"] > 7 * 10, f"7 events wait: {leg}")
    check(leg["end"] - leg["position"] == 7, f"position and end: {leg}")
    check(1.0 <= leg["oldest_age_seconds"] < 60, f"age of the oldest: {leg}")
    check(0 <= leg["last_heard_seconds"] < 60, f"when it was last heard: {leg}")
    check(0 <= leg["next_try_seconds"] < 120, f"when it tries next: {leg}")

    check_equal(queue_depth(store, "--warn", 8, "--crit", 10).returncode, 0, "7 waiting, warn at 8")
    warned = queue_depth(store, "--warn", 5, "--crit", 10)
    check_equal(warned.returncode, 1, f"7 waiting, warn at 5: {warned.stdout}")
    check("7" in warned.stdout, f"the number that waits: {warned.stdout}")
    check_equal(queue_depth(store, "--warn", 2, "--crit", 6).returncode, 2, "7 waiting, crit at 6")
    check_equal(queue_depth(store, "--warn-age", "1s", "--crit-age", "1d").returncode, 1, "age")
    check_equal(queue_depth(store, "--warn-age", "0.5s", "--crit-age", "1s").returncode, 2, "age")

    company.broker.start()
    company.wait_settled(60)
    check_equal(broker_leg(store)["depth_events"], 0, "depth once the broker is back")
    check_equal(value(other, "stock", "tea", "--at", "store1"), "-10", "at the other store")
    read_log(store, publisher=False)  # At the broker, every event in its order.
    store.publisher.kill()
    silent = queue_depth(store, "--warn", 5, "--crit", 10)
    check_equal(silent.returncode, 3, f"what waits in a publisher that is dead: {silent.stdout}")
    check("publisher" in silent.stdout, f"which program it is: {silent.stdout}")
    head = company.filial("queue", "--json", config=company.head / "filial.toml").stdout
    check('"publisher"' not in head.split('"processes"')[1], f"head office has none: {head}")
    store.subscriber.stop()
    check_equal(queue_depth(store, "--warn", 5, "--crit", 10).returncode, 3, "nobody answers")


@story("S2: a store that is cut off answers for itself live and for the others with their age")
def cut_off(stage):
    company = stage.company("store1", "store2", cuttable=True)
    store, other = company.stores["store1"], company.stores["store2"]
    sell(other)
    company.wait_settled(30)
    other_before = get(store, "stock", "tea", "--at", "store2")
    before = incoming(store, "head/broker")
    check("store2" in before and all(leg["connected"] for leg in before.values()), f"{before}")
    ages = ("--warn-age", "1s", "--crit-age", "1h")
    store.line.cut()
    wait_for("the store to notice", 30,
             lambda: not any(leg["connected"] for leg in incoming(store, "head/broker").values()))
    sell(other)
    time.sleep(1.5)
    cut = incoming(store, "head/broker")
    for origin, leg in [entry for entry in before.items() if entry[0] != store.name]:
        for what in ("topics", "position", "end", "depth_events"):
            check_equal(cut[origin][what], leg[what], f"{what} of {origin}, once it is cut off")
        check(cut[origin]["last_heard_seconds"] >= 1.5, f"when it was heard: {cut[origin]}")
    warned = queue_depth(store, *ages)
    check_equal(warned.returncode, 1, f"cut off for longer than --warn-age: {warned.stdout}")
    check("not heard for" in warned.stdout, f"what the warning says: {warned.stdout}")
    check_equal(queue_depth(store, "--crit-age", "1s").returncode, 2, "longer than --crit-age")
    check_equal(queue_depth(store, "--warn-age", "1h").returncode, 0, "not for an hour")
    sell(store, count=2)
    check_equal(value(store, "stock", "tea", "--at", "store1"), "-2", "own stock")
    after = get(store, "stock", "tea", "--at", "store2")
    check_equal(after["value"], "-1", "the other's stock, as it was")
    check_equal(after["as_of"], other_before["as_of"], "its as-of stands still")
    check(after["age_seconds"] > other_before["age_seconds"] + 1, f"and its age grows: {after}")
    stale = store.filial("get", "stock", "tea", "--at", "store2", "--max-age", "1s", check=False)
    check_equal(stale.returncode, 3, f"older than asked for: {stale.stdout}")
    store.line.mend()
    company.wait_settled(60)
    check_equal(value(store, "stock", "tea", "--at", "store2"), "-2", "once the line is back")
    back = queue_depth(store, "--warn-age", "30s")
    check_equal(back.returncode, 0, f"once the line is back: {back.stdout}")


@story("S37: of two brokers one loses its disk: nothing is lost at either")
def broker_loses_its_disk(stage):
    names = ("warehouse", "store8", "store7")
    by_store = retail(*names, lines=600)
    company = stage.company(*names, start=False)
    second = Company(stage.dir / "second", default_bin(), "head2")
    stage.companies.append(second)
    # A reader that knows only the second broker, and three stores that forward to both.
    second.add_store("office")
    for store in company.stores.values():
        second.admit(store)
        store.connect_to("hub", "head2", f"tcp://127.0.0.1:{second.port}", second.key)
    second.broker.start()
    company.start()
    import_all(stage, company, {name: ops[:len(ops) // 2] for name, ops in by_store.items()})
    company.wait_settled(60)

    second.broker.kill()
    shutil.rmtree(second.head / "broker")
    import_all(stage, company, {"store8": by_store["store8"]})
    second.broker.start()
    import_all(stage, company, by_store)
    check_truth(stage, company, by_store)
    second.stores["office"].publisher.start()
    second.stores["office"].subscriber.start()
    second.wait_ready()

    def all_there():
        ends = {leg["origin"]: leg["position"] for leg in
                second.stores["office"].queue()["legs"]
                if leg["process"] == "subscriber" and leg["direction"] == "in"}
        return all(ends.get(name, 0) >= log_end(company.stores[name]) for name in names)
    wait_for("the reader of the second broker to have every log", 60, all_there)
    check_equal(differences(stage, second, by_store, ["office"]), 0,
                "differences at a reader of the broker that lost its disk")


@story("S39: scenario 9, store 7 is cut off for four set-days, and a longer queue is all that comes "
       "of it", seconds=400)
def four_days_off(stage):
    with tarfile.open(ROOT / "data" / "retail-first10.tar.xz") as tar:
        names = sorted(pathlib.Path(name).stem for name in tar.getnames()
                       if name.startswith("ops/") and name.endswith(".jsonl"))
        lines = {name: [json.loads(row) for row in
                        tar.extractfile(f"ops/{name}.jsonl").read().decode().splitlines()]
                 for name in names}
    before = {name: [op for op in ops if op["at"] < "2010-12-06"] for name, ops in lines.items()}
    grown = {name: [op for op in ops if op["at"] < "2010-12-14"] for name, ops in lines.items()}
    came = {name: len(grown[name]) - len(before[name]) for name in names}
    company = stage.company(*(name for name in names if name != "store7"), start=False)
    off = company.add_store("store7", cuttable=True)
    company.start()
    import_all(stage, company, before)
    company.wait_settled(120)
    one = company.stores["store1"]
    sold = {op["sku"] for op in before["store7"] if op["op"] == "sell"}
    sku = next(op["sku"] for op in grown["store7"][len(before["store7"]):]
               if op["op"] == "sell" and op["sku"] in sold)
    known = get(one, "stock", sku, "--at", "store7")
    off.line.cut()
    since, end = time.monotonic(), log_end(off)
    import_all(stage, company, grown)
    check_equal((came["store7"], sum(came.values()) - came["store7"]), (1281, 15440),
                "operations held back, and missed")
    check(broker_leg(off)["depth_events"] >= 1281, f"held back: {broker_leg(off)}")
    check_equal(broker_leg(off)["depth_events"], log_end(off) - end, "all of them wait")
    passed = time.monotonic() - since
    later = get(one, "stock", sku, "--at", "store7")
    check_equal(later["value"], known["value"], "what others know of it")
    check(later["age_seconds"] >= passed, f"how old that is after {passed} s: {later}")
    check(get(off, "stock", sku, "--at", "store7")["value"] != known["value"], "its sales go on")
    off.line.mend()
    check_truth(stage, company, grown, seconds=180)
