"""The broker's disk is the one that died: it is rebuilt from the stores, which sell meanwhile, and
what only the old one could know is not taken from it before a person has accepted it."""

import json
import shutil

from identity_story import (head, op, opened, readmit, restore, sell, start, status, stop,
                            wait_asked, wait_sold)
from stage import (accept_hub, check, check_equal, check_refused, read_log, story, ticket, value,
                   wait_for)


def lose_disk(company):
    company.broker.kill()
    shutil.rmtree(company.head / "broker")


def wait_changed(*stores):
    for store in stores:
        wait_for(f"{store.name} to say that the hub changed", 30,
                 lambda s=store: "hub changed: head" in status(s).get("health", ""))


def charges(store, amount):
    """Whether the store's room is as much."""
    done = store.filial("ticket", "-", "--json", stdin=json.dumps([op("charge", amount=amount)]),
                        check=False)
    return done.returncode == 0


def taken(store):
    return sum(event["kind"] == "grant.taken" for event in read_log(store))


@story("N8: a broker that lost its disk is rebuilt while stores sell, and its notices count once it "
       "is accepted", seconds=180)
def hub_lost_its_disk(stage):
    company = stage.company("store1", "store2")
    store, home = company.stores["store1"], company.stores["store2"]
    ticket(home, op("customer-add", home="store2", fields={}), op("limit", amount="100.00"))
    ticket(home, op("grant", to="store1", amount="60.00"))
    company.wait_settled(60)
    check(charges(store, "10.00"), "within the first grant")
    company.wait_settled(60)
    lose_disk(company)
    sell(store, 2)
    company.broker.start()
    wait_changed(store, home)

    # It has every log again, and so has everybody else what was sold meanwhile.
    sell(store, 1)
    ticket(home, op("grant", to="store1", amount="5.00"))
    company.wait_settled(60)
    wait_sold((store, home), 3)
    check_equal(value(home, "debt", "ann"), "10.00", "what ann owes")
    # The old grant may be spent, the new notice is not taken.
    check_equal(taken(store), 1, "grants taken from a broker without its memory")
    check(not charges(store, "51.00"), "beyond the first grant")
    check(charges(store, "1.00"), "of the first grant")

    check_refused(store.filial("accept-hub", "head", "00000000", "--reason", "a new disk",
                               check=False), 6, "no broker head has greeted")
    check_refused(store.filial("accept-hub", "head", "00000000", check=False), 2, "--reason")
    company.broker.stop()
    company.broker.start()  # The same life: it has not to be accepted twice.
    wait_changed(store)
    for one in (store, home):
        check(accept_hub(one), f"{one.name} asks for a person")
        wait_for(f"{one.name} to be well", 30, lambda s=one: status(s).get("health") == "ok")
    wait_for("the new grant", 30, lambda: taken(store) == 2)
    check(charges(store, "54.00"), "with the second grant")
    for program in (store.publisher, company.broker):
        program.stop()
        program.start()
    company.wait_settled(60)
    check_equal(status(store)["health"], "ok", "health after both began anew")
    record = json.loads(store.filial("accept-hub", "--json").stdout)["hubs"]
    check_equal([("over" in one, "a new disk" in one) for one in record],
                [(True, False), (False, True)], f"of {record}")


@story("N8: a broker that lost its disk readmits nobody before the other stores were heard",
       seconds=180)
def hub_forgets_nobody(stage):
    company = stage.company("store1", "store2")
    store, other = company.stores["store1"], company.stores["store2"]
    sell(store, 3)
    company.wait_settled(60)
    store.filial("backup", stage.dir / "backup")
    stop(store)
    readmit(company, store, restore(store, stage.dir / "backup"), 2)
    sell(store, 1)
    company.wait_settled(60)
    wait_sold((other,), 4)

    # Both disks at once, and the one store that knows better is silent.
    stop(store)
    stop(other)
    lose_disk(company)
    for folder in ("publisher", "subscriber"):
        shutil.rmtree(store.dir / folder)
    code = json.loads(store.filial("replace-store", "--json").stdout)["readmit"].split()[-1]
    company.broker.start()
    start(store)
    wait_changed(store)
    wait_asked(company, code)
    refused = head(company, "readmit", "store1", code, check=False)
    check_refused(refused, 4, "not heard here yet: store2", "--anyway")
    start(other)
    wait_for("head office to be told what store2 has", 30, lambda: "up to store1/2/" in head(
        company, "readmit", "store1", code, check=False).stderr)
    check_refused(head(company, "readmit", "store1", code, check=False), 4, "on no disk")
    head(company, "readmit", "store1", code, "--anyway", "both disks burned")

    # Granted, but by a broker that is not accepted here.
    wait_for("the broker to have answered", 30,
             lambda: any(code in one and "as epoch 3" in one for one in json.loads(
                 head(company, "readmit", "--json").stdout)["attempts"]))
    check("in quarantine" in status(store)["health"], f"health: {status(store)['health']}")
    for one in (store, other):
        wait_changed(one)
        check(accept_hub(one), f"{one.name} asks for a person")
    wait_for("the store to go on in epoch 3", 30, lambda: status(store).get("epoch") == 3)
    check_equal(opened(store), [(3, 0)], "epochs: none that anybody knew")
    sell(store, 1)
    company.wait_settled(60)
    wait_sold((store, other), 1)
