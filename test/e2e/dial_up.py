"""A line that has to be brought up: link commands that write down what they did, and a TCP line that
carries something only between the two, at the speed of a modem where one is given."""

import pathlib
import threading
import time

from company import Failed
from running import Line


class DialUp(Line):
    """A store's line to the broker. `rate`: bytes a second, each way."""

    def __init__(self, to_port, folder, rate=None):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.carrier = self.folder / "carrier"
        self.rate = rate
        self.knocks = 0  # Connections that were tried with no carrier.
        self.calls = 0   # And with one.
        self.ended = False
        super().__init__(to_port)
        threading.Thread(target=self._watch, daemon=True).start()

    @property
    def up(self):
        there = self.carrier.exists()
        if there:
            self.calls += 1
        else:
            self.knocks += 1
        return there

    @up.setter
    def up(self, _):  # What Line itself says of it.
        pass

    def commands(self, up="", down=""):
        """The [sync] settings. `up`, `down`: what else the commands do, before the line changes."""
        did = self.folder / "did"
        return {"link_up": f"{up or 'true'} && touch {self.carrier} && echo up >> {did}",
                "link_down": f"{down or 'true'}; rm -f {self.carrier}; echo down >> {did}"}

    def did(self):
        try:
            return (self.folder / "did").read_text().split()
        except FileNotFoundError:
            return []

    def is_down(self):
        return not self.carrier.exists()

    def _watch(self):
        """Hangs up what stands when the carrier goes."""
        while not self.ended:
            if self.is_down():
                self.kill_connections()
            time.sleep(0.02)

    def _pump(self, source, sink):
        if not self.rate:
            return super()._pump(source, sink)
        try:
            # Little is in the buffers of a modem, and what is dropped is sent again.
            while data := source.recv(max(64, self.rate // 20)):
                self.bytes += len(data)
                time.sleep(len(data) / self.rate)
                sink.sendall(data)
        except OSError:
            pass
        for end in (source, sink):
            try:
                end.shutdown(2)
            except OSError:
                pass
        return None

    def close(self):
        self.ended = True
        self.kill_connections()
        self.server.close()


def dial_up_store(stage, company, name, rate=None, calls="asked", hours=None, line=None, **sync):
    """A store of `company` whose leg is down until it is called. Gives the store; its line is
    `store.line`."""
    dial = DialUp(company.port, stage.dir / f"line-{name}", rate)
    stage.at_end(dial.close)
    store = company.add_store(name, hub_port=dial.port)
    store.line = dial
    leg = {"calls": calls}
    if hours:
        leg["hours"] = hours
    if line:
        leg["line"] = line
    store.configure("[hub]", **leg)
    store.configure("sync", **{**dial.commands(), **sync})
    return store


def check_down(store, pairs=None):
    """The line is down, and each time it went up it went down."""
    did = store.line.did()
    if not store.line.is_down() or not did or did[-1] != "down":
        raise Failed(f"{store.name}: the line is up: {did}")
    if pairs is not None and did != ["up", "down"] * pairs:
        raise Failed(f"{store.name}: expected {pairs} calls, the line did {did}")
