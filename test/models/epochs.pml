/* A log with epochs: one store's log, the machines that may write it, and head office's broker.
 *
 * Stands for: publisher/outbox.cpp (an event and its sync, open_epoch), publisher/rejoiner.cpp and
 * publisher/readmission.cpp (a store that comes back), publisher/lives.cpp and
 * publisher/identity.cpp (what ends a life), core/quarantine.cpp, core/machine.cpp,
 * core/journal/store_logs.cpp (what a broker takes), broker/broker.cpp (sync, then acknowledge),
 * broker/returns.cpp and broker/readmissions.cpp (who may go on), core/link/receiver.cpp.
 *
 * Machine 0 writes the log from its beginning. One backup of it is put back on machines 1 and 2, at
 * any time, whether machine 0 goes on or not. Whoever does not take its turn is cut off. The broker
 * may crash at any step. It may lose its disk, LOST_DISKS times: then machines that are over are taken
 * away by hand before it is accepted (filial accept-hub), and it grants nothing before it holds what
 * the other stores have taken. The reader is another store.
 *
 * Bounds: 3 machines, LENGTH positions, EPOCHS epochs. When the broker loses its disk, the reader has
 * read of the newest epoch. (Where it has not, two machines may be granted the same number by two lives
 * of the broker; their incarnations differ, and nobody takes from the second.) Not in here: several
 * brokers, topics, damaged journals.
 *
 * What has to hold:
 *   single  at one (epoch, position) there is one event in the whole world
 *   kept    the broker never lacks what it acknowledged, unless it lost its disk
 *   above   a log never goes on below what its broker has acknowledged
 *   alike   what a reader has taken stands in the broker's log at the same place
 *   back    a broker that lost its disk finds at the store all that it lost
 *
 * Mutants, each of which breaks what stands behind it:
 *   M_OWN_EPOCH       a backup goes on in its own epoch + 1, without head office: single
 *   M_TOLD_EARLY      the granted epoch is told before it is durable: single
 *   M_ACK_UNSYNCED    the broker acknowledges what it has not synced: kept
 *   M_OPEN_BELOW      the epoch is opened before all that the broker holds is here: above
 *   M_STAGED_AFTER    readmitted while events of the old life are staged, not synced: above
 *   M_SERVE_UNSYNCED  the broker sends on what it has not synced: alike
 *   M_TRIM            a store drops what was acknowledged: back
 *   M_HUB_FORGETS     a broker that lost its disk grants by its own memory alone: single
 */
#ifndef LENGTH
#define LENGTH 3
#endif
#ifndef LOST_DISKS
#define LOST_DISKS 1
#endif
#ifndef EPOCHS
#define EPOCHS 3
#endif
#define MACHINES 3

#ifdef M_OPEN_BELOW
#define ALL_IS_HERE(m) true
#else
#define ALL_IS_HERE(m) (machine[m].end + 1 >= word[m])
#endif
#ifdef M_STAGED_AFTER
#define NOTHING_STAGED true
#else
#define NOTHING_STAGED (staged == hub.end)
#endif
#ifdef M_HUB_FORGETS
#define ALL_HEARD true
#else
#define ALL_HEARD (!lost || hub.end >= reader.end)
#endif
#ifdef M_SERVE_UNSYNCED
#define SERVED staged
#else
#define SERVED hub.end
#endif

/* One property alone: -DONE -DP_... */
#if !defined(ONE) || defined(P_SINGLE)
#define SINGLE(what) assert(what)
#else
#define SINGLE(what) skip
#endif
#if !defined(ONE) || defined(P_KEPT)
#define KEPT(what) assert(what)
#else
#define KEPT(what) skip
#endif
#if !defined(ONE) || defined(P_ABOVE)
#define ABOVE(what) assert(what)
#else
#define ABOVE(what) skip
#endif
#if !defined(ONE) || defined(P_ALIKE)
#define ALIKE(what) assert(what)
#else
#define ALIKE(what) skip
#endif
#if !defined(ONE) || defined(P_BACK)
#define BACK(what) assert(what)
#else
#define BACK(what) skip
#endif

mtype = { off, trades, waits, gone };

typedef Log {
    byte epoch[LENGTH];
    byte by[LENGTH]; /* The machine that wrote it: with the epoch, which event it is. */
    byte end
};

