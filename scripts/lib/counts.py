#!/usr/bin/python3
"""What the large parts have counted, as the table in docs/reliability.md.

    scripts/lib/counts.py check PART LOG     fails where a part did not count what it is there for
    scripts/lib/counts.py write STAMPS TREE  the table anew, of the parts that ran on this very tree

A part prints lines "counts: VALUE NAME"; those of one name are added up. STAMPS is the folder in which
scripts/test keeps NAME.log, what a part printed, and NAME.ran: "TREE OUTCOME COMMIT DATE SECONDS".
"""

import pathlib
import re
import sys

BEGIN = "<!-- counts: begin -->"
END = "<!-- counts: end -->"
PAGE = pathlib.Path(__file__).resolve().parents[2] / "docs" / "reliability.md"
AMISS = ("lost", "twice", "reordered")

# What each part has to have counted, and how much of it at least.
WANTED = {
    "connections": {"connections ended": 500},
    "disk-faults-1": {"points": 1500, "points of power_cut": 100, "points of torn": 100,
                      "points of error_once": 100, "points of error_for_ever": 100,
                      "points of no_read": 100},
    "disk-faults-2": {"points": 1500, "points of power_cut": 100, "points of torn": 100,
                      "points of error_once": 100, "points of error_for_ever": 100,
                      "points of no_read": 100},
    "flips-1": {"files flipped, cut or gone": 500},
    "flips-2": {"files flipped, cut or gone": 500},
    "full-levels": {"levels of a full disk": 50},
    "kills": {"SIGKILLs": 1060, "SIGKILLs of a publisher": 270, "SIGKILLs of a broker": 270,
              "SIGKILLs of a subscriber": 270, "SIGKILLs of an import": 60},
    "notices": {"SIGKILLs between a notice and its event": 200,
                "SIGKILLs between a ticket and its answer": 100},
    "planted": {"mistakes planted": 20, "mistakes found": 20},
    "power-cuts": {"power cuts": 60},
    "retail-faults": {"imports": 7, "operations": 7 * 34_000, "SIGKILLs": 1, "connections ended": 1,
                      "full disks": 1, "power cuts": 1, "files flipped, cut or gone": 20, "operations of a disk that failed": 50,
                      "faults of a slow line": 60},
    "sim-1": {"seeds": 5000, "steps": 100_000_000},
    "sim-2": {"seeds": 5000, "steps": 100_000_000},
    "sim-3": {"seeds": 5000, "steps": 100_000_000},
    "sim-4": {"seeds": 5000, "steps": 100_000_000},
    "taps": {"SIGKILLs of a tap": 100, "connections with garbage": 400},
}
# Nothing is handed on in it that could be lost: it counts what it found.
COUNTS_NO_EVENTS = {"planted"}


def counts_of(text):
    """{name: sum} of the lines of a log."""
    sums = {}
    for value, name in re.findall(r"^counts: (-?\d+) (\S.*?)\s*$", text, re.M):
        sums[name] = sums.get(name, 0) + int(value)
    return sums


def missing(part, text):
    """What is not as it has to be in a part's log, one line each."""
    sums = counts_of(text)
    found = []
    for name, least in WANTED.get(part, {}).items():
        if name not in sums:
            found.append(f"{part} did not count its {name}")
        elif sums[name] < least:
            found.append(f"{part} counted {sums[name]} {name}, {least} are wanted")
    if part in WANTED and part not in COUNTS_NO_EVENTS:
        for name in AMISS:
            if sums.get(name) != 0:
                found.append(f"{part} counted {sums.get(name, 'nothing')} as {name}")
    return found


def ran(stamps, part, tree):
    """(outcome, commit, date) of a part on this tree, or None."""
    path = stamps / f"{part}.ran"
    words = path.read_text().split() if path.exists() else []
    return (words[1], words[2], words[3]) if len(words) == 5 and words[0] == tree else None


def row_of(stamps, part, tree):
    known = ran(stamps, part, tree)
    if known is None:
        return f"| `{part}` | not run on this tree | | |"
    outcome, commit, date = known
    sums = counts_of((stamps / f"{part}.log").read_text(errors="replace"))
    amiss = " / ".join(f"{sums[name]:,}" if name in sums else "?" for name in AMISS)
    counted = "; ".join(f"{value:,} {name}" for name, value in sums.items() if name not in AMISS)
    if outcome != "passed":
        counted = f"**{outcome}** {counted}".rstrip()
    return f"| `{part}` | {counted} | {'' if part in COUNTS_NO_EVENTS else amiss} | {commit}, {date} |"


def table(stamps, tree):
    rows = ["| part | counted | lost / twice / reordered | commit, date |", "| --- | --- | --- | --- |"]
    rows += [row_of(stamps, part, tree) for part in WANTED]
    return "\n".join(rows)


def with_table(page, made):
    """The text of the page with this table between its marks; nothing else of it changes."""
    if page.count(BEGIN) != 1 or page.count(END) != 1 or page.index(BEGIN) > page.index(END):
        raise SystemExit(f"counts: {PAGE.name} needs one {BEGIN} and one {END} after it")
    before, rest = page.split(BEGIN)
    return f"{before}{BEGIN}\n{made}\n{END}{rest.split(END)[1]}"


def main(arguments):
    if len(arguments) == 3 and arguments[0] == "check":
        found = missing(arguments[1], pathlib.Path(arguments[2]).read_text(errors="replace"))
        print("".join(f"counts: {line}\n" for line in found), end="", file=sys.stderr)
        return 1 if found else 0
    if len(arguments) == 3 and arguments[0] == "write":
        PAGE.write_text(with_table(PAGE.read_text(), table(pathlib.Path(arguments[1]), arguments[2])))
        return 0
    print(__doc__, file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
