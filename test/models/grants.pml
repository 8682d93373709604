/* A grant: home gives parts of a limit to a holder, which spends them or hands them back.
 *
 * Stands for: ledger/grants.cpp and ledger/grants_taken.cpp (give, take, hand back, book),
 * ledger/pot.cpp (the reserve), ledger/room.cpp, ledger/lives.cpp (what a new epoch does to a room),
 * ledger/notices.cpp and publisher/control_inbox.cpp (each notice once, from brokers only),
 * publisher/outbox.cpp (an event, its state and its sync in one write), broker/broker.cpp (it sends
 * on what it has synced), publisher/rejoiner.cpp (a restored store goes on above what brokers hold).
 *
 * Parts are of 1. Home gives while something is left, the holder takes in order, spends and hands
 * back. Both may crash at any step. Each may once lose its disk and go on, in a new epoch, from
 * what the broker holds of its log; the holder's old machine may go on beside that for good. When it
 * is found and stands still, its tail is told and what it had not spent is free again.
 *
 * Bounds: one customer, LIMIT, one holder with two epochs, STEPS events in home's log. Not in here:
 * facts (flagged, beyond any room), payments (room again, where they are taken), several brokers,
 * recalls (fence.pml), a home that
 * loses its disk after a tail was told.
 *
 * What has to hold:
 *   limit    no more is spent than the limit, whatever was lost
 *   covered  what is spent, and what may still be, is never more than home counts as out
 *
 * Mutants, each of which breaks what stands behind it:
 *   M_TAKEN_TWICE      the position in home's log is not in the write of what was taken: limit
 *   M_GIVE_UNSYNCED    home's debit is not durable before it is sent: limit
 *   M_BACK_UNSYNCED    the holder's debit is not durable before it is sent: limit
 *   M_BOOKED_TWICE     what came back is booked again after a crash of home: covered
 *   M_BEFORE_BROKER    a notice is taken that no broker holds, and home forgets it: limit
 *   M_ROOM_STAYS       a restored holder spends the room of its old epoch: limit
 *   M_LOST_IS_FREE     what a lost epoch held is in the reserve at once: limit
 *   M_OLD_GIVE         a part that was given to the old epoch is taken by the new one: covered
 */
#ifndef LIMIT
#define LIMIT 2
#endif
#ifndef STEPS
#define STEPS 4
#endif

#define BACK 10 /* And the epoch. */
#define TAIL 20 /* And how much of it was not spent. */

#ifdef M_BEFORE_BROKER
#define OFFERED ends
#else
#define OFFERED broker
#endif
#ifdef M_GIVE_UNSYNCED
#define SERVED ends
#else
#define SERVED synced
#endif
#ifdef M_LOST_IS_FREE
#define IS_OUT(e) (e >= known)
#else
#define IS_OUT(e) true
#endif
#ifdef M_OLD_GIVE
#define MINE(e) true
#else
#define MINE(e) (entry == e)
#endif

/* One property alone: -DONE -DP_... */
#if !defined(ONE) || defined(P_LIMIT)
#define LIMIT_HOLDS(what) assert(what)
#else
#define LIMIT_HOLDS(what) skip
#endif
#if !defined(ONE) || defined(P_COVERED)
#define COVERED(what) assert(what)
#else
#define COVERED(what) skip
#endif

/* Home's log: an epoch, to which a part was given; BACK + epoch; TAIL + amount. */
byte log[STEPS];
byte ends;
byte synced;
byte broker;      /* How much of it the broker has synced. */
byte passed[STEPS];
byte known = 1;   /* The holder's epoch, as home knows it. */
byte booked[3];   /* By epoch: how many of the parts handed back home has booked. */
bool home_lost;
bool tail_told;

/* The holder, by epoch: 1 is the first machine, 2 the one that goes on after a loss. */
byte room[3];
byte taken[3];    /* Up to where it has read home's log. */
byte handed[3];   /* Parts handed back. */
bool runs[3];
bool opened;      /* The broker holds the second epoch. */

/* What the broker holds of the first one. */
byte broker_taken, broker_handed, broker_room;

byte spent;

#ifdef M_TAKEN_TWICE
byte durable_taken[3];
#endif
#ifdef M_BACK_UNSYNCED
bool unsynced[3];
#endif

hidden byte i, entry;
hidden short reserve;

/* What is left at home, by its own log. */
inline fold() {
    reserve = LIMIT;
    for (i : 0 .. STEPS - 1) {
        if
        :: i >= ends
        :: i < ends && log[i] >= TAIL -> reserve = reserve + (log[i] - TAIL)
        :: i < ends && log[i] >= BACK && log[i] < TAIL ->
            if :: IS_OUT(log[i] - BACK) -> reserve++ :: else fi
        :: i < ends && log[i] < BACK ->
            if :: IS_OUT(log[i]) -> reserve-- :: else fi
        fi
    }
}

