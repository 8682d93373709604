"""Programs that get no more memory."""

import os
import pathlib
import resource

from level_story import Filler
from stage import (CannotRun, check, check_equal, count_amiss, is_checked, story, value,
                   wait_for)


TICKETS = 150  # 7 MB through each program: more than it had to take at its start.


def bytes_mapped(pid):
    pages = int(pathlib.Path(f"/proc/{pid}/statm").read_text().split()[0])
    return pages * resource.getpagesize()


def allow(program, most):
    resource.prlimit(program.child.pid, resource.RLIMIT_AS, (most, resource.RLIM_INFINITY))


def starve(stage, program):
    """From now on it gets at most some KiB more."""
    more = int(2 ** stage.random.uniform(12, 20))
    allow(program, bytes_mapped(program.child.pid) + more)
    return more


def ends_in_trade(program, filler):
    """Or what it had already is enough for so many tickets."""
    for _ in range(TICKETS):
        filler.hand_in()
        if not program.running():
            return True
    return False


@story("a program that gets no more memory says so and ends, and after its next start nothing that "
       "was answered is lost or twice", seconds=300)
def no_memory(stage):
    # What is freed goes back to the system: what a program once had would last it for ever.
    os.environ["MALLOC_CONF"] = "retain:false,dirty_decay_ms:0,muzzy_decay_ms:0"
    company = stage.company("store1", "store2")
    store, other = company.stores["store1"], company.stores["store2"]
    if is_checked(store.publisher):
        raise CannotRun("programs with the memory checker have another allocator")
    programs = [store.publisher, company.broker, store.subscriber]
    filler = Filler(store)
    count = stage.times(6)
    ended = []
    number = 0
    while len(ended) < count and number < 5 * count:
        program = programs[len(ended) % len(programs)]
        number += 1
        # Freshly started: what an earlier load has left in its hands may be enough for ever.
        program.kill()
        program.start()
        company.wait_settled(60, quiet=0.3)
        more = starve(stage, program)
        if not ends_in_trade(program, filler):
            allow(program, resource.RLIM_INFINITY)
            stage.say(f"{number}: {program.name} lives with {more} bytes more")
            continue
        ended.append(program.name)
        # Where ZeroMQ or RocksDB ask the system themselves, a check of theirs ends the program.
        code, words = program.child.returncode, program.tail(5)
        ours = code == 1 and "out of memory" in words
        theirs = code == -6 and "ended by a check that failed" in words
        check(ours or theirs, f"how {program.name} ended: {code}: {words}")
        program.start()
        wait_for("sales to go on", 60, lambda: filler.hand_in() is None)
        company.wait_settled(90, quiet=0.3)
        for at in (store, other):
            check_equal(value(at, "stock", "tea", "--at", "store1"), str(-filler.sold),
                        f"what {at.name} knows to be sold")
        stage.say(f"{number}: {program.name} with {more} bytes more, {filler.number - 1} "
                  f"tickets so far: {words.splitlines()[-1]}")
    check_equal(len(ended), count, f"programs that ended without memory: {ended}")
    count_amiss(stage, company)
    stage.counts(count, "programs without memory")
    company.stop()
    del os.environ["MALLOC_CONF"]
