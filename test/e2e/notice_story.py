"""Between a notice in one store's log and the event that takes it in another's."""

import collections
import datetime
import time

from stage import check, check_equal, read_log, story, ticket
from transfer_story import receive, send

# The event that takes each kind of notice.
TAKES = {"transfer.sent": "transfer.expected", "transfer.received": "transfer.settled"}


def seconds_of(event):
    text = event["at"].replace("Z", "+00:00")
    return datetime.datetime.fromisoformat(text).timestamp()


def check_taken_once(sender, taker, kills):
    """Every notice of `sender` has exactly one event in `taker`. Gives how many of these were
    made only after the kill that followed their notice."""
    causes = collections.defaultdict(list)
    for event in read_log(taker):
        cause = (event.get("payload") or {}).get("cause")
        if cause:
            causes[cause["store"], cause["seq"]].append(event)
    late = notices = 0
    for notice in read_log(sender):
        if notice["addressee"] != taker.name:
            continue
        notices += 1
        taken = causes.pop((sender.name, notice["seq"]), [])
        check_equal([e["kind"] for e in taken], [TAKES[notice["kind"]]],
                    f"what {taker.name} made of {notice['kind']} {notice['key']}")
        killed = kills.get(notice["key"], [])
        late += any(seconds_of(notice) <= k <= seconds_of(taken[0]) for k in killed)
    check_equal(list(causes), [], f"events of {taker.name} whose notice does not exist")
    return notices, late


@story("a store killed between a notice and its event makes exactly one event of it", seconds=180)
def notice_and_event(stage):
    company = stage.company("store1", "store2")
    source, destination = company.stores["store1"], company.stores["store2"]
    kills = {True: collections.defaultdict(list), False: collections.defaultdict(list)}
    rounds = stage.times(10)
    for i in range(rounds):
        # The destination is killed after a sending, or the source after a receipt.
        at_destination = i % 2 == 0
        keys = [f"T{i - i % 2}-{n}" for n in range(stage.random.choice((1, 3, 20)))]
        if at_destination:
            sent = keys
        else:
            keys = sent
        ticket(source if at_destination else destination,
               *[(send if at_destination else receive)(key, "1") for key in keys])
        victim = (destination if at_destination else source).publisher
        time.sleep(stage.random.uniform(0.0, 0.02))
        victim.kill()
        for key in keys:
            kills[at_destination][key].append(time.time())
        victim.start()
    company.wait_ready()
    company.wait_settled(60)
    total, late = check_taken_once(source, destination, kills[True])
    received, late_settled = check_taken_once(destination, source, kills[False])
    stage.say(f"{rounds} kills; {total} sent and {received} received, each taken once; "
              f"{late + late_settled} were taken only after the kill")
    check(total > 0 and (received > 0 or rounds < 2), "some notices of both kinds")
    check(late + late_settled > 0 or rounds < 10, "some kills came between a notice and its event")
    out = stage.dir / "after"
    source.filial("export", out)
    open_ones = (out / "in_transit.csv").read_text().splitlines()[1:]
    check_equal(len(open_ones), total - received, "transfers in transit")
