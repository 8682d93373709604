"""Calls: `filial sync`, what is needed first, budgets, and the line that goes down in any case."""

import json
import os
import re
import signal
import subprocess
import time

from dial_up import check_down, dial_up_store
from fresh_story import Terminal
from stage import (check, check_equal, check_refused, differences, get, import_all, retail, story,
                   ticket, value, wait_for)

AT = "2026-03-02T10:00:00Z"


def sell(store, sku="tea", qty="1"):
    ticket(store, {"op": "sell", "sku": sku, "qty": qty, "at": AT})


def sync(store, *arguments, code=0):
    """`filial sync`, decoded."""
    done = store.filial("sync", *arguments, "--json", check=False)
    check_equal(done.returncode, code, f"exit code of sync {arguments}: {done.stdout}{done.stderr}")
    return json.loads(done.stdout)


def start_sync(store, *arguments, as_json=True):
    """Begins one and does not wait for it."""
    how = ["--json"] if as_json else []
    return subprocess.Popen([store.company.bin / "filial", "--config", store.config, "sync",
                             *how, *arguments], stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def wait_until_sent(store):
    """What the store booked is at the broker and in its own replica."""
    wait_for(f"what {store.name} booked to be sent", 30, lambda: not any(
        leg["depth_events"] for leg in store.queue()["legs"] if leg["direction"] == "out"))


@story("N5: a call brings what is needed, then the rest both ways, and the line is down again")
def call(stage):
    company = stage.company(start=False)
    one = dial_up_store(stage, company, "store1")
    two = dial_up_store(stage, company, "store2")
    company.start()
    sell(one, qty="3")
    sell(two, "milk", "5")
    # Nobody calls by himself, and what waits is seen.
    leg = next(leg for leg in one.queue()["legs"] if leg["direction"] == "out"
               and leg["peer"].startswith("head"))
    check(leg["depth_events"] > 0 and not leg["connected"], f"the leg of store1: {leg}")
    check("until it is called" in leg["note"], f"why it is down: {leg}")

    first = sync(one)
    check_equal((first["outcome"], first["joined"], first["waiting_out"], first["troubles"]),
                ("complete", False, 0, []), "the call of store1")
    check(first["events_out"] >= 2 and first["bytes_out"] > 100 and first["seconds"] > 0,
          f"its cost: {first}")
    check_down(one, 1)
    second = sync(two, "--need", "stock:store1", "--max-age", "1h")
    check_equal([(n["topic"], n["store"], n["met"], n["fresh"]) for n in second["needs"]],
                [("stock", "store1", True, True)], "what store2 needed")
    check(second["events_in"] > 0 and second["events_out"] > 0, f"both ways: {second}")
    check_down(two, 1)
    check_equal(value(two, "stock", "tea", "--at", "store1"), "-3", "at store2")
    # The broker has what store2 sent, and store1 gets it by its next call.
    check_equal(sync(one)["outcome"], "complete", "the second call of store1")
    check_equal(value(one, "stock", "milk", "--at", "store2"), "-5", "at store1")
    check_down(one, 2)
    check_equal((one.line.knocks, two.line.knocks), (0, 0), "dialled while the line was down")
    # For people: what came, what it cost.
    said = two.filial("sync", "--need", "stock:store1")
    check("stock:store1: as of 2" in said.stdout and "on the line" in said.stdout
          and "nothing waits" in said.stdout, f"what is printed: {said.stdout}")
    # What is older than it may be is said, with code 3: store1 has not called since.
    wait_for("the data to be older than a second", 30, lambda: get(
        two, "stock", "tea", "--at", "store1")["age_seconds"] > 1)
    done = two.filial("sync", "--need", "stock:store1", "--max-age", "1s", check=False)
    check_refused(done, 3, "older than it may be")
    for wrong in (["--need", "prices"], ["--need", "Stock"], ["--budget", "soon"],
                  ["--max-age", "1h"]):
        check_equal(two.filial("sync", *wrong, check=False).returncode, 2, f"exit code of {wrong}")


@story("N5: of two clerks at once one calls and the other joins, with his own need")
def joined(stage):
    company = stage.company("store2", start=False)
    one = dial_up_store(stage, company, "store1")
    gate = stage.dir / "gate"
    one.configure("sync", **one.line.commands(up=f"while [ ! -e {gate} ]; do sleep 0.05; done"))
    company.start()
    sell(company.stores["store2"], qty="4")
    wait_until_sent(company.stores["store2"])
    first = start_sync(one)
    lock = one.dir / "calls" / "up"
    wait_for("the first call to begin", 30, lock.exists)
    second = start_sync(one, "--need", "stock:store2", as_json=False)
    # It says that it waits, without a line of its own; then the gate opens.
    said = ""
    while "a call is under way" not in said:
        line = second.stdout.readline()
        check(line, f"the second caller ended: {said}")
        said += line
    check_equal(one.line.did(), [], "before there is a line")
    gate.touch()
    report = json.loads(first.communicate(timeout=60)[0])
    said += second.communicate(timeout=60)[0]
    check_equal((report["outcome"], report["joined"]), ("complete", False), "who called")
    check_equal(second.returncode, 0, f"exit code of who joined: {said}")
    check("another call did it" in said and "nothing waits" in said, f"who joined: {said}")
    check("stock:store2: as of 2" in said, f"the second one's need: {said}")
    check_equal(value(one, "stock", "tea", "--at", "store2"), "-4", "at store1")
    check_down(one, 1)


@story("N5: whatever dies in a call, nothing is lost or twice, and the line is down afterwards",
       seconds=240)
def killed(stage):
    company = stage.company(start=False)
    stores = [dial_up_store(stage, company, name) for name in ("store1", "store2")]
    company.start()
    trade = retail("store1", "store2", lines=1500)
    import_all(stage, company, trade)
    one, two = stores
    # How long a whole call of such a store takes here, so that the moments fall into it.
    began = time.monotonic()
    sync(two)
    whole = time.monotonic() - began
    for _ in range(stage.times(4)):
        for how in ("caller", "carrier", "publisher", "subscriber"):
            sell(one, "killed")
            trade["store1"].append({"op": "sell", "sku": "killed", "qty": "1", "at": AT})
            child = start_sync(one)
            time.sleep(stage.random.uniform(0, whole))
            if how == "caller":
                child.send_signal(signal.SIGKILL)
            elif how == "carrier":
                one.line.kill_connections()
            else:
                program = getattr(one, how)
                program.kill()
                program.start()
            child.communicate(timeout=120)
            wait_for(f"the line to go down after the {how} died", 30, one.line.is_down)
            # A caller that dies in link_up may not have come to say so: one "down" more than "up".
            wait_for("link_down to be over", 30,
                     lambda: one.line.did().count("up") <= one.line.did().count("down"))
            wait_for("the programs of store1", 30,
                     lambda: one.answers("publisher") and one.answers("subscriber"))
    for _ in range(2):
        for store in stores:
            report = sync(store)
            check_equal(report["outcome"], "complete", f"the last calls: {report}")
            check_down(store)
    check_equal(differences(stage, company, trade), 0, "differences from the truth")


def ended(pid):
    """Whether that process runs no more, though nobody may have asked how it ended."""
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rsplit(")", 1)[1].split()[0] in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return True


@story("N5: a link-up that hangs, fails or returns late ends in a line that is down, and is said")
def link_up(stage):
    company = stage.company(start=False)
    one = dial_up_store(stage, company, "store1", link_up_within="1s")
    company.start()
    sell(one)
    good = one.line.commands()
    late = stage.dir / "late"
    downs = 0
    for up, says in (("exit 7", "failed with code 7"), ("sleep 600", "not ready after 1 s"),
                     (f"echo $$ > {late}; sleep 600; touch {one.line.carrier}",
                      "not ready after 1 s")):
        one.configure("sync", **one.line.commands(up=f"sh -c '{up}'"))
        done = one.filial("sync", check=False)
        check_refused(done, 5, "link_up", says, "did not come up")
        downs += 1
        check_equal(one.line.did(), ["down"] * downs, f"after link_up {up}")
        check(one.line.is_down(), "the line is down")
    # What would have come back late is ended.
    wait_for("the slow link_up to be ended", 30, lambda: ended(int(late.read_text())))
    check_equal(one.line.did(), ["down"] * downs, "after a link_up that would return late")
    # One that takes the line down too late is ended, said, and made up for by the next call.
    one.configure("sync", **good, link_down_within="1s")
    one.configure("sync", link_down="sleep 600", link_up_within="60s")
    done = one.filial("sync", check=False)
    check("may still be up" in done.stderr, f"what is said: {done.stderr}")
    check(not one.line.is_down(), "the line of a link_down that hangs")
    one.configure("sync", **good)
    report = sync(one)
    check(report["left_up"], f"the next call: {report}")
    check_equal(one.line.did()[downs:], ["up", "down", "up", "down"], "what the line did")
    check_equal(one.line.knocks, 0, "dialled while the line was down")


def make_locale(stage):
    """pt_BR in a folder of its own; None where this machine has no sources of locales."""
    folder = stage.dir / "locales"
    folder.mkdir()
    done = subprocess.run(["localedef", "-i", "pt_BR", "-f", "UTF-8", folder / "pt_BR.UTF-8"],
                          capture_output=True, check=False)
    return folder if (folder / "pt_BR.UTF-8").exists() else print(f"no pt_BR: {done.stderr!r}")


@story("S23: at a terminal y dials, transfers and hangs up, and n leaves the old value")
def prompt(stage):
    company = stage.company("store2", start=False,
                            settings={"publisher": {"mark_every": "200ms"}})
    one = dial_up_store(stage, company, "store1")
    company.start()
    two = company.stores["store2"]
    ticket(two, {"op": "receive", "sku": "tea", "qty": "5", "at": AT})
    wait_until_sent(two)
    sync(one)
    check_equal(value(one, "stock", "tea", "--at", "store2"), "5", "after the first call")
    ask = ["get", "stock", "tea", "--at", "store2", "--max-age", "3s"]
    places = [("C.UTF-8", None)]
    if folder := make_locale(stage):
        places.append(("pt_BR.UTF-8", folder))
    calls = 1
    stock = 5
    for locale, path in places:
        os.environ["LC_ALL"] = locale
        if path:
            os.environ["LOCPATH"] = str(path)
        sell(two)
        stock -= 1
        wait_until_sent(two)
        old = get(one, *ask[1:5])
        wait_for("the data to be old", 30,
                 lambda: get(one, *ask[1:5])["age_seconds"] > 3, every=0.5)
        no = Terminal(one, *ask)
        no.read_until("[y/N]")
        no.type("n\n")
        check_equal(no.finish(), 3, f"exit code after n: {no.text!r}")
        check(f"stock tea at store2: {stock + 1}" in no.text, f"the old value: {no.text!r}")
        check_down(one, calls)
        yes = Terminal(one, *ask)
        yes.read_until("[y/N]")
        yes.type("y\n")
        check_equal(yes.finish(), 0, f"exit code after y: {yes.text!r}")
        calls += 1
        check(f"stock tea at store2: {stock}" in yes.text, f"the new value: {yes.text!r}")
        check("on the line" in yes.text, f"what it cost: {yes.text!r}")
        stamps = re.findall(r"This data is from (.*?) \(", yes.text)
        check_equal(len(stamps), 2, f"as-of before and after: {yes.text!r}")
        check(stamps[0] != stamps[1], f"the new as-of: {stamps}")
        new = get(one, *ask[1:5])
        check(new["as_of"] > old["as_of"], f"as-of: {old} {new}")
        if path:
            check(all(re.search(r"\d\d/\d\d/\d{4}|\d\d-\d\d-\d{4}", each) for each in stamps),
                  f"as this locale writes it: {stamps}")
        check_down(one, calls)
    # With no line the old value stands, and it is said why there is no newer one.
    os.environ["LC_ALL"] = "C.UTF-8"
    one.configure("sync", **one.line.commands(up="false"))
    wait_for("the data to be old", 30, lambda: get(one, *ask[1:5])["age_seconds"] > 3, every=0.5)
    failed = Terminal(one, *ask)
    failed.read_until("[y/N]")
    failed.type("y\n")
    check_equal(failed.finish(), 3, f"exit code without a line: {failed.text!r}")
    check("link_up failed" in failed.text and "not updated" in failed.text,
          f"what is said: {failed.text!r}")
