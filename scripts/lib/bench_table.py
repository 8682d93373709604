"""Prints the figures of several benches as one table: see scripts/bench."""

import json
import pathlib
import sys


def number(value):
    """As many digits as mean something."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def lines(report):
    for row in report.get("rows", []):
        limit = row.get("limit")
        ratio = f"{row['ratio']:.2f}" if limit else ""
        promised = f">= {row['ratio_at_least']:.2f}" if "ratio_at_least" in row else ""
        yield [row["what"], f"{number(row['median'])} {row['unit']}",
               f"{number(limit['median'])}" if limit else "", ratio, promised,
               row.get("verdict", "")]
        if limit:
            yield ["    against: " + limit["name"], "", "", "", "", ""]
        for name, beside in row.get("beside", {}).items():
            promised = f">= {number(beside['at_least'])}" if "at_least" in beside else ""
            yield ["    " + name, number(beside["median"]), "", "", promised, ""]


def main(paths):
    table = [["figure (median of the rounds)", "reached", "limit", "ratio", "promised", ""]]
    for path in paths:
        file = pathlib.Path(path).with_suffix(".json")
        if file.exists():
            table += lines(json.loads(file.read_text()))
    widths = [max(len(row[i]) for row in table) for i in range(6)]
    for row in table:
        cells = [row[0].ljust(widths[0])] + [c.rjust(w) for c, w in zip(row[1:], widths[1:])]
        print("  ".join(cells).rstrip())


main(sys.argv[1:])
