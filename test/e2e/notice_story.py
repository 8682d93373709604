"""Between a notice in one store's log and the event that takes it in another's."""

import collections
import datetime
import statistics
import time

from stage import check, check_equal, count_amiss, read_log, story, ticket
from transfer_story import receive, send

# The event that takes each kind of notice.
TAKES = {"transfer.sent": "transfer.expected", "transfer.received": "transfer.settled"}


def seconds_of(event):
    text = event["at"].replace("Z", "+00:00")
    return datetime.datetime.fromisoformat(text).timestamp()


def taken_once(sender, taker):
    """{key of a notice: seconds of the event that took it} for every notice of `sender`; fails
    unless each has exactly one event in `taker`."""
    causes = collections.defaultdict(list)
    for event in read_log(taker):
        cause = (event.get("payload") or {}).get("cause")
        if cause:
            causes[cause["store"], cause["seq"]].append(event)
    times = {}
    for notice in read_log(sender):
        if notice["addressee"] != taker.name:
            continue
        taken = causes.pop((sender.name, notice["seq"]), [])
        check_equal([e["kind"] for e in taken], [TAKES[notice["kind"]]],
                    f"what {taker.name} made of {notice['kind']} {notice['key']}")
        times[notice["key"]] = seconds_of(taken[0])
    check_equal(list(causes), [], f"events of {taker.name} whose notice does not exist")
    return times


class Kill:
    """Notices that `sender` has booked, and a kill of the store that is to take them."""

    def __init__(self, sender, taker, keys, operation, delay):
        self.taker, self.keys = taker, keys
        ticket(sender, *[operation(key, "1") for key in keys])
        self.booked = time.time()
        time.sleep(delay)
        self.at = time.time()
        taker.publisher.kill()
        taker.publisher.start()

    def came_between(self, times):
        return any(times[key] > self.at for key in self.keys)

    def lags(self, times):
        """How long its notices took that were taken before the kill."""
        return [times[key] - self.booked for key in self.keys if times[key] <= self.at]


@story("S30: a store killed between a notice and its event makes exactly one event of it", seconds=180)
def notice_and_event(stage):
    company = stage.company("store1", "store2", cuttable=True)
    source, destination = company.stores["store1"], company.stores["store2"]
    for store in (source, destination):
        store.line.delay = 0.004  # A notice is on its way for a while, as over any real line.
    wanted = stage.times(5)
    kills, between = [], []
    lag = 0.02

    def moment():
        """Half of the kills fall anywhere, half around the time that a notice takes."""
        return stage.random.uniform(0.0, stage.random.choice((0.4, 2 * lag)))

    while len(between) < wanted:
        check(len(kills) < 100 + 20 * wanted, f"only {len(between)} of {len(kills)} came between")
        for _ in range(10):
            keys = [f"T{len(kills)}-{n}" for n in range(stage.random.choice((1, 3, 20)))]
            kills.append(Kill(source, destination, keys, send, moment()))
            kills.append(Kill(destination, source, keys, receive, moment()))
        company.wait_ready()
        company.wait_settled(60)
        sent = taken_once(source, destination)
        received = taken_once(destination, source)
        times = {id(kill): sent if kill.taker is destination else received for kill in kills}
        between = [kill for kill in kills if kill.came_between(times[id(kill)])]
        lags = [one for kill in kills for one in kill.lags(times[id(kill)])]
        lag = max(statistics.median(lags), 0.005) if lags else 2 * lag
        if stage.count:
            stage.say(f"{len(kills)} kills, {len(between)} between; a notice takes "
                      f"{lag * 1e3:.0f} ms")
    count_amiss(stage, company)
    stage.counts(len(kills), "SIGKILLs")
    stage.counts(len(between), "SIGKILLs between a notice and its event")
    stage.say(f"{len(kills)} kills, {len(between)} of them between a notice and its event; "
              f"{len(sent)} sent and {len(received)} received, each taken exactly once")
    out = stage.dir / "after"
    source.filial("export", out)
    check_equal((out / "in_transit.csv").read_text().splitlines()[1:], [], "transfers in transit")
