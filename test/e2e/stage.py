"""What every end-to-end story stands on: a folder, a seed, companies of real programs, and the
trade of a few stores with its truth."""

import json
import pathlib
import random
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path += [str(ROOT / "scripts" / "lib"), str(ROOT / "test" / "support")]
import truth  # noqa: E402
from company import Company, Failed, Line, Program, default_bin, free_port, wait_for  # noqa: E402,F401

STORIES = {}


class CannotRun(Exception):
    """This machine lacks what the story needs; the text says what."""



class Story:
    def __init__(self, promise, seconds, play, mounts):
        self.promise, self.seconds, self.play, self.mounts = promise, seconds, play, mounts


def story(promise, seconds=120, mounts=False):
    """Registers a function of a Stage under its promise. `seconds`: ctest's limit for it.
    `mounts`: it needs a file system of its own."""
    def register(function):
        STORIES[function.__name__] = Story(promise, seconds, function, mounts)
        return function
    return register


class Stage:
    """One story's folder, randomness and companies. All it started ends with it."""

    def __init__(self, seed, count=None, keep=False):
        self.seed, self.count, self.keep = seed, count, keep
        self.random = random.Random(seed)
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="filial-e2e-"))
        self.companies = []
        self.endings = []
        self.began = time.monotonic()

    def say(self, text):
        print(f"{time.monotonic() - self.began:6.1f} s  {text}", flush=True)

    def counts(self, value, what):
        """For the table of docs/reliability.md: scripts/lib/counts.py adds these lines up."""
        print(f"counts: {value} {what}", flush=True)

    def times(self, few):
        """How often a story does its main thing: few in ctest, --count N in a part."""
        return self.count or few

    def company(self, *stores, name="head", start=True, **options):
        """A company with these stores, running. `options` are those of Company.add_store."""
        made = Company(self.dir / f"company{len(self.companies)}", default_bin(), name)
        self.companies.append(made)
        for store in stores:
            made.add_store(store, **options)
        if start:
            made.start()
        return made

    def program(self, name, *arguments):
        """A further program, ended with the story."""
        made = Program(name, arguments, self.dir / f"{name.replace(' ', '-')}.log")
        self.endings.append(made.kill)
        return made

    def line(self, to_port):
        """A line to this port that can be cut, closed with the story."""
        made = Line(to_port)
        self.at_end(made.close)
        return made

    def at_end(self, action):
        self.endings.append(action)

    def close(self, failed):
        for action in reversed(self.endings):
            action()
        for made in self.companies:
            made.kill_all()
            if failed:
                for program in made.programs():
                    if program.tail(1):
                        print(f"--- {program.name}\n{program.tail(15)}", flush=True)
        if self.keep:
            print(f"kept: {self.dir}")
        else:
            shutil.rmtree(self.dir, ignore_errors=True)


def check(holds, what):
    if not holds:
        raise Failed(what)


def is_checked(program):
    """Whether it was built with the memory checker, which takes memory of its own, and ends programs
    that get none in its own way."""
    return "libasan" in pathlib.Path(f"/proc/{program.child.pid}/maps").read_text()


def check_equal(actual, expected, what):
    if actual != expected:
        raise Failed(f"{what}: expected {expected!r}, got {actual!r}")


def check_refused(done, code, *words):
    """A command that ended with this exit code and says each of these words."""
    text = done.stdout + done.stderr
    check_equal(done.returncode, code, f"exit code; it said: {text.strip()}")
    for word in words:
        check(word.lower() in text.lower(), f"nothing about {word!r} in: {text.strip()}")


def retail(*stores, lines, skip=0):
    """{store: operations}: the first `lines` operations of each store in the retail data, made
    whole: only customers registered in them, and transfers whose sending is in them."""
    archive = ROOT / "data" / "retail-first10.tar.xz"
    with tarfile.open(archive) as tar:
        by_store = {}
        for name in stores:
            rows = tar.extractfile(f"ops/{name}.jsonl").read().decode().splitlines()
            by_store[name] = [json.loads(row) for row in rows[skip:skip + lines]]
    registered = {op["customer"] for ops in by_store.values() for op in ops
                  if op["op"] == "customer-add" and op["home"] in stores}
    sent = {op["transfer"] for ops in by_store.values() for op in ops
            if op["op"] == "transfer-send" and op["to"] in stores}

    def whole(op):
        return (op.get("customer") is None or op["customer"] in registered) and \
               (op.get("transfer") is None or op["transfer"] in sent)

    return {name: [op for op in ops if whole(op)] for name, ops in by_store.items()}


def write_lines(path, operations):
    path = pathlib.Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(op, separators=(",", ":")) + "\n" for op in operations))
    return path


