"""Bytes that are no message, sent to every port."""

import struct

import zmtp
from stage import check, check_equal, free_port, story, ticket, value


def msgpack_like(random):
    """An array that begins like one of our messages and goes on as it likes."""
    kinds = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 20, 21, 24, 30, 31, 32, 33, 40, 44, 99]
    head = bytes([0x90 | random.randrange(2, 16), 1, random.choice(kinds)])
    return head + random.randbytes(random.choice((0, 1, 7, 60, 3000)))


def noise(random):
    """Bytes for a fresh connection."""
    return random.choice((
        lambda: random.randbytes(random.choice((1, 10, 64, 5000))),
        lambda: b"GET / HTTP/1.1\r\nHost: filial\r\n\r\n",
        lambda: b"",
        lambda: zmtp.greeting("CURVE") + random.randbytes(300),
        lambda: zmtp.greeting("NULL") + zmtp.ready() + zmtp.frame(b"x"),
        lambda: zmtp.greeting("PLAIN") + zmtp.command("HELLO", b"\x05admin\x05admin"),
        lambda: zmtp.greeting("CURVE")[:33],
        lambda: zmtp.greeting("CURVE") + zmtp.command("HELLO", random.randbytes(194)),
        lambda: zmtp.greeting("CURVE") + b"\x02" + struct.pack(">Q", 1 << 62),
    ))()


def messages(random):
    """Frames for a connection that stands."""
    return random.choice((
        lambda: zmtp.frame(msgpack_like(random)),
        lambda: zmtp.frame(b""),
        lambda: zmtp.frame(b"", more=True) + zmtp.frame(msgpack_like(random)),
        lambda: zmtp.frame(random.randbytes(20000)),
        lambda: zmtp.frame(b"\xdd\xff\xff\xff\xff"),  # An array of four thousand million.
        lambda: zmtp.frame(b"\x91" * 5000),           # Five thousand arrays in each other.
        lambda: b"\x02" + struct.pack(">Q", 1 << 62),
    ))()


def send(sock, data):
    try:
        sock.sendall(data)
        sock.settimeout(0.05)
        sock.recv(4096)
    except OSError:
        pass  # The other end may hang up, at any time.
    finally:
        sock.close()


@story("garbage sent to every port ends no process and changes nothing")
def garbage(stage):
    company = stage.company("store1", start=False)
    store = company.stores["store1"]
    endpoints = [f"tcp://127.0.0.1:{company.port}"]
    for program in ("publisher", "subscriber"):
        port = free_port()
        store.configure(program, listen=f"tcp://127.0.0.1:{port}")
        endpoints.append(f"tcp://127.0.0.1:{port}")
    company.start()
    ticket(store, {"op": "sell", "sku": "tea", "qty": "1"})
    company.wait_settled(30)
    local = [f"ipc://{folder / name}.sock" for folder, name in
             ((store.dir, "publisher"), (store.dir, "subscriber"), (company.head, "broker"))]
    pids = {program.name: program.pid for program in company.programs()}

    for _ in range(stage.times(25)):
        for endpoint in endpoints + local:
            send(zmtp.connect(endpoint), noise(stage.random))
        for endpoint in local:
            sock = zmtp.dealer(endpoint)
            send(sock, b"".join(messages(stage.random) for _ in range(20)))
    stage.counts(stage.times(25) * len(endpoints + local + local), "connections with garbage")
    for program in company.programs():
        check(program.running() and program.pid == pids[program.name],
              f"{program.name} lives: {program.tail()}")
        check(program.note_memory() < 256 << 20, f"{program.name} took {program.peak_bytes} bytes")
    ticket(store, {"op": "sell", "sku": "tea", "qty": "1"})
    company.wait_settled(30)
    check_equal(value(store, "stock", "tea", "--at", "store1"), "-2", "tea")
