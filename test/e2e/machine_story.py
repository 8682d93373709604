"""What a machine does to its programs: a full disk, an orderly end."""

import json
import os
import shutil
import subprocess
import time

from stage import (CannotRun, check, check_equal, check_refused, check_truth, is_checked, log_end,
                   retail, story, value, wait_for)
from till import Till


def small_disk(stage, folder, mebibytes):
    """Puts `folder` on a file system of its own."""
    moved = folder.with_name(folder.name + ".moved")
    folder.rename(moved)
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={mebibytes}m", "filial-test",
                    str(folder)], check=True)
    stage.at_end(lambda: subprocess.run(["umount", "-l", str(folder)], check=False))
    shutil.copytree(moved, folder, dirs_exist_ok=True)
    shutil.rmtree(moved)


def fill(folder, leave):
    """A file that leaves `leave` bytes on the file system of `folder`."""
    space = os.statvfs(folder)
    path = folder / "somebody-elses.file"
    with open(path, "wb") as out:
        left = space.f_bavail * space.f_frsize - leave
        try:
            while left > 0:
                out.write(b"\0" * min(left, 1 << 20))
                left -= 1 << 20
        except OSError:
            pass
    return path


@story("a full disk: nothing is booked by halves or lost, the till is told, and it goes on after",
       seconds=180, mounts=True)
def full_disk(stage):
    company = stage.company("store8", start=False)
    store = company.stores["store8"]
    small_disk(stage, store.dir, 160)
    company.start()
    by_store = retail("store8", lines=1200)
    operations = by_store["store8"]
    till = Till(store, operations, 8.0)
    stage.at_end(till.end)
    time.sleep(2)
    for leave in (10 << 20, 0):
        filler = fill(store.dir, leave)
        time.sleep(1.5)
        done = store.filial("sell", "tea", "1", "--wait", "1", "--json", check=False)
        check(done.returncode != 0, f"a sale on a full disk ({leave} bytes left): {done.stdout}")
        check("free" in done.stdout or "space" in done.stdout, f"and why: {done.stdout}")
        for program in (store.publisher, store.subscriber):
            check(program.running(), f"{program.name} lives: {program.tail()}")
        filler.unlink()
        wait_for("sales to go on", 20, lambda: store.filial(
            "sell", "coffee", "1", "--wait", "1", check=False).returncode == 0)
    sold = -int(value(store, "stock", "coffee", "--at", "store8"))
    till.finish()
    company.wait_ready()
    coffee = [{"op": "sell", "sku": "coffee", "qty": str(sold)}]
    check_truth(stage, company, {"store8": operations + coffee})
    check_equal(value(store, "stock", "tea", "--at", "store8"), None, "what was refused is not booked")


@story("a broker with a full disk takes nothing, says so seldom, and goes on where it was",
       seconds=180, mounts=True)
def full_broker(stage):
    company = stage.company("store8", start=False)
    store = company.stores["store8"]
    small_disk(stage, company.head, 160)
    company.start()
    operations = retail("store8", lines=1200)["store8"]
    till = Till(store, operations, 8.0)
    stage.at_end(till.end)
    for leave in (10 << 20, 0):
        filler = fill(company.head, leave)
        wait_for("the broker to say that it is full", 20,
                 lambda: "free" in broker_health(company) or "space" in broker_health(company))
        booked = log_end(store)
        wait_for("sales to go on meanwhile", 20, lambda end=booked: log_end(store) > end)
        time.sleep(1.5)
        check(company.broker.running(), f"the broker lives: {company.broker.tail()}")
        filler.unlink()
        wait_for("the broker to be well", 20, lambda: broker_health(company) == "ok")
    till.finish()
    check_truth(stage, company, {"store8": operations})
    said = company.broker.log.read_text().count("no space: nothing is taken")
    check(said <= 4, f"the broker said {said} times that it is full")


def broker_health(company):
    done = company.filial("status", "--json", config=company.head / "filial.toml")
    return json.loads(done.stdout)["processes"][0]["health"]


@story("SIGTERM ends every program cleanly within seconds, in the middle of trade, twice")
def orderly_end(stage):
    names = ("warehouse", "store8")
    by_store = retail(*names, lines=1500)
    company = stage.company(*names)
    tills = [Till(company.stores[name], ops, 8.0) for name, ops in by_store.items()]
    for till in tills:
        stage.at_end(till.end)
    for _ in range(2):
        time.sleep(1.0)
        for program in company.programs():
            began = time.monotonic()
            check_equal(program.stop(), 0, f"exit code of {program.name}")
            took = time.monotonic() - began
            check(took < 5, f"{program.name} took {took:.1f} s to end")
        for program in company.programs():
            program.start()
        company.wait_ready()
    for till in tills:
        till.finish()
    check_truth(stage, company, by_store)


@story("a store that trades while it is read takes no more memory than it may", seconds=120)
def memory(stage):
    company = stage.company("store8")
    store = company.stores["store8"]
    if is_checked(store.publisher):
        raise CannotRun("programs with the memory checker take more")
    till = Till(store, retail("store8", lines=4800)["store8"], 0.0)
    till.finish()
    company.wait_settled(60)
    for program in company.programs():
        most = 256 if program is company.broker else 128
        check(0 < program.note_memory() < most << 20,
              f"{program.name} took {program.peak_bytes >> 20} MiB of {most}")
    check(log_end(store) > 4000, "the trade was booked")


@story("a name that is no store's, a topic that is none, a number that is none: 2, and what to do")
def mistakes_on_the_command_line(stage):
    company = stage.company("store1")
    store = company.stores["store1"]
    end = log_end(store)
    for arguments, word in ((("sell", "tea"), "QTY"), (("sell", "tea", "1,5"), "1,5"),
                            (("charge", "ann", "1.234"), "decimals"), (("frobnicate",), "help"),
                            (("tap", "no topic"), "topic"),
                            (("get", "stock", "tea", "--at", "No Store"), "--at"),
                            (("ticket", "/nowhere/at/all"), "/nowhere")):
        done = store.filial(*arguments, check=False)
        check(done.returncode in (2, 6), f"exit code of {arguments}: {done.returncode}")
        check(word.lower() in done.stderr.lower(), f"{word!r} in: {done.stderr}")
    check_refused(store.filial("get", "stock", "nothing", check=False), 6, "nothing")
    check_equal(log_end(store), end, "end of the log")
