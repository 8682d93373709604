"""A whole company on loopback: one broker, and a publisher and a subscriber for each store.

Used by scripts/demo and by the end-to-end tests. Starts the real programs, ends only what it
started, and talks to them through the `filial` command alone.
"""

import json
import os
import pathlib
import signal
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from running import Failed, Line, Program, free_port, set_toml, wait_for  # noqa: E402


class Store:
    """One store's folder and programs."""

    def __init__(self, company, name, inside=()):
        self.company = company
        self.name = name
        self.dir = company.dir / name
        self.config = self.dir / "filial.toml"
        self.line = None  # Set where its line to the broker can be cut.
        self.key = None   # Its public key, once its folder is made.
        self.publisher = Program(f"{name} publisher",
                                 [*inside, company.bin / "filial-publisher", "--config", self.config],
                                 company.dir / f"{name}.publisher.log")
        self.subscriber = Program(f"{name} subscriber",
                                  [*inside, company.bin / "filial-subscriber", "--config", self.config],
                                  company.dir / f"{name}.subscriber.log")

    def configure(self, section, **values):
        """Sets values of one section of filial.toml; None takes the setting out."""
        set_toml(self.config, section, values)

    def connect_to(self, kind, name, endpoint, key):
        """Adds a [[hub]] or a [[peer]]."""
        with open(self.config, "a") as out:
            out.write(f'\n[[{kind}]]\nname = "{name}"\nendpoint = "{endpoint}"\nkey = "{key}"\n')

    def filial(self, *arguments, **options):
        return self.company.filial(*arguments, config=self.config, **options)

    def ask(self, *arguments, **options):
        """`filial ... --json`, decoded; several lines become a list."""
        done = self.filial(*arguments, "--json", **options)
        rows = [json.loads(line) for line in done.stdout.splitlines() if line.strip()]
        return rows[0] if len(rows) == 1 else rows

    def answers(self, program):
        done = self.filial("status", "--json", check=False)
        return f'"{program}"' in done.stdout

    def queue(self):
        return json.loads(self.filial("queue", "--json").stdout)

    def import_command(self, path, *arguments):
        return [str(self.company.bin / "filial"), "--config", str(self.config), "import",
                str(path), *arguments]


