"""Between a client and its publisher: the first words pass, then the client's, and no answer any more."""

import contextlib
import socket
import threading


class LostAnswers:
    """Listens on `folder`/publisher.sock for one client at a time and hands on to the real socket.
    From the moment that a client's bytes hold `words` no byte comes back to it; `passed` is set."""

    def __init__(self, folder, to):
        folder.mkdir(mode=0o700)
        self.to = str(to)
        self.words = b""
        self.passed = threading.Event()
        self.server = socket.socket(socket.AF_UNIX)
        self.server.bind(str(folder / "publisher.sock"))
        self.server.listen()
        threading.Thread(target=self._accept, daemon=True).start()

    def lose_after(self, words):
        self.words = words
        self.passed.clear()

    def _accept(self):
        while True:
            try:
                near, _ = self.server.accept()
            except OSError:
                return
            far = socket.socket(socket.AF_UNIX)
            try:
                far.connect(self.to)
            except OSError:  # The publisher is dead.
                near.close()
                continue
            threading.Thread(target=self._there, args=(near, far), daemon=True).start()
            threading.Thread(target=self._back, args=(near, far), daemon=True).start()

    def _there(self, near, far):
        said = b""
        with contextlib.suppress(OSError):
            while data := near.recv(65536):
                said += data
                if self.words in said:
                    self.passed.set()
                far.sendall(data)
        self._end(near, far)

    def _back(self, near, far):
        with contextlib.suppress(OSError):
            while data := far.recv(65536):
                if not self.passed.is_set():
                    near.sendall(data)
        self._end(near, far)

    @staticmethod
    def _end(*ends):
        for end in ends:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def close(self):
        self.server.close()
