"""Stores without any line, whose logs are carried in files."""

import json

from stage import (check, check_equal, check_refused, check_truth, differences, import_all, log_end,
                   retail, story, wait_for)


def without_lines(stage, *names):
    """Stores that dial nobody, each of which admits the others, so that they may have bundles."""
    company = stage.company(*names, start=False)
    stores = [company.stores[name] for name in names]
    for store in stores:
        text = store.config.read_text()
        store.config.write_text(text.split("[[hub]]")[0])
        for other in stores:
            if other is not store:
                store.filial("admit", other.name, other.key)
        store.publisher.start()
        store.subscriber.start()
    for store in stores:
        wait_for(f"{store.name} to answer", 60,
                 lambda s=store: s.answers("publisher") and s.answers("subscriber"))
    return company, stores


def write(stage, store, to, name, *arguments):
    path = stage.dir / name
    store.filial("bundle", "write", "--to", to.name, *arguments, path)
    return path


def inspect(store, path):
    return json.loads(store.filial("bundle", "inspect", "--json", path, check=False).stdout)


def read(store, path, *arguments):
    """What `bundle read` says, and its exit code."""
    done = store.filial("bundle", "read", "--json", path, *arguments, check=False)
    return done.returncode, json.loads(done.stdout)


def given(said):
    return {one["process"]: (one["state"], one["held"]) for one in said["given"]}


def as_of(store, origin):
    rows = store.ask("list", "stock", "--at", origin.name, check=False)
    rows = rows if isinstance(rows, list) else [rows]
    check(rows and rows[0]["as_of"], f"an as-of of {origin.name}: {rows[:1]}")
    return rows[0]["as_of"]


def exchange(stage, one, other):
    """Both ways, until notices make no events of their own any more."""
    for turn in range(6):
        before = (log_end(one), log_end(other))
        for writer, reader in ((one, other), (other, one)):
            path = write(stage, writer, reader, f"{writer.name}-{turn}.bundle")
            code, said = read(reader, path)
            check_equal((code, said["problems"]), (0, []), f"{path.name} at {reader.name}")
        if turn > 0 and (log_end(one), log_end(other)) == before:
            return
    check(False, "notices did not come to an end")


@story("N13: two stores exchange a day by bundles alone, with one read twice, one out of order, one "
       "torn and one for another store", seconds=240)
