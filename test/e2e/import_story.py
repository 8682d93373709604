"""What a person may do with `filial import`."""

import json

from stage import (check, check_equal, check_refused, check_truth, log_end, retail, story,
                   write_lines)


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
