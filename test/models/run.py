"""Looks at every state of the protocol models, and at one mutant after the other.

    run.py                  the small bounds, as ctest does
    run.py --large          the large ones, as the part `models` does
    run.py --only fence     one model
    run.py --jobs 2         at once

Each *.pml says at its head what it stands for, what has to hold, and which of that each mutant breaks.
A model has to be searched to its end without an error; a mutant, with the one property switched on
that it breaks, has to end with a violated assertion. spin makes the search, cc builds it.
"""

import argparse
import concurrent.futures
import dataclasses
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
# Beyond the defaults in the models, which are the small ones.
LARGE = {
    "epochs": {"LENGTH": 4},
    "fence": {"EVENTS": 3},
    "grants": {"LIMIT": 3, "STEPS": 7},
}
# What suffices for the mutants.
LEAST = {"fence": {"GIVES": 2}}
MUTANT = re.compile(r"^ \*   (M_\w+) +\S.*: (\w+)$", re.M)
STATES = re.compile(r"^ *(\d+) states, stored", re.M)
INCOMPLETE = ("max search depth too small", "out of memory", "Search not completed",
              "memory exhausted")
LIMIT_SECONDS = 1800


@dataclasses.dataclass
class Search:
    model: str
    mutant: str = ""       # Empty: the model itself.
    breaks: str = ""       # The property.
    defines: tuple = ()
    states: int = 0
    seconds: float = 0.0
    wrong: str = ""        # Why it did not come out as it has to.

    def name(self):
        return f"{self.model} {self.mutant} ({self.breaks})" if self.mutant else self.model


def searches_of(path, large):
    """The model, and each mutant that its head names."""
    text = path.read_text(encoding="utf-8")
    mutants = MUTANT.findall(text)
    used = set(re.findall(r"\bM_\w+", text[text.index("*/"):]))
    if used != {name for name, _ in mutants}:
        raise SystemExit(f"models: {path.name}: mutants at its head and in its text differ: "
                         f"{sorted(used ^ {name for name, _ in mutants})}")
    yield Search(path.stem, defines=defines_of(LARGE[path.stem] if large else {}))
    least = defines_of(LEAST.get(path.stem, {}))
    for name, property_ in mutants:
        if f"P_{property_.upper()}" not in text:
            raise SystemExit(f"models: {path.name}: {name} breaks {property_}, which it has not")
        alone = (f"-D{name}", "-DONE", f"-DP_{property_.upper()}")
        yield Search(path.stem, name, property_, least + alone)


def defines_of(bounds):
    return tuple(f"-D{name}={value}" for name, value in bounds.items())


def run(command, folder):
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False,
                          timeout=LIMIT_SECONDS)


def search(one):
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="filial-model-") as folder:
        made = run(["spin", "-a", *one.defines, str(HERE / f"{one.model}.pml")], folder)
        if made.returncode != 0 or "rror:" in made.stdout + made.stderr:
            one.wrong = "spin: " + made.stdout + made.stderr
            return one
        # No more is asked than that no assertion fails and nothing gets stuck: -DSAFETY.
        built = run(["cc", "-O1" if one.mutant else "-O2", "-w", "-DSAFETY", "-DCOLLAPSE", "-DMEMLIM=6000", "-DVECTORSZ=1024",
                     "-o", "pan", "pan.c"], folder)
        if built.returncode != 0:
            one.wrong = "cc: " + built.stderr
            return one
        ended = run(["./pan", "-m1000000", "-n"], folder)
    one.seconds = time.monotonic() - began
    one.wrong = judge(one, ended.stdout + ended.stderr)
    return one


def judge(one, said):
    found = STATES.search(said)
    one.states = int(found.group(1)) if found else 0
    violated = "assertion violated" in said
    if one.mutant:
        return "" if violated else "the mutant was not caught:\n" + said
    whole = found and re.search(r"errors: 0$", said, re.M)
    if violated or not whole or any(sign in said for sign in INCOMPLETE):
        return "it does not hold, or was not searched to its end:\n" + said
    return ""


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--large", action="store_true")
    parser.add_argument("--only", metavar="MODEL")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    asked = parser.parse_args()
    missing = [tool for tool in ("spin", "cc") if shutil.which(tool) is None]
    if missing:
        raise SystemExit(f"models: {' and '.join(missing)} not installed; "
                         "scripts/install-deps --test installs what is missing")
    models = [path for path in sorted(HERE.glob("*.pml")) if asked.only in (None, path.stem)]
    if not models:
        raise SystemExit(f"models: no model {asked.only}")
    began = time.monotonic()
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(asked.jobs) as pool:
        todo = [one for path in models for one in searches_of(path, asked.large)]
        for one in pool.map(search, todo):
            outcome = "FAILED" if one.wrong else "caught" if one.mutant else "holds"
            print(f"{one.name():36} {outcome:7} {one.states:>12,} states {one.seconds:7.1f} s",
                  flush=True)
            if one.wrong:
                failed += 1
                print(one.wrong, file=sys.stderr, flush=True)
    mutants = sum(1 for one in todo if one.mutant)
    print(f"{len(models)} models, {mutants} mutants, {time.monotonic() - began:.1f} s, "
          f"{failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
