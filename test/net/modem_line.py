"""A modem's line between two network namespaces: a token bucket at each end, and a forwarder between
two TUN devices that carries every packet half a round trip later, or loses, doubles or damages it."""

import fcntl
import heapq
import os
import random
import select
import shutil
import struct
import subprocess
import threading
import time

TUNSETIFF = 0x400454CA
IFF_TUN, IFF_NO_PI = 0x0001, 0x1000
BITS_A_SECOND = 33_600
ROUND_TRIP = 0.3
# What tbf lets through at once: one packet of Ethernet's size. What waits longer than `latency` is
# dropped there, as by a full modem.
BURST, LATENCY = 1600, "3s"


class Missing(Exception):
    """This machine cannot play it; the text says what is missing."""


def sh(*command):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True,
                          check=False)
    if done.returncode:
        raise Missing(f"{' '.join(str(part) for part in command)}: {done.stderr.strip()}")
    return done.stdout


def look_for_tools():
    for tool, package in (("ip", "iproute2"), ("tc", "iproute2")):
        if not shutil.which(tool):
            raise Missing(f"{tool} is not there: as root, apt-get install {package}")
    if os.geteuid() != 0:
        raise Missing("network namespaces and TUN devices are made by root alone: run it as root")
    if not os.path.exists("/dev/net/tun"):
        raise Missing("/dev/net/tun is not there: as root, modprobe tun, or start this container "
                      "with --device /dev/net/tun and the capability NET_ADMIN")


class Way:
    """One direction: what was carried, by the packets' IP sizes."""

    def __init__(self):
        self.packets = self.bytes = self.lost = self.again = self.data = 0
        self.seen = set()
        self.trace = []  # (when, by which port, bytes of TCP, came before)

    def note(self, packet, lost, now):
        if lost:
            self.lost += 1
            return
        self.packets += 1
        self.bytes += len(packet)
        head = 4 * (packet[0] & 15)
        if packet[0] >> 4 != 4 or packet[9] != 6:
            return
        # Bytes of TCP that came before already are carried for nothing.
        (seq,) = struct.unpack_from("!I", packet, head + 4)
        size = len(packet) - head - 4 * (packet[head + 12] >> 4)
        ports = struct.unpack_from("!HH", packet, head)
        self.trace.append((now, max(ports), size, size > 0 and
                           (packet[12:20] + packet[head:head + 4], seq) in self.seen))
        if not size:
            return
        piece = (packet[12:20] + packet[head:head + 4], seq)
        if piece in self.seen:
            self.again += len(packet)
        else:
            self.seen.add(piece)
            self.data += size


class Modem:
    """Two namespaces with a line between them. `shop` and `head` stand before a command that is to
    run there. At first the line is as fast as the machine; `slow()` makes it a modem's."""

    NET = "10.213.17"

    def __init__(self, seed):
        look_for_tools()
        self.random = random.Random(seed)
        self.names = {end: f"filial-{end}-{os.getpid()}" for end in ("shop", "head")}
        self.address = {"shop": f"{self.NET}.2", "head": f"{self.NET}.1"}
        self.delay = self.loss = self.doubled = self.damaged = 0.0  # The last three: of packets.
        self.ways = {}
        self.files = {}
        self.ended = False
        self.lock = threading.Lock()
        try:
            for end, name in self.names.items():
                sh("ip", "netns", "add", name)
                self.files[end] = self._device(end, name)
        except (Missing, OSError) as error:
            self.close()
            raise Missing(str(error)) from error
        self.reset()
        self.thread = threading.Thread(target=self._carry, daemon=True)
        self.thread.start()

    @property
    def shop(self):
        return ("ip", "netns", "exec", self.names["shop"])

    @property
    def head(self):
        return ("ip", "netns", "exec", self.names["head"])

    def _device(self, end, name):
        file = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
        device = f"fil{end}"
        fcntl.ioctl(file, TUNSETIFF,
                    struct.pack("16sH", f"fil{os.getpid()}{end[0]}".encode()[:15],
                                IFF_TUN | IFF_NO_PI))
        sh("ip", "link", "set", f"fil{os.getpid()}{end[0]}", "netns", name, "name", device)
        inside = ("ip", "netns", "exec", name)
        other = "head" if end == "shop" else "shop"
        sh(*inside, "ip", "link", "set", "lo", "up")
        sh(*inside, "ip", "address", "add", f"{self.address[end]}/32", "peer",
           f"{self.address[other]}/32", "dev", device)
        sh(*inside, "ip", "link", "set", device, "up")
        return file

    def slow(self):
        """A modem's from now on."""
        for end, name in self.names.items():
            sh("ip", "netns", "exec", name, "tc", "qdisc", "replace", "dev", f"fil{end}", "root",
               "tbf", "rate", f"{BITS_A_SECOND}bit", "burst", BURST, "latency", LATENCY)
        self.delay = ROUND_TRIP / 2

    def fast(self):
        """As fast as the machine again, and nothing happens to what it carries."""
        for end, name in self.names.items():
            sh("ip", "netns", "exec", name, "tc", "qdisc", "del", "dev", f"fil{end}", "root")
        self.delay = self.loss = self.doubled = self.damaged = 0.0

    def dropped(self):
        """Packets that found a modem full, since the last call."""
        total = 0
        for end, name in self.names.items():
            said = sh("ip", "netns", "exec", name, "tc", "-s", "qdisc", "show", "dev", f"fil{end}")
            total += int(said.split("(dropped ")[1].split(",")[0])
        before, self.dropped_before = getattr(self, "dropped_before", 0), total
        return total - before

    def reset(self):
        """Counts from here on."""
        with self.lock:
            self.ways = {end: Way() for end in self.names}

    def counted(self):
        """{"up": of the shop's packets, "down": of the head's}"""
        with self.lock:
            return {"up": self.ways["shop"], "down": self.ways["head"]}

    def _carry(self):
        under_way, number = [], 0
        others = {self.files["shop"]: self.files["head"], self.files["head"]: self.files["shop"]}
        ends = {self.files[end]: end for end in self.files}
        while not self.ended:
            wait = 0.2
            if under_way:
                wait = min(max(under_way[0][0] - time.monotonic(), 0), wait)
            ready, _, _ = select.select(list(others), [], [], wait)
            now = time.monotonic()
            for file in ready:
                try:
                    packet = os.read(file, 65536)
                except OSError:
                    continue
                if packet[0] >> 4 != 4:
                    continue  # What IPv6 says by itself.
                lost = self.random.random() < self.loss
                with self.lock:
                    self.ways[ends[file]].note(packet, lost, now)
                for _ in range(0 if lost else 1 + (self.random.random() < self.doubled)):
                    number += 1
                    heapq.heappush(under_way, (now + self.delay, number, others[file],
                                               self._damage(packet)))
            now = time.monotonic()
            while under_way and under_way[0][0] <= now:
                _, _, file, packet = heapq.heappop(under_way)
                try:
                    os.write(file, packet)
                except OSError:
                    pass

    def _damage(self, packet):
        if self.random.random() >= self.damaged:
            return packet
        damaged = bytearray(packet)
        damaged[self.random.randrange(len(damaged))] ^= 1 << self.random.randrange(8)
        return bytes(damaged)

    def close(self):
        self.ended = True
        if getattr(self, "thread", None):
            self.thread.join()
        for file in self.files.values():
            os.close(file)
        self.files = {}
        for name in self.names.values():
            subprocess.run(["ip", "netns", "del", name], capture_output=True, check=False)
