"""A whole company on loopback: one broker, and a publisher and a subscriber for each store.

Used by scripts/demo and by the end-to-end tests. Starts the real programs, ends only what it
started, and talks to them through the `filial` command alone.
"""

import json
import os
import pathlib
import signal
import socket
import subprocess
import threading
import time


class Failed(Exception):
    """What was tried did not work; the text is for a person."""


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_for(what, seconds, holds, every=0.1):
    """Asks `holds` until it gives something true; says `what` was waited for when it never does."""
    end = time.monotonic() + seconds
    while True:
        result = holds()
        if result:
            return result
        if time.monotonic() > end:
            raise Failed(f"waited {seconds:.0f} s in vain: {what}")
        time.sleep(every)


class Line:
    """A TCP line that can be cut: forwards one local port to another until told otherwise."""

    def __init__(self, to_port):
        self.to_port = to_port
        self.server = socket.create_server(("127.0.0.1", 0), backlog=16)
        self.port = self.server.getsockname()[1]
        self.up = True
        self.bytes = 0
        self.lock = threading.Lock()
        self.pairs = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                near, _ = self.server.accept()
            except OSError:
                return
            if not self.up:
                near.close()
                continue
            try:
                far = socket.create_connection(("127.0.0.1", self.to_port))
            except OSError:
                near.close()
                continue
            with self.lock:
                self.pairs.append((near, far))
            for source, sink in ((near, far), (far, near)):
                threading.Thread(target=self._pump, args=(source, sink), daemon=True).start()

    def _pump(self, source, sink):
        try:
            while True:
                data = source.recv(65536)
                if not data:
                    break
                self.bytes += len(data)
                sink.sendall(data)
        except OSError:
            pass
        for s in (source, sink):
            try:
                s.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def kill_connections(self):
        with self.lock:
            pairs, self.pairs = self.pairs, []
        for pair in pairs:
            for s in pair:
                try:
                    s.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass
                s.close()

    def cut(self):
        self.up = False
        self.kill_connections()

    def mend(self):
        self.up = True

    def close(self):
        self.cut()
        self.server.close()


class Program:
    """One running program with its log file. Ends only by `stop` or `kill`."""

    def __init__(self, name, arguments, log):
        self.name = name
        self.arguments = [str(a) for a in arguments]
        self.log = log
        self.child = None
        self.peak_bytes = 0

    def start(self):
        with open(self.log, "ab") as out:
            self.child = subprocess.Popen(self.arguments, stdin=subprocess.DEVNULL, stdout=out,
                                          stderr=out, start_new_session=True)
        return self

    @property
    def pid(self):
        return self.child.pid

    def running(self):
        return self.child is not None and self.child.poll() is None

    def note_memory(self):
        """Remembers the highest resident size; the kernel keeps it for a process's life."""
        try:
            with open(f"/proc/{self.pid}/status") as lines:
                for line in lines:
                    if line.startswith("VmHWM:"):
                        self.peak_bytes = max(self.peak_bytes, int(line.split()[1]) * 1024)
        except (OSError, AttributeError):
            pass
        return self.peak_bytes

    def kill(self):
        """SIGKILL, as a power cut of this one process."""
        self.note_memory()
        if self.running():
            self.child.kill()
            self.child.wait()

    def stop(self, seconds=30):
        """SIGTERM and its exit code; killed and failed when it does not end in time."""
        self.note_memory()
        if self.child is None:
            return 0
        if self.running():
            self.child.send_signal(signal.SIGTERM)
        try:
            return self.child.wait(seconds)
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait()
            raise Failed(f"{self.name} did not end {seconds} s after SIGTERM; see {self.log}")

    def tail(self, lines=20):
        try:
            return "\n".join(pathlib.Path(self.log).read_text(errors="replace")
                             .splitlines()[-lines:])
        except OSError:
            return ""


class Store:
    """One store's folder and programs."""

    def __init__(self, company, name):
        self.company = company
        self.name = name
        self.dir = company.dir / name
        self.config = self.dir / "filial.toml"
        self.line = None  # Set where its line to the broker can be cut.
        self.publisher = Program(f"{name} publisher",
                                 [company.bin / "filial-publisher", "--config", self.config],
                                 company.dir / f"{name}.publisher.log")
        self.subscriber = Program(f"{name} subscriber",
                                  [company.bin / "filial-subscriber", "--config", self.config],
                                  company.dir / f"{name}.subscriber.log")

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
    """Head office with its broker, and the stores."""

    def __init__(self, folder, bin_folder, name="head"):
        self.dir = pathlib.Path(folder)
        self.bin = pathlib.Path(bin_folder)
        self.dir.mkdir(parents=True, exist_ok=True)
        self.stores = {}
        self.head = self.dir / name
        self.head_name = name
        self.port = free_port()
        made = self.filial("init", name, "--broker", "--listen", f"tcp://127.0.0.1:{self.port}",
                           "--dir", self.head, "--json")
        self.key = json.loads(made.stdout)["key"]
        self.broker = Program(f"{name} broker",
                              [self.bin / "filial-broker", "--config",
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

    def add_store(self, name, cuttable=False, hub_port=None, settings=()):
        """Makes a store's folder and admits it. `settings`: lines for the end of filial.toml."""
        store = Store(self, name)
        port = hub_port or self.port
        if cuttable:
            store.line = Line(port)
            port = store.line.port
        made = self.filial("init", name, "--hub-name", self.head_name, "--hub",
                           f"tcp://127.0.0.1:{port}", "--hub-key", self.key, "--dir", store.dir,
                           "--json")
        key = json.loads(made.stdout)["key"]
        self.filial("admit", name, key, config=self.head / "filial.toml")
        if settings:
            with open(store.config, "a") as out:
                out.write("\n".join(settings) + "\n")
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
        for leg in legs:
            if not leg["connected"]:
                return None, {}
            if leg["origin"]:
                ends[leg["origin"]] = max(ends.get(leg["origin"], 0), leg["end"])
        return sum(leg["depth_events"] for leg in legs), ends

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
