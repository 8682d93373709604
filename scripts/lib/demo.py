"""The demo's story: see scripts/demo, which installs and builds first."""

import argparse
import csv
import json
import os
import pathlib
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from company import Company, Failed, default_bin, stores_of  # noqa: E402
from teller import Teller  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[2]
MIB = 1024 * 1024
LIMITS = {"publisher": 128 * MIB, "subscriber": 128 * MIB, "broker": 256 * MIB}


def lines_in(path):
    with open(path, "rb") as f:
        return sum(1 for line in f if line.strip())


class Imports:
    """All stores' imports at once, or one after the other as `order` names them; tells how far they
    are by their own summaries."""

    def __init__(self, company, data, order=None):
        self.company = company
        self.data = data
        self.children = {}
        self.left = list(order or company.stores)
        self.one_by_one = order is not None
        self.start_next()

    def start_next(self):
        while self.left:
            name = self.left.pop(0)
            command = self.company.stores[name].import_command(
                pathlib.Path(self.data, "ops", f"{name}.jsonl"), "--json")
            out = open(self.company.dir / f"{name}.import.out", "wb")
            err = open(self.company.dir / f"{name}.import.log", "wb")
            self.children[name] = subprocess.Popen(command, stdout=out, stderr=err,
                                                   stdin=subprocess.DEVNULL)
            if self.one_by_one:
                return

    def running(self):
        """How many run or are still to come."""
        running = sum(1 for child in self.children.values() if child.poll() is None)
        if running == 0 and self.left:
            self.start_next()
            running = 1
        return running + len(self.left)

    def failures(self, company, refused):
        """What went wrong; `refused` has the lines of each store that a rule must refuse."""
        bad = []
        for name, child in self.children.items():
            code = child.wait()
            log = (company.dir / f"{name}.import.log").read_text(errors="replace")
            lines = {int(n) for n in re.findall(r"line (\d+) was refused", log)}
            if lines != refused.get(name, set()):
                bad.append(f"import of {name}: refused are lines {sorted(lines)}, to be refused "
                           f"were {sorted(refused.get(name, []))}")
            if code != (4 if lines else 0):
                bad.append(f"import of {name}: exit {code}\n{log[-2000:]}")
        return bad

    def stop(self):
        for child in self.children.values():
            if child.poll() is None:
                child.kill()
                child.wait()


def events_of(company, names=None):
    """Where each store's log ends, as its own publisher says; of these stores or of all."""
    ends = {}
    for store in [company.stores[name] for name in names or company.stores]:
        status = json.loads(store.filial("status", "--json").stdout)
        for process in status["processes"]:
            if process["process"] == "publisher":
                ends[store.name] = process["end"]
    return ends


def trouble_on_the_way(company, imports, cut, operations, tell):
    """Kills the broker and cuts one store off while the imports run. Gives what came too late to be
    trouble, a sentence each."""
    late = []

    def booked(names=None):
        try:
            return sum(events_of(company, names).values())
        except (Failed, KeyError, json.JSONDecodeError):
            return 0

    def wait_booked(share, name):
        """Until this share of a store's operations is booked: to ask all stores takes longer than
        their imports do, where these run at once."""
        names = None if imports.one_by_one else [name]
        total = sum(operations[each] for each in names or operations)
        while imports.running() and booked(names) < total * share:
            tell.move(f"importing, {imports.running()} imports run")
            time.sleep(0.05)

    wait_booked(0.10, cut)
    if company.stores[cut].line.up:
        if not imports.running():
            late.append(f"all imports were over before {cut} was cut off")
        company.stores[cut].line.cut()
        tell.say(f"{cut} is cut off: its line to head office is down; its till goes on")
    wait_booked(0.25, max(operations, key=operations.get))
    if not company.broker.running():
        late.append(f"the broker had ended by itself:\n{company.broker.tail()}")
    company.broker.kill()
    if not imports.running():
        late.append("all imports were over before the broker was killed")
    tell.say(f"the broker is killed (SIGKILL) with {booked():,} events booked in the stores")
    time.sleep(2.0)
    before = booked()
    company.broker.start()
    tell.say(f"the broker is started again; meanwhile the stores went on to {before:,} events")
    while imports.running():
        tell.move(f"importing: {booked():,} events booked, {imports.running()} imports run")
        time.sleep(0.3)
    return late


