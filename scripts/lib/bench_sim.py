"""Steps a second of the simulator on one core, against the 300,000 that are promised: scripts/bench sim.

    bench_sim.py JSON ROUNDS

Each round plays other companies than the one before, and takes the processor's time, not the clock's.
"""

import json
import pathlib
import re
import statistics
import subprocess
import sys

SEEDS = 40
PROMISED = 300_000


def play(first):
    ran = subprocess.run(["scripts/sim", "--from", str(first), "--seeds", str(SEEDS)],
                         stdout=subprocess.PIPE, text=True, check=True)
    found = re.search(r"(\d+) seeds, (\d+) steps, .* (\d+) steps a second", ran.stdout)
    if not found or int(found.group(1)) != SEEDS:
        sys.exit("bench sim: the simulator said no rate:\n" + ran.stdout)
    return int(found.group(2)), int(found.group(3))


def main(path, rounds):
    played = [play(1 + SEEDS * i) for i in range(rounds)]
    rates = [rate for _, rate in played]
    ratio = statistics.median(rate / PROMISED for rate in rates)
    row = {"what": "simulated steps a second on one core, every message encoded and decoded, every ledger",
           "unit": "steps/s", "median": statistics.median(rates), "rounds": rates,
           "limit": {"name": "promised", "median": PROMISED}, "ratio": ratio, "ratio_at_least": 1.0,
           "verdict": "PASS" if ratio >= 1 else "below"}
    pathlib.Path(path).write_text(json.dumps(
        {"bench": "sim", "facts": {"seeds": SEEDS * rounds, "steps": sum(steps for steps, _ in played)},
         "rows": [row]}, indent=2))
    print(f"{row['what']}: {row['median']:,.0f} (at least {PROMISED:,}) {row['verdict']}")


main(sys.argv[1], int(sys.argv[2]))
