"""Credit that stores may give while they are cut off, and what a home decides in the end."""

import json
import threading

from stage import check, check_equal, check_refused, read_log, story, ticket, value, wait_for

AT = "2026-03-02T10:00:00Z"


def op(kind, customer="ann", **members):
    return {"op": kind, "customer": customer, "at": AT, **members}


def hand_in(store, *operations):
    return store.filial("ticket", "-", "--json", stdin=json.dumps(list(operations)), check=False)


def registered(customer="ann", limit="100.00"):
    return [op("customer-add", customer, home="store1", fields={}),
            op("limit", customer, amount=limit)]


def kinds(store, customer="ann"):
    """What the store's log tells others about one customer."""
    return [e["kind"] for e in read_log(store)
            if e["key"] == customer and e["topic"] in ("accounts", "control")]


def waiting(store):
    """What official operations under way at the store wait for."""
    for process in store.ask("status")["processes"]:
        if process["process"] == "publisher":
            return process["waiting"]
    return ["the publisher does not answer"]


def spend(store, taken):
    """Charges 7.00 and then 1.00 at a time until the till is told to take cash."""
    for amount in (700, 100):
        while True:
            done = hand_in(store, op("charge", amount=f"{amount / 100:.2f}"))
            if done.returncode != 0:
                check_refused(done, 4, "take cash")
                break
            taken.append(amount)


@story("N1: two tills at two cut-off stores spend one customer's last 100.00, and no cent more")
def last_hundred(stage):
    company = stage.company("store1", "store2", cuttable=True)
    home, other = company.stores["store1"], company.stores["store2"]
    ticket(home, *registered())
    ticket(home, op("grant", to="store2", amount="60.00"))
    company.wait_settled(60)
    for store in (home, other):
        store.line.cut()
    taken = {home: [], other: []}
    tills = [threading.Thread(target=spend, args=(store, taken[store])) for store in taken]
    for till in tills:
        till.start()
    for till in tills:
        till.join()
    check_equal((sum(taken[home]), sum(taken[other])), (4000, 6000), "cents given at each store")
    for store in (home, other):
        store.line.mend()
    company.wait_settled(60)
    for store in (home, other):
        check_equal(value(store, "debt", "ann"), "100.00", f"what ann owes by {store.name}")
    flags = home.ask("status", "--flags")
    check_equal([f.get("no_room", 0) for f in flags.values()].count(0), len(flags), f"in {flags}")


@story("N1: a payment at a cut-off holder frees room there at once, and at nobody else")
def payment_frees_room(stage):
    company = stage.company("store1", "store2", "store3", cuttable=True)
    home, holder, third = company.stores.values()
    ticket(home, *registered())
    ticket(home, op("grant", to="store2", amount="60.00"))
    company.wait_settled(60)
    for store in (holder, third):
        store.line.cut()
    ticket(holder, op("charge", amount="60.00"))
    check_refused(hand_in(holder, op("charge", amount="0.01")), 4, "only 0.00", "store1")
    ticket(holder, op("pay", amount="25.00"))
    check_refused(hand_in(holder, op("charge", amount="25.01")), 4, "only 25.00")
    ticket(holder, op("charge", amount="25.00"))
    ticket(third, op("pay", amount="10.00"))
    check_refused(hand_in(third, op("charge", amount="10.00")), 4, "no credit here")
    for store in (holder, third):
        store.line.mend()
    company.wait_settled(60)
    check_equal(value(home, "debt", "ann"), "50.00", "what ann owes")


