"""Files that a disk has damaged: what is lost is said by position, and comes back from whoever has
it. What nobody has is given up by an operator alone, on the record."""

import collections
import json
import os
import shutil

from machine_story import fill, small_disk
from stage import (accept_hub, check, check_equal, check_refused, count_amiss, get, log_end, read_log, story,
                   value, wait_for)

SALES = 12


def database_files(folder, ending):
    """Of a database in `folder`, the largest one first."""
    files = [path for path in folder.glob(f"*{ending}") if path.stat().st_size > 0]
    return sorted(files, key=lambda path: path.stat().st_size, reverse=True)


def flip(path, at):
    """Changes one bit; `at`: where in the file, 0 to 1."""
    with open(path, "r+b") as file:
        file.seek(int(path.stat().st_size * at))
        byte = file.read(1)
        file.seek(-1, os.SEEK_CUR)
        file.write(bytes([byte[0] ^ 4]))


def flip_log(folder):
    flip(database_files(folder, ".log")[0], 0.3)


def cut_log(folder):
    path = database_files(folder, ".log")[0]
    os.truncate(path, path.stat().st_size // 2)


def delete_logs(folder):
    for path in database_files(folder, ".log"):
        path.unlink()


def sell(store, times=SALES):
    for _ in range(times):
        store.filial("sell", "tea", "1")


def health(store, process="publisher"):
    for one in store.ask("status", check=False).get("processes", []):
        if one["process"] == process:
            return one["health"]
    return ""


def doctor(store, *arguments, process="publisher", **options):
    """What it says of one program, and its exit code."""
    done = store.filial("doctor", "--json", *arguments, check=False, **options)
    for place in json.loads(done.stdout).get("places", []):
        if place["process"] == process:
            return place, done.returncode
    return None, done.returncode


def repaired_from_broker(stage, damage):
    """A store's log with this damage is whole again, and nothing was booked meanwhile."""
    company = stage.company("store1", "store2")
    store = company.stores["store1"]
    sell(store)
    company.wait_settled(60)
    end, before = log_end(store), read_log(store)
    company.broker.kill()
    store.publisher.kill()
    # Its own replica has the log as well, and own_replica_story is about that.
    store.subscriber.kill()
    damage(store.dir / "publisher" / "db")

    place, code = doctor(store)
    check_equal((place["state"], code), ("damaged", 1), f"what the doctor says: {place}")
    check(any(each["last"] == end for each in place["damages"]), f"up to {end}: {place}")
    store.publisher.start()
    wait_for("the publisher to say what is missing", 30,
             lambda: f" to {end} are missing" in health(store) and "has not answered" in health(store))
    check_refused(store.filial("sell", "tea", "1", "--wait", "1", check=False), 1, "missing",
                  f"to {end}")
    place, code = doctor(store)
    check_equal((place["state"], code), ("repairing", 1), f"what the doctor says: {place}")
    check(store.publisher.running(), store.publisher.tail())

    company.broker.start()
    wait_for("the log to be whole", 60, lambda: health(store) == "ok")
    check_equal(read_log(store), before, "events of the repaired log")
    store.subscriber.start()
    sell(store, 3)
    company.wait_settled(60)
    for name in ("store1", "store2"):
        check_equal(value(company.stores[name], "stock", "tea", "--at", "store1"),
                    str(-SALES - 3), f"stock at {name}")
        check_equal(get(company.stores[name], "stock", "tea", "--at", "store1")["verdict"], "fresh",
                    f"verdict at {name}")
    place, code = doctor(store)
    check_equal((place["state"], code), ("whole", 0), f"what the doctor says: {place}")
    check(any("damaged-1" in each["folder"] for each in place["aside"]), f"put aside: {place}")


@story("N8: a flipped bit in the log of writes: said by position, repaired from the broker")
def flipped_log(stage):
    repaired_from_broker(stage, flip_log)


@story("N8: a cut log of writes: said by position, repaired from the broker")
def cut_write_log(stage):
    repaired_from_broker(stage, cut_log)


@story("N8: a deleted log of writes: said by position, repaired from the broker")
def deleted_log(stage):
    repaired_from_broker(stage, delete_logs)


@story("N8: a damaged log on a full disk: said, waited for, and repaired once there is room",
       mounts=True)
def damaged_on_a_full_disk(stage):
    company = stage.company("store1", start=False)
    store = company.stores["store1"]
    small_disk(stage, store.dir, 160)
    company.start()
    sell(store)
    company.wait_settled(60)
    before = read_log(store)
    store.publisher.kill()
    delete_logs(store.dir / "publisher" / "db")
    filler = fill(store.dir, 10 << 20)
    store.publisher.start()
    wait_for("the publisher to say that there is no room", 30,
             lambda: "free" in health(store) or "space" in health(store))
    check(store.publisher.running(), store.publisher.tail())
    filler.unlink()
    wait_for("the log to be whole", 60, lambda: health(store) == "ok")
    check_equal(read_log(store), before, "events of the repaired log")
    sell(store, 1)


@story("N8: with no peer left a damaged log takes nothing until its loss is accepted, on the record")
def accepted_loss(stage):
    company = stage.company("store1", "store2")
    store, other = company.stores["store1"], company.stores["store2"]
    sell(store)
    company.wait_settled(60)
    end = log_end(store)
    check_refused(store.filial("doctor", "--accept-loss", "--reason", "none", check=False), 4, "nothing is missing")

    # The broker's disk is gone too, and this store's replica.
    company.broker.kill()
    store.publisher.kill()
    store.subscriber.kill()
    shutil.rmtree(company.head / "broker")
    shutil.rmtree(store.dir / "subscriber")
    cut_log(store.dir / "publisher" / "db")
    company.broker.start()
    store.subscriber.start()
    store.publisher.start()
    wait_for("the publisher to ask for a decision", 30, lambda: "--accept-loss" in health(store))
    kept = log_end(store)
    check(kept < end, f"{kept} of {end} events are left")
    for _ in range(2):
        check_refused(store.filial("sell", "tea", "1", "--wait", "1", check=False), 1,
                      f"to {end} are missing", "--accept-loss")
        store.publisher.stop()
        store.publisher.start()
        wait_for("the publisher to ask again", 30, lambda: "--accept-loss" in health(store))

    place, code = doctor(store, "--accept-loss", "--reason", "both disks died")
    check_equal((place["state"], code), ("repaired", 0), f"what the doctor says: {place}")
    for one in (store, other):
        wait_for(f"{one.name} to ask whether the broker is the company's", 30,
                 lambda s=one: accept_hub(s))
    check_equal(health(store), "ok", "health of the publisher")
    sell(store, 3)
    company.wait_settled(60)
    record = [event for event in read_log(store) if event["kind"] == "log.opened"][-1]
    check_equal((record["epoch"], record["seq"]), (2, kept + 1), "the new epoch's first event")
    check_equal((record["payload"]["lost_upto"], record["payload"]["reason"]),
                (end, "both disks died"), "what it says")
    kept_sales = sum(event["kind"] == "stock.moved" for event in read_log(store))
    for one in (store, other):
        wait_for(f"{one.name} to have the new epoch", 30,
                 lambda s=one: value(s, "stock", "tea", "--at", "store1") == str(-kept_sales))


@story("N8: damage in a table that nobody reads is found by doctor, and repaired")
def damaged_table(stage):
    company = stage.company("store1")
    store = company.stores["store1"]
    sell(store)
    company.wait_settled(60)
    store.publisher.stop()
    store.publisher.start()
    wait_for("the publisher to answer", 30, lambda: health(store) == "ok")
    before = read_log(store)
    for table in database_files(store.dir / "publisher" / "db", ".sst")[:2]:
        flip(table, 0.1)
    store.publisher.stop()
    place, code = doctor(store)
    check_equal((place["state"], code), ("damaged", 1), f"what the doctor says: {place}")
    place, code = doctor(store, "--repair")
    check("filial-publisher" in place["todo"], f"what to do: {place}")
    store.publisher.start()
    wait_for("the log to be whole", 60, lambda: health(store) == "ok")
    check_equal(read_log(store)[:len(before)], before, "events of the repaired log")
    sell(store, 1)
    place, code = doctor(store)
    check_equal((place["state"], code), ("whole", 0), f"what the doctor says: {place}")


@story("N8: a damaged replica is put aside and loaded again, and says so")
def damaged_replica(stage):
    company = stage.company("store1", "store2")
    store = company.stores["store1"]
    sell(store)
    sell(company.stores["store2"])
    company.wait_settled(60)
    store.subscriber.kill()
    manifest = next((store.dir / "subscriber").glob("MANIFEST-*"))
    flip(manifest, 0.5)
    place, code = doctor(store, process="subscriber")
    check_equal((place["state"], code), ("damaged", 1), f"what the doctor says: {place}")
    store.subscriber.start()
    wait_for("the replica to be loaded again", 60, lambda: all(
        value(store, "stock", "tea", "--at", name) == str(-SALES) for name in company.stores))
    check("every log is loaded again" in store.subscriber.tail(100), store.subscriber.tail())
    place, code = doctor(store, process="subscriber")
    check_equal((place["state"], code), ("whole", 0), f"what the doctor says: {place}")
    check(place["aside"], f"what was put aside: {place}")


@story("N8: a broker whose log is damaged takes what is missing from the stores again")
def damaged_broker(stage):
    company = stage.company("store1", "store2")
    for store in company.stores.values():
        sell(store)
    company.wait_settled(60)
    ends = {name: log_end(store) for name, store in company.stores.items()}
    company.broker.stop()
    company.broker.start()
    company.wait_settled(60)
    company.broker.kill()
    for table in database_files(company.head / "broker" / "db", ".sst"):
        flip(table, 0.1)
    company.broker.start()
    for store in company.stores.values():
        sell(store, 2)
    company.wait_settled(90)
    done = company.filial("doctor", "--json", config=company.head / "filial.toml")
    check_equal(json.loads(done.stdout)["whole"], True, f"what the doctor says: {done.stdout}")
    for name, store in company.stores.items():
        check_equal(len(read_log(store, publisher=False)), ends[name] + 2, f"log of {name}")
        for other in company.stores.values():
            check_equal(value(other, "stock", "tea", "--at", name), str(-SALES - 2),
                        f"stock of {name} at {other.name}")


def any_file(stage, folder):
    """A file of a database, each class as likely as any other, and its class."""
    classes = {}
    for path in folder.rglob("*"):
        inside = path.relative_to(folder).parts
        known = not inside[0].startswith(("damaged-", "repair", "salvage")) and \
            path.name not in ("LOCK", "lock", "own-log")
        if known and path.is_file() and path.stat().st_size > 0:
            classes.setdefault(path.suffix or path.name.split("-")[0], []).append(path)
    kind = stage.random.choice(sorted(classes))
    return stage.random.choice(classes[kind]), kind


def damage_any(stage, folder):
    """Flips a bit of a file, cuts it, or takes it away; gives what was done, for people, and what is
    counted."""
    path, kind = any_file(stage, folder)
    how = stage.random.choice(("flipped", "flipped", "flipped", "cut", "gone"))
    if how == "flipped":
        flip(path, stage.random.uniform(0, 0.999))
    elif how == "cut":
        os.truncate(path, stage.random.randrange(path.stat().st_size))
    else:
        path.unlink()
    return f"{folder.name}/{path.name} {how}", f"{kind} {how}"


def drop_aside(folder):
    """What was put aside has shown what it can."""
    for path in folder.glob("damaged-*"):
        if path.is_dir():
            shutil.rmtree(path)


def look_through(company):
    """Everything that is kept anywhere is read, and repaired where it is damaged."""
    folders = [company.head, *(store.dir for store in company.stores.values())]
    for folder in folders:
        done = company.filial("doctor", "--repair", "--json", config=folder / "filial.toml",
                              check=False)
        check_equal(done.returncode, 0, f"doctor in {folder.name} says {done.stdout} {done.stderr}")


def well(store):
    """A broker whose memory was damaged is accepted by a person, as one that lost it."""
    return health(store) == "ok" or (accept_hub(store) and False)


@story("N8: whatever file of any program is flipped, cut or gone: every replica equals the truth",
       seconds=300)
def flips(stage):
    names = ("store1", "store2", "store3")
    company = stage.company(*names, settings={"publisher": {"mark_every": "200ms"}})
    sold = dict.fromkeys(names, 0)
    left, done = stage.times(50), 0
    counted = collections.Counter()
    while left > 0:
        for name in names:
            sell(company.stores[name], 2)
            sold[name] += 2
        company.wait_settled(90, quiet=0.3)
        # Of each log one copy stays: that of its store, or the broker's. What nobody has read yet
        # is looked for between two damages, as every program does on its schedule.
        stores = list(company.stores.values())
        look_through(company)
        victims = [(store.publisher, store.dir / "publisher") for store in stores] + \
                  [(store.subscriber, store.dir / "subscriber") for store in stores]
        if stage.random.random() < 0.25:
            victims = [(company.broker, company.head / "broker")]
        victims = victims[:left]
        what = []
        for program, folder in victims:
            if stage.random.random() < 0.5:
                program.kill()
            else:
                program.stop()
            told, kind = damage_any(stage, folder)
            what.append(told)
            counted[kind] += 1
            program.start()
        left, done = left - len(victims), done + len(victims)
        stage.say(", ".join(what))
        for store in stores:
            wait_for(f"{store.name} to be well", 60, lambda s=store: well(s))
        for at in stores:
            for name in names:
                wait_for(f"the sales of {name} at {at.name}", 60, lambda a=at, n=name: value(
                    a, "stock", "tea", "--at", n) == str(-sold[n]))
        for _, folder in victims:
            drop_aside(folder)
    company.wait_settled(90, quiet=0.3)
    count_amiss(stage, company)
    stage.counts(done, "files flipped, cut or gone")
    for kind in sorted(counted):
        stage.counts(counted[kind], f"of {kind}")
    stage.say(f"{done} flips, cuts and losses; 0 differences")
