/* A fence: the home of a customer closes his account while other stores hold parts of his limit.
 *
 * Stands for: ledger/accounts.cpp and ledger/accounts_applied.cpp (rounds, verdicts),
 * ledger/grants.cpp and ledger/grants_taken.cpp (give, recall, close, book), ledger/pot.cpp (whom a
 * verdict waits for), ledger/told.cpp (what home hears of charges), ledger/notices.cpp and
 * publisher/control_inbox.cpp (each notice once, in order), publisher/rounds.cpp (the balance that a
 * verdict rests on), publisher/outbox.cpp (an event, its state and its sync before anybody sees it).
 *
 * Home gives parts of 0 or 1, opens rounds, cancels them, and decides. A holder charges within its
 * room and takes payments, also beyond what is owed, while it has an open grant. Notices go each
 * way in the order of the sender's log; any of them may lie there as long as it likes. Home's
 * replica reads a holder's log when it comes to it.
 *
 * Bounds: one customer, HOLDERS holders; over all of them EVENTS debts, GIVES gifts and ROUNDS rounds.
 * Not in here: payments where no grant is open (facts, which put a closed account up for review), recalls
 * of a part, blocks, moves and merges (the same rounds), new epochs of a holder (grants.pml).
 *
 * What has to hold:
 *   shut     no charge after the account is closed
 *   settled  it is closed only when nothing is owed
 *   agreed   when nothing is on its way, home and holder agree whether the grant is open, and on
 *            what is left of it
 *
 * Mutants, each of which breaks what stands behind it:
 *   M_NOT_ALL          closed when one of the holders has answered: shut
 *   M_LATER_ROUND      an answer to an earlier round counts for this one: shut
 *   M_ACK_UNSYNCED     the answer goes out before it is durable; the holder crashes: shut
 *   M_GIVE_IN_ROUND    a part is given while a round is under way: shut
 *   M_ROUND_FORGOTTEN  a round is sent out before it is durable, home crashes and counts it anew: shut
 *   M_STALE_BALANCE    the balance is older than the answers: settled
 *   M_OLD_FENCE        a recall is obeyed again when its round is over and more was given: agreed
 */
#ifndef HOLDERS
#define HOLDERS 2
#endif
#ifndef EVENTS
#define EVENTS 2
#endif
#ifndef GIVES
#define GIVES 3
#endif
#ifndef ROUNDS
#define ROUNDS 2
#endif
#define NOTICES (GIVES + 2 * ROUNDS)

#ifdef M_GIVE_IN_ROUND
#define MAY_GIVE (standing != shut)
#else
#define MAY_GIVE (standing == open)
#endif
#ifdef M_ACK_UNSYNCED
#define LOSES_ANSWER(h) (unsynced[h] > 0)
#else
#define LOSES_ANSWER(h) false
#endif

/* One property alone: -DONE -DP_... */
#if !defined(ONE) || defined(P_SHUT)
#define SHUT(what) assert(what)
#else
#define SHUT(what) skip
#endif
#if !defined(ONE) || defined(P_SETTLED)
#define SETTLED(what) assert(what)
#else
#define SETTLED(what) skip
#endif
#if !defined(ONE) || defined(P_AGREED)
#define AGREED(what) assert(what)
#else
#define AGREED(what) skip
#endif

mtype = { open, fenced, shut, given, recalled, closed, told };

/* Home: its state is a fold of its log, so both are durable in one write. */
mtype standing = open;
byte rounds;
bool held[HOLDERS];       /* The pot has a share of it. */
short out[HOLDERS];
byte recalls[HOLDERS];    /* Not answered. */
bool given_since[HOLDERS];/* Since the last recall. */
byte gives;
short owed[HOLDERS];      /* What home's replica says. */
#ifdef M_NOT_ALL
bool answered;            /* Somebody did in this round. */
#endif
#ifdef M_ROUND_FORGOTTEN
byte kept_rounds;
bool crashed;
#endif

/* Holders: their own logs. */
bool opened[HOLDERS];
short room[HOLDERS];
short debt[HOLDERS];
byte unread[HOLDERS];     /* Events for home that its replica has not read. */
byte debts;
#ifdef M_OLD_FENCE
byte old[HOLDERS];
#endif
#ifdef M_ACK_UNSYNCED
byte unsynced[HOLDERS];
short before[HOLDERS];
#endif

chan control[HOLDERS] = [NOTICES] of { mtype, byte, short };       /* kind, round, amount */
chan back[HOLDERS] = [NOTICES] of { mtype, byte, short };

hidden byte i;
hidden short sum;
hidden byte r, waits;
hidden short amount;

inline own_debt(h, delta) {
    debt[h] = debt[h] + delta;
    room[h] = room[h] - delta;
    unread[h]++;
    debts++;
    back[h]!told(0, delta)
}

inline answer(h, in_round) {
    unread[h]++;
    back[h]!closed(in_round, room[h]);
    opened[h] = false;
    room[h] = 0
}

