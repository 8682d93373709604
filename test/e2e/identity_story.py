"""Stores whose log may have gone on elsewhere: restored, replaced, copied. Each goes on once."""

import json
import pathlib
import shutil

from stage import (Program, check, check_equal, check_refused, log_end, read_log, story, ticket,
                   value, wait_for)

AT = "2026-03-02T10:00:00Z"


def op(kind, customer="ann", **members):
    return {"op": kind, "customer": customer, "at": AT, **members}


def status(store, process="publisher"):
    """What a program of the store says of itself; empty while it does not answer."""
    done = store.filial("status", "--json", check=False)
    if not done.stdout.strip():
        return {}
    for one in json.loads(done.stdout)["processes"]:
        if one["process"] == process:
            return one
    return {}


def head(company, *arguments, **options):
    return company.filial(*arguments, config=company.head / "filial.toml", **options)


def attempts(company):
    """Every machine that asked to be readmitted, a sentence each."""
    return json.loads(head(company, "readmit", "--json").stdout)["attempts"]


def stop(store):
    store.publisher.stop()
    store.subscriber.stop()


def start(store):
    store.publisher.start()
    store.subscriber.start()
    wait_for(f"{store.name} to answer", 30, lambda: store.answers("publisher"))


def restore(store, backup):
    """Puts a backup in place and starts the programs; gives the code that head office types."""
    done = json.loads(store.filial("restore", backup, "--json").stdout)
    start(store)
    return done["readmit"].split()[-1]


def wait_asked(company, code, words="with a log"):
    """Until head office lists the machine; at first the one before it may still count as there."""
    wait_for(f"head office to be asked: {words}", 30,
             lambda: any(code in one and words in one for one in attempts(company)))


def readmit(company, store, code, epoch):
    wait_asked(company, code, "")

    def readmitted():
        done = head(company, "readmit", store.name, code, check=False)
        # Publishers that have just begun say it as soon as their replicas do, and a broker that has
        # just begun waits for their next marks.
        if done.returncode != 0:
            check(any(why in done.stderr for why in ("has not said what it has read",
                                                     "not heard here since")),
                  f"readmit: {done.stderr}")
        return done.returncode == 0

    wait_for("the other stores to say what they have read", 30, readmitted)
    wait_for(f"{store.name} to go on in epoch {epoch}", 30,
             lambda: status(store).get("epoch") == epoch)


def check_quarantined(store):
    """Nothing is booked, and everybody who asks is told why."""
    check("in quarantine" in status(store)["health"], f"health: {status(store)['health']}")

    def unmoved():
        end = status(store)["end"]
        check_refused(store.filial("sell", "tea", "1", "--wait", "1", check=False), 1, "quarantine")
        return status(store)["end"] == end

    # Its log may just be coming back from the broker; no sale moves its end, however often.
    wait_for("a sale that moves nothing", 30, unmoved)


def opened(store):
    """The beginnings of the log's epochs: (epoch, continues from)."""
    return [(e["epoch"], e["payload"]["continues_from"]) for e in read_log(store)
            if e["kind"] == "log.opened"]


def sell(store, times):
    for _ in range(times):
        store.filial("sell", "tea", "1")


def wait_sold(stores, pieces, of="store1"):
    for store in stores:
        wait_for(f"{store.name} to have {pieces} sold", 30,
                 lambda s=store: value(s, "stock", "tea", "--at", of) == str(-pieces))


@story("N8: yesterday's backup at a store whose peers have today: it gets today back, grants count 0",
       seconds=180)
