"""N1, N3, S19 with real processes: the ledger at the counter, by the command line alone."""

import json

from stage import check, check_equal, check_refused, story, value, wait_for

AT = "2026-03-02T10:00:00Z"


def rows(store, *args):
    """The JSON rows that a verb prints; fresh or not."""
    done = store.filial(*args, "--json", check=False)
    check(done.returncode in (0, 3), f"{args}: exit {done.returncode}: {done.stdout}{done.stderr}")
    return [json.loads(line) for line in done.stdout.splitlines()]


def account(store, customer="ann"):
    return rows(store, "account", customer)[0]


def room_at(store, holder):
    """What `holder` may still charge, by `store`'s replica; None where it holds nothing."""
    for row in account(store)["holders"]:
        if row["store"] == holder:
            return row["room"]
    return None


def next_sentence(done, *words):
    """The one sentence behind what was booked; it says each of these."""
    found = [line for line in done.stderr.splitlines() if line.startswith("Next: ")]
    check_equal(len(found), 1, f"sentences about what comes next in: {done.stderr}")
    for word in words:
        check(word in found[0], f"nothing about {word!r} in: {found[0]}")
    return found[0]


def counter(stage):
    """ann is at home at store1 with a limit of 100.00."""
    company = stage.company("store1", "store2", cuttable=True)
    home, other = company.stores["store1"], company.stores["store2"]
    home.filial("customer", "add", "ann", "--home", "store1", "--at", AT)
    home.filial("limit", "ann", "100.00", "--at", AT)
    other.filial("customer", "edit", "ann", "--field", "name=Ann", "--at", AT)
    company.wait_settled(60)
    return company, home, other


@story("N3: limit, grant, charge, recall, block and close at the counter, each with what comes next")
def limit_to_close(stage):
    company, home, other = counter(stage)
    said = home.filial("grant", "ann", "60.00", "--to", "store2")
    next_sentence(said, "store2 may spend it", "waiting for store2, last heard")
    wait_for("store2 has its part", 30, lambda: room_at(home, "store2") == "60.00")
    check_equal(account(home)["reserve"], "40.00", "left at home")
    check_refused(home.filial("grant", "ann", "50.00", "--to", "store2", check=False), 4,
                  "only 40.00", "recall what others hold", "raise the limit")

    other.line.cut()
    other.filial("charge", "ann", "25.00", "--doc", "r1")  # No line is needed for it.
    check_equal(room_at(other, "store2"), "35.00", "room at the cut-off store")
    check_refused(other.filial("charge", "ann", "50.00", "--doc", "r2", check=False), 4, "35.00",
                  "cash")
    beyond = rows(other, "charge", "ann", "50.00", "--doc", "r2", "--fact")[0]
    check("no_room" in beyond["flags"], f"a fact beyond the room is flagged: {beyond}")
    said = home.filial("recall", "ann", "--from", "store2")
    next_sentence(said, "store2 hands back what it has not spent", "waiting for store2")
    said = home.filial("block-customer", "ann", "--doc", "cheque bounced")
    next_sentence(said, "until they answer they may charge him", "waiting for store2, last heard")
    check_equal(account(home)["blocked"], True, "blocked at home")
    said = home.filial("unblock-customer", "ann")
    next_sentence(said, "charged at his home again")
    said = home.filial("close-account", "ann")
    next_sentence(said, "waiting for store2, last heard", "`filial round cancel ann`")
    waiting = rows(home, "rounds")
    check_equal([(r["customer"], r["for"], [w["store"] for w in r["waits_for"]]) for r in waiting],
                [("ann", "close", ["store2"])], "the waiting list")
    check_refused(home.filial("close-account", "ann", check=False), 4, "round 1", "already")

    other.line.mend()
    wait_for("store2 has answered", 60, lambda: not account(home)["holders"])
    company.wait_settled(60)
    check_equal(value(home, "debt", "ann"), "75.00", "what she owes")
    wait_for("home has decided", 30, lambda: account(home)["standing"] == "open")
    check_equal([(n["kind"], n["reason"]) for n in account(home)["history"]][-1],
                ("round.refused", "owes 75.00 (store2 75.00)"), "the end of the round")
    home.filial("pay", "ann", "75.00", "--doc", "r3")
    home.filial("close-account", "ann")
    wait_for("home has closed it", 30, lambda: account(home)["standing"] == "closed")
    check_refused(home.filial("charge", "ann", "1.00", check=False), 4, "closed")
    company.wait_settled(60)
    for store in (home, other):
        check_equal(rows(store, "rounds"), [], f"rounds under way by {store.name}")
        why = rows(store, "why", "credit", "ann")
        kinds = {event["kind"] for event in why}
        for kind in ("limit.set", "grant.given", "grant.taken", "debt.told", "debt.applied",
                     "grant.recalled", "account.blocked", "account.unblocked", "round.opened",
                     "grant.closed", "grant.booked", "round.refused", "account.closed"):
            check(kind in kinds, f"why credit has no {kind} at {store.name}: {sorted(kinds)}")
        check(not any(event["pending"] for event in why), "all is booked at home")