def day_by_bundles(stage):
    by_store = retail("warehouse", "store1", lines=600)
    company, (one, other) = without_lines(stage, "warehouse", "store1")
    parts = [{name: ops[:len(ops) * part // 3] for name, ops in by_store.items()}
             for part in (1, 2, 3)]

    # In the morning: the first bundle.
    import_all(stage, company, parts[0])
    first = write(stage, one, other, "first.bundle")
    code, said = read(other, first)
    check_equal((code, said["problems"]), (0, []), "the first bundle")
    morning = said["logs"][0]["upto"]
    check_equal(given(said), {"publisher": ("taken", morning), "subscriber": ("taken", morning)},
                "who took it")
    # Twice: nothing comes twice.
    code, said = read(other, first)
    check_equal((code, said["problems"]), (0, []), "the first bundle again")
    check_equal(given(said), {"publisher": ("known", morning), "subscriber": ("known", morning)},
                "what is said of it")

    # At noon a second bundle, in the evening a third, which comes first.
    import_all(stage, company, parts[1])
    second = write(stage, one, other, "second.bundle", "--after", morning)
    noon = inspect(one, second)["logs"][0]["upto"]
    import_all(stage, company, parts[2])
    third = write(stage, one, other, "third.bundle", "--after", noon)
    evening = inspect(one, third)["logs"][0]["upto"]
    check(morning < noon < evening, f"three bundles: {morning}, {noon}, {evening}")
    done = other.filial("bundle", "read", third, check=False)
    check_refused(done, 1, f"bundle 3 begins above {noon:,}", f"is {morning:,}",
                  "earlier one first", f"--after {morning}")
    code, said = read(other, third)
    check_equal(given(said), {"publisher": ("gap", morning), "subscriber": ("gap", morning)},
                "nothing of it is taken")

    # The second one, torn: within its header, in the middle of a block, and just before its end.
    def torn(name, size):
        path = stage.dir / name
        path.write_bytes(second.read_bytes()[:size])
        return path
    stump = torn("stump.bundle", 40)
    check_refused(other.filial("bundle", "read", stump, check=False), 1, "nothing of it is whole")
    size = second.stat().st_size
    middle, near = torn("middle.bundle", size // 2), torn("near.bundle", size - 20)
    check_refused(one.filial("bundle", "inspect", middle, check=False), 1, "cut off at byte",
                  f"nothing above {morning:,} (it should go to {noon:,})")
    done = other.filial("bundle", "read", middle, check=False)
    check_refused(done, 1, "middle.bundle is not whole", "cut off at byte", "copy it again")
    check_equal({held for _, held in given(read(other, middle)[1]).values()}, {morning},
                "nothing of it is taken")
    code, said = read(other, near)
    check_equal((code, said["whole"], len(said["problems"])), (1, False, 1), "what is said of it")
    check_equal({held for _, held in given(said).values()}, {noon}, "what is whole is taken")

    # One for another store, and one for somebody whom nobody knows.
    wrong = write(stage, other, one, "wrong.bundle")
    done = other.filial("bundle", "read", wrong, check=False)
    check_refused(done, 4, "is for warehouse", "this is store1", "nothing of it was taken")
    done = other.filial("bundle", "write", "--to", "store99", stage.dir / "x", check=False)
    check_refused(done, 7, "store99", "filial admit")
    check(not (stage.dir / "x").exists(), "nothing was written for it")

    # Whole, then in any order: everything is there once.
    for path in (second, third, first, second):
        code, said = read(other, path)
        check_equal((code, said["problems"]), (0, []), f"{path.name}")
    exchange(stage, one, other)
    check_equal(differences(stage, company, by_store), 0, "differences from the truth")

    # What is acknowledged is not written again, and a bundle without events still brings its mark.
    def acknowledged():
        back = write(stage, other, one, "back.bundle")
        held = {held["store"]: held["upto"] for held in inspect(other, back)["holds"]}
        return held.get(one.name) == log_end(one)
    wait_for("the other store to say what it holds", 30, acknowledged)
    check_equal(read(one, stage.dir / "back.bundle")[0], 0, "the acknowledgement")
    quiet = write(stage, one, other, "quiet.bundle")
    log = inspect(one, quiet)["logs"][0]
    check_equal((log["after"], log["events"]), (log_end(one), 0), "where the next one begins")
    before = as_of(other, one)
    check_equal(read(other, quiet)[0], 0, "the quiet bundle")
    check(as_of(other, one) >= before, "its mark is no older one")


@story("N13: a store without a line trades through head office by bundles, and over the line when it "
       "has one", seconds=240)
def bundles_through_head(stage):
    names = ("warehouse", "store7")
    by_store = retail(*names, lines=600)
    company = stage.company(start=False)
    # What a line would bring first is no matter for a bundle: all of it is there.
    off = company.add_store("warehouse", cuttable=True, settings={"sync": {"first": ["stock"]}})
    on = company.add_store("store7")
    off.line.cut()
    company.start()
    head = company.head / "filial.toml"

    def at_head(*arguments):
        return json.loads(company.filial("bundle", *arguments, "--json", config=head).stdout)

    import_all(stage, company, {name: ops[:len(ops) // 2] for name, ops in by_store.items()})
    up = stage.dir / "up.bundle"
    off.filial("bundle", "write", "--to", "head", up)
    check_refused(on.filial("bundle", "read", up, check=False), 4, "is for head", "--anyway")
    code, said = read(on, up, "--anyway")
    check_equal((code, {state for state, _ in given(said).values()}), (0, {"taken"}), "anyway")
    said = at_head("read", up)
    check_equal(given(said), {"broker": ("taken", log_end(off))}, "what the broker took")
    check_equal(given(at_head("read", up)), {"broker": ("known", log_end(off))}, "the second time")
    wait_for("the broker to have the other store's log", 60, lambda: any(
        leg["origin"] == "store7" and leg["position"] == log_end(on)
        for leg in company.head_queue()["legs"] if leg["direction"] == "in"))
    down = stage.dir / "down.bundle"
    said = at_head("write", "--to", "warehouse", down)
    check_equal([(log["store"], log["after"], log["upto"]) for log in said["logs"]],
                [("store7", 0, log_end(on))], "what it gets: not its own log")
    check_equal([(held["store"], held["upto"]) for held in said["holds"]
                 if held["store"] == "warehouse"], [("warehouse", log_end(off))], "acknowledged")
    check_equal(read(off, down)[0], 0, "at the store")
    again = inspect(off, write_to_head(stage, off))
    check_equal(again["logs"][0]["events"], log_end(off) - again["logs"][0]["after"], "the rest")
    check(again["logs"][0]["after"] > 0, f"what head office has is not written again: {again}")

    # The line comes, and goes on where the bundles ended.
    off.line.mend()
    import_all(stage, company, by_store)
    check_truth(stage, company, by_store)
    said = at_head("write", "--to", "store7", stage.dir / "none.bundle")
    log = next(log for log in said["logs"] if log["store"] == "warehouse")
    check_equal((log["after"], log["events"]), (log_end(off), 0), "what came over the line")


def write_to_head(stage, store):
    path = stage.dir / "again.bundle"
    store.filial("bundle", "write", "--to", "head", path)
    return path
