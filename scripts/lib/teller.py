"""What a person watches: phases as they happen."""

import sys
import threading
import time


class Teller:
    """Prints phases as they happen, and one moving line at a terminal."""

    def __init__(self):
        self.began = time.monotonic()
        self.live = sys.stdout.isatty()
        self.moving = False
        self.lock = threading.Lock()

    def say(self, text=""):
        with self.lock:
            if self.moving:
                sys.stdout.write("\r\x1b[K")
                self.moving = False
            for line in str(text).split("\n"):
                print(f"{time.monotonic() - self.began:6.1f} s  {line}" if line else "")
            sys.stdout.flush()

    def phase(self, text):
        self.say(f"== {text}")

    def move(self, text):
        if not self.live:
            return
        with self.lock:
            sys.stdout.write(f"\r\x1b[K{time.monotonic() - self.began:6.1f} s  {text}")
            sys.stdout.flush()
            self.moving = True