proctype Holder(byte h) {
end:
    do
    :: d_step {
           opened[h] && room[h] > 0 && debts < EVENTS && nfull(back[h]) ->
           SHUT(standing != shut);
           own_debt(h, 1)
       }
    :: d_step { opened[h] && debt[h] > -1 && debts < EVENTS && nfull(back[h]) -> own_debt(h, -1) }
    :: d_step {
           control[h]?[given] ->
           control[h]?given(r, amount);
           opened[h] = true;
           room[h] = room[h] + amount
       }
    :: d_step {
           control[h]?[recalled] && nfull(back[h]) ->
           control[h]?recalled(r, amount);
#ifdef M_OLD_FENCE
           old[h] = r;
#endif
#ifdef M_ACK_UNSYNCED
           if :: opened[h] -> unsynced[h] = r; before[h] = room[h] :: else fi;
#endif
           answer(h, r)
       }
#ifdef M_OLD_FENCE
    :: d_step { old[h] > 0 && opened[h] && nfull(back[h]) -> answer(h, old[h]); old[h] = 0 }
#endif
#ifdef M_ACK_UNSYNCED
    :: d_step { unsynced[h] > 0 -> unsynced[h] = 0 }
    :: d_step {
           unsynced[h] > 0 && !opened[h] ->
           opened[h] = true;
           room[h] = before[h];
           unsynced[h] = 0
       }
#endif
    od
}

inline drop(h) {
    held[h] = false;
    recalls[h] = 0;
    given_since[h] = false
}

proctype Leg(byte h) {
end:
    do
    :: d_step {
           MAY_GIVE && gives < GIVES && nfull(control[h]) ->
           gives++; held[h] = true; given_since[h] = true;
           control[h]!given(0, 0)
       }
    :: d_step {
           MAY_GIVE && gives < GIVES && nfull(control[h]) ->
           gives++; held[h] = true; given_since[h] = true;
           out[h]++;
           control[h]!given(0, 1)
       }
    :: d_step {
           back[h]?[told] ->
           back[h]?told(r, amount);
           if :: held[h] -> out[h] = out[h] - amount :: else fi
       }
    :: d_step {
           back[h]?[closed] ->
           back[h]?closed(r, amount);
           if
           :: held[h] ->
               out[h] = out[h] - amount;
               if :: recalls[h] > 0 -> recalls[h]-- :: else fi;
#ifdef M_LATER_ROUND
               r = rounds;
#endif
#ifdef M_NOT_ALL
               if :: standing == fenced && r == rounds -> answered = true :: else fi;
#endif
               if
               :: out[h] == 0 && ((standing == fenced && r == rounds) ||
                                  (recalls[h] == 0 && !given_since[h])) -> drop(h)
               :: else
               fi
           :: else
           fi
       }
    :: d_step { unread[h] > 0 -> unread[h] = 0; owed[h] = debt[h] }
    od
}

proctype Home() {
end:
    do
    :: d_step {
           standing == open && rounds < ROUNDS ->
           standing = fenced;
           rounds++;
#ifdef M_NOT_ALL
           answered = false;
#endif
           for (i : 0 .. HOLDERS - 1) {
               if
               :: held[i] ->
                   control[i]!recalled(rounds, 0);
                   recalls[i]++;
                   given_since[i] = false
               :: else
               fi
           }
       }
#ifdef M_ROUND_FORGOTTEN
    :: d_step { kept_rounds < rounds -> kept_rounds = rounds }
    :: d_step {
           kept_rounds < rounds && standing == fenced && !crashed ->
           rounds = kept_rounds;
           standing = open;
           crashed = true
       }
#endif
    :: d_step { standing == fenced -> standing = open } /* Cancelled. */
    /* The verdict. */
    :: d_step {
           standing == fenced ->
           waits = 0;
           sum = 0;
           for (i : 0 .. HOLDERS - 1) {
#ifdef M_NOT_ALL
               if :: held[i] && !answered -> waits++ :: else fi;
#else
               if :: held[i] -> waits++ :: else fi;
#endif
#ifndef M_STALE_BALANCE
               /* It has read less than home was told of. */
               if :: unread[i] > len(back[i]) -> waits++ :: else fi;
#endif
               sum = sum + owed[i]
           }
           if
           :: waits == 0 && sum == 0 ->
               standing = shut;
               sum = 0;
               for (i : 0 .. HOLDERS - 1) { sum = sum + debt[i] }
               SETTLED(sum == 0)
           :: waits == 0 && sum != 0 -> standing = open
           :: else
           fi
       }
    od
}

proctype Rest(byte h) {
end:
    do
    :: d_step {
           empty(control[h]) && empty(back[h]) && !LOSES_ANSWER(h) &&
           (held[h] != opened[h] || out[h] != room[h]) ->
           AGREED(false)
       }
    od
}

init {
    atomic {
        run Home();
        for (i : 0 .. HOLDERS - 1) {
            run Holder(i);
            run Leg(i);
            run Rest(i)
        }
    }
}
