"""S21, S22, S43, S3 with real processes: how old an answer is, asking a person, live answers, and a
shop that works at another store."""

import json
import os
import pty
import select
import subprocess
import time

from stage import (check, check_equal, check_refused, free_port, get, story, ticket, value,
                   wait_for)
from ticket_story import charge

AT = "2026-03-02T10:00:00Z"
SLOW_MARKS = {"publisher": {"mark_every": "1h"}}


def customer(store, name, home):
    ticket(store, {"op": "customer-add", "customer": name, "home": home, "fields": {}, "at": AT})


def rows(store, *arguments):
    """`filial ... --json`, always as a list."""
    done = store.filial(*arguments, "--json")
    return [json.loads(line) for line in done.stdout.splitlines() if line.strip()]


def shows(store, expected, *what):
    """What was just booked is in the replica a moment later."""
    wait_for(f"{store.name} to show {expected} for {' '.join(what)}", 20,
             lambda: value(store, *what) == expected)


def receive(store, sku, qty):
    ticket(store, {"op": "receive", "sku": sku, "qty": qty, "at": AT})


class Terminal:
    """`filial ...` with a person in front of it."""

    def __init__(self, store, *arguments):
        self.master, slave = pty.openpty()
        self.child = subprocess.Popen(
            [str(store.company.bin / "filial"), "--config", str(store.config), *arguments],
            stdin=slave, stdout=slave, stderr=slave, close_fds=True, start_new_session=True)
        os.close(slave)
        self.text = ""

    def read_until(self, word, seconds=30):
        end = time.monotonic() + seconds
        while word not in self.text and time.monotonic() < end:
            ready, _, _ = select.select([self.master], [], [], 0.2)
            if not ready:
                continue
            try:
                data = os.read(self.master, 4096)
            except OSError:  # The other side is closed.
                break
            if not data:
                break
            self.text += data.decode()
        check(word in self.text, f"the terminal never showed {word!r}: {self.text!r}")

    def type(self, text):
        os.write(self.master, text.encode())

    def finish(self, seconds=60):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            ready, _, _ = select.select([self.master], [], [], 0.2)
            try:
                if ready:
                    self.text += os.read(self.master, 4096).decode()
                elif self.child.poll() is not None:
                    break
            except OSError:
                break
        code = self.child.wait(seconds)
        os.close(self.master)
        return code


@story("S22: at a terminal a person is asked, and yes brings what the stores say now")
def asked_at_a_terminal(stage):
    company = stage.company("store1", "store2", cuttable=True, settings=SLOW_MARKS)
    one, two = company.stores["store1"], company.stores["store2"]
    receive(two, "tea", "5")
    company.wait_settled(30)
    two_says = ["get", "stock", "tea", "--at", "store2"]
    wait_for("the first mark of store2", 20,
             lambda: get(one, "stock", "tea", "--at", "store2")["as_of"])
    time.sleep(1.2)  # What is asked about is the age itself.
    # A person says no: the old value, and the code for old.
    no = Terminal(one, *two_says, "--max-age", "1s")
    no.read_until("[y/N]")
    check("stock tea at store2: 5" in no.text, f"the value: {no.text!r}")
    check("This data is from " in no.text and " ago). Do you want to update data? [y/N]" in no.text,
          f"the question: {no.text!r}")
    no.type("\n")
    check_equal(no.finish(), 3, "exit code after no")
    check_equal(no.text.count("stock tea at store2"), 1, "values shown after no")
    # Yes: a quiet store answers now, and its age begins anew.
    yes = Terminal(one, *two_says, "--max-age", "1s")
    yes.read_until("[y/N]")
    yes.type("y\n")
    check_equal(yes.finish(), 0, f"exit code after yes: {yes.text!r}")
    check_equal(yes.text.count("stock tea at store2: 5"), 2, "values shown after yes")
    # The line to it is cut: what is here, and who is missing.
    two.line.cut()
    time.sleep(1.2)
    cut = Terminal(one, *two_says, "--max-age", "1s", "--wait", "3s")
    cut.read_until("[y/N]")
    cut.type("y\n")
    check_equal(cut.finish(), 3, f"exit code with the line cut: {cut.text!r}")
    check("not updated: store2 " in cut.text and "last heard" in cut.text,
          f"who is missing: {cut.text!r}")
    # Without a terminal nobody is asked: the value on stdout, why it is stale on stderr.
    done = one.filial(*two_says, "--max-age", "1s", check=False)
    check_refused(done, 3, "not fresh", "older than the policy")
    check("stock tea at store2: 5" in done.stdout, done.stdout)


@story("S43: an official debt is live from every store, or names who is missing")
def official(stage):
    company = stage.company("store1", "store2", "store3", cuttable=True, settings=SLOW_MARKS)
    home, other, third = (company.stores[name] for name in ("store1", "store2", "store3"))
    customer(home, "ann", "store1")
    ticket(home, {"op": "limit", "customer": "ann", "amount": "500.00", "at": AT},
           charge("ann", "100.00"))
    company.wait_settled(30)
    ask = ("debt", "ann", "--official", "--wait", "20s")
    row = get(third, *ask)
    check_equal((row["value"], row["verdict"], row["source"]), ("100.00", "fresh", "live"),
                "the official debt")
    # What is booked elsewhere a moment before is in it, though no mark is due for an hour.
    ticket(other, {"op": "pay", "customer": "ann", "amount": "30.00", "doc": "p1", "at": AT})
    row = get(third, *ask)
    check_equal(row["value"], "70.00", "the official debt after a payment elsewhere")
    check_equal({p["store"] for p in row["positions"]}, {"store1", "store2", "store3"},
                "stores that have answered")
    ticket(home, {"op": "grant", "customer": "ann", "to": "store2", "amount": "50.00", "at": AT})
    company.wait_settled(30)
    other.line.cut()
    done = third.filial("get", "debt", "ann", "--official", "--wait", "3s", check=False)
    check_refused(done, 5, "no official answer", "store2 (it holds a part of the limit",
                  "last heard")
    check_equal(done.stdout, "", "what is printed without an official answer")
    done = third.filial("get", "debt", "ann", "--for", "credit-check", "--wait", "2s", "--json",
                        check=False)
    check_equal(done.returncode, 5, "exit code of a credit check")
    check_equal([m["store"] for m in json.loads(done.stdout)["missing"]], ["store2"],
                "who is missing")
    # Another store's stock needs only that store; and the line back up, all is well again.
    receive(home, "tea", "2")
    check_equal(value(third, "stock", "tea", "--at", "store1", "--official"), "2", "official stock")
    other.line.mend()
    wait_for("the official debt with the line mended", 60,
             lambda: third.filial("get", "debt", "ann", "--official", "--wait", "5s",
                                  check=False).returncode == 0, every=0.5)


