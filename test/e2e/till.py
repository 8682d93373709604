"""A till whose trade takes a while: an import from a pipe, run again whenever it ends too early."""

import json
import subprocess
import threading
import time

from company import Failed


class Till:
    """Feeds `operations` to `filial import - --source till` over about `seconds`, and starts the
    import again, from the first line, after a kill or while its publisher is away. With
    `bad_every` there is a bad line before each so many operations: the run that comes to the end
    has to say every one of them, whoever was killed before."""

    def __init__(self, store, operations, seconds, bad_every=0):
        self.store = store
        self.lines, self.bad = [], []
        for i, op in enumerate(operations):
            if bad_every and i % bad_every == 0:
                self.bad.append(len(self.lines) + 1)
                self.lines.append('{"op":"sell","sku":"none","qty":"some"}\n')
            self.lines.append(json.dumps(op, separators=(",", ":")) + "\n")
        self.gap = seconds / max(1, len(self.lines))
        self.runs = 0
        self.problem = None
        self.child = None
        self.ending = False
        self.off = False  # Its machine has no power.
        self.starting = threading.Lock()
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self):
        began = time.monotonic()
        while not self.ending:
            with self.starting:
                child = None if self.off else self._start()
            if child is None:
                time.sleep(0.02)
                continue
            said = []
            reader = threading.Thread(target=lambda: said.append(child.stdout.read()), daemon=True)
            reader.start()
            self._feed(child, began)
            code = child.wait()
            reader.join()
            if code == (2 if self.bad else 0):
                self._check_bad_lines("".join(said))
                return
            if code not in (-9, 5):  # Killed by the story, or nobody there.
                self.problem = f"import at {self.store.name}: exit {code}: {''.join(said)[-1000:]}"
                return

    def _check_bad_lines(self, said):
        summary = json.loads(said.splitlines()[-1])
        told = [row["line"] for row in summary["not_booked"] if row["what"] == "bad"]
        booked = summary["booked"] + summary["already_booked"]
        if told != self.bad or summary["bad"] != len(self.bad):
            self.problem = f"import at {self.store.name}: bad are {self.bad}, told were {told}"
        elif booked != len(self.lines) - len(self.bad):
            self.problem = f"import at {self.store.name}: {booked} lines count as booked"

    def _start(self):
        self.runs += 1
        self.child = subprocess.Popen(
            self.store.import_command("-", "--source", "till", "--json"),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        return self.child

    def _feed(self, child, began):
        try:
            for i, line in enumerate(self.lines):
                early = began + i * self.gap - time.monotonic()
                if early > 0:
                    child.stdin.flush()
                    time.sleep(early)
                child.stdin.write(line)
            child.stdin.close()
        except (BrokenPipeError, ValueError):
            pass

    def kill(self):
        """Whether an import was killed: one ran, and ended by that."""
        child = self.child
        if child is None or child.poll() is not None:
            return False
        child.kill()
        return child.wait() == -9

    def power_off(self):
        """Killed, and not started again before there is power."""
        with self.starting:
            self.off = True
            self.kill()
            if self.child is not None:
                self.child.wait()

    def power_on(self):
        self.off = False

    def busy(self):
        return self.thread.is_alive()

    def end(self):
        """For the way out after a failure."""
        self.ending = True
        self.kill()

    def finish(self, seconds=120):
        """Waits until every line is answered. Raises Failed with what the import said."""
        self.thread.join(seconds)
        if self.problem:
            raise Failed(self.problem)
        if self.thread.is_alive():
            raise Failed(f"import at {self.store.name} did not end within {seconds} s")
