"""A damaged log whose broker has lost its disk, too: this store's own replica still has the events."""

import shutil

from damage_story import SALES, cut_log, delete_logs, doctor, health, sell
from stage import accept_hub, check, check_equal, check_refused, read_log, story, value, wait_for


def whole_again(store):
    wait_for("the log to be whole", 60,
             lambda: (said := health(store)) != "" and "being repaired" not in said)


def damaged_without_a_broker(stage, damage):
    """A store with some sales, all lines quiet; then its log has this damage, and the broker nothing."""
    company = stage.company("store1", "store2")
    store = company.stores["store1"]
    store.filial("customer", "add", "zebra", "--home", "store1")
    store.filial("pay", "zebra", "12.34")
    sell(store)
    company.wait_settled(60)
    before = read_log(store)
    company.broker.kill()
    store.publisher.kill()
    shutil.rmtree(company.head / "broker")
    damage(store.dir / "publisher" / "db")
    company.broker.start()
    return company, store, before


@story("N8: what no broker has any more comes back from this store's own replica, and nothing is given up")
def back_from_own_replica(stage):
    for damage in (delete_logs, cut_log):
        company, store, before = damaged_without_a_broker(stage, damage)
        store.publisher.start()
        whole_again(store)
        check_equal(read_log(store), before, "events of the repaired log")
        for one in company.stores.values():
            wait_for(f"{one.name} to ask whether the broker is the company's", 30,
                     lambda s=one: accept_hub(s))
        sell(store, 3)
        company.wait_settled(60)
        for one in company.stores.values():
            wait_for(f"{one.name} to have all sales", 30,
                     lambda s=one: value(s, "stock", "tea", "--at", "store1") == str(-SALES - 3))
        place, code = doctor(store)
        check_equal((place["state"], code), ("whole", 0), f"what the doctor says: {place}")
        company.stop()


@story("N8: a replica that does not run is waited for, then named, before anything may be given up")
def own_replica_stopped(stage):
    company, store, before = damaged_without_a_broker(stage, delete_logs)
    store.subscriber.stop()
    store.publisher.start()
    wait_for("the publisher to ask for a decision", 60, lambda: "--accept-loss" in health(store))
    check("own replica has not answered" in health(store), health(store))
    check("start this store's subscriber" in health(store), health(store))
    check_refused(store.filial("sell", "tea", "1", "--wait", "1", check=False), 1, "missing")
    store.subscriber.start()
    whole_again(store)
    check_equal(read_log(store), before, "events of the repaired log")