def questions(company, data, tell):
    """What a shop would ask, with the data's age."""
    truth = pathlib.Path(data, "truth")
    with open(truth / "stock.csv") as f:
        rows = list(csv.DictReader(f))
    with open(truth / "debts.csv") as f:
        debts = [r for r in csv.DictReader(f) if int(r["balance_cents"]) > 0]
    names = list(company.stores)
    asker = company.stores[names[0]]
    shared = {}
    for row in rows:
        shared.setdefault(row["sku"], []).append(row["store"])
    asked = []
    if shared:
        sku = max(shared, key=lambda s: (len(shared[s]), s))
        asked += [["get", "stock", sku], ["get", "stock", sku, "--at", shared[sku][-1]]]
    if debts:
        customer = max(debts, key=lambda r: int(r["balance_cents"]))["customer"]
        asked += [["get", "debt", customer], ["get", "customer", customer]]
    for question in asked:
        done = asker.filial(*question, check=False)
        tell.say(f"\n{asker.name}$ filial {' '.join(question)}")
        tell.say(done.stdout.rstrip() or done.stderr.rstrip())
        if done.returncode not in (0, 3):
            raise Failed(f"filial {' '.join(question)}: exit {done.returncode}")


def memory_table(company, tell):
    """Highest resident memory of each kind of process; False where a limit is broken."""
    highest = {}
    for program in company.programs():
        kind = program.name.split()[-1]
        peak = program.note_memory()
        if peak > highest.get(kind, (0, ""))[0]:
            highest[kind] = (peak, program.name)
    fine = True
    for kind, (peak, name) in sorted(highest.items()):
        over = peak > LIMITS[kind]
        fine = fine and not over
        tell.say(f"  {kind:11} highest {peak / MIB:6.1f} MiB ({name}), limit "
                 f"{LIMITS[kind] // MIB} MiB{'   OVER THE LIMIT' if over else ''}")
    return fine


def clean_out(out, names):
    """Makes the output folder empty, but only of what an earlier run has put there."""
    out.mkdir(parents=True, exist_ok=True)
    tables = {"stock.csv", "debts.csv", "debts_by_store.csv", "customers.csv", "in_transit.csv"}
    for entry in out.iterdir():
        ours = entry.is_dir() and {p.name for p in entry.iterdir()} <= tables
        if not ours:
            raise Failed(f"{out} holds {entry.name}, which no demo has made: name another --out")
    for entry in list(out.iterdir()):
        shutil.rmtree(entry)


def refused_lines(data):
    """The lines of ops/ that a rule must refuse, by store; none where the truth names none."""
    refused = {}
    path = pathlib.Path(data, "truth", "refused.csv")
    if path.exists():
        with open(path) as f:
            for row in csv.DictReader(f):
                refused.setdefault(row["store"], set()).add(int(row["line"]))
    return refused


# Whether a charge is beyond its room depends on what home had heard by then.
OF_A_LIMIT = {"no_room", "over_committed", "paid_twice"}


def own_flags(counts):
    """Without the flags that a fold over each store's own operations cannot count."""
    kept = {store: {flag: n for flag, n in flags.items() if flag not in OF_A_LIMIT}
            for store, flags in counts.items()}
    return {store: flags for store, flags in kept.items() if flags}


def flags_differ(company, data, tell, left_out=()):
    """How many stores' replicas count other flags than a fold over the operations, without those
    that are `left_out`."""
    def without(counts):
        return {store: {flag: n for flag, n in flags.items() if flag not in left_out}
                for store, flags in counts.items()}

    done = subprocess.run([sys.executable, str(ROOT / "scripts" / "fold"), str(data)],
                          capture_output=True, text=True)
    if done.returncode != 0:
        raise Failed(f"scripts/fold: {done.stderr}")
    expected = json.loads(done.stdout)
    different = 0
    for store in company.stores.values():
        flags = own_flags(json.loads(store.filial("status", "--flags", "--json").stdout))
        if without(flags) != without(expected):
            different += 1
            tell.say(f"  {store.name} counts {flags}, to be counted are {expected}")
    total = sum(n for counts in expected.values() for n in counts.values())
    tell.say(f"  {total:,} flags on events, counted alike by {len(company.stores) - different} of "
             f"{len(company.stores)} replicas")
    return different


def table(company, ends, report, tell):
    tell.say(f"  {'store':<12}{'own events':>12}{'differences':>14}")
    for name in company.stores:
        differences = sum(t["differences"] for t in report["stores"][name].values())
        tell.say(f"  {name:<12}{ends.get(name, 0):>12,}{differences:>14,}")
    rows = sum(report["rows"].values())
    tell.say(f"  {rows:,} rows of truth, held against each of {len(company.stores)} replicas")