@story("S44: closing waits for the one holder that is off, by name, and is decided once it is back")
def closing_waits(stage):
    company = stage.company("store1", "store2", "store3")
    home, holder, third = company.stores.values()
    ticket(home, *registered(), *registered("bob"))
    ticket(home, op("grant", to="store2", amount="60.00"), op("grant", to="store3", amount="10.00"),
           op("grant", "bob", to="store2", amount="50.00"))
    company.wait_settled(60)
    ticket(holder, op("charge", "bob", amount="30.00"), op("charge", amount="5.00"))
    ticket(holder, op("pay", amount="5.00"))
    company.wait_settled(60)
    check_equal(holder.publisher.stop(), 0, "exit code of the holder's publisher")
    ticket(home, op("close-account"), op("close-account", "bob"))
    wait_for("the list to name the store that is off, and no other", 30,
             lambda: all("waiting for store2;" in line for line in waiting(home)))
    check_equal(len(waiting(home)), 2, f"rounds under way: {waiting(home)}")
    check("store2 was last heard" in waiting(home)[0], f"since when: {waiting(home)}")
    check_refused(hand_in(home, op("charge", amount="1.00")), 4, "verdict")
    check_refused(hand_in(home, op("round-verdict")), 4, "store2")

    home.publisher.kill()
    home.publisher.start()
    wait_for("home to answer", 30, lambda: home.answers("publisher"))
    holder.publisher.start()
    wait_for("both verdicts", 60, lambda: waiting(home) == [])
    check_equal(kinds(home)[-1], "account.closed", "the end of ann's round")
    refused = [e for e in read_log(home) if e["key"] == "bob"][-1]
    check_equal((refused["kind"], refused["payload"]["reason"]),
                ("round.refused", "owes 30.00 (store2 30.00)"), "the end of bob's round")
    check_refused(hand_in(home, op("charge", amount="1.00")), 4, "closed")
    company.wait_settled(60)
    check_refused(hand_in(holder, op("charge", amount="1.00")), 4, "no credit here")
    check_refused(hand_in(third, op("charge", amount="1.00")), 4, "no credit here")
    ticket(home, op("charge", "bob", amount="70.00"))  # His account stayed open.
    check_refused(hand_in(home, op("charge", "bob", amount="0.01")), 4, "only 0.00")


@story("S44: without its own subscriber a home says that it cannot decide, and goes on with it")
def closing_needs_the_replica(stage):
    company = stage.company("store1", "store2")
    home = company.stores["store1"]
    ticket(home, *registered())
    company.wait_settled(60)
    home.subscriber.stop()
    ticket(home, op("close-account"))
    wait_for("the list to say what is missing", 30,
             lambda: any("is the process running" in line for line in waiting(home)))
    home.subscriber.start()
    wait_for("the verdict", 60, lambda: waiting(home) == [])
    check_equal(kinds(home)[-1], "account.closed", "the end of the round")


@story("N3: a customer whose home moves has it at the new store alone, with limit and debt")
def home_moves(stage):
    company = stage.company("store1", "store2")
    old, new = company.stores.values()
    ticket(old, *registered())
    ticket(old, op("charge", amount="20.00"))
    company.wait_settled(60)
    ticket(old, op("move-home", to="store2"))
    wait_for("the new home to have said so", 60,
             lambda: "account.taken_over" in kinds(new) and waiting(new) == [])
    company.wait_settled(60)
    for store in (old, new):
        row = json.loads(store.filial("get", "debt", "ann", "--json", check=False).stdout)
        check_equal((row["store"], row["value"], row["limit"]), ("store2", "20.00", "100.00"),
                    f"home, debt and limit by {store.name}")
        check_equal(store.ask("conflicts", "--all"), [], f"conflicts by {store.name}")
    check_refused(hand_in(old, op("charge", amount="1.00")), 4, "moved to store2")
    ticket(new, op("charge", amount="80.00"))
    check_refused(hand_in(new, op("charge", amount="0.01")), 4, "only 0.00")


@story("N3: a store that leaves gives back what it holds, hands its customers over, and is retired")
def store_leaves(stage):
    company = stage.company("store1", "store2", "office")
    stays, leaves, office = company.stores.values()
    ticket(stays, *registered())
    ticket(stays, op("grant", to="store2", amount="60.00"))
    ticket(leaves, op("customer-add", "eve", home="store2", fields={}),
           op("limit", "eve", amount="50.00"), op("charge", "eve", amount="8.00"))
    company.wait_settled(60)
    check_refused(office.filial("retire-store", "store2", check=False), 4, "leave")
    said = leaves.filial("leave", "--to", "store1").stderr
    check("hands its customers over to store1" in said, f"what comes next: {said}")
    wait_for("the store to have handed over everything", 60,
             lambda: "store.left" in kinds(leaves, "store2") and waiting(leaves) == [])
    company.wait_settled(60)
    office.filial("retire-store", "store2")
    company.wait_settled(60)
    row = json.loads(stays.filial("get", "debt", "eve", "--json", check=False).stdout)
    check_equal((row["store"], row["value"], row["limit"]), ("store1", "8.00", "50.00"), "eve")
    ticket(stays, op("charge", amount="100.00"))  # All of ann's limit is at home again.
    ticket(stays, op("charge", "eve", amount="42.00"))
    check_refused(hand_in(stays, op("charge", "eve", amount="0.01")), 4, "only 0.00")
    check_refused(hand_in(stays, op("grant", "eve", to="store2", amount="0.00")), 4, "retired")