def restored_yesterday(stage):
    company = stage.company("store1", "store2")
    store, home = company.stores["store1"], company.stores["store2"]
    ticket(home, op("customer-add", home="store2", fields={}), op("limit", amount="100.00"))
    ticket(home, op("grant", to="store1", amount="60.00"))
    company.wait_settled(60)
    sell(store, 3)
    store.filial("backup", stage.dir / "yesterday")
    sell(store, 4)
    ticket(store, op("charge", amount="10.00"))
    company.wait_settled(60)
    end = log_end(store)

    stop(store)
    shutil.rmtree(store.dir / "publisher")
    shutil.rmtree(store.dir / "subscriber")
    code = restore(store, stage.dir / "yesterday")
    check_quarantined(store)
    # A program that looks at nothing while it waits is not waited for.
    places = json.loads(store.filial("doctor", "--json", "--wait", "25", check=False).stdout)["places"]
    place = next(one for one in places if one["process"] == "publisher")
    check(place["state"] == "unknown" and "in quarantine" in place["why"], f"the doctor: {place}")
    wait_asked(company, code)
    check("restored" in "".join(attempts(company)), f"why, in: {attempts(company)}")
    waits = json.loads(head(company, "status", "--json", check=False).stdout)["processes"][0]
    check("filial readmit store1" in waits["health"], f"what head office is told: {waits}")
    readmit(company, store, code, 2)

    # What was acknowledged is there again, at its places.
    check_equal(opened(store), [(1, 0), (2, end)], "epochs and where they go on from")
    sell(store, 1)
    company.wait_settled(60)
    wait_sold((store, home), 8)
    check_equal(value(home, "debt", "ann"), "10.00", "what ann owes")
    # Of the old life's grant nothing may be spent; home waits for a person, or for the tail.
    refused = store.filial("ticket", "-", "--json", stdin=json.dumps([op("charge", amount="1.00")]),
                           check=False)
    check_refused(refused, 4, "cash")
    account = home.filial("account", "ann").stdout
    check("unaccounted" in account, f"what was granted to the old life, in: {account}")
    ticket(home, op("grant", to="store1", amount="5.00"))
    company.wait_settled(60)
    ticket(store, op("charge", amount="5.00"))


@story("N8: one backup restored twice, also in two machines at once: each epoch has one machine",
       seconds=180)
def restored_twice(stage):
    company = stage.company("store1", "store2")
    store, other = company.stores["store1"], company.stores["store2"]
    sell(store, 3)
    company.wait_settled(60)
    backup = stage.dir / "backup"
    store.filial("backup", backup)
    for epoch in (2, 3):
        stop(store)
        readmit(company, store, restore(store, backup), epoch)
        sell(store, 2)
        company.wait_settled(60)
    check_equal([epoch for epoch, _ in opened(store)], [1, 2, 3], "epochs")
    wait_sold((store, other), 7)

    # Twice at once: whoever head office names goes on, the other one stays in quarantine.
    stop(store)
    twin = second_machine(stage, company, store)
    done = json.loads(store.filial("restore", backup, "--json").stdout)
    check(done["aside"] and all(pathlib.Path(kept).is_dir() for kept in done["aside"]),
          f"what was kept is named by its whole path: {done}")
    first = done["readmit"].split()[-1]
    second = json.loads(twin.filial("restore", backup, "--json").stdout)["readmit"].split()[-1]
    check(first != second, "two restored machines have one code")
    for machine in (store, twin):
        machine.publisher.start()
    for code in (first, second):
        wait_asked(company, code, "")
    readmit(company, twin, second, 4)
    sell(twin, 1)
    wait_sold((other,), 8)
    check_quarantined(store)
    for code in (first, second):
        check(code in "".join(attempts(company)), f"{code} in {attempts(company)}")
    company.broker.stop()
    company.broker.start()
    wait_for("the broker to know both", 30, lambda: len(attempts(company)) == 4)
    check_quarantined(store)
    sell(twin, 1)
    wait_sold((other,), 9)


def second_machine(stage, company, store):
    """A copy of the store's whole folder, keys and all, with programs of its own."""
    folder = stage.dir / f"second-{store.name}"
    shutil.copytree(store.dir, folder, ignore=shutil.ignore_patterns("*.sock", "*.lock"))
    twin = type(store)(company, store.name)
    twin.dir, twin.config, twin.key = folder, folder / "filial.toml", store.key
    twin.publisher = Program(f"second {store.name} publisher",
                             [company.bin / "filial-publisher", "--config", twin.config],
                             stage.dir / "second.publisher.log")
    stage.at_end(twin.publisher.kill)
    return twin


