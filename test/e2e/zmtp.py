"""Just enough of ZMTP 3.0 to say unwelcome things to a socket of ZeroMQ."""

import socket
import struct


def connect(endpoint, seconds=5):
    """A plain connection to "tcp://host:port" or "ipc://path"."""
    kind, _, address = endpoint.partition("://")
    if kind == "ipc":
        made = socket.socket(socket.AF_UNIX)
        made.settimeout(seconds)
        made.connect(address)
        return made
    host, port = address.rsplit(":", 1)
    made = socket.create_connection((host, int(port)), timeout=seconds)
    return made


def greeting(mechanism):
    return (b"\xff" + b"\0" * 8 + b"\x7f" + b"\x03\x00" +
            mechanism.encode().ljust(20, b"\0") + b"\0" + b"\0" * 31)


def command(name, body):
    content = bytes([len(name)]) + name.encode() + body
    return b"\x04" + bytes([len(content)]) + content


def ready(kind="DEALER"):
    name, text = b"Socket-Type", kind.encode()
    return command("READY", bytes([len(name)]) + name + struct.pack(">I", len(text)) + text)


def frame(content, more=False):
    if len(content) > 255:
        return bytes([2 | more]) + struct.pack(">Q", len(content)) + content
    return bytes([int(more), len(content)]) + content


def read_exactly(sock, count):
    data = b""
    while len(data) < count:
        part = sock.recv(count - len(data))
        if not part:
            raise OSError("closed")
        data += part
    return data


def dealer(endpoint):
    """A connection past the handshake of the NULL mechanism, as local programs have it."""
    sock = connect(endpoint)
    sock.sendall(greeting("NULL"))
    read_exactly(sock, 64)
    sock.sendall(ready())
    flags, size = read_exactly(sock, 2)
    if flags & 2:
        size = struct.unpack(">Q", bytes([size]) + read_exactly(sock, 7))[0]
    read_exactly(sock, size)
    return sock
