"""Taps: events as JSON lines for other programs."""

import json
import subprocess
import time

from stage import (check, check_equal, check_refused, import_all, log_end, retail, story, ticket,
                   wait_for)
from till import Till


def sales(store, first, last):
    for number in range(first, last + 1):
        ticket(store, {"op": "sell", "sku": f"sku{number}", "qty": "1"})


def start(store, *arguments, out=subprocess.PIPE):
    return subprocess.Popen([str(store.company.bin / "filial"), "--config", str(store.config),
                             "tap", *arguments], stdout=out, stderr=subprocess.DEVNULL, text=True)


def whole_lines(path):
    """The events of a file; a torn last line does not count."""
    text = path.read_text() if path.exists() else ""
    return [json.loads(line) for line in text[:text.rfind("\n") + 1].splitlines()]


@story("a tap prints events live, or from a position, in order and without a hole")
def tap_reads(stage):
    company = stage.company("store1", "store2")
    store, other = company.stores["store1"], company.stores["store2"]
    sales(store, 1, 5)
    company.wait_settled(30)
    live_path = stage.dir / "live"
    with open(live_path, "w") as out:
        live = start(other, "stock", "--live", out=out)
    stage.at_end(live.kill)
    # It says nothing when it stands, so sales go on until one of them shows.
    number = [5]

    def seen():
        number[0] += 1
        sales(store, number[0], number[0])
        return whole_lines(live_path)
    wait_for("a live tap to show a sale", 20, seen)
    first = number[0] + 1
    sales(store, first, first + 2)
    wait_for("the last sale", 20,
             lambda: whole_lines(live_path)[-1]["key"] == f"sku{first + 2}")
    live.terminate()
    check_equal(live.wait(10), 0, "exit code of a tap after SIGTERM")
    keys = [e["key"] for e in whole_lines(live_path)]
    shown = int(keys[0].removeprefix("sku"))
    check(shown > 5, f"a live tap begins now, not in the past: {keys}")
    check_equal(keys, [f"sku{n}" for n in range(shown, first + 3)], "what the live tap showed")

    for arguments in (["--publisher"], ["--store", "store1"]):
        done = store.filial("tap", "stock", "--from", "4", "--count", "4", *arguments)
        events = [json.loads(line) for line in done.stdout.splitlines()]
        check_equal([e["seq"] for e in events], [4, 5, 6, 7], f"from position 4, {arguments}")
        check_equal({(e["topic"], e["kind"]) for e in events}, {("stock", "stock.moved")}, "kinds")


@story("a tap says where it begins and what it waits for, and refuses what cannot be meant")
def tap_tells(stage):
    store = stage.company("store1").stores["store1"]
    sales(store, 1, 5)
    for number, (arguments, begins, waits) in enumerate((
            (["stok"], "begins now", "no store has an event of topic stok yet"),
            (["stock", "--from", "9999"], "begins with event 9999", "below 9999; waiting"))):
        said = stage.dir / f"said{number}"
        with open(said, "w") as out:
            tap = subprocess.Popen([store.company.bin / "filial", "--config", store.config, "tap",
                                    *arguments], stdout=subprocess.DEVNULL, stderr=out)
        stage.at_end(tap.kill)
        wait_for(f"{arguments}: {waits}", 30, lambda s=said, w=waits: w in s.read_text())
        check(begins in said.read_text(), f"where {arguments} begins: {said.read_text()}")
        tap.terminate()
        check_equal(tap.wait(10), 0, f"exit code of {arguments} after SIGTERM")
    for flag, value in (("--from", "-1"), ("--from", "0"), ("--count", "0")):
        check_refused(store.filial("tap", "stock", flag, value, check=False), 2, flag, value,
                      "a whole number from 1")