@story("N8: a cloned disk beside the original: the second is refused, both are named, proof is kept",
       seconds=180)
def cloned_disk(stage):
    company = stage.company("store1", "store2")
    store, other = company.stores["store1"], company.stores["store2"]
    sell(store, 3)
    company.wait_settled(60)
    stop(store)
    clone = second_machine(stage, company, store)
    start(store)
    clone.publisher.start()
    wait_for("the clone to answer", 30, lambda: clone.answers("publisher"))
    check_quarantined(clone)
    wait_for("head office to hear of the clone", 30, lambda: attempts(company))
    sell(store, 2)
    wait_sold((store, other), 5)
    # The one that was refused is told of both, and so is head office.
    said = clone.publisher.tail(100)
    names = [word.strip(";:") for word in said.split() if len(word.strip(";:")) == 32]
    check(len(set(names)) >= 2, f"two incarnations, in: {said}")
    check(any(name in attempts(company)[0] for name in names), f"{names} in {attempts(company)}")
    company.broker.stop()
    company.broker.start()
    wait_for("the proof to be there again", 30, lambda: attempts(company))
    check_quarantined(clone)
    sell(store, 1)
    wait_sold((store, other), 6)


@story("N8: a clone that nothing tells apart writes first: the fork is seen, neither is guessed away",
       seconds=180)
def forked_log(stage):
    company = stage.company("store1", "store2")
    store, other = company.stores["store1"], company.stores["store2"]
    sell(store, 3)
    company.wait_settled(60)
    stop(store)
    clone = second_machine(stage, company, store)
    (clone.dir / "machine").unlink()
    clone.publisher.start()
    wait_for("the clone to answer", 30, lambda: clone.answers("publisher"))
    sell(clone, 2)
    wait_sold((other,), 5)
    clone.publisher.stop()

    # The original sells where the clone has written; nobody knows before they meet.
    company.broker.stop()
    store.publisher.start()
    wait_for("the original to answer", 30, lambda: store.answers("publisher"))
    sell(store, 4)
    company.broker.start()
    wait_for("the fork to be seen", 30,
             lambda: "other events" in status(store).get("health", ""))
    check_quarantined(store)
    wait_sold((other,), 5)  # Of two contents for one position the first one stays.

    wait_for("the original to ask, with the proof", 30,
             lambda: any("chain" in one for one in attempts(company)))
    code = attempts(company)[0].split()[-1]
    readmit(company, store, code, 2)
    sell(store, 1)
    wait_sold((other,), 6)
    aside = sorted(path.name for path in store.dir.glob("publisher.aside-*"))
    check_equal(aside, ["publisher.aside-1"], "where the other log is kept")
    # And the clone, which knows nothing of it yet, is over.
    clone.publisher.start()
    wait_for("the clone to know that it is over", 30,
             lambda: "in quarantine" in status(clone).get("health", ""))
    check_quarantined(clone)


@story("N8: what only a returned old disk has is listed, and its facts are booked again, once",
       seconds=180)
