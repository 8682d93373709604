"""A disk that fails one operation of a running program: bad_disk.c, preloaded."""

import pathlib
import shutil
import subprocess
import time

from disks import run
from stage import CannotRun

HOWS = ("write", "torn", "sync", "read")


class BadDisk:
    """That of one program, which is not running yet, and keeps its files in `folder`."""

    def __init__(self, program, folder, library):
        self.program, self.folder = program, folder
        program.arguments = ["env", f"LD_PRELOAD={library}", f"BAD_DISK={folder}",
                             "ASAN_OPTIONS=verify_asan_link_order=0", *program.arguments]

    def fail_once(self, how, seconds):
        """The next operation of that kind fails; False where none came within so long."""
        told = pathlib.Path(f"{self.folder}.{how}")
        told.touch()
        end = time.monotonic() + seconds
        while told.exists():
            if time.monotonic() > end:
                try:
                    told.unlink()
                    return False
                except FileNotFoundError:
                    break  # It came just now.
            time.sleep(0.02)
        return True


def library_in(folder):
    """Builds bad_disk.c; CannotRun where there is no compiler."""
    if shutil.which("cc") is None:
        raise CannotRun("there is no C compiler (cc)")
    made = folder / "bad_disk.so"
    run("cc", "-O1", "-shared", "-fPIC", "-o", made,
        pathlib.Path(__file__).with_name("bad_disk.c"), "-ldl")
    return made
