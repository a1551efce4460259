/*
 * The parking handshake of ThreadPool (Sources/ConcertoRuntime/ThreadPool/Scheduler/Scheduler.swift), for all
 * interleavings of a small pool. spin is a Debian package.
 *
 *     spin -DWORKERS=2 -DLIMIT=1 -a Models/parking.pml && cc -O2 -DSAFETY -DCOLLAPSE -o pan pan.c && ./pan -m200000
 *     spin -DWORKERS=3 -DLIMIT=2 -DJOBS=1 -DENQUEUERS=3 -a …        (15 million states, a minute)
 *
 * WORKERS threads of which LIMIT may run at once, ENQUEUERS threads outside of the pool that publish JOBS jobs each,
 * one of which blocks its thread until all others have run. Steps that are one atomic operation in the code are one
 * step here; memory is sequentially consistent, as every operation that is modelled is in the code.
 *
 * What is checked: invalid end states. A worker may end only when everything has run; if a job waits and nobody can
 * move, a wake-up was lost.
 *
 * Leave out P2 (-DNO_P2) or B2 (-DNO_B2) and spin finds the lost job within a second. S2 (-DNO_S2) is not needed for
 * that: without it a job would only wait longer than it must, behind what the woken worker runs first.
 */
#ifndef WORKERS
#define WORKERS 2
#endif
#ifndef LIMIT
#define LIMIT 1
#endif
#ifndef ENQUEUERS
#define ENQUEUERS 2
#endif
#ifndef JOBS
#define JOBS 2
#endif

byte queued = 0;                /* jobs that anybody may fetch */
byte done = 0;                  /* jobs that have run */
byte awake = 0, blocked = 0, searching = 0, parked = WORKERS;    /* PoolState: one word, changed atomically */
bool token[WORKERS];            /* the futex word of each worker */
byte stack[WORKERS];            /* parked workers, the last on top; under the lock of `idle` */
byte height = 0;
byte blockers = 0;              /* jobs that block so far: one is enough */

#define RUNNING (awake - blocked)

/* workAdded and addWorker: E2 and what follows. The compare-and-swap is one step; popping the stack is another. */
inline addWorker(victim) {
    if
    :: atomic { searching == 0 && RUNNING < LIMIT && parked > 0 ->
           parked--; awake++; searching++; }
       /* The reservation is made: the stack has an entry for it. */
       atomic { assert(height > 0); height--; victim = stack[height]; }
       token[victim] = true
    :: else -> skip
    fi
}

proctype Enqueuer() {
    byte i = 0, victim;
    do
    :: i < JOBS ->
        queued++;               /* E1 */
        addWorker(victim);      /* E2 */
        i++
    :: else -> break
    od
}

proctype Worker(byte me) {
    bool searches = false, took;
    byte victim;
    goto sleep;

look:
    took = false;
    if
    :: atomic { queued > 0 -> queued--; took = true }
    :: else -> skip
    fi;
    if
    :: took ->
        if
        :: searches ->
            searches = false;
            /* S1 */
            bool last;
            atomic { searching--; last = (searching == 0) }
#ifndef NO_S2
            /* S2 */
            if
            :: last && queued > 0 -> addWorker(victim)
            :: else -> skip
            fi
#endif
        :: else -> skip
        fi;
        /* Run it. One job blocks until every other has run. */
        if
        :: atomic { blockers == 0 -> blockers++ ; blocked++ }      /* B1 */
#ifndef NO_B2
            if
            :: queued > 0 -> addWorker(victim)                      /* B2 */
            :: else -> skip
            fi;
#endif
            (done == ENQUEUERS * JOBS - 1);
            blocked--
        :: skip
        fi;
        done++;
        /* Surplus after a blocked thread has come back. */
        if
        :: atomic { RUNNING > LIMIT -> awake--; parked++; stack[height] = me; height++ } goto recheck
        :: else -> skip
        fi;
        goto look
    :: else -> skip
    fi;

    /* Nothing found: search, if few do, or park. */
    if
    :: !searches ->
        if
        :: atomic { 2 * searching < RUNNING -> searching++; searches = true } goto look
        :: else -> skip
        fi
    :: else -> skip
    fi;

    /* P1, under the lock of `idle`. */
    atomic {
        awake--; parked++;
        if :: searches -> searching-- :: else -> skip fi;
        searches = false;
        stack[height] = me; height++
    };
recheck:
#ifndef NO_P2
    /* P2 */
    if
    :: queued > 0 -> addWorker(victim)
    :: else -> skip
    fi;
#endif

sleep:
    if
    :: token[me] -> token[me] = false; searches = true; goto look
    :: atomic { done == ENQUEUERS * JOBS -> goto rest }
    fi;

rest:
    /* Everything has run. Only here may a worker end; a pool that stops elsewhere has lost a job. */
    assert(queued == 0)
}

init {
    byte i = 0;
    atomic {
        do
        :: i < WORKERS -> stack[i] = i; run Worker(i); i++
        :: else -> break
        od;
        height = WORKERS;
        i = 0;
        do
        :: i < ENQUEUERS -> run Enqueuer(); i++
        :: else -> break
        od
    }
}
