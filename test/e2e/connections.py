"""TCP connections of a company to its broker, which can be killed one by one."""

import shutil
import socket
import subprocess

from stage import Failed


def kernel_kills():
    """Whether the system ends a connection when `ss -K` asks for it."""
    if shutil.which("ss") is None:
        return False
    with socket.create_server(("127.0.0.1", 0)) as server:
        near = socket.create_connection(server.getsockname())
        far, _ = server.accept()
        with near, far:
            port = near.getsockname()[1]
            subprocess.run(["ss", "-HtnK", "src", "127.0.0.1", "sport", "=", str(port)],
                           capture_output=True, check=False)
            near.setblocking(False)
            try:
                near.recv(1)
            except BlockingIOError:
                return False
            except OSError:
                return True
    return False


class Connections:
    """Those to the broker of a company: killed by the system, or by relays where it does not."""

    def __init__(self, company, by_kernel):
        self.company, self.by_kernel = company, by_kernel

    def kill_one(self, random):
        """Ends one of those that are up; False where none is."""
        if not self.by_kernel:
            lines = [store.line for store in self.company.stores.values()]
            return random.choice(lines).kill_one(random)
        to = str(self.company.port)
        done = subprocess.run(["ss", "-Htn", "state", "established", "dst", "127.0.0.1", "dport",
                               "=", to], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise Failed(f"ss: {done.stderr}")
        ports = [line.split()[2].rsplit(":", 1)[1] for line in done.stdout.splitlines()]
        if not ports:
            return False
        port = random.choice(sorted(ports))
        done = subprocess.run(["ss", "-HtnK", "dst", "127.0.0.1", "dport", "=", to, "sport", "=",
                               port], capture_output=True, text=True, check=False)
        return bool(done.stdout.strip())