def orphan_tail(stage):
    company = stage.company("store1", "store2")
    store, other = company.stores["store1"], company.stores["store2"]
    ticket(other, op("customer-add", home="store2", fields={}), op("limit", amount="100.00"))
    ticket(other, op("grant", to="store1", amount="60.00"))
    ticket(store, {"op": "receive", "sku": "tea", "qty": "10", "at": AT})
    company.wait_settled(60)
    store.filial("backup", stage.dir / "backup")

    # On the old disk alone: the line is down, and then the machine.
    company.broker.stop()
    sell(store, 2)
    again = json.dumps([{"op": "sell", "sku": "tea", "qty": "1", "at": AT, "doc": "R7"}])
    till = ("ticket", "-", "--client", "till 1", "--number", "1", "--json")
    store.filial(*till, stdin=again)
    late = json.dumps([{"op": "sell", "sku": "tea", "qty": "1", "doc": "R8"}])
    slow_till = ("ticket", "-", "--client", "till 2", "--number", "1", "--json")
    store.filial(*slow_till, stdin=late)
    reset_till = ("ticket", "-", "--client", "till 3", "--number", "1", "--json")
    crates = [json.dumps([{"op": "receive", "sku": "coffee", "qty": qty, "at": AT}])
              for qty in ("3", "5")]
    store.filial(*reset_till, stdin=crates[0])
    ticket(store, op("charge", amount="30.00"))
    ticket(store, op("pay", amount="5.00"))
    ticket(store, {"op": "transfer-send", "transfer": "T1", "to": "store2", "sku": "tea",
                   "qty": "4", "at": AT})
    ticket(store, op("customer-edit", fields={"city": "Porto"}))
    stop(store)
    old = stage.dir / "old-disk"
    store.dir.joinpath("publisher").rename(old)
    shutil.rmtree(store.dir / "subscriber")
    company.broker.start()
    readmit(company, store, restore(store, stage.dir / "backup"), 2)
    company.wait_ready()
    store.filial(*till, stdin=again)  # Its till had no answer, and says it again.
    # The counter of another one came back with the backup: the same number, and another delivery.
    store.filial(*reset_till, stdin=crates[1])

    nowhere = store.filial("orphans", stage.dir / "nowhere", check=False)
    check_refused(nowhere, 6, "there is no folder", "nowhere")
    listed = json.loads(store.filial("orphans", old, "--json").stdout)["orphans"]
    check_equal([one["state"] for one in listed],
                ["lost", "lost", "again", *["lost"] * 5, "no fact"], f"of {listed}")
    check(listed[0]["position"].startswith("store1/1/"), f"its first place, in: {listed[0]}")
    for state in ("booked", "again"):
        done = json.loads(store.filial("orphans", old, "--reissue", "--json").stdout)["orphans"]
        check_equal([one["state"] for one in done],
                    [state, state, "again", *[state] * 5, "no fact"], f"of {done}")
        # A till that comes late is answered as for what was booked again of its ticket.
        answer = json.loads(store.filial(*slow_till, stdin=late).stdout)
        check(answer["repeated"], f"booked again of till 2, the answer: {answer}")
    # And one whose counter came back after that is refused, not answered for another sale.
    other_sale = json.dumps([{"op": "sell", "sku": "tea", "qty": "2", "doc": "R9"}])
    check_refused(store.filial(*slow_till, stdin=other_sale, check=False), 2, "another content")
    store.filial("tail-told")
    company.wait_settled(60)
    wait_for("the stock of both lives", 30,
             lambda: value(other, "stock", "tea", "--at", "store1") == "2")
    check_equal(value(other, "stock", "coffee", "--at", "store1"), "8", "both deliveries")
    check_equal(value(other, "debt", "ann"), "25.00", "what ann owes")
    check("unaccounted" not in other.filial("account", "ann").stdout, "home has its reserve again")
    other.filial("transfer", "receive", "T1", "--from", "store1", "tea", "4")


@story("N8: a dead store's machine is replaced: its log comes back from the broker and goes on",
       seconds=120)
def replaced_machine(stage):
    company = stage.company("store1", "store2")
    store, other = company.stores["store1"], company.stores["store2"]
    sell(store, 5)
    company.wait_settled(60)
    before = read_log(store)
    store.publisher.kill()
    store.subscriber.kill()
    shutil.rmtree(store.dir)
    made = company.filial("init", "store1", "--hub-name", company.head_name, "--hub",
                          f"tcp://127.0.0.1:{company.port}", "--hub-key", company.key, "--dir",
                          store.dir, "--json")
    store.key = json.loads(made.stdout)["key"]
    company.admit(store)
    code = json.loads(store.filial("replace-store", "--json").stdout)["readmit"].split()[-1]
    start(store)
    check_quarantined(store)
    readmit(company, store, code, 2)
    after = read_log(store)
    check_equal(after[:len(before)], before, "the log before")
    sell(store, 1)
    company.wait_settled(60)
    wait_sold((store, other), 6)
