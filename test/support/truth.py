#!/usr/bin/python3
"""What every replica must say, computed from the operations alone, by nobody's code but this.

    test/support/truth.py OPS_DIR OUT_DIR      write the five tables
    test/support/truth.py --check DATA_DIR     DATA_DIR/ops against DATA_DIR/truth, byte for byte

A plain fold: each store's file in its order, the stores in any order, since nothing in the truth
depends on it. A cancellation is agreed to unless the goods were received. Of the values that
stores gave to a customer's field, the one with the latest declared time is shown.
"""

import collections
import csv
import io
import json
import pathlib
import sys
from decimal import Decimal

HEADERS = {
    "stock": "store,sku,qty",
    "debts": "customer,home,balance_cents,limit_cents",
    "debts_by_store": "customer,store,delta_cents",
    "customers": "customer,home,country",
    "in_transit": "transfer,from,to,sku,qty",
}
SIGNS = {"sell": -1, "return": 1, "receive": 1, "charge": 1, "credit-note": -1, "pay": -1}


class Truth:
    def __init__(self):
        self.stock = collections.defaultdict(Decimal)  # (store, sku)
        self.debts = collections.defaultdict(int)      # (customer, store), cents
        self.home = {}
        self.fields = collections.defaultdict(dict)    # customer: {field: (at, store, nth, value)}
        self.taken = 0
        self.limits = {}
        self.sent = {}                                 # transfer: (from, to, sku, quantity)
        self.received = set()
        self.cancelled = set()

    def take(self, store, op):
        kind = op["op"]
        self.taken += 1
        if kind in ("sell", "return", "receive"):
            self.stock[store, op["sku"]] += SIGNS[kind] * Decimal(op["qty"])
        elif kind == "adjust":
            self.stock[store, op["sku"]] += Decimal(op["delta"])
        elif kind == "customer-add":
            self.home[op["customer"]] = op["home"]
            self.note_fields(store, op)
        elif kind == "customer-edit":
            self.note_fields(store, op)
        elif kind == "limit":
            self.limits[op["customer"]] = int(Decimal(op["amount"]) * 100)
        elif kind in ("charge", "credit-note", "pay"):
            self.debts[op["customer"], store] += SIGNS[kind] * int(Decimal(op["amount"]) * 100)
        elif kind == "transfer-send":
            self.sent[op["transfer"]] = (store, op["to"], op["sku"], Decimal(op["qty"]))
            self.stock[store, op["sku"]] -= Decimal(op["qty"])
        elif kind == "transfer-receive":
            self.received.add(op["transfer"])
            self.stock[store, op["sku"]] += Decimal(op["qty"])
        elif kind == "transfer-cancel":
            self.cancelled.add(op["transfer"])
        else:
            raise ValueError(f"no rule for {kind}")

    def note_fields(self, store, op):
        known = self.fields[op["customer"]]
        for name, value in op.get("fields", {}).items():
            write = (op["at"], store, self.taken, value)
            known[name] = max(known.get(name, write), write)

    def shown(self, customer, name):
        return self.fields[customer][name][3] if name in self.fields[customer] else ""

    def tables(self):
        """{table: rows}, each row a list of texts, in any order."""
        stock = dict(self.stock)
        transit = []
        for transfer, (source, to, sku, quantity) in self.sent.items():
            if transfer in self.received:
                continue
            if transfer in self.cancelled:
                stock[source, sku] += quantity
            else:
                transit.append([transfer, source, to, sku, plain(quantity)])
        owed = collections.defaultdict(int)
        for (customer, _), delta in self.debts.items():
            owed[customer] += delta
        known = set(self.home) | set(owed) | set(self.limits)
        return {
            "stock": [[store, sku, plain(q)] for (store, sku), q in stock.items()],
            "debts": [[c, self.home.get(c, ""), str(owed[c]), str(self.limits.get(c, 0))]
                      for c in known],
            "debts_by_store": [[c, s, str(d)] for (c, s), d in self.debts.items()],
            "customers": [[c, h, self.shown(c, "country")]
                          for c, h in self.home.items()],
            "in_transit": transit,
        }


def plain(quantity):
    """A decimal without an exponent and without zeros at its end."""
    text = f"{quantity:f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def csv_line(cells):
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerow(cells)
    return out.getvalue()


def texts(tables):
    """{table: the whole file}, rows in bytewise order."""
    return {name: HEADERS[name] + "\n" +
            "".join(sorted(map(csv_line, rows), key=lambda line: line.rstrip("\n").encode()))
            for name, rows in tables.items()}


def of_operations(by_store):
    """The truth of {store: operations}."""
    truth = Truth()
    for store, operations in by_store.items():
        for op in operations:
            truth.take(store, op)
    return truth


def read_operations(folder):
    """{store: operations} of a folder of STORE.jsonl."""
    return {path.stem: [json.loads(line) for line in path.read_text().splitlines() if line.strip()]
            for path in sorted(pathlib.Path(folder).glob("*.jsonl"))}


def write(tables, folder):
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in texts(tables).items():
        (folder / f"{name}.csv").write_text(text)


def check(data):
    """Names of the tables of DATA/truth that differ from the fold over DATA/ops."""
    computed = texts(of_operations(read_operations(pathlib.Path(data, "ops"))).tables())
    return [name for name, text in computed.items()
            if text != pathlib.Path(data, "truth", f"{name}.csv").read_text()]


def main():
    if len(sys.argv) != 3:
        print(__doc__, file=sys.stderr)
        return 2
    if sys.argv[1] == "--check":
        different = check(sys.argv[2])
        print("differs: " + ", ".join(different) if different else "the truth is the truth")
        return 1 if different else 0
    write(of_operations(read_operations(sys.argv[1])).tables(), sys.argv[2])
    return 0


if __name__ == "__main__":
    sys.exit(main())
