"""Calls over slow lines: budgets of time and bytes, what goes first, and rates."""

import json
import time

from dial_up import check_down, dial_up_store
from stage import (check, check_equal, check_truth, differences, import_all, story, value,
                   wait_for)
from sync_story import AT, sell, start_sync, sync


def sales(stage, count):
    """Many sales with little in common, so that they do not pack to nothing."""
    skus = [f"{stage.random.randrange(10_000, 99_999)}{c}" for c in "ABCDEFG" for _ in range(500)]
    return [{"op": "sell", "sku": stage.random.choice(skus), "qty": str(stage.random.randrange(40)
             + 1), "doc": str(stage.random.randrange(500_000, 600_000)),
             "at": f"2026-02-{stage.random.randrange(1, 29):02}T10:{i % 60:02}:00Z"}
            for i in range(count)]


@story("N5: a short budget with a large backlog: what is needed is there after the first call, and "
       "every call shortens the backlog", seconds=240)
def budget(stage):
    company = stage.company("store2", "store3", start=False)
    one = dial_up_store(stage, company, "store1", rate=6_000, line="dear")
    company.start()
    trade = {"store2": sales(stage, 6_000)}
    import_all(stage, company, trade)
    two, three = company.stores["store2"], company.stores["store3"]
    sell(three, qty="2")
    # Their logs are at the broker, with a mark of today.
    wait_for("the backlog to be at the broker", 60,
             lambda: value(two, "stock", "tea", "--at", "store3") == "-2")
    wait_for("what store2 sent", 60, lambda: not any(
        leg["depth_events"] for leg in two.queue()["legs"] if leg["direction"] == "out"))
    left = []
    report = sync(one, "--need", "stock:store3", "--max-age", "10m", "--budget", "3s")
    check_equal((report["outcome"], report["needs"][0]["fresh"]), ("budget", True),
                f"the first call: {report}")
    check_equal(value(one, "stock", "tea", "--at", "store3"), "-2", "what was needed")
    left.append(report["waiting_in"])
    check(left[0] > 0, f"no backlog is left after one call: {report}")
    check_down(one)
    while report["outcome"] == "budget" and len(left) < 60:
        done = one.filial("sync", "--budget", "3s", "--json", check=False)
        report = json.loads(done.stdout)
        check_down(one)
        left.append(report["waiting_in"])
        check(left[-1] < left[-2], f"a call that shortened nothing: {left}")
    check_equal((report["outcome"], left[-1]), ("complete", 0), f"the last call: {left}")
    check_equal(differences(stage, company, trade | {"store3": [
        {"op": "sell", "sku": "tea", "qty": "2", "at": AT}]}, ["store1"]), 0, "differences")
    # And by bytes: no more than was said, but for what was on its way.
    more = {"store2": sales(stage, 6_000)}
    import_all(stage, company, {"store2": trade["store2"] + more["store2"]})
    wait_for("what store2 sent", 60, lambda: not any(
        leg["depth_events"] for leg in two.queue()["legs"] if leg["direction"] == "out"))
    report = sync(one, "--budget", "60s,20KB", code=3)
    spent = report["bytes_in"] + report["bytes_out"]
    check(report["outcome"] == "budget" and report["events_in"] > 0 and 15_000 < spent < 26_000,
          f"with 20 KB: {report}")
    check_down(one)


@story("N5: a need in the middle of a large backlog goes before what is left of it")
def fresh_need(stage):
    company = stage.company("store2", "store3", start=False)
    one = dial_up_store(stage, company, "store1", rate=4_000, line="dear")
    company.start()
    two, three = company.stores["store2"], company.stores["store3"]
    sync(one)
    import_all(stage, company, {"store2": sales(stage, 6_000)})
    wait_for("what store2 sent", 60, lambda: not any(
        leg["depth_events"] for leg in two.queue()["legs"] if leg["direction"] == "out"))
    first = start_sync(one)
    wait_for("the backlog to be under way", 60, lambda: any(
        leg["connected"] and 0 < leg["depth_events"] < 5_500 for leg in one.queue()["legs"]
        if leg["direction"] == "in" and leg["origin"] == "store2"))
    # Now somebody at store1 needs what store3 sells at this moment.
    sell(three, qty="2")
    second = start_sync(one, "--need", "stock:store3")
    wait_for("what was needed", 60,
             lambda: value(one, "stock", "tea", "--at", "store3") == "-2")
    check_equal(first.poll(), None, "the first call, when what was needed came")
    reports = [json.loads(child.communicate(timeout=120)[0]) for child in (first, second)]
    check_equal([r["outcome"] for r in reports], ["complete"] * 2, f"both: {reports}")
    check_equal((reports[0]["waiting_in"], reports[1]["joined"]), (0, True), f"both: {reports}")
    check_down(one, 2)


@story("N5: a leg with a rate keeps to it, both ways, and all arrives")
def rate(stage):
    company = stage.company("store2", start=False)
    one = company.add_store("store1", cuttable=True)
    one.configure("[hub]", rate="16KiB", block_events=64)
    company.start()
    trade = {"store1": sales(stage, 2000), "store2": sales(stage, 2000)}
    begun, before = time.monotonic(), one.line.bytes
    import_all(stage, company, trade)
    check_truth(stage, company, trade)
    seconds = time.monotonic() - begun
    carried = one.line.bytes - before
    check(carried > 100_000, f"only {carried} bytes went over the line")
    # Each way by each of two programs, with a second's worth saved up.
    check(carried <= 4 * 16_384 * (seconds + 3), f"{carried} bytes in {seconds:.1f} s")
