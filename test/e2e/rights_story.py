"""Who may connect, and what a mistake in a file or on a command line says."""

import json
import subprocess
import time

from stage import check, check_equal, check_refused, get, log_end, read_log, story, ticket, value, wait_for


def sell(store, sku="tea"):
    return ticket(store, {"op": "sell", "sku": sku, "qty": "1"})


def head_leg(store):
    return next(leg for leg in store.queue()["legs"]
                if leg["process"] == "publisher" and "head" in leg["peer"])


def tap_of_broker(store, *arguments):
    """A tap at the broker, ended by itself or after five seconds."""
    try:
        return store.filial("tap", "*", "--from", "1", "--count", "1", *arguments, check=False,
                            timeout=5)
    except subprocess.TimeoutExpired as e:
        return subprocess.CompletedProcess(e.cmd, None, (e.stdout or b"").decode(),
                                           (e.stderr or b"").decode())


@story("a stranger's key gets nothing, and is told so")
def stranger(stage):
    company = stage.company("store1")
    store = company.stores["store1"]
    sell(store)
    company.wait_settled(30)
    unknown = company.add_store("stranger")
    del company.stores["stranger"]
    company.filial("admit", "--revoke", "stranger", config=company.head / "filial.toml")
    for program in (unknown.publisher, unknown.subscriber):
        stage.at_end(program.kill)
        program.start()
    wait_for("the stranger's programs to answer", 20,
             lambda: unknown.answers("publisher") and unknown.answers("subscriber"))
    sell(unknown)
    time.sleep(2)
    check_equal(get(unknown, "stock", "tea", "--at", "store1"), None, "what the stranger got")
    legs = unknown.queue()["legs"]
    head = [leg for leg in legs if "head" in leg["peer"]]
    check(head and not any(leg["connected"] for leg in head), f"no leg to head office: {head}")
    check(all("admit" in leg["note"] for leg in head), f"a note that says why: {head}")
    done = tap_of_broker(unknown)
    check_equal(done.stdout, "", "events that a stranger's tap prints")
    check(done.returncode in (5, 7, None), f"exit code of a stranger's tap: {done.returncode}")
    check(done.stderr.strip(), "a stranger's tap says why it has nothing")
    sell(store)
    company.wait_settled(30)
    check_equal(get(store, "stock", "tea", "--at", "stranger"), None, "a stranger's sale elsewhere")


@story("a store that is no longer admitted is cut off at once, and goes on when it is again")
def revoked(stage):
    company = stage.company("store1", "store2")
    store, other = company.stores["store1"], company.stores["store2"]
    sell(store)
    company.wait_settled(30)
    company.filial("admit", "--revoke", "store1", config=company.head / "filial.toml")
    wait_for("the line to be refused", 20, lambda: not head_leg(store)["connected"])
    sell(store)
    sell(other)
    time.sleep(2)
    check_equal(value(other, "stock", "tea", "--at", "store1"), "-1", "at the other store")
    check_equal(get(store, "stock", "tea", "--at", "store2"), None, "what the revoked store got")
    check_equal(value(store, "stock", "tea", "--at", "store1"), "-2", "its own stock, live")
    company.admit(store)
    company.wait_settled(60)
    check_equal(value(other, "stock", "tea", "--at", "store1"), "-2", "at the other store, admitted")
    check_equal(value(store, "stock", "tea", "--at", "store2"), "-1", "at the store, admitted")


@story("a reader admitted for stock alone gets no debts")
def admitted_for_stock(stage):
    company = stage.company("store1", start=False)
    office = company.add_store("office", settings={"subscriber": {"own_publisher": False}})
    company.admit(office, "--read", "stock")
    company.start()
    ticket(company.stores["store1"], {"op": "sell", "sku": "tea", "qty": "1"},
           {"op": "customer-add", "customer": "ann", "home": "office", "fields": {}},
           {"op": "charge", "customer": "ann", "amount": "3.00", "fact": True})

    def notes():
        return [leg["note"] for leg in office.queue()["legs"] if leg["origin"] == "store1"]
    wait_for("a note about the topics that are refused", 30,
             lambda: any("may not read topic" in note for note in notes()))
    refused = tap_of_broker(office, "--store", "store1")
    check_equal((refused.returncode, refused.stdout), (7, ""), f"a tap of all: {refused.stderr}")
    allowed = office.filial("tap", "stock", "--from", "1", "--count", "1")
    check_equal(json.loads(allowed.stdout)["key"], "tea", "a tap of stock")

    # What is told of customers its publisher acts on; nobody else there may read it.
    wait_for("the debt that was told to the office", 30,
             lambda: "debt.applied" in {event["kind"] for event in read_log(office)})
    refused = office.filial("tap", "accounts", "--from", "1", "--count", "1", check=False)
    check_equal((refused.returncode, refused.stdout), (7, ""), f"a tap of accounts: {refused.stderr}")

    office.subscriber.stop()
    office.configure("subscriber", topics=["stock"])
    office.subscriber.start()
    wait_for("the stock at the office", 30, lambda: office.answers("subscriber") and
             value(office, "stock", "tea", "--at", "store1") == "-1")
    check_equal(office.filial("get", "debt", "ann", check=False).returncode, 6, "asking for a debt")


@story("a configuration with a mistake ends with 2 and names file, line and key")
def configuration(stage):
    company = stage.company("store1", start=False)
    store = company.stores["store1"]
    good = store.config.read_text()

    def line_of(text):
        return 1 + next(i for i, line in enumerate(store.config.read_text().splitlines())
                        if text in line)

    for section, key, wrong in (("publisher", "lisen", "tcp://127.0.0.1:1"),
                                ("publisher", "mark_every", "soon"),
                                ("subscriber", "topics", "stock"),
                                ("freshness", "stock", "-3m")):
        store.config.write_text(good)
        store.configure(section, **{key: wrong})
        place = f"filial.toml:{line_of(f'{key} = {json.dumps(wrong)}')}"
        for program in (store.publisher, store.subscriber):
            done = subprocess.run(program.arguments, capture_output=True, text=True, timeout=20,
                                  check=False)
            check_refused(done, 2, place, key)
        check_refused(store.filial("status", check=False), 2, place, key)
    store.config.write_text("store = \n" + good)
    check_refused(store.filial("status", check=False), 2, "filial.toml:1")
    store.config.write_text(good)
    store.publisher.start()
    wait_for("the mended store to answer", 20, lambda: store.answers("publisher"))


@story("a second publisher, subscriber or broker on the same folder is refused and says why")
def second_program(stage):
    company = stage.company("store1")
    store = company.stores["store1"]
    sell(store)
    for program in company.programs():
        second = subprocess.run(program.arguments, capture_output=True, text=True, timeout=20,
                                check=False)
        text = second.stdout + second.stderr
        check_equal(second.returncode, 1, f"exit code of a second {program.name}: {text}")
        check("another" in text or "already" in text or "locked" in text, f"why: {text}")
        check(program.running(), f"the first {program.name} runs on")
    end = log_end(store)
    sell(store)
    check_equal(log_end(store), end + 1, "the first publisher goes on")
    company.wait_settled(30)
    check_equal(value(store, "stock", "tea", "--at", "store1"), "-2", "tea")
