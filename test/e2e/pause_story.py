"""Programs that stand still for a while, and tills that all come at once."""

import collections
import json

from many_tills import BURST, ManyTills
from stage import (check, check_equal, check_refused, check_truth, count_amiss, get, read_log, retail,
                   story, value, wait_for)
from till import Till

NAMES = ("warehouse", "store8", "store7")
SALE = json.dumps([{"op": "sell", "sku": "tea", "qty": "1"}])


def connected(legs, peer):
    return any(leg["connected"] for leg in legs if leg["peer"] == peer)


def hand_in(store, number, *arguments):
    return store.filial("ticket", "-", "--client", "till", "--number", number, "--json", *arguments,
                        stdin=SALE, check=False)


@story("a publisher, the broker and a subscriber that stand still for longer than silence is borne, in "
       "the middle of trade, lose, double and reorder nothing", seconds=300)
def programs_stand_still(stage):
    company = stage.company(*NAMES)
    store, other = company.stores["store8"], company.stores["store7"]
    by_store = retail(*NAMES, lines=1500)
    tills = {name: Till(company.stores[name], ops, 60.0) for name, ops in by_store.items()}
    for till in tills.values():
        stage.at_end(till.end)

    def stands_still(program, peer, queues, meanwhile=lambda: None):
        """From when all the others hear it until they have given it up."""
        def heard_by():
            return [connected(queue()["legs"], peer) for queue in queues]

        wait_for(f"{program.name} to be heard", 60, lambda: all(heard_by()), every=0.3)
        stage.say(f"{program.name} stands still")
        program.freeze()
        meanwhile()
        wait_for(f"{program.name} to be given up", 60, lambda: not any(heard_by()), every=0.3)
        check(any(till.busy() for till in tills.values()), "the trade was over already")
        program.thaw()

    def nobody_answers():
        done = hand_in(store, 1, "--wait", "2")
        check_refused(done, 5, "nobody answers", "nothing was booked", "filial status")

    stands_still(store.publisher, "store8/publisher", [company.head_queue], nobody_answers)
    # As the till was told, and once, however often it is sent from now on.
    answers = [json.loads(hand_in(store, 1).stdout) for _ in range(2)]
    check_equal([answer["repeated"] for answer in answers], [False, True], "booked before")
    stands_still(company.broker, "head/broker", [each.queue for each in company.stores.values()])
    stands_still(other.subscriber, "store7/subscriber", [company.head_queue])
    for till in tills.values():
        till.finish()
    by_store["store8"].append({"op": "sell", "sku": "tea", "qty": "1", "doc": "",
                               "at": "2010-12-01T08:00:00Z"})
    check_truth(stage, company, by_store)
    count_amiss(stage, company)
    for at in company.stores.values():
        wait_for(f"{at.name} to be current", 30, lambda s=at: get(
            s, "stock", "tea", "--at", "store8")["verdict"] == "fresh")


@story("hundreds of tills that connect and send again at once, whenever their publisher was killed, "
       "find each ticket booked once and in its order", seconds=180)
def tills_come_at_once(stage):
    count, kills = 300, stage.times(4)
    company = stage.company("store1", settings={"publisher": {"queue_tickets": 200}})
    store = company.stores["store1"]
    tills = ManyTills(store, count, stage.random)
    stage.at_end(tills.close)
    for _ in range(kills):
        before = tills.answers
        tills.next_tickets()
        tills.connect()
        tills.answered(before + stage.random.randrange(1, count * BURST))
        store.publisher.kill()
        tills.answered(before + count * BURST)  # What the dead one had sent.
        store.publisher.start()
        wait_for("the publisher to listen", 30, lambda: store.answers("publisher"))
        tills.connect()
        tills.answered(before + count * BURST)
        check_equal(tills.waiting(), 0, "tickets without an answer")
    company.wait_settled(60)
    sold = [(event["op"]["client"], event["op"]["number"]) for event in read_log(store)
            if event["kind"] == "stock.moved"]
    check_equal(len(sold), count * BURST * kills, "tickets that are booked")
    check_equal(len(set(sold)), len(sold), "tickets that are booked once")
    by_client = collections.defaultdict(list)
    for client, number in sold:
        by_client[client].append(number)
    check(all(numbers == sorted(numbers) for numbers in by_client.values()), "each till's order")
    check_equal(value(store, "stock", "tea", "--at", "store1"), str(-len(sold)), "tea")
    check(tills.repeated > 0 and tills.busy > 0, f"{tills.repeated} repeated, {tills.busy} busy")
    count_amiss(stage, company)
    stage.say(f"{len(sold)} tickets of {count} tills over {kills} kills: {tills.repeated} were booked "
              f"before they were sent again, {tills.busy} times busy")