def kill_and_resume(stage, command, path, feed):
    """Kills a tap at random moments while it writes, and starts it again each time."""
    for _ in range(stage.times(5)):
        tap = command()
        time.sleep(stage.random.uniform(0.02, 0.5))
        tap.kill()
        tap.wait()
    feed.finish()
    end = log_end(feed.store)
    last = command()
    stage.at_end(last.kill)
    try:
        wait_for("the tap to reach the end", 60,
                 lambda: [e["seq"] for e in whole_lines(path)[-1:]] == [end])
    finally:
        last.terminate()
        last.wait()
    seqs = [e["seq"] for e in whole_lines(path)]
    stage.counts(len(set(range(1, end + 1)) - set(seqs)), "lost")
    stage.counts(len(seqs) - len(set(seqs)), "twice")
    stage.counts(sum(one > other for one, other in zip(seqs, seqs[1:])), "reordered")
    stage.counts(stage.times(5), "SIGKILLs of a tap")
    check_equal(seqs, list(range(1, end + 1)), "positions that the tap wrote")
    stage.say(f"{end} events, {stage.times(5)} kills, each event once")


def fed(stage):
    company = stage.company("store8")
    store = company.stores["store8"]
    operations = retail("store8", lines=2500)["store8"]
    till = Till(store, operations, 0.5 + 0.3 * stage.times(5))
    stage.at_end(till.end)
    return store, till


@story("a tap with a name, killed at random moments, writes each event once into its --out file")
def named_tap_to_out(stage):
    store, till = fed(stage)
    path = stage.dir / "tap.jsonl"
    kill_and_resume(stage, lambda: start(store, "*", "--name", "books", "--store", "store8",
                                         "--out", str(path), out=subprocess.DEVNULL), path, till)


@story("a tap with a name, killed at random moments, writes each event once where > leads")
def named_tap_to_stdout(stage):
    store, till = fed(stage)
    path = stage.dir / "tap.jsonl"

    def command():
        with open(path, "a") as out:
            return start(store, "*", "--name", "books", "--store", "store8", out=out)
    kill_and_resume(stage, command, path, till)


@story("a tap that is slow or gone stops no store", seconds=60)
def stopped_tap(stage):
    company = stage.company("store8")
    store = company.stores["store8"]
    slow = start(store, "*", "--name", "slow", "--from", "1")  # Nobody reads its pipe.
    stage.at_end(slow.kill)
    by_store = retail("store8", lines=4000)
    began = time.monotonic()
    import_all(stage, company, by_store)
    check(time.monotonic() - began < 30, "an import beside a tap that stands still is done")
    check_equal(store.filial("sell", "tea", "1").returncode, 0, "exit code of a sale")


@story("a tap that is given up counts in no queue and is removed for good, whatever its name is")
def tap_given_up(stage):
    company = stage.company("store1", "store2")
    store = company.stores["store1"]
    path = stage.dir / "tap.jsonl"

    def tap():
        return start(store, "*", "--name", "subscriber", "--store", "store1", "--out",
                     str(path), out=subprocess.DEVNULL)

    def at_head(*arguments):
        return company.filial(*arguments, "--json", config=company.head / "filial.toml")

    def receivers():
        return {each["name"]: each for each in json.loads(at_head("receiver", "list").stdout)
                ["receivers"]}
    sales(store, 1, 3)
    running = tap()
    stage.at_end(running.kill)
    wait_for("the tap to show the sales", 20, lambda: len(whole_lines(path)) == log_end(store))
    wait_for("both to be there", 20, lambda: all(
        receivers().get(name, {}).get("connected")
        for name in ("store1/tap:subscriber", "store1/subscriber")))
    running.kill()
    running.wait()
    sales(store, 4, 6)
    company.wait_settled(30)
    for kill in (company.broker.kill, company.broker.stop):
        kill()
        company.broker.start()
        company.wait_settled(60)
        away = receivers()["store1/tap:subscriber"]
        check(not away["connected"] and away["depth_events"] == 3, f"the tap's leg: {away}")
        check_equal(json.loads(at_head("queue").stdout)["depth_events"], 0, "depth at head office")
    at_head("receiver", "remove", "store1/tap:subscriber")
    company.broker.kill()
    company.broker.start()
    company.wait_settled(60)
    left = receivers()
    check("store1/tap:subscriber" not in left and "store1/subscriber" in left, f"left: {left}")
    again = tap()
    stage.at_end(again.kill)
    wait_for("the tap to go on", 20, lambda: len(whole_lines(path)) == log_end(store))
    again.terminate()
    again.wait()
    check_equal([e["seq"] for e in whole_lines(path)], list(range(1, log_end(store) + 1)), "seqs")
