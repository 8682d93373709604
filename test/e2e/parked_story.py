"""Kinds of events that a replica does not know, until it is upgraded, and what a person gives up."""

import json

from stage import (check, check_equal, check_refused, differences, import_all, retail, story,
                   value, wait_for)


def parked(store):
    done = store.filial("parked", "list", "--json")
    return [json.loads(line) for line in done.stdout.splitlines()]


@story("kinds that a replica does not know park their keys, and one upgrade later it is as the others",
       seconds=240)
def upgrade(stage):
    company = stage.company("store1", "store2", start=False)
    old = company.stores["store1"]
    old.configure("subscriber", hold_kinds=["debt.moved"])
    company.start()
    by_store = retail("store1", "store2", lines=1500)
    import_all(stage, company, by_store)
    company.wait_settled(90)
    check_equal(differences(stage, company, by_store, ["store2"]), 0, "differences at the other")

    # Stock goes on; debts wait, and say so.
    rows = parked(old)
    events = sum(row["events"] for row in rows)
    check({row["topic"] for row in rows} == {"debts"}, f"only debts are parked: {rows[:3]}")
    stage.say(f"{events} events of {len(rows)} keys are parked")
    key = rows[0]["key"]
    answer = old.filial("get", "debt", key, "--max-age", "1d", check=False)
    check_refused(answer, 3, "behind since", "debt.moved")
    check_refused(old.filial("parked", "retry", check=False), 1, "still parked")
    check_equal(sum(row["events"] for row in parked(old)), events, "events after a retry in vain")
    status = json.loads(old.filial("status", "--json").stdout)
    check(any("parked" in str(each.get("health", "")) for each in status["processes"]),
          f"health names them: {status['processes']}")

    # The next version knows them.
    old.subscriber.stop()
    old.configure("subscriber", hold_kinds=None)
    old.subscriber.start()
    wait_for("nothing to be parked", 90, lambda: old.answers("subscriber") and not parked(old))
    check_equal(old.filial("get", "debt", key, "--max-age", "1d").returncode, 0, "exit code")
    check_equal(differences(stage, company, by_store), 0, "differences from the truth")


@story("what is given up of a parked key is on the record, and the rest of it is applied", seconds=120)
def given_up(stage):
    company = stage.company("store1", "store2", start=False)
    store, other = company.stores["store1"], company.stores["store2"]
    store.configure("subscriber", hold_kinds=["stock.moved"])
    company.start()
    other.filial("receive", "tea", "5")
    other.filial("receive", "ham", "5")
    wait_for("both to be parked", 60, lambda: len(parked(store)) == 2)
    check_refused(store.filial("list", "stock", check=False), 3, "2 keys are parked")
    check_refused(store.filial("export", stage.dir / "out", check=False), 3, "2 keys are parked")
    check_refused(store.filial("why", "stock", "tea", check=False), 3, "1 event is parked")
    check_refused(store.filial("parked", "waive", "tea", check=False), 2, "reason")
    check_refused(store.filial("parked", "waive", "milk", "--reason", "x", check=False), 6)
    store.filial("parked", "waive", "tea", "--reason", "counted by hand")
    store.subscriber.kill()
    store.configure("subscriber", hold_kinds=None)
    store.subscriber.start()
    wait_for("ham to be applied", 60,
             lambda: store.answers("subscriber") and len(parked(store)) == 1)
    record = parked(store)[0]
    check_equal([record["key"], record["state"], record["waived_because"]],
                ["tea", "waived", "counted by hand"], "the record")
    other.filial("receive", "tea", "2")
    wait_for("later events to count", 60, lambda: value(store, "stock", "tea") == "2")
    said = store.filial("get", "stock", "tea", "--max-age", "1d").stdout
    check("counted by hand" in said, f"an answer says what was left out: {said}")
    store.filial("export", stage.dir / "out")


@story("every copy of every log is equal to its source, by digests at exact positions", seconds=180)
def digests(stage):
    company = stage.company("store1", "store2")
    by_store = retail("store1", "store2", lines=800)
    import_all(stage, company, by_store)
    company.wait_settled(90)
    content = {}
    for store in company.stores.values():
        done = store.filial("digest", "--json", check=False)
        rows = [json.loads(line) for line in done.stdout.splitlines()]
        check_equal([row for row in rows if row["state"] != "equal"], [], "rows that are not equal")
        check_equal(done.returncode, 0, "exit code")
        check_equal({(row["store"], row["topic"]) for row in rows},
                    {(name, topic) for name in company.stores
                     for topic in ("accounts", "control", "customers", "debts", "stock")},
                    "what was compared")
        for row in rows:
            check_equal(row["source"], "own publisher" if row["store"] == store.name
                        else "broker head", "source")
            content.setdefault((row["store"], row["topic"]), set()).add(row["content"])
    check_equal([name for name, seen in content.items() if len(seen) != 1], [],
                "logs whose copies come to different states")

    # A slip in a name is no equality, and nothing parked.
    store = company.stores["store1"]
    for verb in (("digest",), ("parked", "list"), ("parked", "retry")):
        check_refused(store.filial(*verb, "--at", "sotre2", check=False), 6, "sotre2", "store2")
    for verb in (("digest", "--last"), ("parked", "list")):
        check_refused(store.filial(*verb, "--topic", "prices", check=False), 6, "prices", "stock")
    check_refused(store.filial("list", "stock", "--at", "sotre2", check=False), 6, "sotre2", "store2")

    # A source that cannot be asked: no word of equality.
    company.broker.kill()
    done = store.filial("digest", "--last", "--at", "store2", "--json", check=False)
    check_equal(done.returncode, 3, f"exit code without the broker; it said {done.stdout}")