Log machine[MACHINES];
mtype mode[MACHINES] = off;
byte life[MACHINES]; /* The epoch in which it writes. */
byte word[MACHINES]; /* The broker said that it holds so much of the log, + 1; 0: it said nothing. */
byte said[MACHINES]; /* The epoch that it said was granted; 0: none. */
#ifdef M_TRIM
byte trimmed[MACHINES];
#endif
byte backup;         /* Its length; 0: none was made. */

Log hub;                /* Up to hub.end synced, from there to `staged` not. */
byte staged;
byte granted[MACHINES]; /* As the running broker knows it. */
byte kept[MACHINES];    /* As its disk does. */
byte goes_on;           /* Whom the newest granted epoch is of. */
byte acknowledged;
byte lost;

Log reader;

hidden byte n, p, newest;
hidden byte same;

/* The proof by the chain: m's log and the broker's are alike as far as both go. */
inline compare(m) {
    same = true;
    for (p : 0 .. LENGTH - 1) {
        if
        :: p < machine[m].end && p < staged &&
           (machine[m].epoch[p] != hub.epoch[p] || machine[m].by[p] != hub.by[p]) -> same = false
        :: else
        fi
    }
}

inline append(m, in) {
    for (n : 0 .. MACHINES - 1) {
        SINGLE(n == m || machine[n].end <= machine[m].end ||
               machine[n].epoch[machine[m].end] != in || machine[n].by[machine[m].end] == m)
    }
    machine[m].epoch[machine[m].end] = in;
    machine[m].by[machine[m].end] = m;
    machine[m].end++
}

/* The highest epoch that the broker holds, granted, or is told of by whoever asks. */
inline find_newest(m) {
    newest = 1;
    for (n : 0 .. MACHINES - 1) {
        if :: granted[n] > newest -> newest = granted[n] :: else fi
    }
    if :: hub.end > 0 && hub.epoch[hub.end - 1] > newest -> newest = hub.epoch[hub.end - 1] :: else fi;
    if :: machine[m].end > 0 && machine[m].epoch[machine[m].end - 1] > newest ->
          newest = machine[m].epoch[machine[m].end - 1]
       :: else fi
}

inline tell(m) {
    word[m] = hub.end + 1;
    said[m] = (m == goes_on -> granted[m] : 0)
}

inline comes_back(m) {
    mode[m] = waits;
    word[m] = 0;
    said[m] = 0;
    granted[m] = 0; /* Another incarnation, for which nothing was granted. */
    kept[m] = 0
}

proctype Machine(byte m) {
end:
    do
    /* A till is answered: the event is durable here. */
    :: d_step { mode[m] == trades && machine[m].end < LENGTH -> append(m, life[m]) }
    :: d_step { m == 0 && mode[m] == trades && life[m] == 1 && backup == 0 -> backup = machine[m].end }
    :: d_step {
           m > 0 && mode[m] == off && backup > 0 ->
           for (p : 0 .. LENGTH - 1) {
               if :: p < backup -> machine[m].epoch[p] = 1 :: else fi
           }
           machine[m].end = backup;
#ifdef M_OWN_EPOCH
           life[m] = 2;
           mode[m] = trades
#else
           mode[m] = waits
#endif
       }
    /* The broker takes an event of it, not synced yet. Its session was let in by its epoch. */
    :: d_step {
           mode[m] == trades && staged < machine[m].end &&
           (granted[goes_on] == 0 || goes_on == m || life[m] > granted[goes_on]) &&
           (staged == 0 || life[m] >= hub.epoch[staged - 1]) ->
#ifdef M_TRIM
           BACK(trimmed[m] <= staged);
#endif
           compare(m);
           if
           :: same ->
               hub.epoch[staged] = machine[m].epoch[staged];
               hub.by[staged] = machine[m].by[staged];
               staged++
           :: else -> comes_back(m)
           fi
       }
    /* It hears that its epoch is over, or that the broker holds what it has not. */
    :: d_step {
           mode[m] == trades &&
           ((granted[goes_on] > life[m] && goes_on != m) ||
            (hub.end > 0 && hub.epoch[hub.end - 1] > life[m]) ||
            (hub.end > machine[m].end && hub.epoch[hub.end - 1] == life[m])) ->
           comes_back(m)
       }
    /* In quarantine: what the broker says, its own log from there, and the epoch. */
    :: d_step { mode[m] == waits -> tell(m) }
    :: d_step {
           mode[m] == waits && word[m] > 0 ->
           compare(m);
           if
           :: !same || machine[m].end < hub.end ->
               for (p : 0 .. LENGTH - 1) {
                   machine[m].epoch[p] = (p < hub.end -> hub.epoch[p] : 0);
                   machine[m].by[p] = (p < hub.end -> hub.by[p] : 0)
               }
               machine[m].end = hub.end
           :: else
           fi
       }
    :: d_step {
           mode[m] == waits && said[m] > 0 && machine[m].end < LENGTH && ALL_IS_HERE(m) ->
           compare(m);
           if
           :: same ->
               ABOVE(said[m] < granted[goes_on] || machine[m].end >= acknowledged);
               life[m] = said[m];
               append(m, life[m]);
               mode[m] = trades;
               said[m] = 0
           :: else
           fi
       }
    /* A person at head office names it; the answer goes out when the grant is durable. */
    :: d_step {
           mode[m] == waits && word[m] > 0 && granted[m] == 0 && NOTHING_STAGED && ALL_HEARD ->
           find_newest(m);
           if
           :: newest < EPOCHS -> granted[m] = newest + 1; goes_on = m
           :: else
           fi;
#ifndef M_TOLD_EARLY
           kept[m] = granted[m];
#endif
           tell(m)
       }
    od
}

