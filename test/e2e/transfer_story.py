"""Goods on their way between two stores, and what becomes of a cancellation."""

from stage import check, check_equal, story, ticket, value

AT = "2026-03-02T10:00:00Z"


def send(transfer, qty="5"):
    return {"op": "transfer-send", "transfer": transfer, "to": "store2", "sku": "tea", "qty": qty,
            "at": AT}


def receive(transfer, qty="5"):
    return {"op": "transfer-receive", "transfer": transfer, "from": "store1", "sku": "tea",
            "qty": qty, "at": AT}


def cancel(transfer):
    return {"op": "transfer-cancel", "transfer": transfer, "to": "store2", "at": AT}


def check_stock(company, at_source, at_destination, in_transit, stage):
    """Both replicas say the same of both places, and of what is on its way."""
    company.wait_settled(60)
    for store in company.stores.values():
        out = stage.dir / f"transit-{store.name}"
        store.filial("export", out)
        stock = (out / "stock.csv").read_text().splitlines()[1:]
        check_equal(stock, [f"store1,tea,{at_source}"] +
                    ([] if at_destination is None else [f"store2,tea,{at_destination}"]),
                    f"stock by {store.name}")
        rows = (out / "in_transit.csv").read_text().splitlines()[1:]
        check_equal(rows, in_transit, f"in transit by {store.name}")


@story("S45: a transfer is in transit until it is received, and a second receipt is refused")
def sent_and_received(stage):
    company = stage.company("store1", "store2")
    source, destination = company.stores["store1"], company.stores["store2"]
    ticket(source, send("T1"))
    check_stock(company, "-5", None, ["T1,store1,store2,tea,5"], stage)
    ticket(destination, receive("T1"))
    check_stock(company, "-5", "5", [], stage)
    refused = destination.filial("ticket", "-", stdin='[{"op":"transfer-receive","transfer":"T1",'
                                 '"from":"store1","sku":"tea","qty":"5"}]', check=False)
    check_equal(refused.returncode, 4, "exit code of the second receipt")


@story("a cancellation that comes before the goods is agreed to and brings the stock back")
def cancel_agreed(stage):
    company = stage.company("store1", "store2", cuttable=True)
    source, destination = company.stores["store1"], company.stores["store2"]
    company.wait_settled(30)
    destination.line.cut()
    ticket(source, send("T1"))
    ticket(source, cancel("T1"))
    check_equal(value(source, "stock", "tea", "--at", "store1"), "-5",
                "stock while the destination has not answered")
    destination.line.mend()
    check_stock(company, "0", None, [], stage)
    found = ticket(destination, receive("T1"))
    check("found" in found["flags"], f"goods that turn up afterwards are flagged: {found}")


@story("a cancellation that comes after the goods is refused, and the stock stays where it is")
def cancel_refused(stage):
    company = stage.company("store1", "store2", cuttable=True)
    source, destination = company.stores["store1"], company.stores["store2"]
    ticket(source, send("T1"))
    company.wait_settled(30)
    source.line.cut()
    ticket(destination, receive("T1"))
    ticket(source, cancel("T1"))
    source.line.mend()
    check_stock(company, "-5", "5", [], stage)


@story("N7: a cancellation and a receipt that cross while both ends are cut off: the goods are once")
def crossing(stage):
    company = stage.company("store1", "store2", cuttable=True)
    source, destination = company.stores["store1"], company.stores["store2"]
    for transfer in ("T1", "T2"):
        ticket(source, send(transfer))
    company.wait_settled(30)
    for store in (source, destination):
        store.line.cut()
    for transfer in ("T1", "T2"):
        ticket(source, cancel(transfer))
        ticket(destination, receive(transfer))
    check_equal(value(source, "stock", "tea", "--at", "store1"), "-10",
                "stock at the source, which only asked for its goods")
    check_equal(value(destination, "stock", "tea", "--at", "store2"), "10",
                "stock at the destination, which has the goods")
    ends = [source, destination]
    stage.random.shuffle(ends)
    for store in ends:
        store.line.mend()
    check_stock(company, "-10", "10", [], stage)
    for transfer in ("T1", "T2"):
        refused = source.filial("ticket", "-", stdin=f'[{{"op":"transfer-cancel","transfer":'
                                f'"{transfer}","to":"store2"}}]', check=False)
        check_equal(refused.returncode, 4, "exit code of one more cancellation")
    check_stock(company, "-10", "10", [], stage)
