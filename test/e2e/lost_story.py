"""A store's publisher loses its folder: nobody takes a second log for the first one."""

import shutil

from stage import check, check_equal, check_refused, free_port, get, story, value, wait_for


def health_of(store, process):
    for one in store.ask("status")["processes"]:
        if one["process"] == process:
            return one["health"]
    return ""


@story("a store whose log is lost begins no second one unseen: no replica takes it for the first")
def lost_publisher_folder(stage):
    company = stage.company("store1", "store2", start=False)
    first, second = company.stores["store1"], company.stores["store2"]
    port = free_port()
    first.configure("publisher", listen=f"tcp://127.0.0.1:{port}", mark_every="200ms")
    first.filial("admit", "store2", second.key)
    second.connect_to("peer", "store1", f"tcp://127.0.0.1:{port}", first.key)
    company.start()
    for _ in range(7):
        first.filial("sell", "tea", "1")
    for store in (first, second):
        wait_for(f"{store.name} to have the sales", 20,
                 lambda s=store: value(s, "stock", "tea", "--at", "store1") == "-7")
    company.wait_settled(30)  # The broker holds the first log, too, and so knows a second one.
    held = health_of(second, "subscriber")
    check_equal(held, "ok", "health of a replica that knows one log")

    folder, kept = first.dir / "publisher", stage.dir / "kept"
    first.publisher.kill()
    shutil.copytree(folder, kept)
    shutil.rmtree(folder)
    first.publisher.start()
    wait_for("the publisher to refuse", 20, lambda: not first.publisher.running())
    for words in ("store1", "put the folder back", "another name"):
        check(words in first.publisher.tail(), f"{words!r} in: {first.publisher.tail()}")

    # Where not even the replica's note is left, a second log begins. It is taken by nobody.
    shutil.rmtree(folder, ignore_errors=True)
    (first.dir / "subscriber" / "own-log").unlink()
    first.publisher.start()
    wait_for("the publisher to answer", 20, lambda: first.answers("publisher"))
    for _ in range(12):
        first.filial("sell", "tea", "1")
    for store in (first, second):
        wait_for(f"{store.name} to say that there are two logs", 20,
                 lambda s=store: "two logs" in health_of(s, "subscriber"))
        row = get(store, "stock", "tea", "--at", "store1")
        check_equal(row["value"], "-7", f"stock at {store.name}")
        check(row["verdict"] != "fresh", f"{store.name} calls it {row['verdict']}")
        check("put it back" in row["fields"]["forked"], f"what to do, in: {row['fields']}")
        check_refused(store.filial("get", "stock", "tea", "--at", "store1", check=False), 3,
                      "second log")
    check("second machine" in health_of_broker(company), "the broker says so too")

    # With the folder back all go on where they were.
    first.publisher.stop()
    shutil.rmtree(folder)
    shutil.copytree(kept, folder)
    first.publisher.start()
    wait_for("the publisher to answer", 20, lambda: first.answers("publisher"))
    first.filial("sell", "tea", "1")
    for store in (first, second):
        wait_for(f"{store.name} to go on", 30,
                 lambda s=store: get(s, "stock", "tea", "--at", "store1")["verdict"] == "fresh" and
                 value(s, "stock", "tea", "--at", "store1") == "-8")
        check_equal(health_of(store, "subscriber"), "ok", f"health at {store.name}")


def health_of_broker(company):
    done = company.filial("status", "--json", config=company.head / "filial.toml", check=False)
    return done.stdout