proctype Hub() {
end:
    do
    :: d_step {
           hub.end < staged ->
           hub.end = staged;
           acknowledged = hub.end;
#ifdef M_TRIM
           for (n : 0 .. MACHINES - 1) {
               if :: mode[n] == trades && machine[n].end >= hub.end -> trimmed[n] = hub.end :: else fi
           }
#endif
       }
#ifdef M_ACK_UNSYNCED
    :: d_step { hub.end < staged -> acknowledged = staged }
#endif
#ifdef M_TOLD_EARLY
    :: d_step { kept[goes_on] != granted[goes_on] -> kept[goes_on] = granted[goes_on] }
#endif
    /* A crash, and the start after it. */
    :: d_step {
           staged > hub.end || kept[goes_on] != granted[goes_on] ->
           for (p : 0 .. LENGTH - 1) {
               if :: p >= hub.end -> hub.epoch[p] = 0; hub.by[p] = 0 :: else fi
           }
           staged = hub.end;
           goes_on = 0;
           for (n : 0 .. MACHINES - 1) {
               granted[n] = kept[n];
               if :: granted[n] > granted[goes_on] -> goes_on = n :: else fi
           }
           KEPT(hub.end >= acknowledged)
       }
    /* Its disk is lost. Whoever is over is taken away by hand; who goes on keeps his log. */
    :: d_step {
           lost < LOST_DISKS && hub.end > 0 && staged == hub.end &&
           (granted[goes_on] == 0 ||
            (reader.end > 0 && reader.epoch[reader.end - 1] == granted[goes_on])) ->
           lost++;
           for (n : 0 .. MACHINES - 1) {
               if :: mode[n] == trades && n != goes_on -> mode[n] = gone :: else fi;
               word[n] = 0;
               said[n] = 0;
               granted[n] = 0;
               kept[n] = 0
           }
           for (p : 0 .. LENGTH - 1) { hub.epoch[p] = 0; hub.by[p] = 0 }
           hub.end = 0;
           staged = 0;
           acknowledged = 0;
           goes_on = 0
       }
    od
}

proctype Reader() {
end:
    do
    :: d_step {
           reader.end < SERVED ->
           for (p : 0 .. LENGTH - 1) {
               ALIKE(p >= reader.end || (reader.epoch[p] == hub.epoch[p] &&
                                          reader.by[p] == hub.by[p]))
           }
           reader.epoch[reader.end] = hub.epoch[reader.end];
           reader.by[reader.end] = hub.by[reader.end];
           reader.end++
       }
    od
}

init {
    atomic {
        mode[0] = trades;
        life[0] = 1;
        machine[0].epoch[0] = 1;
        machine[0].end = 1;
        run Hub();
        run Reader();
        run Machine(0);
        run Machine(1);
        run Machine(2)
    }
}
