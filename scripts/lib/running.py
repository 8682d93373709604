"""What a company of processes is made of: programs that can be killed, lines that can be cut, and
files of settings."""

import json
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


def set_toml(path, section, values):
    """Sets values of one section of a filial.toml, and leaves all other lines as they are."""
    lines = path.read_text().splitlines()
    header = f"[{section}]"
    if header not in lines:
        lines += ["", header]
    begin = lines.index(header) + 1
    end = next((i for i in range(begin, len(lines)) if lines[i].startswith("[")), len(lines))
    body = [line for line in lines[begin:end]
            if line.split("=")[0].strip() not in values]
    body = [f"{key} = {json.dumps(value)}" for key, value in values.items()
            if value is not None] + body
    path.write_text("\n".join(lines[:begin] + body + lines[end:]) + "\n")


def is_up(connection):
    try:
        connection.getpeername()
        return True
    except OSError:
        return False


class Line:
    """A TCP line that can be cut: forwards one local port to another until told otherwise."""

    def __init__(self, to_port):
        self.to_port = to_port
        self.server = socket.create_server(("127.0.0.1", 0), backlog=16)
        self.port = self.server.getsockname()[1]
        self.up = True
        self.delay = 0.0  # Seconds that everything is on its way, in each direction.
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
                if self.delay:
                    time.sleep(self.delay)
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

    def kill_one(self, random):
        """Ends one connection that is up; False where none is."""
        with self.lock:
            up = [pair for pair in self.pairs if all(is_up(s) for s in pair)]
        if not up:
            return False
        for s in random.choice(up):
            try:
                s.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        return True

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

    def freeze(self):
        """SIGSTOP; on return no thread of it does anything any more but end a call that it is in.
        Nothing that it has already ended can be frozen."""
        if not self.running():
            return
        self.child.send_signal(signal.SIGSTOP)
        wait_for(f"{self.name} to stand still", 30, lambda: self.child.poll() is not None or all(
            state in "TtD" for state in self._thread_states()), every=0.002)

    def thaw(self):
        """SIGCONT."""
        if self.running():
            self.child.send_signal(signal.SIGCONT)

    def _thread_states(self):
        states = []
        for stat in pathlib.Path(f"/proc/{self.pid}/task").glob("*/stat"):
            try:
                states.append(stat.read_text().rpartition(")")[2].split()[0])
            except OSError:
                pass  # It has ended meanwhile.
        return states

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
