"""What people settle: conflicts of customers, differences of transfers, closed days, and why."""

from stage import check, check_equal, story


def rows(store, *arguments):
    answer = store.ask(*arguments)
    return answer if isinstance(answer, list) else [answer]


@story("N11: one field edited at two cut-off stores is one conflict with one winner, settled once")
def conflict_settled(stage):
    company = stage.company("store1", "store2", cuttable=True)
    home, other = company.stores["store1"], company.stores["store2"]
    home.filial("customer", "add", "C1", "--home", "store1", "--field", "country=Chile")
    company.wait_settled(60)
    for store in (home, other):
        store.line.cut()
    home.filial("customer", "edit", "C1", "--field", "country=Peru", "--at", "2026-01-01T10:00:00Z")
    other.filial("customer", "edit", "C1", "--field", "country=Brazil",
                 "--at", "2026-01-01T11:00:00Z")
    for store in (home, other):
        store.line.mend()
    company.wait_settled(60)
    for store in (home, other):
        listed = rows(store, "conflicts", "--all")
        check_equal(len(listed), 1, f"conflicts by {store.name}")
        check_equal([v["value"] for v in listed[0]["values"]], ["Brazil", "Peru"],
                    f"values by {store.name}, the shown one first")
    check_equal([t["kind"] for t in rows(home, "tasks")], ["conflict"], "tasks at home")
    home.filial("resolve", "C1", "country", "--keep", "store1")
    company.wait_settled(60)
    for store in (home, other):
        check_equal(rows(store, "conflicts", "--all"), [], f"conflicts by {store.name}")
        shown = store.ask("get", "customer", "C1", check=False)
        check_equal(shown["fields"]["country"], "Peru", f"country by {store.name}")


@story("N7: a short receipt is its source's task until it is settled, and no goods get lost")
def short_receipt(stage):
    company = stage.company("store1", "store2")
    source, destination = company.stores["store1"], company.stores["store2"]
    source.filial("transfer", "send", "T1", "--to", "store2", "tea", "5")
    destination.filial("transfer", "receive", "T1", "--from", "store1", "tea", "4")
    company.wait_settled(60)
    for store in (source, destination):
        out = rows(store, "transfer", "list")
        check_equal([(o["state"], o["qty"], o["owner"]) for o in out],
                    [("missing", "1", "store1")], f"out by {store.name}")
    check_equal([t["kind"] for t in rows(source, "tasks")], ["discrepancy"], "tasks of the source")
    said = source.filial("transfer", "write-off", "T1", "1")
    check("Next: " in said.stderr, f"a write-off says what comes next: {said.stderr}")
    company.wait_settled(60)
    check_equal(rows(destination, "transfer", "list"), [], "out after the write-off")
    flags = destination.ask("status", "--flags")
    check_equal(flags["store1"]["written_off"], 1, "written off")


@story("N12, N10: both stores make the same totals of a closed day, and can say why")
def day_closed(stage):
    company = stage.company("store1", "store2")
    closer, other = company.stores["store1"], company.stores["store2"]
    other.filial("sell", "tea", "1.5", "--at", "2026-01-01T10:00:00Z", "--doc", "S-1")
    other.filial("charge", "C1", "4.00", "--at", "2026-01-01T10:00:00Z", "--fact")
    company.wait_settled(60)
    closer.filial("close-day", "2026-01-01")
    other.filial("sell", "tea", "2", "--at", "2026-01-01T20:00:00Z")
    company.wait_settled(60)
    check_equal(closer.filial("close-day", "2026-01-01", check=False).returncode, 4,
                "exit code of a second close")
    closer.filial("close-day", "2026-01-02")
    company.wait_settled(60)
    for store in (closer, other):
        first = rows(store, "close-day", "2026-01-01", "--show", "--by", "store1")
        check_equal([(r["store"], r["counts"], r["sold"], r["charged"]) for r in first],
                    [("store2", "day", "1.5", "4.00")], f"the day by {store.name}")
        late = rows(store, "close-day", "2026-01-02", "--show", "--by", "store1")
        check_equal([(r["day"], r["counts"], r["sold"]) for r in late],
                    [("2026-01-01", "late", "2")], f"the next day by {store.name}")
        why = rows(store, "why", "stock", "tea")
        check_equal([(e["store"], e["adds"]) for e in why],
                    [("store2", "-1.5"), ("store2", "-2")], f"why by {store.name}")
        check_equal(why[0]["payload"]["doc"], "S-1", "document")
