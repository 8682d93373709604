"""What was given up of a log stays told: by the doctor at once, and by status and doctor later."""

import shutil

import identity_story
from damage_story import cut_log, doctor, health, sell
from stage import check, check_equal, check_refused, log_end, story, wait_for


def epochs(store):
    for one in store.ask("status")["processes"]:
        if one["process"] == "publisher":
            return one.get("epochs", [])
    return []


@story("N8: what was given up of a log, by whom and why, is told by doctor and status from then on")
def loss_is_told(stage):
    company = stage.company("store1")
    store = company.stores["store1"]
    sell(store)
    company.wait_settled(60)
    end = log_end(store)
    check_equal(epochs(store), [], "epochs of a log that never lost anything")
    check_refused(store.filial("doctor", "--accept-loss", check=False), 2, "doctor:", "--reason")
    check_refused(store.filial("doctor", "--accept-loss", "--reason", "", check=False), 2, "doctor:")

    company.broker.kill()
    store.publisher.kill()
    store.subscriber.kill()
    for lost in (company.head / "broker", store.dir / "subscriber"):
        shutil.rmtree(lost)
    cut_log(store.dir / "publisher" / "db")
    # Decided while nothing runs: it is not on the record yet, and that is said.
    place, code = doctor(store, "--accept-loss", "--reason", "both disks died", "--wait", "1")
    check_equal((place["state"], code), ("damaged", 1), f"before the publisher runs: {place}")
    check("both disks died by " in place["accepted"], f"what is decided: {place}")
    company.broker.start()
    store.subscriber.start()
    store.publisher.start()
    wait_for("the log to go on", 60, lambda: "repaired" not in health(store) and epochs(store))

    told = epochs(store)[0]
    kept = told["continues_from"]
    check(kept < end, f"{kept} of {end} events are left")
    check_equal((told["epoch"], told["first"], told["lost_upto"], told["reason"]),
                (2, kept + 1, end, "both disks died"), "what status says of the epoch")
    check(told["who"] and told["at"], f"who and when: {told}")
    which = f"events {kept + 1} to {end}" if kept + 1 < end else f"event {end}"
    words = f"{which} given up by {told['who']}: both disks died"
    for verb in ("status", "doctor"):
        check(words in store.filial(verb, check=False).stdout, f"{verb} says: {words}")
    place, code = doctor(store)
    check_equal((place["state"], code, place["epochs"], place["accepted"]),
                ("whole", 0, [told], None), f"what the doctor says: {place}")
    check(any(words in each["why"] for each in place["aside"]), f"what stands aside: {place}")
    store.publisher.stop()
    place, _ = doctor(store)
    check_equal(place["epochs"], [told], "the same while nothing runs")


@story("N8: what was given up at a store while its broker was away, and the broker has, is not lost: the "
       "store asks head office, has it again, and keeps what it sold meanwhile", seconds=180)
def loss_that_is_none(stage):
    company = stage.company("store1", "store2")
    store, other = company.stores["store1"], company.stores["store2"]
    identity_story.sell(store, 6)
    company.wait_settled(60)
    end = log_end(store)

    company.broker.stop()
    store.publisher.kill()
    store.subscriber.kill()
    shutil.rmtree(store.dir / "subscriber")
    cut_log(store.dir / "publisher" / "db")
    store.publisher.start()
    store.subscriber.start()
    doctor(store, "--accept-loss", "--reason", "the line is down for a week", "--wait", "1")
    wait_for("the log to go on", 60, lambda: epochs(store))
    kept = epochs(store)[0]["continues_from"]
    check(kept < end, f"{kept} of {end} events are left")
    identity_story.sell(store, 2)

    company.broker.start()
    wait_for("the store to ask head office", 60, lambda: "in quarantine" in health(store))
    code = identity_story.attempts(company)[0].split("incarnation ")[1][:8]
    identity_story.wait_asked(company, code)
    identity_story.readmit(company, store, code, 3)
    # The events that were given up are there, and those of the epoch between are beside them.
    check_equal(identity_story.opened(store), [(1, 0), (3, end)], "epochs and where they go on from")
    aside = next(store.dir.glob("publisher.aside-*"))
    store.filial("orphans", aside, "--reissue")
    company.wait_settled(60)
    identity_story.wait_sold((store, other), 8)