def import_all(stage, company, by_store):
    """Imports every store's operations at once, each to its end."""
    children = {}
    for name, operations in by_store.items():
        path = write_lines(stage.dir / "ops" / f"{name}.jsonl", operations)
        children[name] = subprocess.Popen(company.stores[name].import_command(path, "--json"),
                                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                          stdin=subprocess.DEVNULL, text=True)
    for name, child in children.items():
        text, _ = child.communicate(timeout=120)
        check(child.returncode == 0, f"import of {name}: exit {child.returncode}\n{text}")


def differences(stage, company, by_store, stores=None):
    """Exports the replicas of `stores` (all of them if none are named) and holds them against the
    truth of `by_store`. Gives the number of differences; what differs is printed."""
    out = pathlib.Path(tempfile.mkdtemp(prefix="compared-", dir=stage.dir))
    truth.write(truth.of_operations(by_store).tables(), out / "truth")
    names = stores or list(company.stores)
    for name in names:
        company.stores[name].filial("export", out / "replicas" / name)
    done = subprocess.run([sys.executable, ROOT / "scripts" / "compare", "--json", "--stores",
                           ",".join(names), out / "truth", out / "replicas"],
                          capture_output=True, text=True, check=False)
    check(done.stdout.strip(), f"comparing failed: {done.stderr}")
    found = json.loads(done.stdout)["differences"]
    if found:
        print(subprocess.run([sys.executable, ROOT / "scripts" / "compare", "--stores",
                              ",".join(names), out / "truth", out / "replicas"],
                             capture_output=True, text=True, check=False).stdout)
    return found


def check_truth(stage, company, by_store, stores=None, seconds=90):
    """Once every queue is empty, no replica differs from the truth."""
    company.wait_settled(seconds)
    check_equal(differences(stage, company, by_store, stores), 0, "differences from the truth")


def ticket(store, *operations, **options):
    """Hands in one ticket and gives its answer, decoded."""
    done = store.filial("ticket", "-", "--json", stdin=json.dumps(list(operations)), **options)
    return json.loads(done.stdout)


def get(store, *what):
    """One row of `filial get`, fresh or not; None where nothing is known."""
    done = store.filial("get", *what, "--json", check=False)
    if done.returncode == 6:
        return None
    check(done.returncode in (0, 3), f"get {what}: exit {done.returncode}: {done.stdout}")
    return json.loads(done.stdout.splitlines()[0])


def value(store, *what):
    row = get(store, *what)
    return row and row["value"]


def accept_hub(store, process="publisher"):
    """Does as a person who is told that the broker changed; False where nobody is, or not any more."""
    for one in store.ask("status", check=False).get("processes", []):
        words = one["health"].partition("run filial accept-hub ")[2].split()
        if one["process"] == process and words:
            done = store.filial("accept-hub", words[0], words[1], "--reason", "a new disk",
                                check=False)
            # The broker may have come up in another life since, or the store's log is being repaired
            # and has not heard it yet: the next look asks about that one, and again.
            check(done.returncode in (0, 6), f"accept-hub: exit {done.returncode}: {done.stderr}")
            return done.returncode == 0
    return False


def log_end(store):
    """Where the store's log ends, by its own publisher."""
    for process in store.ask("status")["processes"]:
        if process["process"] == "publisher":
            return process["end"]
    raise Failed(f"the publisher of {store.name} does not answer")


def tap_log(store, origin, end, publisher):
    done = store.filial("tap", "*", "--store", origin.name, "--from", "1", "--count", end,
                        *(["--publisher"] if publisher else []), "--json", timeout=60)
    return [json.loads(line) for line in done.stdout.splitlines()]


def read_log(store, origin=None, publisher=True):
    """Every event of `origin`'s log (the store's own if none is named), in order, read from the
    store's publisher or, with publisher=False, from its broker."""
    origin = origin or store
    end = log_end(origin)
    events = tap_log(store, origin, end, publisher)
    check_equal([e["seq"] for e in events], list(range(1, end + 1)),
                f"positions in the log of {origin.name}")
    return events


def count_amiss(stage, company):
    """Holds each log as its broker gives it against the store's own, event by event: how many the
    broker's lacks or has otherwise, has twice, or has in another order. Nothing of that may be."""
    lost = twice = reordered = 0
    for store in company.stores.values():
        end = log_end(store)
        own, there = (tap_log(store, store, end, publisher) for publisher in (True, False))
        seqs = [event["seq"] for event in there]
        at = {event["seq"]: event for event in there}
        lost += sum(at.get(event["seq"]) != event for event in own) + end - len(own)
        twice += len(seqs) - len(at)
        reordered += sum(one > other for one, other in zip(seqs, seqs[1:]))
    for value, what in ((lost, "lost"), (twice, "twice"), (reordered, "reordered")):
        stage.counts(value, what)
    check_equal((lost, twice, reordered), (0, 0, 0), "events lost, twice, reordered at the broker")
