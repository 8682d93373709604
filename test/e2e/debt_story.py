"""S33, S41, S42 with real processes: what a customer owes, over lines that come and go."""

from stage import check_equal, get, story, ticket, value, wait_for
from ticket_story import charge

AT = "2026-03-02T10:00:00Z"


def two_stores(stage):
    company = stage.company("store1", "store2", cuttable=True)
    ticket(company.stores["store1"],
           {"op": "customer-add", "customer": "ann", "home": "store1", "fields": {}, "at": AT},
           {"op": "limit", "customer": "ann", "amount": "500.00", "at": AT},
           charge("ann", "100.00"))
    company.wait_settled(30)
    return company, company.stores["store1"], company.stores["store2"]


def check_forty(company):
    company.wait_settled(60)
    for store in company.stores.values():
        check_equal(value(store, "debt", "ann"), "40.00", f"what ann owes, asked at {store.name}")
        # Home's next mark says that it has booked the payment.
        wait_for(f"nothing pending at {store.name}", 20,
                 lambda s=store: float(get(s, "debt", "ann")["pending"]) == 0)


def pay(customer, amount):
    return {"op": "pay", "customer": customer, "amount": amount, "doc": "p1", "at": AT}


@story("S33: owes 100, pays 100 elsewhere, buys for 40 before that lands: 40.00 at every store")
def payment_lands_late(stage):
    company, home, other = two_stores(stage)
    other.line.cut()
    ticket(other, pay("ann", "100.00"))
    check_equal(value(other, "debt", "ann"), "0.00", "at the other store")
    ticket(home, charge("ann", "40.00", "r2"))
    check_equal(value(home, "debt", "ann"), "140.00", "at home before it landed")
    other.line.mend()
    check_forty(company)


@story("S33: the payment lands first, then the purchase, home is cut off meanwhile: 40.00 as well")
def payment_lands_first(stage):
    company, home, other = two_stores(stage)
    home.line.cut()
    ticket(home, charge("ann", "40.00", "r2"))
    ticket(other, pay("ann", "100.00"))
    company.broker.kill()
    home.line.mend()
    company.broker.start()
    check_forty(company)
