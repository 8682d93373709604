"""What a subscriber takes, of whom, and from where."""

import collections
import json

from retail_fault_story import all_stores
from stage import (check, check_equal, check_refused, check_truth, differences, free_port,
                   import_all, read_log, retail, story, ticket, truth, wait_for)

NAMES = ("warehouse", "store8", "store7")
ZEBRA = "zebra-4711"  # A customer whose name stands nowhere else.
AT = "2026-03-02T10:00:00Z"


def zebra(home):
    return [{"op": "customer-add", "customer": ZEBRA, "home": home,
             "fields": {"country": "Zanzibar"}},
            {"op": "limit", "customer": ZEBRA, "amount": "100.00"},
            {"op": "charge", "customer": ZEBRA, "amount": "12.00", "fact": True}]


def elsewhere():
    """What another store books of his part, and tells his home."""
    return [{"op": "charge", "customer": ZEBRA, "amount": "7.00"},
            {"op": "pay", "customer": ZEBRA, "amount": "2.00"}]


def tell_each_other(company):
    """Every kind of news of a customer: a part of his limit, debts, a block, an unanswered request,
    a closing that is under way; and some of goods beside them."""
    home, other, third = (company.stores[name] for name in ("store8", "store7", "warehouse"))
    ticket(home, *zebra("store8"))
    ticket(home, {"op": "grant", "customer": ZEBRA, "to": "store7", "amount": "60.00"})
    ticket(home, {"op": "receive", "sku": "zebra-crossing", "qty": "50"})
    ticket(home, {"op": "reserve", "sku": "zebra-crossing", "to": "store7", "qty": "20"})
    company.wait_settled(60)
    ticket(other, *elsewhere())
    ticket(third, {"op": "grant-ask", "customer": ZEBRA, "home": "store8", "amount": "3.00"})
    company.wait_settled(60)
    ticket(home, {"op": "block-customer", "customer": ZEBRA})
    company.wait_settled(60)
    ticket(home, {"op": "unblock-customer", "customer": ZEBRA})
    ticket(home, {"op": "close-account", "customer": ZEBRA})


def counters(store, process="subscriber"):
    return {p["process"]: p for p in store.ask("status")["processes"]}[process]["counters"]


def bytes_of(folder):
    return b"".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


def export(store, stage, name):
    out = stage.dir / f"{name}-{store.name}"
    store.filial("export", out)
    return {path.stem: path.read_text() for path in out.glob("*.csv")}


def rows(text):
    return text.splitlines()[1:]


def restart(store):
    check_equal(store.subscriber.stop(), 0, f"exit code of {store.subscriber.name}")
    store.subscriber.start()
    wait_for("the subscriber to answer", 20, lambda: store.answers("subscriber"))


@story("S35: a subscriber of stock alone takes and stores nothing of debts, and has no hole")
def stock_alone(stage):
    by_store = retail(*NAMES, lines=400)
    company = stage.company(*NAMES, start=False)
    office = company.add_store("office", settings={"subscriber": {"topics": ["stock"]}})
    company.start()
    import_all(stage, company, by_store)
    tell_each_other(company)
    company.wait_settled(60)

    topics = collections.Counter(event["topic"] for store in company.stores.values()
                                 for event in read_log(store))
    taken = counters(office)
    wanted = topics["stock"] + topics["control"]
    check(topics["debts"] > 20 and topics["customers"] > 20 and topics["accounts"] > 10,
          f"events by topic: {topics}")
    check({"grant.given", "grant.taken", "debt.told", "debt.applied", "grant.queued",
           "account.blocked", "round.opened"} <= told_of_zebra(company),
          f"what the stores told each other of the customer: {told_of_zebra(company)}")
    check_equal(taken["events_in"], wanted, "events that the office received")
    replica = bytes_of(office.dir / "subscriber")
    check(ZEBRA.encode() not in replica and b"Zanzibar" not in replica,
          "nothing of a customer stands in the files of the replica")
    check(b"zebra-crossing" in replica, "what was reserved of goods does")
    goods = [{"op": "receive", "sku": "zebra-crossing", "qty": "50", "at": AT}]
    with_goods = {**by_store, "store8": by_store["store8"] + goods}
    stock = truth.texts(truth.of_operations(with_goods).tables())["stock"]
    check_equal(export(office, stage, "before")["stock"], stock, "stock at the office")
    for question in (("get", "debt", ZEBRA), ("account", ZEBRA), ("rounds",)):
        check_refused(office.filial(*question, check=False), 6, "not subscribed here", "stock")
    grants = office.filial("grant", "list", check=False)
    check(grants.returncode == 3 and "zebra-crossing" in grants.stdout and
          "credit is not listed" in grants.stderr, f"a list of grants: {grants}")

    for verb, what in ((("tasks",), "debts, customers, accounts"),
                       (("status", "--flags"), "debts, accounts")):
        asked = office.filial(*verb, check=False)
        check(asked.returncode == 3 and what + " not looked through" in asked.stderr,
              f"{verb} says what it does not know: {asked}")
    check_refused(office.filial("conflicts", check=False), 6, "conflicts: topic customers")
    said = json.loads(office.filial("validate", "--json", check=False).stdout)
    check_equal(said["not_looked_through"], ["debts", "customers", "accounts"],
                "what validate did not see")

    # Its position moved over all the events that it did not take: nothing waits, nothing is missing.
    legs = [leg for leg in office.queue()["legs"]
            if leg["process"] == "subscriber" and leg["direction"] == "in"]
    ends = {store.name: read_log(store)[-1]["seq"] for store in company.stores.values()}
    for leg in legs:
        check_equal((leg["position"], leg["depth_events"]), (ends[leg["origin"]], 0),
                    f"position and depth of {leg['origin']} from {leg['peer']}")
    check_equal({leg["origin"] for leg in legs}, set(ends), "logs that the office follows")

    office.configure("subscriber", topics=["stock", "customers", "debts"])
    restart(office)
    check_truth(stage, company, {
        **by_store, "store8": with_goods["store8"] + dated(zebra("store8")),
        "store7": by_store["store7"] + dated(elsewhere())})
    check_equal(counters(office)["events_in"],
                topics["debts"] + topics["customers"] + topics["accounts"],
                "events received after the topics were added: these, from the beginning, alone")
    check(ZEBRA.encode() in bytes_of(office.dir / "subscriber"), "now the replica holds the customer")


