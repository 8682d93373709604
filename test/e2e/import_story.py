"""What a person may do with `filial import`."""

import json
import os
import subprocess
import sys
import tarfile

from stage import (ROOT, check, check_equal, check_refused, check_truth, import_all, log_end,
                   read_log, retail, story, wait_for, write_lines)


def run(store, path, *arguments, stdin=None):
    return store.filial("import", path, "--json", *arguments, check=False, stdin=stdin)


def summary(done):
    return json.loads(done.stdout.splitlines()[-1])


@story("an import run twice doubles nothing, and a file that grew goes on where it was")
def twice_and_grown(stage):
    company = stage.company("store8")
    store = company.stores["store8"]
    operations = retail("store8", lines=300)["store8"]
    path = write_lines(stage.dir / "day.jsonl", operations[:200])
    first = run(store, path)
    check_equal((first.returncode, summary(first)["booked"]), (0, len(operations[:200])), "first")
    end = log_end(store)
    second = run(store, path)
    check_equal((second.returncode, summary(second)["booked"]), (0, 0), "second run")
    check_equal(log_end(store), end, "end of the log after the second run")

    write_lines(path, operations)
    third = run(store, path)
    check_equal(summary(third)["booked"], len(operations[200:]), "lines of the grown file")
    check_truth(stage, company, {"store8": operations})


@story("an import whose earlier line was changed is refused with the number of that line")
def changed_line(stage):
    company = stage.company("store8")
    store = company.stores["store8"]
    operations = retail("store8", lines=120)["store8"]
    path = write_lines(stage.dir / "day.jsonl", operations[:100])
    check_equal(run(store, path).returncode, 0, "exit code of the import")
    end = log_end(store)
    changed = operations[:36] + [dict(operations[36], at="2010-12-01T00:00:00Z")] + operations[37:]
    check_refused(run(store, write_lines(path, changed)), 4, "line 37 ")
    check_refused(run(store, write_lines(path, operations[:90])), 4, "90 lines")
    check_equal(log_end(store), end, "end of the log: nothing of them was booked")
    check_equal(run(store, write_lines(path, operations)).returncode, 0, "put back, it goes on")
    check_truth(stage, company, {"store8": operations})


@story("a bad line is reported with its number and reason, the others go on, and --strict stops")
def bad_lines(stage):
    company = stage.company("store1", "store2")
    for store, strict in ((company.stores["store1"], []), (company.stores["store2"], ["--strict"])):
        lines = [json.dumps({"op": "sell", "sku": f"s{n}", "qty": "1"}) for n in range(1, 9)]
        lines[2] = '{"op":"sell","sku":"s3","qty":"one"}'
        lines[4] = '{"op":"void","doc":"never-written"}'
        lines[6] = '[{"op":"sell","sku":"s7","qty":"1"},{"op":"sell","sku":"s7","qty":"1"}]'
        path = stage.dir / f"{store.name}.jsonl"
        path.write_text("\n".join(lines) + "\n")
        done = run(store, path, *strict)
        text = done.stdout + done.stderr
        check(done.returncode != 0, f"an import with a bad line does not end with 0: {text}")
        check("line 3" in text and "qty" in text, f"the bad line and why: {text}")
        stock = {json.loads(line)["key"] for line in
                 store.filial("tap", "stock", "--publisher", "--from", "1", "--count",
                              "2" if strict else "7").stdout.splitlines()}
        check_equal(stock, {"s1", "s2"} if strict else {"s1", "s2", "s4", "s6", "s7", "s8"},
                    f"what was booked, {strict}")
        check_equal("line 5" in text, not strict, f"the refused line 5 in: {text}")


@story("an import from standard input wants a name, and with it is an import like any other")
def from_standard_input(stage):
    store = stage.company("store1").stores["store1"]
    lines = '{"op":"sell","sku":"tea","qty":"1","at":"2026-03-02T10:00:00Z"}\n' * 3
    check_refused(run(store, "-", stdin=lines), 2, "--source")
    for booked in (3, 0):
        done = run(store, "-", "--source", "till", stdin=lines)
        check_equal((done.returncode, summary(done)["booked"]), (0, booked), "exit code, booked")


