"""Small files beside a store's log that are gone, or that a disk has emptied: what they said counts
all the same, or it is said that it is not known."""

import os

from hub_story import lose_disk, wait_changed
from identity_story import (check_quarantined, opened, readmit, restore, sell, start, status, stop,
                            wait_asked, wait_sold)
from stage import accept_hub, check, check_equal, story, wait_for


def well(store):
    return status(store).get("health") == "ok"


@story("N8: a store whose note of its brokers is gone trusts no broker that lost its memory, and one "
       "that is emptied is no note", seconds=180)
def brokers_are_remembered(stage):
    company = stage.company("store1", "store2")
    store = company.stores["store1"]
    sell(store, 1)
    company.wait_settled(60)
    note = store.dir / "hubs"
    before = note.read_text()

    stop(store)
    note.unlink()
    lose_disk(company)
    company.broker.start()
    start(store)
    wait_changed(store)
    check_equal(note.read_text(), before, "the note that is there again")
    for one in company.stores.values():
        wait_for(f"{one.name} to accept it", 30, lambda s=one: accept_hub(s))
    wait_for("the store to be well", 30, lambda: well(store))
    company.wait_settled(60)

    stop(store)
    after = note.read_text()
    os.truncate(note, 0)
    start(store)
    wait_for("the store to say what is wrong, and what to do", 30, lambda: all(
        words in status(store).get("health", "") for words in ("no broker is trusted", str(note),
                                                               "it is empty", "move it away")))
    sell(store, 1)
    stop(store)
    note.unlink()
    start(store)
    wait_for("the store to be well", 30, lambda: well(store))
    check_equal(note.read_text(), after, "the note that is there again")
    company.wait_settled(60)
    wait_sold(company.stores.values(), 2)


@story("N8: a store in quarantine stays in it though the note of that is gone", seconds=180)
def quarantine_is_remembered(stage):
    company = stage.company("store1", "store2")
    store = company.stores["store1"]
    sell(store, 3)
    store.filial("backup", stage.dir / "yesterday")
    sell(store, 2)
    company.wait_settled(60)
    stop(store)
    code = restore(store, stage.dir / "yesterday")
    check_quarantined(store)
    wait_asked(company, code)
    note = store.dir / "quarantine"
    for _ in range(2):
        stop(store)
        note.unlink()
        start(store)
        wait_for("the quarantine to go on", 30, note.exists)
        check_quarantined(store)
    readmit(company, store, code, 2)
    check(not note.exists(), "the quarantine is over")
    sell(store, 1)
    stop(store)
    start(store)
    wait_for("the store to be well", 30, lambda: well(store))
    check_equal([epoch for epoch, _ in opened(store)], [1, 2], "epochs")
    company.wait_settled(60)
    wait_sold(company.stores.values(), 6)