@story("S19, N6: a block shows at every store, and a payment is pending until home has booked it")
def block_shows(stage):
    company, home, other = counter(stage)
    home.filial("grant", "ann", "20.00", "--to", "store2")  # So that store2 knows her home.
    wait_for("store2 has its part", 30, lambda: room_at(home, "store2") == "20.00")
    home.filial("block-customer", "ann")
    wait_for("store2 has answered", 30, lambda: not account(home)["holders"])
    wait_for("the block shows at store2", 30, lambda: account(other)["blocked"])
    shown = other.filial("get", "customer", "ann", check=False)
    check("blocked: yes" in shown.stdout, f"get customer: {shown.stdout}")
    said = other.filial("grant", "ask", "ann", "20.00")
    next_sentence(said, "store1 gives it by its policy")
    home.line.cut()
    other.filial("pay", "ann", "10.00", "--doc", "r9")
    shown = rows(other, "get", "debt", "ann")[0]
    check_equal(float(shown["pending"]), -10.0, "pending at the store where it was paid")
    pending = [e for e in rows(other, "why", "credit", "ann") if e["pending"]]
    check_equal([e["kind"] for e in pending], ["debt.moved", "debt.told"],
                "pending behind the credit")
    home.line.mend()
    company.wait_settled(60)
    wait_for("nothing is pending", 30,
             lambda: float(rows(other, "get", "debt", "ann")[0]["pending"]) == 0)


@story("N1: a request for a part is a task at home, and gone once a person granted it")
def request_task(stage):
    company, home, other = counter(stage)
    other.filial("grant", "ask", "ann", "30.00", "--home", "store1")
    company.wait_settled(60)
    wait_for("the request is home's task", 30,
             lambda: [t["kind"] for t in rows(home, "tasks")] == ["grant-request"])
    text = rows(home, "tasks")[0]["text"]
    check("`filial grant ann 30.00 --to store2`" in text, f"what to type: {text}")
    home.filial("grant", "ann", "30.00", "--to", "store2")
    wait_for("store2 has its part", 30, lambda: room_at(home, "store2") == "30.00")
    check_equal(rows(home, "tasks"), [], "tasks of home")


@story("S42: what is paid where nobody knows the customer is told to her home, by the replica")
def unknown_pays(stage):
    company = stage.company("store1", "store2", "store3")
    home, second, third = company.stores.values()
    home.filial("customer", "add", "ann", "--home", "store1", "--at", AT)
    home.filial("limit", "ann", "100.00", "--at", AT)
    home.filial("charge", "ann", "30.00", "--doc", "bill", "--at", AT)
    company.wait_settled(60)
    for store in (second, third):
        store.filial("pay", "ann", "30.00", "--doc", "bill")
    company.wait_settled(60)
    wait_for("home to know of both payments", 30, lambda: account(home)["reserve"] == "130.00")
    wait_for("the bill paid twice to be home's task", 30,
             lambda: [t["kind"] for t in rows(home, "tasks")] == ["paid-twice"])
    home.filial("charge", "ann", "30.00")
    # Closed from where she was never registered; a fact from there reopens the review.
    company.wait_settled(60)
    said = third.filial("close-account", "ann")
    next_sentence(said, "store1, the customer's home, closes the account", "waiting for store1")
    wait_for("home to have closed it", 30, lambda: account(home)["standing"] == "closed")
    company.wait_settled(60)
    check_refused(third.filial("charge", "ann", "5.00", check=False), 4, "ask home store1")
    third.filial("charge", "ann", "5.00", "--fact")
    wait_for("the review to be home's", 30,
             lambda: [r["state"] for r in rows(home, "rounds")] == ["review"])
    home.filial("close-account", "ann")
    wait_for("home to have refused it", 30, lambda: account(home)["standing"] == "open")
    check_equal(account(home)["history"][-1]["reason"], "owes 5.00 (store1 60.00, store2 -30.00, "
                "store3 -25.00)", "why it is not closed")