@story("S17: while no store hears of another, the flags are those of a fold over its own lines")
def flags_alone(stage):
    # --count N: of the first N stores of the retail data, and of all their lines; of the archive
    # that FILIAL_FULL names, where it does.
    names = [f"store{n}" for n in range(1, 13)][:stage.times(3)]
    archive = os.environ.get("FILIAL_FULL") or ROOT / "data" / "retail-first10.tar.xz"
    retail_data, edge = stage.dir / "retail", ROOT / "data" / "edge"
    (retail_data / "ops").mkdir(parents=True)
    with tarfile.open(archive) as tar:
        for name in names:
            lines = tar.extractfile(f"ops/{name}.jsonl").read().decode().splitlines(keepends=True)
            (retail_data / "ops" / f"{name}.jsonl").write_text(
                "".join(lines if stage.count else lines[:2000]))
    for data in (retail_data, edge):
        stores = sorted(path.stem for path in (data / "ops").glob("*.jsonl"))
        company = stage.company(*stores, cuttable=True)
        for store in company.stores.values():
            store.line.cut()
        done = subprocess.run([sys.executable, ROOT / "scripts" / "fold", data, "--alone"],
                              capture_output=True, text=True, check=True)
        expected = json.loads(done.stdout)
        counted = {}
        for store in company.stores.values():
            run(store, data / "ops" / f"{store.name}.jsonl")
            wait_for(f"{store.name}'s replica to hold its own log", 60,
                     lambda s=store: holds_own_log(s))
            counted.update(store.ask("status", "--flags"))
        check_equal(counted, expected, f"flags of {data.name}")
        check(any("no_room" in flags for flags in expected.values()), f"no room in {expected}")



def holds_own_log(store):
    """Whether the store's replica has read its own publisher's log to the end."""
    return any(leg["process"] == "subscriber" and leg["position"] == log_end(store)
               for leg in store.queue()["legs"] if leg["origin"] == store.name)


@story("S31: scenario 10, the 44 twin lines of one day are 44 sales, and none of them twice")
def twins(stage):
    day, twins_of, by_store = "2010-12-01", {}, {}
    with tarfile.open(ROOT / "data" / "retail-first10.tar.xz") as tar:
        for name in (f"store{number}" for number in range(1, 13)):
            rows = tar.extractfile(f"ops/{name}.jsonl").read().decode().splitlines()
            alike = {}
            for line, row in enumerate(rows, 1):
                if row.startswith(f'{{"at":"{day}'):
                    op = json.loads(row)
                    invoice = op.get("doc", "").split("#")[0]
                    alike.setdefault(json.dumps(dict(op, doc=invoice)), []).append((line, op))
            groups = [group for group in alike.values() if len(group) > 1]
            twins_of[name] = sum(len(group) - 1 for group in groups)
            if groups:
                by_store[name] = [op for _, op in sorted((place for group in groups
                                                          for place in group),
                                                         key=lambda place: place[0])]
            if name == "store2":
                check([18, 72] in [[line for line, _ in group] for group in groups],
                      "lines 18 and 72 of store2 are twins")
    check_equal(sum(twins_of.values()), 44, "twin lines of that day")
    company = stage.company(*by_store)
    for _ in range(2):
        import_all(stage, company, by_store)
    for name, operations in by_store.items():
        check_equal(log_end(company.stores[name]), len(operations) + 1, f"events of {name}")
    check_truth(stage, company, by_store)
    pair = [op for op in by_store["store2"] if op["doc"].startswith("536409#")
            and op["sku"] == "22111"]
    check_equal([op["doc"] for op in pair], ["536409#486", "536409#540"], "the twins of 22111")
    moved = [event["payload"]["delta"] for event in read_log(company.stores["store2"])
             if event["payload"].get("doc", event["payload"].get("document")) in
             [op["doc"] for op in pair]]
    check_equal(moved, ["-1", "-1"], "what the twins of 22111 took from the shelf of store2")
