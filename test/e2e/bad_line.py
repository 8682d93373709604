"""A line to the broker that is slow, and does to what it carries whatever a line can do."""

import queue
import socket
import threading
import time

from company import Line

CHUNK = 1400            # About what one packet of Ethernet carries.
BUFFER = 16 * 1024      # More than that does not wait in the system for a slow line.
CHUNKS_UNDER_WAY = 64


class BadLine(Line):
    """Carries `rate` bytes a second in each direction of each connection, `latency` seconds late.
    What a packet that was lost is to TCP, is a stall here. Below TCP nothing is damaged, but a box on
    the way that takes TCP apart may do it: `spoil` is what such a one does."""

    HOWS = ("corrupted", "doubled", "lost")

    def __init__(self, to_port):
        super().__init__(to_port)
        self.rate, self.latency = 32_000.0, 0.1
        self.still_until = 0.0
        self.wanted = None
        self.spoiled = threading.Event()

    def spoil(self, how, seconds=5.0):
        """The next bytes that are carried in either direction are `how`; False where none came."""
        self.spoiled.clear()
        self.wanted = how
        done = self.spoiled.wait(seconds)
        self.wanted = None
        return done

    def stand_still(self, seconds):
        """Nothing is carried for so long; connections stay up, and nobody is told."""
        self.still_until = time.monotonic() + seconds

    def _pump(self, source, sink):
        for end in (source, sink):
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            end.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER)
            end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, BUFFER)
        under_way = queue.Queue(CHUNKS_UNDER_WAY)
        threading.Thread(target=self._deliver, args=(under_way, source, sink), daemon=True).start()
        try:
            while data := source.recv(CHUNK):
                under_way.put((time.monotonic() + self.latency, data))
        except OSError:
            pass
        under_way.put(None)

    def _deliver(self, under_way, source, sink):
        free_at = 0.0  # When the last chunk had left.
        ended = False
        while (item := under_way.get()) is not None:
            if ended:
                continue
            due, data = item
            free_at = max(free_at, due) + len(data) / self.rate
            while (wait := max(free_at, self.still_until) - time.monotonic()) > 0:
                time.sleep(wait)
            try:
                self.bytes += len(data)
                sink.sendall(self._carried(data))
            except OSError:
                ended = True
                self._hang_up(source, sink)
        self._hang_up(source, sink)

    def _carried(self, data):
        how, self.wanted = self.wanted, None
        if how is None:
            return data
        self.spoiled.set()
        middle = len(data) // 2
        return {"corrupted": data[:middle] + bytes([data[middle] ^ 4]) + data[middle + 1:],
                "doubled": data + data, "lost": b""}[how]

    def _hang_up(self, *ends):
        for end in ends:
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
