"""S6, S7, S38, S39: a company whose stores call in the evening, and two that do not."""

import json
import time

from dial_up import check_down, dial_up_store
from stage import check, check_equal, story, ticket, value, wait_for



def late(office, *arguments):
    """{store: what `filial late` says of it} and the exit code."""
    done = office.filial("late", "--json", *arguments, check=False)
    rows = [json.loads(line) for line in done.stdout.splitlines() if line.strip()]
    return {row["store"]: row for row in rows}, done.returncode


def sell(store, qty):
    ticket(store, {"op": "sell", "sku": "tea", "qty": str(qty)})


def between(office, away, calling):
    """A time that divides those who called this evening from those who did not."""
    ages = {store: row["last_heard_seconds"] for store, row in late(office, "--after", "0ms")[0].items()}
    least, most = min(ages[name] for name in away), max(ages[name] for name in calling)
    check(least > most, f"when stores were last heard: {ages}")
    return f"{int((least + most) * 500)}ms"


def sold_by(office, date, counts):
    """Stores whose sales `close-day --show` counts so."""
    done = office.filial("close-day", date, "--show", "--json", check=False)
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    return {row["store"] for row in rows if row["counts"] == counts and row["sold"] not in ("0", None)}


@story("S39: ten of twelve stores call in the evening: they are current, the others are named, the "
       "day is closed, and the late ones catch up by themselves", seconds=300)
def evening(stage):
    company = stage.company("office", start=False)
    office = company.stores["office"]
    names = [f"store{i}" for i in range(1, 13)]
    stores = {name: dial_up_store(stage, company, name, calls=["every 12h"]) for name in names}
    company.start()
    today = time.strftime("%Y-%m-%d")
    tomorrow = time.strftime("%Y-%m-%d", time.localtime(time.time() + 86_400))
    away = ["store4", "store9"]
    calling = [name for name in names if name not in away]

    # The call of the morning, after which nobody is due before the evening.
    for i, store in enumerate(stores.values(), 1):
        sell(store, i)
        report = json.loads(store.filial("sync", "--due", "--json").stdout)
        check_equal(report["outcome"], "complete", f"the morning call of {store.name}")
        check("no call is due" in store.filial("sync", "--due").stderr, "due again at once")
    for i, store in enumerate(stores.values(), 1):
        sell(store, 100 + i)
    time.sleep(10)  # The day: what is asked about is the age itself.
    for store in stores.values():
        (store.dir / "calls" / "last.json").unlink()  # Half a day, as the schedule sees it.

    watches = {name: stage.program(f"watch {name}", company.bin / "filial", "--config",
                                   stores[name].config, "sync", "--watch").start()
               for name in calling}
    wanted = {name: f"-{100 + 2 * i}" for i, name in enumerate(names, 1)}

    def arrives(name):
        wait_for(f"head office to have what {name} sold", 120,
                 lambda: value(office, "stock", "tea", "--at", name) == wanted[name], every=0.3)
        wait_for(f"{name} to hang up", 60, lambda: stores[name].line.did() == ["up", "down"] * 2)

    for name in calling:
        arrives(name)
    # Who called is current; the two are named, with what is missing, by replica and by broker.
    found, code = late(office, "--after", between(office, away, calling))
    check_equal((sorted(found), code), (away, 3), f"late, by the replica: {found}")
    check(all("after" in row["missing"] and row["position"] > 0 for row in found.values()),
          f"what is missing: {found}")
    done = company.filial("late", "--after", between(office, away, calling), "--json",
                          config=company.head / "filial.toml", check=False)
    rows = {row["store"]: row for row in map(json.loads, done.stdout.splitlines())}
    check_equal((sorted(rows), done.returncode), (away, 3), f"late, by the broker: {rows}")
    check(all(row["waits_for_it"] > 0 for row in rows.values()), f"what waits for them: {rows}")
    # The day is closed without them.
    closed = json.loads(office.filial("close-day", today, "--late-after",
                                      between(office, away, calling), "--json").stdout)
    check_equal(sorted(row["store"] for row in closed["late"]), away, "late at the close")
    wait_for("the close to be in the replica", 30,
             lambda: set(calling) <= sold_by(office, today, "day"))

    # The next day the two call, as any store does.
    for name in away:
        watches[name] = stage.program(f"watch {name}", company.bin / "filial", "--config",
                                      stores[name].config, "sync", "--watch").start()
    for name in away:
        arrives(name)
        for other in calling:  # They have what the others sold the day before.
            check_equal(value(stores[name], "stock", "tea", "--at", other), wanted[other],
                        f"{other}'s stock at {name}")
    check_equal(late(office, "--after", "1h"), ({}, 0), "late on the next day")
    closed = json.loads(office.filial("close-day", tomorrow, "--late-after", "1h", "--json").stdout)
    check_equal(closed["late"], [], "late at the next close")
    wait_for("what came late to count into the next day", 30,
             lambda: sold_by(office, tomorrow, "late") == set(away))
    for name, watch in watches.items():
        check_equal(watch.stop(), 0, f"exit code of the schedule of {name}")
        check_down(stores[name], 2)
    check_equal(sum(store.line.knocks for store in stores.values()), 0,
                "dialled while a line was down")


@story("N5: a leg is called on schedule, by depth too, and stands only within its hours")
def schedules(stage):
    company = stage.company("office", start=False)
    deep = dial_up_store(stage, company, "store1", calls="depth 5")
    shut_from = time.strftime("%H:%M", time.localtime(time.time() + 3 * 3600))
    shut_to = time.strftime("%H:%M", time.localtime(time.time() + 4 * 3600))
    shut = dial_up_store(stage, company, "store2", calls="always", hours=[f"{shut_from}-{shut_to}"])
    company.start()
    office = company.stores["office"]
    sell(deep, 1)
    done = deep.filial("sync", "--due")
    check("no call is due" in done.stderr, f"with little waiting: {done.stderr}")
    for _ in range(5):
        sell(deep, 1)
    wait_for("enough to wait", 30, lambda: max(
        leg["depth_events"] for leg in deep.queue()["legs"] if leg["direction"] == "out") >= 5)
    report = json.loads(deep.filial("sync", "--due", "--json").stdout)
    check_equal((report["outcome"], deep.line.did()), ("complete", ["up", "down"]), f"{report}")
    wait_for("head office to have it", 30,
             lambda: value(office, "stock", "tea", "--at", "store1") == "-6")
    # Standing, but not at this hour; whoever asks may call all the same.
    sell(shut, 2)
    note = next(leg["note"] for leg in shut.queue()["legs"] if leg["direction"] == "out"
                and leg["peer"].startswith("head"))
    check("hours" in note, f"why it is down: {note}")
    check_equal(shut.line.knocks, 0, "dialled outside of its hours")
    report = json.loads(shut.filial("sync", "--json").stdout)
    check_equal(report["outcome"], "complete", f"asked for: {report}")
    wait_for("head office to have it", 30,
             lambda: value(office, "stock", "tea", "--at", "store2") == "-2")