@story("S3: a shop without its own log works over the line, and says so when it is down")
def central(stage):
    ports = {"publisher": free_port(), "subscriber": free_port()}
    listen = {name: {"listen": f"tcp://127.0.0.1:{port}"} for name, port in ports.items()}
    company = stage.company("store1", settings=listen)
    store = company.stores["store1"]
    lines = {name: stage.line(port) for name, port in ports.items()}
    shop = company.add_store("kiosk")
    del company.stores["kiosk"]  # It has no programs.
    shop.configure("central", store="store1", key=store.key,
                   **{name: f"tcp://127.0.0.1:{line.port}" for name, line in lines.items()})
    # Not admitted there: a clear no, and nothing is booked.
    done = shop.filial("receive", "tea", "7", check=False)
    check(done.returncode in (5, 7), f"exit code of a shop that is not admitted: {done.returncode}")
    store.filial("admit", "kiosk", shop.key, "--tickets")
    wait_for("the kiosk to be let in", 20,
             lambda: shop.filial("receive", "tea", "7", "--doc", "r1", check=False).returncode == 0)
    shop.filial("sell", "tea", "2")
    shows(shop, "5", "stock", "tea")
    check_equal(value(store, "stock", "tea", "--at", "store1"), "5", "at the store")
    shop.filial("customer", "add", "ann", "--home", "store1")
    shop.filial("limit", "ann", "5.00")
    shop.filial("charge", "ann", "5.00", "--doc", "c1")
    check_refused(shop.filial("charge", "ann", "0.01", check=False), 4, "raise the limit")
    shows(shop, "5.00", "debt", "ann")
    check_equal(shop.filial("list", "debts").returncode, 0, "a list at the kiosk")
    check_equal(shop.filial("why", "debt", "ann").returncode, 0, "why at the kiosk")
    check_equal(shop.filial("tasks").returncode, 0, "tasks at the kiosk")
    check_equal(get(shop, "debt", "ann", "--official")["source"], "live", "official at the kiosk")
    for line in lines.values():
        line.cut()
    for verb in (["sell", "tea", "1", "--wait", "1"], ["get", "stock", "tea"]):
        check_refused(shop.filial(*verb, check=False), 5, "line to store1", "until the line is up")
    check_equal(value(store, "stock", "tea", "--at", "store1"), "5", "after the line went down")
    for line in lines.values():
        line.mend()
    shop.filial("sell", "tea", "1")
    shows(shop, "4", "stock", "tea")
    done = subprocess.run([company.bin / "filial-publisher", "--config", shop.config],
                          capture_output=True, text=True, timeout=20, check=False)
    check_refused(done, 2, "works at store1", "[central]")


@story("S15: what head office finds is told to the store, once")
def verdicts(stage):
    company = stage.company("store1", "office")
    store, office = company.stores["store1"], company.stores["office"]
    ticket(store, {"op": "sell", "sku": "tea", "qty": "3", "at": AT})
    ticket(store, {"op": "charge", "customer": "bob", "amount": "9.00", "doc": "r1", "at": AT,
                   "fact": True})
    company.wait_settled(30)
    check_equal(rows(store, "verdicts"), [], "verdicts before anybody looked")
    told = office.ask("validate")
    check(told["told"] >= 2 and set(told["stores"]) == {"store1"}, f"what was told: {told}")
    company.wait_settled(30)
    here = rows(store, "verdicts")
    by_finding = {row["finding"]: row for row in here}
    check_equal(by_finding["below-zero"]["key"], "tea", "the key of what went below zero")
    check_equal(by_finding["below-zero"]["from"], "office", "who found it")
    check(by_finding["unknown-customer"]["key"] == "bob", f"verdicts: {here}")
    # Looking again tells nothing again, neither here nor in the log.
    check_equal(office.ask("validate")["told"], 0, "told by a second look")
    company.wait_settled(30)
    check_equal(len(rows(store, "verdicts")), len(here), "verdicts after a second look")
    tasks = [row["subject"] for row in rows(store, "tasks") if row["kind"] == "verdict"]
    check("below-zero tea" in tasks and "unknown-customer bob" in tasks, f"tasks: {tasks}")
    # The receipt that was missing settles it; nobody has to tick it off.
    receive(store, "tea", "10")
    shows(store, "7", "stock", "tea", "--at", "store1")
    tasks = [row["subject"] for row in rows(store, "tasks") if row["kind"] == "verdict"]
    check("below-zero tea" not in tasks, f"tasks after the receipt: {tasks}")
    # What another store's people have to do is no task here.
    check_equal([row for row in rows(office, "tasks") if row["kind"] == "verdict"], [],
                "tasks of head office")
