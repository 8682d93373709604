"""The retail data, imported while files are damaged, disks fail, and lines are as bad as a line can
be."""

import collections
import time

from bad_disk import HOWS, BadDisk, library_in
from bad_line import BadLine
from damage_story import damage_any, drop_aside, well
from retail_fault_story import import_under
from stage import Failed, check, check_equal, log_end, story, wait_for

# As seldom as elsewhere, a broker: all stores send it again what it has lost.
BROKER_SHARE = 0.25


def broker_end(company, store):
    return max((leg["end"] for leg in company.head_queue()["legs"]
                if leg["origin"] == store.name), default=0)


def hand_over(company, store, seconds=120):
    """With its till off: the store's line is down, and the broker has every event of its log, also of
    those that notices made up to the last moment."""
    end = time.monotonic() + seconds
    while True:
        store.line.cut()
        ends = (log_end(store), broker_end(company, store), log_end(store))
        if len(set(ends)) == 1:
            return
        if time.monotonic() > end:
            raise Failed(f"the broker did not get all of {store.name}: {ends}")
        store.line.mend()
        wait_for(f"the broker to have {store.name}", seconds, lambda: broker_end(
            company, store) >= log_end(store), every=0.3)


def all_well(company, seconds=120):
    for store in company.stores.values():
        wait_for(f"{store.name} to be well", seconds, lambda s=store: well(s))


class Damage:
    """One file after the other. Of each log one copy stays: a store's log is damaged once the broker
    has all of it, and the next file once the last damage was found and repaired."""

    def __init__(self, stage, company, tills):
        self.stage, self.company, self.tills = stage, company, tills
        self.counted = collections.Counter()

    def __call__(self):
        random = self.stage.random
        store = random.choice(list(self.company.stores.values()))
        if random.random() < BROKER_SHARE:
            self._damage(self.company.broker, self.company.head / "broker")
        elif random.random() < 0.5:
            self._damage(store.subscriber, store.dir / "subscriber")
        else:
            till = self.tills[store.name]
            till.power_off()
            hand_over(self.company, store)
            self._damage(store.publisher, store.dir / "publisher", store.line.mend)
            till.power_on()
        return True

    def _damage(self, program, folder, then=lambda: None):
        (program.kill if self.stage.random.random() < 0.5 else program.stop)()
        told, kind = damage_any(self.stage, folder)
        self.counted[kind] += 1
        program.start()
        then()
        config = folder.parent / "filial.toml"
        wait_for(f"{program.name} to answer", 120, lambda: f'"{folder.name}"' in self.company.filial(
            "status", "--json", config=config, check=False).stdout)
        all_well(self.company)
        done = self.company.filial("doctor", "--repair", "--json", config=config, check=False)
        check_equal(done.returncode, 0, f"{told}: doctor says {done.stdout} {done.stderr}")
        all_well(self.company)
        drop_aside(folder)
        self.stage.say(f"{folder.parent.name}/{told}")


@story("the retail data is imported while files are flipped, cut or gone: 0 differences",
       seconds=300)
def retail_flips(stage):
    damage = None

    def prepare(company, tills):
        nonlocal damage
        damage = Damage(stage, company, tills)
        return damage
    import_under(stage, 5, 0.5, "files flipped, cut or gone", prepare, lasts=8.0, cuttable=True)
    for kind in sorted(damage.counted):
        stage.counts(damage.counted[kind], f"of {kind}")


class Keeper:
    """Starts programs again that their disk has ended, as a service manager does."""

    def __init__(self, stage, company):
        self.stage, self.company = stage, company
        self.ended = collections.Counter()

    def __call__(self):
        for program in self.company.programs():
            code = program.child.poll()
            if code is None:
                continue
            said = program.tail(40)
            # By its own word, or by a check of RocksDB, with our line behind it.
            check(code == 1 or (code == -6 and "ended by a check that failed" in said),
                  f"{program.name} ended with {code}: {said}")
            self.ended[code] += 1
            program.start()


@story("the retail data is imported while disks fail in an operation: 0 differences", seconds=300)
def retail_bad_disk(stage):
    counted, keeper = collections.Counter(), None

    def prepare(company, _):
        nonlocal keeper
        keeper = Keeper(stage, company)
        library = library_in(stage.dir)
        disks = [BadDisk(company.broker, company.head / "broker", library)]
        for store in company.stores.values():
            disks += [BadDisk(store.publisher, store.dir / "publisher", library),
                      BadDisk(store.subscriber, store.dir / "subscriber", library)]

        def fault():
            keeper()
            how = stage.random.choice(HOWS)
            done = stage.random.choice(disks).fail_once(how, 1.0)
            counted[how] += done
            return done
        return fault
    import_under(stage, 8, 0.8, "operations of a disk that failed", prepare, lasts=0.5,
                 mend=lambda: keeper())
    for how in sorted(counted):
        stage.counts(counted[how], f"of {how}")
    stage.say(f"programs that ended, by their code: {dict(keeper.ended)}")


@story("the retail data is imported over slow lines that stall, end, and spoil what they carry: 0 "
       "differences", seconds=300)
def retail_bad_line(stage):
    counted = collections.Counter()
    lines, trading = [], {}

    def good_after_the_trade():
        if not any(till.busy() for till in trading.values()):
            for line in lines:
                line.rate, line.latency = 100e6, 0.0

    def prepare(company, tills):
        nonlocal trading
        trading = tills
        lines.extend(store.line for store in company.stores.values())
        for line in lines:
            line.rate = 2 ** stage.random.uniform(14, 17)
            line.latency = stage.random.uniform(0.02, 0.3)

        def fault():
            line = stage.random.choice(lines)
            how = stage.random.choice(("stalled", "ended", *BadLine.HOWS))
            if how == "stalled":
                # Up to more than the silence after which either end gives the other one up.
                line.stand_still(2 ** stage.random.uniform(-2, 4.3))
                done = True
            elif how == "ended":
                done = line.kill_one(stage.random)
            else:
                done = line.spoil(how)
            counted[how] += done
            return done
        return fault
    import_under(stage, 10, 1.0, "faults of a slow line", prepare, mend=good_after_the_trade,
                 cuttable=True, line_of=BadLine)
    for how in sorted(counted):
        stage.counts(counted[how], f"of a line that {how}" if how in ("stalled", "ended") else
                     f"of bytes {how}")