def run(options, tell):
    data, out = pathlib.Path(options.data), pathlib.Path(options.out)
    names = stores_of(data)
    if not names or not (data / "truth").is_dir():
        raise Failed(f"{data} has no ops/*.jsonl and truth/: see data/README.md for the form")
    clean_out(out, names)
    from_the_start = data / "cut"
    cut = options.cut or names[len(names) // 2]
    if from_the_start.exists():
        cut = from_the_start.read_text().strip()
    if cut not in names:
        raise Failed(f"--cut {cut}: there is no such store in {data / 'ops'}")
    operations = {n: lines_in(data / "ops" / f"{n}.jsonl") for n in names}
    total = sum(operations.values())

    folder = pathlib.Path(tempfile.mkdtemp(prefix="filial-demo-"))
    tell.phase(f"setting up {len(names)} stores and head office in {folder}")
    company = Company(folder, default_bin())
    imports = None
    try:
        for name in names:
            company.add_store(name, cuttable=name == cut)
        company.start()
        tell.say(f"one broker, {len(names)} publishers and {len(names)} subscribers run, on "
                 f"loopback with CURVE")

        order = None
        if options.order is not None:
            order = random.Random(options.order).sample(names, len(names))
        tell.phase(f"importing {total:,} operations into " +
                   (f"one store after the other: {', '.join(order)}" if order else
                    "all stores at once"))
        started = time.monotonic()
        if from_the_start.exists():
            company.stores[cut].line.cut()
            tell.say(f"{cut} is cut off from the start; its till goes on")
        imports = Imports(company, data, order)
        late = trouble_on_the_way(company, imports, cut, operations, tell)
        bad = imports.failures(company, refused_lines(data))
        if bad:
            raise Failed("\n".join(bad))
        seconds = time.monotonic() - started
        tell.say(f"all {total:,} operations are booked: {seconds:.1f} s, "
                 f"{total / seconds:,.0f} operations a second")

        line = company.stores[cut].queue()
        waiting = sum(l["depth_events"] for l in line["legs"] if l["direction"] == "out" and
                      not l["peer"].startswith(cut + "/"))
        company.stores[cut].line.mend()
        if waiting == 0:
            late.append(f"nothing waited at {cut} when it had its line back")
        tell.phase(f"{cut} has its line back, with {waiting:,} events in its outbox")
        last_said = [0.0]

        def progress(depth):
            text = "some legs are not up yet" if depth is None else f"{depth:,} events wait"
            tell.move(f"queues: {text}")
            if not tell.live and time.monotonic() - last_said[0] > 2:
                tell.say(f"queues: {text}")
                last_said[0] = time.monotonic()

        company.wait_settled(options.settle_seconds, progress)
        ends = events_of(company)
        seconds = time.monotonic() - started
        tell.say(f"every queue is empty and every transfer settled: {sum(ends.values()):,} events "
                 f"are in all {len(names)} replicas, {seconds:.1f} s after the first operation")

        tell.phase(f"exporting every store's replica to {out}")
        company.export(out)
        done = subprocess.run([sys.executable, str(ROOT / "scripts" / "compare"), "--json",
                               "--stores", ",".join(names), str(data / "truth"), str(out)],
                              capture_output=True, text=True)
        if not done.stdout.strip():
            raise Failed(f"comparing failed: {done.stderr}")
        report = json.loads(done.stdout)
        tell.phase("held against the truth")
        table(company, ends, report, tell)
        differences = report["differences"]
        tell.say(f"  {len(names)} stores x 5 tables: {differences} differences")
        if differences:
            again = subprocess.run([sys.executable, str(ROOT / "scripts" / "compare"),
                                    "--stores", ",".join(names), str(data / "truth"), str(out)],
                                   capture_output=True, text=True)
            tell.say(again.stdout)
        # When an agreed cancellation brings goods back depends on the order: so does whether what
        # was sold meanwhile went below zero.
        differences += flags_differ(company, data, tell, {"below_zero"} if order else ())

        tell.phase("what a shop would ask")
        questions(company, data, tell)
        tell.say("")
        tell.phase("memory")
        fine = memory_table(company, tell)
        tell.phase("stopping what was started")
        company.stop()
        for each in late:
            tell.say(f"This machine was too fast for the trouble: {each}")
        tell.say(f"done: {differences} differences")
        fine = fine and not (late and options.trouble)
        return 0 if differences == 0 and fine and done.returncode == 0 else 1
    finally:
        if imports:
            imports.stop()
        company.kill_all()
        if options.keep:
            tell.say(f"kept: {folder}")
        else:
            shutil.rmtree(folder, ignore_errors=True)


def main():
    parser = argparse.ArgumentParser(prog="demo")
    parser.add_argument("--data", required=True)
    parser.add_argument("--out", default=str(ROOT / "out" / "demo"))
    parser.add_argument("--cut")
    parser.add_argument("--order", type=int)
    parser.add_argument("--keep", action="store_true")
    parser.add_argument("--trouble", action="store_true")
    parser.add_argument("--settle-seconds", type=float, default=900)
    options = parser.parse_args()
    tell = Teller()
    try:
        return run(options, tell)
    except Failed as e:
        tell.say(f"FAILED: {e}")
        tell.say("Run again with --keep to look at the databases and logs.")
        return 1
    except KeyboardInterrupt:
        tell.say("stopped")
        return 1


if __name__ == "__main__":
    os.environ.setdefault("LC_ALL", "C.UTF-8")
    sys.exit(main())
