"""Stores that are far: each has its own database, sends when it can, and may be late."""

from stage import (check, check_equal, check_truth, differences, get, import_all, log_end, read_log,
                   retail, story, ticket, wait_for)


def sent_leg(store):
    """Its own log on the way to the broker."""
    return next(leg for leg in store.queue()["legs"] if leg["direction"] == "out"
                and leg["origin"] == store.name and "head" in leg["peer"])


@story("S5: a store that is left alone in the world sells, answers and exports from its own database")
def own_database(stage):
    names = ("store1", "store8")
    by_store = retail(*names, lines=400)
    company = stage.company(*names)
    import_all(stage, company, by_store)
    check_truth(stage, company, by_store)
    alone, other = company.stores["store1"], company.stores["store8"]
    for program in (company.broker, *(p for s in company.stores.values()
                                      for p in (s.publisher, s.subscriber))):
        program.kill()
    for folder in (company.head, other.dir):
        folder.rename(folder.with_name(folder.name + ".gone"))
    alone.publisher.start()
    alone.subscriber.start()
    wait_for("the store to answer", 30,
             lambda: alone.answers("publisher") and alone.answers("subscriber"))
    ticket(alone, {"op": "sell", "sku": "tea", "qty": "1"})
    tea = [{"op": "sell", "sku": "tea", "qty": "1"}]
    wait_for("its own sale", 20, lambda: get(alone, "stock", "tea", "--at", "store1"))
    check_equal(differences(stage, company, {**by_store, "store1": by_store["store1"] + tea},
                            ["store1"]), 0, "differences of everything it holds from the truth")


@story("S6: a store that has its line once a day sends the whole day's transactions in that call",
       seconds=180)
def once_a_day(stage):
    by_store = retail("store8", lines=900)
    company = stage.company("store8", "store1", cuttable=True)
    store, reader = company.stores["store8"], company.stores["store1"]
    days = [by_store["store8"][:450], by_store["store8"]]
    for day in days:
        store.line.cut()
        import_all(stage, company, {"store8": day})
        end = log_end(store)
        leg = sent_leg(store)
        check(leg["depth_events"] > 100, f"the day waits while the line is down: {leg}")
        store.line.mend()
        wait_for("the day to be sent", 60, lambda: sent_leg(store)["connected"] and
                 sent_leg(store)["depth_events"] == 0)
        store.line.cut()
        # What the broker holds now, read at another store's line.
        check_equal(len(read_log(reader, origin=store, publisher=False)), end,
                    "events of the day at head office")
    store.line.mend()
    check_truth(stage, company, by_store)


@story("S39: a store that sends days late is a longer queue, stops nobody, and everything comes right",
       seconds=180)
def days_late(stage):
    names = ("warehouse", "store1", "store8")
    by_store = retail(*names, lines=900)
    company = stage.company("warehouse", "store1", start=False)
    company.add_store("store8", cuttable=True)
    company.start()
    late = company.stores["store8"]
    late.line.cut()
    for day in (300, 600, 900):
        import_all(stage, company, {name: ops[:day] for name, ops in by_store.items()})
        leg = sent_leg(late)
        check_equal((leg["end"], leg["depth_events"]),
                    (log_end(late), leg["end"] - leg["position"]),
                    "every event since the last call waits, and nothing else")
        check(leg["position"] <= 1, f"nothing went out: {leg}")
        for name in ("warehouse", "store1"):  # The others are up to date with each other.
            other = company.stores[name]
            wait_for(f"the day of {name} to be sent", 60,
                     lambda o=other: sent_leg(o)["depth_events"] == 0)
    late.line.mend()
    check_truth(stage, company, by_store)
    check_equal(sent_leg(late)["depth_events"], 0, "depth once it has sent")


@story("S40: who is registered at one store is known at another, with home, fields and age")
def registered_elsewhere(stage):
    company = stage.company("store1", "store2")
    first, second = company.stores["store1"], company.stores["store2"]
    ticket(first, {"op": "customer-add", "customer": "ann", "home": "store1",
                   "fields": {"name": "Ann"}},
           {"op": "limit", "customer": "ann", "amount": "100"})
    wait_for("the registration", 30, lambda: get(second, "customer", "ann"))
    row = get(second, "customer", "ann")
    check_equal((row["store"], row["fields"]["home"], row["fields"]["name"]),
                ("store1", "store1", "Ann"), "home and fields at the other store")
    check_equal(get(second, "debt", "ann")["limit"], "100.00", "the limit there")
    check(row["age_seconds"] < 60 and row["as_of"], f"its age: {row}")
