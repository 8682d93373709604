"""Many tills of one publisher, in one process: each with a connection of its own, and tickets that it
sends again, in their order, until each is answered."""

import selectors
import socket
import struct
import time

import zmtp
from stage import Failed

TICKET, ACCEPTED, BUSY = 20, 21, 23
SELL = 1
BURST = 3  # Tickets that a till sends without waiting for an answer.


def packed(value):
    """As msgpack, what a ticket needs of it."""
    if isinstance(value, bool):
        return b"\xc3" if value else b"\xc2"
    if isinstance(value, int):
        return bytes([value]) if 0 <= value < 128 else b"\xcf" + struct.pack(">Q", value)
    if isinstance(value, str):
        return b"\xd9" + bytes([len(value)]) + value.encode()
    if isinstance(value, bytes):
        return b"\xc4" + bytes([len(value)]) + value
    return bytes([0x90 | len(value)]) + b"".join(packed(each) for each in value)


def numbers(data):
    """The whole numbers at the head of a packed array."""
    sizes = {0xcc: (1, ">B"), 0xcd: (2, ">H"), 0xce: (4, ">I"), 0xcf: (8, ">Q")}
    found, at = [], 1
    while at < len(data):
        if data[at] < 128:
            found.append(data[at])
            at += 1
        elif data[at] in sizes:
            size, form = sizes[data[at]]
            found.append(struct.unpack_from(form, data, at + 1)[0])
            at += 1 + size
        else:
            break
    return found


def sale(client, number):
    """A ticket that sells one piece of tea; its request is its number."""
    operation = [SELL, time.time_ns() // 1000, "tea", "", "", 1000, 0, f"r{number}", [], False, "",
                 b"", False, 0]
    return packed([1, TICKET, number, client, number, b"", [operation]])


class OneTill:
    """`waiting`: its tickets without an answer, number: (bytes, when to send them)."""

    def __init__(self, random):
        self.client = random.randbytes(16)
        self.waiting = {}
        self.booked = 0
        self.sock, self.unread = None, b""

    def fill(self):
        for number in range(self.booked + 1, self.booked + BURST + 1):
            self.waiting.setdefault(number, (sale(self.client, number), 0.0))

    def connect(self, path):
        self.close()
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(path)
        self.unread, self.past_greeting = b"", False
        self.waiting = {number: (data, None) for number, (data, _) in self.waiting.items()}
        self.sock.sendall(zmtp.greeting("NULL"))

    def close(self):
        if self.sock is not None:
            self.sock.close()
            self.sock = None

    def messages(self):
        """Whole messages that have come; OSError where the connection ended."""
        data = self.sock.recv(65536)
        if not data:
            raise OSError("closed")
        self.unread += data
        if not self.past_greeting:
            if len(self.unread) < 64:
                return
            self.unread, self.past_greeting = self.unread[64:], True
            frames = b"".join(zmtp.frame(data) for _, (data, _) in sorted(self.waiting.items()))
            self.sock.sendall(zmtp.ready() + frames)
        while len(self.unread) >= 2:
            flags, head = self.unread[0], 9 if self.unread[0] & 2 else 2
            if len(self.unread) < head:
                return
            size = struct.unpack(">Q", self.unread[1:9])[0] if flags & 2 else self.unread[1]
            if len(self.unread) < head + size:
                return
            message, self.unread = self.unread[head:head + size], self.unread[head + size:]
            if not flags & 4:
                yield message


class ManyTills:
    """They connect and send at once, and go on until every ticket is answered."""

    def __init__(self, store, count, random):
        self.path = str(store.dir / "publisher.sock")
        self.tills = [OneTill(random) for _ in range(count)]
        self.answers = self.busy = self.repeated = 0

    def next_tickets(self):
        for till in self.tills:
            till.fill()

    def connect(self):
        for till in self.tills:
            till.connect(self.path)

    def waiting(self):
        return sum(len(till.waiting) for till in self.tills)

    def close(self):
        for till in self.tills:
            till.close()

    def answered(self, at_least, seconds=60):
        """Until so many tickets have been accepted since the beginning, or all connections ended."""
        end = time.monotonic() + seconds
        with selectors.DefaultSelector() as selector:
            for till in self.tills:
                if till.sock is not None:
                    selector.register(till.sock, selectors.EVENT_READ, till)
            while self.answers < at_least and selector.get_map():
                if time.monotonic() > end:
                    raise Failed(f"{self.waiting()} tickets have no answer after {seconds} s, "
                                 f"{len(selector.get_map())} tills are connected")
                for key, _ in selector.select(0.05):
                    try:
                        for message in key.data.messages():
                            self._take(key.data, message)
                    except OSError:
                        selector.unregister(key.fileobj)
                        key.data.close()
                self._send_again()

    def _take(self, till, message):
        _, kind, number, *rest = numbers(message)
        if kind == ACCEPTED:
            if till.waiting.pop(number, None) is None:
                return  # Answered twice, since it was sent twice.
            self.answers += 1
            self.repeated += message[-1] == 0xc3
            till.booked = max(till.booked, number)
        elif kind == BUSY:
            self.busy += 1
            if number in till.waiting:
                data, _ = till.waiting[number]
                till.waiting[number] = (data, time.monotonic() + rest[0] / 1000)
        else:
            raise Failed(f"a till was answered {message!r}")

    def _send_again(self):
        now = time.monotonic()
        for till in self.tills:
            due = [number for number, (_, at) in till.waiting.items() if at and at <= now]
            for number in sorted(due) if till.sock is not None else ():
                data, _ = till.waiting[number]
                till.waiting[number] = (data, None)
                try:
                    till.sock.sendall(zmtp.frame(data))
                except OSError:
                    break  # Its end is read next.
