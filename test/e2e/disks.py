"""File systems of a story's own: small ones, ones that lose power, and whether they can be had."""

import fcntl
import os
import shutil
import struct
import subprocess
import tempfile
import time

from stage import CannotRun, Failed

GOING_DOWN = 0x8004587D  # XFS_IOC_GOINGDOWN, which ext4 has too.
WITHOUT_WRITING = 2      # Neither data nor the file system's log: as if power were cut.


def run(*command):
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Failed(f"{' '.join(map(str, command))}: {done.stdout}{done.stderr}")


def move_onto(folder, mount):
    """Mounts what `mount(folder)` mounts, with what was in the folder in it."""
    moved = folder.with_name(folder.name + ".moved")
    folder.rename(moved)
    folder.mkdir()
    mount(folder)
    shutil.copytree(moved, folder, dirs_exist_ok=True)
    run("sync", "-f", folder)
    shutil.rmtree(moved)


class Memory:
    """A tmpfs under a folder, whose size can be changed."""

    def __init__(self, stage, folder, mebibytes):
        self.folder, self.mebibytes = folder, mebibytes
        move_onto(folder, lambda to: run("mount", "-t", "tmpfs", "-o", f"size={mebibytes}m",
                                         "filial-test", to))
        stage.at_end(lambda: subprocess.run(["umount", "-l", str(folder)], check=False))

    def leave(self, free):
        """Only about this many bytes can be written any more."""
        space = os.statvfs(self.folder)
        used = (space.f_blocks - space.f_bfree) * space.f_frsize
        # What is written meanwhile would make it smaller than what is in it, which is refused.
        for more in range(64):
            size = used + free + more * (128 << 10)
            if subprocess.run(["mount", "-o", f"remount,size={size}", str(self.folder)],
                              capture_output=True, check=False).returncode == 0:
                return
        raise Failed(f"the file system of {self.folder} could not be made smaller")

    def grow(self):
        run("mount", "-o", f"remount,size={self.mebibytes}m", self.folder)


class PowerDisk:
    """A file system on a file, under a folder; its power can be cut."""

    def __init__(self, stage, folder, kind, mebibytes=400):
        self.folder, self.kind = folder, kind
        self.image = folder.with_name(folder.name + ".img")
        run("truncate", "-s", f"{mebibytes}M", self.image)
        run(f"mkfs.{kind}", "-q", self.image)
        move_onto(folder, self._mount)
        stage.at_end(lambda: subprocess.run(["umount", "-l", str(folder)], check=False,
                                            capture_output=True))

    def _mount(self, folder):
        run("mount", "-o", "loop", self.image, folder)

    def cut(self):
        """From here on nothing reaches the disk, and what no sync had covered is lost."""
        fd = os.open(self.folder, os.O_RDONLY)
        try:
            fcntl.ioctl(fd, GOING_DOWN, struct.pack("I", WITHOUT_WRITING))
        finally:
            os.close(fd)

    def come_back(self):
        """The machine starts again; its programs must have ended."""
        end = time.monotonic() + 30
        while subprocess.run(["umount", str(self.folder)], check=False,
                             capture_output=True).returncode != 0:
            if time.monotonic() > end:
                raise Failed(f"{self.folder} stays busy")
            time.sleep(0.05)
        self._mount(self.folder)


def cut_power(disk, programs):
    """A machine stops at one moment, its programs and its disk; then it starts again. Programs stop
    first: ext4 and XFS may tell a sync that is under way that it succeeded, and a program
    that goes on would tell others."""
    for program in programs:
        program.freeze()
    disk.cut()
    for program in programs:
        program.kill()
    disk.come_back()
    for program in programs:
        program.start()


def need_power_cuts(kinds):
    """Raises CannotRun, with the reason, where a file system on a file cannot be mounted and shut
    down."""
    for kind in kinds:
        if shutil.which(f"mkfs.{kind}") is None:
            raise CannotRun(f"mkfs.{kind} is not installed")
    with tempfile.TemporaryDirectory() as folder:
        image, to = f"{folder}/image", f"{folder}/mounted"
        os.mkdir(to)
        for kind in kinds:
            try:
                run("truncate", "-s", "400M", image)
                run(f"mkfs.{kind}", "-q", image)
                run("mount", "-o", "loop", image, to)
            except Failed as e:
                raise CannotRun(f"a file of {kind} cannot be mounted here: {e}") from e
            try:
                fd = os.open(to, os.O_RDONLY)
                fcntl.ioctl(fd, GOING_DOWN, struct.pack("I", WITHOUT_WRITING))
                os.close(fd)
            except OSError as e:
                raise CannotRun(f"{kind} cannot be shut down here: {e}") from e
            finally:
                run("umount", to)
            os.unlink(image)