class Company:
    """Head office with its broker, and the stores. `host`: where the broker listens; `inside`: what
    stands before each command that starts a program, such as `ip netns exec NAME`."""

    def __init__(self, folder, bin_folder, name="head", host="127.0.0.1", inside=()):
        self.dir = pathlib.Path(folder)
        self.bin = pathlib.Path(bin_folder)
        self.dir.mkdir(parents=True, exist_ok=True)
        self.stores = {}
        self.head = self.dir / name
        self.head_name = name
        self.port = free_port()
        self.host, self.inside = host, tuple(inside)
        made = self.filial("init", name, "--broker", "--listen", f"tcp://{host}:{self.port}",
                           "--dir", self.head, "--json")
        self.key = json.loads(made.stdout)["key"]
        self.broker = Program(f"{name} broker",
                              [*inside, self.bin / "filial-broker", "--config",
                               self.head / "filial.toml"], self.dir / f"{name}.broker.log")

    def filial(self, *arguments, config=None, check=True, stdin=None, timeout=120):
        command = [str(self.bin / "filial")]
        if config is not None:
            command += ["--config", str(config)]
        command += [str(a) for a in arguments]
        done = subprocess.run(command, input=stdin, capture_output=True, text=True,
                              timeout=timeout)
        if check and done.returncode != 0:
            raise Failed(f"{' '.join(command)}: exit {done.returncode}\n{done.stdout}{done.stderr}")
        return done

    def admit(self, store, *arguments):
        """Enters a store in the broker's allow list."""
        self.filial("admit", *arguments, store.name, store.key, config=self.head / "filial.toml")

    def add_store(self, name, cuttable=False, hub_port=None, settings=None, inside=None,
                  line_of=Line):
        """Makes a store's folder and admits it. `settings`: {section: {key: value}} of its
        filial.toml, beside what `init` wrote. `inside`: as of the company, where it is another.
        `cuttable`: its line to the broker is a `line_of(port)`."""
        store = Store(self, name, self.inside if inside is None else inside)
        port = hub_port or self.port
        if cuttable:
            store.line = line_of(port)
            port = store.line.port
        made = self.filial("init", name, "--hub-name", self.head_name, "--hub",
                           f"tcp://{self.host}:{port}", "--hub-key", self.key, "--dir", store.dir,
                           "--json")
        store.key = json.loads(made.stdout)["key"]
        self.admit(store)
        for name_, values in (settings or {}).items():
            store.configure(name_, **values)
        self.stores[name] = store
        return store

    def start(self):
        self.broker.start()
        for store in self.stores.values():
            store.publisher.start()
            store.subscriber.start()
        self.wait_ready()

    def wait_ready(self, seconds=60):
        for program in self.programs():
            if not program.running():
                raise Failed(f"{program.name} ended at once:\n{program.tail()}")
        for store in self.stores.values():
            wait_for(f"{store.name} to answer", seconds,
                     lambda s=store: s.answers("publisher") and s.answers("subscriber"))

    def programs(self):
        yield self.broker
        for store in self.stores.values():
            yield store.publisher
            yield store.subscriber

    def head_queue(self):
        return json.loads(self.filial("queue", "--json",
                                      config=self.head / "filial.toml").stdout)

    def legs(self):
        """Every leg of every process. Raises Failed while a process does not answer."""
        legs = list(self.head_queue()["legs"])
        for store in self.stores.values():
            legs += store.queue()["legs"]
        return legs

    def depth(self):
        """Events that wait on any leg, and where every log ends. None while a leg is not up."""
        legs = self.legs()
        ends = {}
        for leg in [leg for leg in legs if leg.get("counted", True)]:
            if not leg["connected"]:
                return None, {}
            if leg["origin"]:
                ends[leg["origin"]] = max(ends.get(leg["origin"], 0), leg["end"])
        return sum(leg["depth_events"] for leg in legs if leg.get("counted", True)), ends

    def wait_settled(self, seconds, progress=None, quiet=1.5):
        """Until nothing waits on any leg, and no process has written anything more for a while:
        notices that arrive make events of their own, so one empty queue is not yet the end."""
        last, since = None, None
        end = time.monotonic() + seconds
        while True:
            try:
                depth, ends = self.depth()
            except (Failed, json.JSONDecodeError, KeyError):
                depth, ends = None, {}
            if progress:
                progress(depth)
            if depth == 0 and ends == last:
                if time.monotonic() - since >= quiet:
                    return ends
            else:
                since = time.monotonic()
            last = ends
            if time.monotonic() > end:
                raise Failed(f"queues did not become empty in {seconds:.0f} s: "
                             f"{self.waiting_legs()}")
            time.sleep(0.3)

    def waiting_legs(self):
        try:
            return [leg for leg in self.legs() if leg["depth_events"] or not leg["connected"]]
        except Failed as e:
            return str(e)

    def export(self, out):
        """Every store's replica as CSV in `out`/STORE."""
        running = [(s, subprocess.Popen([str(self.bin / "filial"), "--config", str(s.config),
                                         "export", str(pathlib.Path(out) / s.name)],
                                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                        text=True)) for s in self.stores.values()]
        for store, child in running:
            text, _ = child.communicate(timeout=300)
            if child.returncode != 0:
                raise Failed(f"export of {store.name}: exit {child.returncode}\n{text}")

    def stop(self):
        problems = []
        for program in self.programs():
            try:
                code = program.stop()
                if code not in (0, -signal.SIGKILL):
                    problems.append(f"{program.name} ended with {code}:\n{program.tail()}")
            except Failed as e:
                problems.append(str(e))
        for store in self.stores.values():
            if store.line:
                store.line.close()
        if problems:
            raise Failed("\n".join(problems))

    def kill_all(self):
        """For the way out after a failure."""
        for program in self.programs():
            program.kill()


def stores_of(data):
    """The stores of a data folder, from its ops/ folder, in a person's order."""
    names = [p.stem for p in pathlib.Path(data, "ops").glob("*.jsonl")]
    return sorted(names, key=lambda n: (n.rstrip("0123456789"),
                                        int("0" + n[len(n.rstrip("0123456789")):])))


def default_bin():
    root = pathlib.Path(__file__).resolve().parents[2]
    return pathlib.Path(os.environ.get("FILIAL_BIN", root / "build" / "release" / "bin"))
