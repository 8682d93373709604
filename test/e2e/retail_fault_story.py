"""The retail data, imported while one kind of fault goes on and on."""

import os
import pathlib
import tarfile
import time

from connections import Connections, kernel_kills
from disks import Memory, PowerDisk, cut_power, need_power_cuts
from stage import ROOT, check, check_truth, count_amiss, retail, story
from till import Till

FEW = ("warehouse", "store8", "store7")


def all_stores():
    with tarfile.open(ROOT / "data" / "retail-first10.tar.xz") as tar:
        return sorted(pathlib.Path(name).stem for name in tar.getnames()
                      if name.startswith("ops/") and name.endswith(".jsonl"))


def import_under(stage, few, gap, what, prepare, lasts=0.0, mend=lambda: None, **options):
    """Imports all stores at once; every `gap` seconds or so a fault, which takes about `lasts`
    seconds, counted as `what`. `prepare(company, tills)` gives what makes one. In a part, all of the
    data; else the beginning of three stores'. `mend` is called now and then until all is booked.
    `options` are those of the stores."""
    names = all_stores() if stage.count else FEW
    faults = stage.times(few)
    by_store = retail(*names, lines=10 ** 9 if stage.count else 900)
    company = stage.company(*names, start=False, **options)
    tills = {}
    fault = prepare(company, tills)
    company.start()
    for name, ops in by_store.items():
        tills[name] = Till(company.stores[name], ops, 3.0 + 1.3 * (gap + lasts) * faults)
        stage.at_end(tills[name].end)
    done = 0
    while done < faults and any(till.busy() for till in tills.values()):
        time.sleep(stage.random.uniform(0.5 * gap, 1.5 * gap))
        done += bool(fault())
    check(done > 0, "no fault came before the import was over")
    check(done >= faults or not any(till.busy() for till in tills.values()), "the faults went on")
    end = time.monotonic() + 600
    while any(till.busy() for till in tills.values()) and time.monotonic() < end:
        mend()
        time.sleep(0.2)
    for till in tills.values():
        till.finish(seconds=1)
    mend()
    company.wait_ready()
    check_truth(stage, company, by_store, seconds=300)
    operations = sum(map(len, by_store.values()))
    count_amiss(stage, company)
    for value, each in ((1, "imports"), (operations, "operations"), (done, what)):
        stage.counts(value, each)
    stage.say(f"{operations} operations at {len(names)} stores, {done} faults meanwhile: "
              "0 differences")
    company.stop()


@story("the retail data is imported while programs are killed: 0 differences", seconds=240)
def retail_kills(stage):
    def prepare(company, _):
        def fault():
            program = stage.random.choice(list(company.programs()))
            program.kill()
            time.sleep(stage.random.choice((0.0, stage.random.uniform(0.0, 0.4))))
            program.start()
            return True
        return fault
    import_under(stage, 4, 0.8, "SIGKILLs", prepare)


@story("the retail data is imported while connections end: 0 differences", seconds=240)
def retail_connections(stage):
    by_kernel = kernel_kills()

    def prepare(company, _):
        connections = Connections(company, by_kernel)
        return lambda: connections.kill_one(stage.random)
    import_under(stage, 10, 0.3, "connections ended", prepare, cuttable=not by_kernel)


@story("the retail data is imported while disks become full: 0 differences", seconds=240,
       mounts=True)
def retail_full(stage):
    def prepare(company, _):
        folders = [company.stores["store8"].dir, company.stores["warehouse"].dir, company.head]
        disks = [Memory(stage, folder, 300) for folder in folders]

        def fault():
            disk = stage.random.choice(disks)
            disk.leave(int(2 ** stage.random.uniform(10, 24)))
            time.sleep(stage.random.uniform(0.5, 2.0))
            space = os.statvfs(disk.folder)
            disk.grow()
            return space.f_bavail * space.f_frsize < (24 << 20)
        return fault
    import_under(stage, 3, 2.0, "full disks", prepare)


@story("the retail data is imported while machines lose power: 0 differences", seconds=300,
       mounts=True)
def retail_power(stage):
    kinds = ("ext4", "xfs")
    need_power_cuts(kinds)

    def prepare(company, tills):
        store, head = company.stores["store8"], company.head
        victims = [(PowerDisk(stage, store.dir, stage.random.choice(kinds)),
                    [store.publisher, store.subscriber]),
                   (PowerDisk(stage, head, stage.random.choice(kinds)), [company.broker])]

        def fault():
            disk, programs = stage.random.choice(victims)
            if programs[0] is store.publisher:
                tills["store8"].power_off()
            cut_power(disk, programs)
            tills["store8"].power_on()
            return True
        return fault
    import_under(stage, 3, 2.0, "power cuts", prepare)
