"""Tickets: all or nothing, and once."""

import json
import subprocess
import time

from answers import LostAnswers
from stage import check, check_equal, check_refused, count_amiss, log_end, story, ticket, value

AT = "2026-03-02T10:00:00Z"
NO_LIMITS = {"limits": {"beyond_room": "flag"}}


def sale(sku, qty, doc="r1"):
    return {"op": "sell", "sku": sku, "qty": str(qty), "doc": doc, "at": AT}


def charge(customer, amount, doc="r1"):
    return {"op": "charge", "customer": customer, "amount": amount, "doc": doc, "at": AT}


def hand_in(store, operations, *arguments, **options):
    return store.filial("ticket", "-", "--json", *arguments, stdin=json.dumps(operations),
                        check=False, **options)


@story("a ticket with one invalid line books nothing of it, and the answer names the line")
def ticket_is_whole(stage):
    company = stage.company("store1", settings=NO_LIMITS)
    store = company.stores["store1"]
    good = [sale("tea", 1), sale("milk", 2), sale("rice", "0.5")]
    first = ticket(store, *good, charge("ann", "3.50"))
    check_equal(first["last"] - first["first"], 3, "positions of a ticket of four, beyond the first")
    received = {"op": "transfer-receive", "transfer": "T1", "from": "store2", "sku": "tea",
                "qty": "1", "at": AT}
    ticket(store, received)
    before = log_end(store)

    check_refused(hand_in(store, good + [charge("ann", "-1.00")]), 2, "operation 4", "amount")
    check_refused(hand_in(store, good[:2] + [sale("rice", "x")] + [charge("ann", "1.00")]), 2,
                  "operation 3", "qty")
    # Its form is right: only the publisher knows that this transfer was received already.
    check_refused(hand_in(store, good[:2] + [received, charge("ann", "1.00")]), 4, "operation 3",
                  "nothing of the ticket was booked")
    check_equal(log_end(store), before, "end of the log after three tickets that were refused")
    company.wait_settled(30)
    check_equal(value(store, "stock", "milk", "--at", "store1"), "-2", "milk")


@story("a ticket handed in again after a lost answer is booked once, also over kill -9")
def ticket_is_booked_once(stage):
    company = stage.company("store1", settings=NO_LIMITS)
    store = company.stores["store1"]
    wanted = stage.times(6)
    line = LostAnswers(stage.dir / "line", store.dir / "publisher.sock")
    stage.at_end(line.close)
    number = between = 0
    while between < wanted:
        check(number < 10 + 2 * wanted, f"only {between} of {number} were booked before the kill")
        number += 1
        operations = [sale("tea", 1, f"receipt-{number}."), sale("milk", 1, f"receipt-{number}."),
                      charge("ann", "1.00", f"receipt-{number}.")]
        line.lose_after(f"receipt-{number}.".encode())
        command = [str(company.bin / "filial"), "--config", str(store.config), "--set",
                   f"sockets={stage.dir / 'line'}", "ticket", "-", "--json", "--client", "till-1",
                   "--number", str(number), "--wait", "0.5"]
        asking = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE, text=True)
        asking.stdin.write(json.dumps(operations))
        asking.stdin.close()
        check(line.passed.wait(30), "the ticket is on its way to the publisher")
        time.sleep(stage.random.uniform(0.0, stage.random.choice((0.002, 0.02))))
        store.publisher.kill()
        asking.wait()
        check(asking.returncode != 0, "a till that has no answer does not say that it is booked")
        asking.stdout.close()
        asking.stderr.close()
        store.publisher.start()
        again = hand_in(store, operations, "--client", "till-1", "--number", str(number))
        check_equal(again.returncode, 0, f"exit code of the second time: {again.stdout}")
        answer = json.loads(again.stdout)
        between += answer["repeated"]  # The first one was booked, and nobody heard of it.
        third = json.loads(hand_in(store, operations, "--client", "till-1", "--number",
                                   str(number)).stdout)
        check(third["repeated"], "the third time says that it had been booked before")
        check_equal((third["first"], third["last"]), (answer["first"], answer["last"]),
                    "positions of the same ticket")
    stage.say(f"{number} kills, {between} of them between a ticket that was booked and its answer")
    company.wait_ready()
    company.wait_settled(30)
    check_equal(value(store, "stock", "tea", "--at", "store1"), str(-number), "tea")
    check_equal(value(store, "debt", "ann"), f"{number}.00", "debt of ann")
    count_amiss(stage, company)
    stage.counts(number, "SIGKILLs")
    stage.counts(between, "SIGKILLs between a ticket and its answer")
    reused = hand_in(store, [sale("tea", 2)], "--client", "till-1", "--number", str(number))
    check(reused.returncode != 0 and "number" in (reused.stdout + reused.stderr),
          f"one number for two contents is refused: {reused.stdout}")


@story("a document is voided once: stock and debt come back, and a second void is refused")
def void_once(stage):
    company = stage.company("store1", settings=NO_LIMITS)
    store = company.stores["store1"]
    ticket(store, sale("tea", 2, "r7"), sale("tea", 1, "r7"), charge("ann", "9.00", "r7"))
    store.filial("void", "r7")
    check_refused(store.filial("void", "r7", check=False), 4, "r7")
    check_refused(store.filial("void", "never-written", check=False), 4, "never-written")
    company.wait_settled(30)
    check_equal(value(store, "stock", "tea", "--at", "store1"), "0", "tea")
    check_equal(value(store, "debt", "ann"), "0.00", "debt of ann")