def dated(operations):
    return [dict(op, at=AT) for op in operations]


def told_of_zebra(company):
    return {event["kind"] for store in company.stores.values() for event in read_log(store)
            if event["topic"] == "accounts" and event["key"] == ZEBRA}


@story("S35: a subscriber of two stores has nothing of the others")
def two_stores_only(stage):
    by_store = retail(*NAMES, lines=400)
    company = stage.company(*NAMES, start=False)
    office = company.add_store("office", settings={
        "subscriber": {"stores": ["warehouse", "store7"], "own_publisher": False}})
    company.start()
    import_all(stage, company, by_store)
    company.wait_settled(60)
    tables = export(office, stage, "two")
    check_equal({row.split(",")[0] for row in rows(tables["stock"])}, {"warehouse", "store7"},
                "stores whose stock the office has")
    whole = truth.texts(truth.of_operations(by_store).tables())["stock"]
    expected = [row for row in rows(whole) if not row.startswith("store8,")]
    check_equal(rows(tables["stock"]), expected, "stock of the two stores")
    check_equal({row.split(",")[1] for row in rows(tables["debts_by_store"])} - {"warehouse"},
                {"store7"}, "stores whose contributions to debts the office has")
    sku = next(row.split(",")[1] for row in rows(whole) if row.startswith("store8,"))
    asked = office.filial("get", "stock", sku, "--at", "store8", check=False)
    check_equal(asked.returncode, 6, "exit code of asking for a store that is not copied here")
    events = sum(len(read_log(company.stores[name])) for name in ("warehouse", "store7"))
    check_equal(counters(office)["events_in"], events, "events that the office received")


@story("S36: a subscriber fed by a broker and a peer at once equals the truth, also when one dies")
def two_sources(stage):
    by_store = retail(*NAMES, lines=900)
    company = stage.company(*NAMES, start=False)
    reader = company.stores["store7"]
    peer = company.stores["store8"]
    port = free_port()
    peer.configure("publisher", listen=f"tcp://127.0.0.1:{port}")
    peer.filial("admit", "store7", reader.key)
    reader.connect_to("peer", "store8", f"tcp://127.0.0.1:{port}", peer.key)
    company.start()
    import_all(stage, company, {"warehouse": by_store["warehouse"]})
    company.broker.kill()
    half = len(by_store["store8"]) // 2
    import_all(stage, company, {"store8": by_store["store8"][:half]})
    moved = collections.Counter()
    for op in by_store["store8"][:half]:
        if op["op"] == "sell":
            moved[op["sku"]] += 1
    sku = moved.most_common(1)[0][0]
    wait_for("the peer's stock while the broker is down", 30,
             lambda: reader.filial("get", "stock", sku, "--at", "store8", check=False)
             .returncode in (0, 3))
    company.broker.start()
    import_all(stage, company, {"store7": by_store["store7"], "store8": by_store["store8"]})
    check_truth(stage, company, by_store)
    sources = {leg["peer"] for leg in reader.queue()["legs"]
               if leg["process"] == "subscriber" and leg["origin"] == "store8"
               and leg["direction"] == "in"}
    check(len(sources) == 2, f"two sources for the log of store8: {sources}")


@story("a fourteenth store that joins afterwards equals the truth, and the others are untouched")
def joins_afterwards(stage):
    names = all_stores()
    check_equal(len(names), 13, "stores of the data")
    by_store = retail(*names, lines=300)
    company = stage.company(*names)
    import_all(stage, company, by_store)
    check_truth(stage, company, by_store)
    before = {name: (export(store, stage, "before"), read_log(store))
              for name, store in company.stores.items()}
    newcomer = company.add_store("store13")
    newcomer.publisher.start()
    newcomer.subscriber.start()
    company.wait_ready()
    company.wait_settled(60)
    check_equal(differences(stage, company, by_store), 0, "differences from the truth")
    for name, (tables, log) in before.items():
        check_equal(export(company.stores[name], stage, "after"), tables, f"export of {name}")
        check_equal(read_log(company.stores[name]), log, f"log of {name}")
    ticket(newcomer, {"op": "sell", "sku": "tea", "qty": "1"})
    company.wait_settled(60)
    for store in company.stores.values():
        row = json.loads(store.filial("get", "stock", "tea", "--at", "store13", "--json",
                                      check=False).stdout)
        check_equal(row["value"], "-1", f"the newcomer's sale at {store.name}")