inline note(what) {
    log[ends] = what;
    ends++;
#ifndef M_GIVE_UNSYNCED
    synced = ends
#endif
}

proctype Home() {
end:
    do
    :: d_step {
           ends < STEPS ->
           fold();
           if :: reserve > 0 -> note(known) :: else fi
       }
    /* It hears of the new epoch. */
    :: d_step { opened && known == 1 -> known = 2 }
    :: d_step { ends < STEPS && booked[1] < broker_handed -> booked[1]++; note(BACK + 1) }
    :: d_step { ends < STEPS && booked[2] < handed[2] -> booked[2]++; note(BACK + 2) }
    /* The old machine stands still for good; its facts were booked again. What it took, or was
     * given and never took, and did not spend or hand back, is free. */
    :: d_step {
           ends < STEPS && known == 2 && opened && !runs[1] && !tail_told && broker == ends ->
           tail_told = true;
           entry = room[1] + handed[1] - booked[1];
           for (i : 0 .. STEPS - 1) {
               if :: i >= taken[1] && i < ends && log[i] == 1 -> entry++ :: else fi
           }
           booked[1] = handed[1];
           room[1] = 0;
           broker_handed = handed[1];
           note(TAIL + entry)
       }
#ifdef M_GIVE_UNSYNCED
    :: d_step { synced < ends -> synced = ends }
    :: d_step { synced < ends -> ends = synced; broker = (broker > ends -> ends : broker) }
#endif
#ifdef M_BOOKED_TWICE
    :: d_step { booked[1] > 0 -> booked[1]-- }
#endif
    /* Its disk is lost: it goes on from what the broker holds. */
    :: d_step {
           !home_lost && !tail_told && broker < ends ->
           home_lost = true;
           for (i : 0 .. STEPS - 1) {
               if
               :: i >= broker && i < ends ->
                   if
                   :: log[i] == BACK + 1 -> booked[1]--
                   :: log[i] == BACK + 2 -> booked[2]--
                   :: else
                   fi;
                   log[i] = 0
               :: else
               fi
           }
           ends = broker;
           synced = broker
       }
    od
}

proctype Broker() {
end:
    do
    :: d_step { broker < SERVED -> broker = SERVED }
    :: d_step {
           runs[1] && !opened &&
           (broker_taken != taken[1] || broker_handed != handed[1] || broker_room != room[1]) ->
           broker_taken = taken[1];
           broker_handed = handed[1];
           broker_room = room[1]
       }
    :: d_step { runs[2] && !opened -> opened = true }
    od
}

proctype Holder(byte e) {
end:
    do
    :: d_step {
           runs[e] && taken[e] < OFFERED ->
           entry = log[taken[e]];
           taken[e]++;
           if :: entry < BACK && MINE(e) -> room[e]++ :: else fi
       }
    :: d_step {
           runs[e] && room[e] > 0 ->
           room[e]--;
           spent++;
           LIMIT_HOLDS(spent <= LIMIT)
       }
    :: d_step {
           runs[e] && room[e] > 0 ->
           room[e]--;
           handed[e]++;
#ifdef M_BACK_UNSYNCED
           unsynced[e] = true
#endif
       }
#ifdef M_TAKEN_TWICE
    :: d_step { durable_taken[e] < taken[e] -> durable_taken[e] = taken[e] }
    :: d_step { durable_taken[e] < taken[e] -> taken[e] = durable_taken[e] }
#endif
#ifdef M_BACK_UNSYNCED
    :: d_step { unsynced[e] -> unsynced[e] = false }
    :: d_step { unsynced[e] -> unsynced[e] = false; room[e]++ }
#endif
    /* The second life begins from what the broker holds of the first, which goes on or does not. */
    :: d_step {
           e == 2 && !runs[2] && !opened ->
           runs[2] = true;
           taken[2] = broker_taken;
#ifdef M_ROOM_STAYS
           room[2] = broker_room;
#endif
#ifdef M_TAKEN_TWICE
           durable_taken[2] = taken[2];
#endif
       }
    :: d_step { e == 1 && runs[1] -> runs[1] = false }
    od
}

proctype Count() {
end:
    do
    :: d_step {
           true ->
           fold();
           COVERED(spent + room[1] + room[2] + handed[1] - booked[1] + handed[2] - booked[2] <=
                   LIMIT - reserve)
       }
    od
}

init {
    atomic {
        runs[1] = true;
        run Home();
        run Broker();
        run Holder(1);
        run Holder(2);
        run Count()
    }
}
