/*
 * The parking handshake with the queues as they are: slot, ring, shared list, holders, the monitor's sleep, its marks and
 * its evacuation. Beside parking.pml, which has one queue and more enqueuers.
 *
 *     spin -DLIMIT=1 -a queues.pml && cc -O2 -DSAFETY -DCOLLAPSE -DMEMLIM=3000 -o pan pan.c && ./pan -m400000
 *     spin -DLIMIT=2 -a queues.pml && ...
 *
 * Both pass (1.1 and 4.6 million states, seconds). Entries are counted, not told apart; a ring holds CAP. Every atomic
 * operation of the code is one step; what moves from one queue to another is in neither for a step: steal, handOver,
 * evacuate, overflow, takeSlot's "it goes to the end". The monitor's rescue of ring and shared entries is left out:
 * anything but zero there is a bug. Checked: invalid end states (a job waits and nobody can move), and in the end no
 * entry, mark, count or searcher is left over.
 *
 * Leave out a step and spin finds the loss: -DNO_P2, -DNO_B2, -DNO_E2_EVACUATE, and with LIMIT=2 -DNO_E2_SLOT. Of
 * -DNO_E2_SURPLUS, -DNO_M2 and -DQUIET_IGNORES_SLOT a pool of two threads shows no loss.
 */
#ifndef WORKERS
#define WORKERS 2
#endif
#ifndef LIMIT
#define LIMIT 1
#endif
#ifndef ENQUEUERS
#define ENQUEUERS 1
#endif
#ifndef JOBS
#define JOBS 1
#endif
#ifndef SPAWNS
#define SPAWNS 2
#endif
#ifndef YIELDS
#define YIELDS 1
#endif
#define CAP 2

byte shared = 0, ring[WORKERS], slot[WORKERS], hold = 0;
bool busy[WORKERS];              /* a thief copies out of this ring */
byte made = 0, done = 0, spawned = 0, yielded = 0, publishing = ENQUEUERS, ended = 0, stuckJobs = 0;
byte awake = 0, blocked = 0, searching = 0, parked = WORKERS;
bool monitorSleeps = true;
bool token[WORKERS];
byte stack[WORKERS], height = 0;
byte mark[WORKERS];              /* 0, 1 declared, 2 found */
bool stuck[WORKERS];             /* in one job for long */
bool blocks[WORKERS];            /* and waiting in the kernel, rather than computing */
bool monitorEnded = false;

#define RUNNING (awake - blocked)
#define ALLDONE (publishing == 0 && done == made)

/* hasWork(): shared, a snapshot of holders, each ring. Needs f, bits, sw of the caller. */
inline hasWork() {
    bits = 0; sw = 0;
    atomic { f = (shared > 0) };
    if :: f :: else ->
        bits = hold;
        do
        :: atomic { !f && sw < WORKERS -> f = (((bits >> sw) & 1) && ring[sw] > 0); sw++ }
        :: atomic { else -> bits = 0; sw = 0; break }
        od
    fi
}
inline hasWorkOrSlots() {
    hasWork();
    if :: f :: else ->
        bits = hold;
        do
        :: atomic { !f && sw < WORKERS -> f = (((bits >> sw) & 1) && slot[sw] > 0); sw++ }
        :: atomic { else -> bits = 0; sw = 0; break }
        od
    fi
}
inline wake() {
    atomic { assert(height > 0); height--; victim = stack[height]; stack[height] = 0 };
    atomic { token[victim] = true; victim = 0 }
}
inline workAdded() {
    if
    :: atomic { searching != 0 -> skip }
    :: atomic { searching == 0 && RUNNING < LIMIT && parked > 0 -> parked--; awake++; searching++ } wake()
    :: atomic { searching == 0 && RUNNING < LIMIT && parked == 0 -> skip }
    :: atomic { searching == 0 && RUNNING >= LIMIT -> monitorSleeps = false }
    fi
}
inline addWorkerEven() {
    if
    :: atomic { RUNNING < LIMIT && parked > 0 -> parked--; awake++; searching++ } wake()
    :: atomic { else -> skip }
    fi
}
/* slotFilled: throttled, so it may do nothing but wake the monitor. */
inline slotFilled() {
    if
    :: atomic { searching == 0 && RUNNING < LIMIT && parked > 0 -> parked--; awake++; searching++; monitorSleeps = false } wake()
    :: monitorSleeps = false
    fi
}
inline push() {
    if
    :: atomic { ring[me] < CAP -> ring[me]++ }
    :: atomic { ring[me] == CAP && busy[me] -> shared++ }
    :: atomic { ring[me] == CAP && !busy[me] -> ring[me] = ring[me] - CAP / 2; k = CAP / 2 + 1 }
       atomic { shared = shared + k; k = 0 }
    fi
}
/* handOver: slot, then ring, each its own step; then the shared list. */
inline handOver() {
    atomic { k = slot[me]; slot[me] = 0 };
    do
    :: atomic { ring[me] > 0 -> ring[me]--; k++ }
    :: atomic { else -> break }
    od;
    atomic { shared = shared + k; k = 0 }
}

proctype Enqueuer() {
    byte i = 0, victim;
    do
    :: atomic { i < JOBS -> shared++; made++; i++ }
       workAdded()
    :: atomic { i == JOBS -> publishing--; break }
    od
}

#define CANMARK(x) (stuck[x] && blocks[x] && mark[x] == 0)
#define CANFREE(x) (stuck[x] && (slot[x] > 0 || (ring[x] > 0 && !busy[x])))
#if WORKERS > 2
#define ANY(p) (p(0) || p(1) || p(2))
#else
#define ANY(p) (p(0) || p(1))
#endif

proctype Monitor() {
    byte victim, bits, sw, w, k, h; bool f;
    do
    :: atomic { ALLDONE -> break }
    /* Found blocked: count, mark, look again. */
    :: atomic { !monitorSleeps && ANY(CANMARK) && (shared > 0 || ring[0] > 0 || slot[0] > 0 || ring[1] > 0 || slot[1] > 0
#if WORKERS > 2
           || ring[2] > 0 || slot[2] > 0
#endif
           ) ->
           if
           :: stuck[0] && blocks[0] && mark[0] == 0 -> w = 0
           :: stuck[1] && blocks[1] && mark[1] == 0 -> w = 1
#if WORKERS > 2
           :: stuck[2] && blocks[2] && mark[2] == 0 -> w = 2
#endif
           fi }
       blocked++;
       if
       :: atomic { mark[w] == 0 -> mark[w] = 2 }
          if
          :: atomic { stuck[w] -> skip }
          :: atomic { !stuck[w] -> skip }
             if :: atomic { mark[w] == 2 -> mark[w] = 0 } blocked-- :: atomic { mark[w] != 2 -> skip } fi
          fi
       :: atomic { mark[w] != 0 -> skip } blocked--
       fi;
       addWorkerEven();
       w = 0
    /* It goes on to compute: the mark is taken back. Once is enough. */
    :: atomic { !monitorSleeps && !blocks[0] && mark[0] == 2 -> mark[0] = 0 } blocked--
    :: atomic { !monitorSleeps && !blocks[1] && mark[1] == 2 -> mark[1] = 0 } blocked--
    /* What stands behind a long job goes to the shared list. */
    :: atomic { !monitorSleeps && ANY(CANFREE) ->
           if
           :: stuck[0] && (slot[0] > 0 || (ring[0] > 0 && !busy[0])) -> w = 0
           :: stuck[1] && (slot[1] > 0 || (ring[1] > 0 && !busy[1])) -> w = 1
#if WORKERS > 2
           :: stuck[2] && (slot[2] > 0 || (ring[2] > 0 && !busy[2])) -> w = 2
#endif
           fi }
       atomic { k = slot[w]; slot[w] = 0 };
       do
       :: atomic { ring[w] > 0 && !busy[w] -> busy[w] = true; h = (ring[w] + 1) / 2; ring[w] = ring[w] - h; k = k + h; h = 0 }
          busy[w] = false
       :: atomic { else -> break }
       od;
       if
       :: atomic { k > 0 -> shared = shared + k; k = 0; w = 0 }
#ifndef NO_E2_EVACUATE
          workAdded()
#endif
       :: atomic { k == 0 -> w = 0 }
       fi
    /* M1, M2. */
    :: atomic { !monitorSleeps && shared == 0 && ring[0] + ring[1] == 0 && slot[0] + slot[1] == 0
#if WORKERS > 2
           && ring[2] + slot[2] == 0
#endif
           -> monitorSleeps = true }
#ifndef NO_M2
       hasWorkOrSlots();
       if :: atomic { f -> monitorSleeps = false; f = false } :: atomic { !f -> skip } fi
#endif
    od;
    atomic { ended++; monitorEnded = true }
}

proctype Worker(byte me) {
    bool searches = false, took = false, f = false, alone = false;
    byte victim, bits, sw, k, n, v;
    goto endSleep;

look:
    if
    :: atomic { RUNNING > LIMIT -> skip }
       handOver();
       if
       :: atomic { RUNNING > LIMIT ->
              awake--; parked++; searching = searching - searches; searches = false;
              hold = hold & (255 ^ (1 << me)); stack[height] = me; height++ }
          goto recheck
       :: atomic { RUNNING <= LIMIT -> skip }
#ifndef NO_E2_SURPLUS
          hasWork();
          if :: atomic { f -> f = false } workAdded() :: atomic { !f -> skip } fi
#endif
       fi
    :: atomic { RUNNING <= LIMIT -> skip }
    fi;
next:
    if
    :: atomic { slot[me] > 0 -> slot[me] = 0; took = true }
    :: atomic { slot[me] > 0 -> slot[me] = 0 }
       /* 32 in a row: it goes to the end of the ring. */
       push();
#ifndef NO_E2_SLOT
       workAdded();
#endif
       goto next
    :: atomic { ring[me] > 0 -> ring[me]--; took = true }
    :: atomic { shared > 0 -> shared--; took = true }
    :: atomic { shared > 1 && ring[me] < CAP && slot[me] == 0 -> shared = shared - 2; ring[me]++; took = true }
    :: atomic { slot[me] == 0 && ring[me] == 0 && shared == 0 -> skip }
    fi;
    if
    :: took -> goto perform
    :: else
    fi;

    if
    :: searches
    :: !searches ->
        if
        :: atomic { 2 * searching < RUNNING || (searching == 0 && RUNNING < 1) -> searching++; searches = true }
        :: atomic { else -> goto park }
        fi
    fi;
    /* steal: one look at each of the others that hold something. */
    bits = hold; v = 0;
    do
    :: atomic { v < WORKERS && (v == me || !((bits >> v) & 1)) -> v++ }
    :: atomic { v < WORKERS && v != me && ((bits >> v) & 1) -> skip }
       if
       :: atomic { ring[v] > 0 && !busy[v] && ring[me] == 0 ->
              busy[v] = true; k = (ring[v] + 1) / 2; ring[v] = ring[v] - k }
          atomic { ring[me] = ring[me] + k - 1; k = 0 };
          atomic { busy[v] = false; v = 0; bits = 0; took = true; goto perform }
       :: atomic { (ring[v] == 0 || busy[v]) && slot[v] > 0 && stuck[v] -> slot[v] = 0; v = 0; bits = 0; took = true; goto perform }
       :: atomic { (ring[v] == 0 || busy[v]) -> v++ }      /* slots are looked at in the last round only */
       fi
    :: atomic { v == WORKERS -> v = 0; bits = 0; break }
    od;
    if :: atomic { shared > 0 -> goto next } :: atomic { shared == 0 -> goto park } fi;

perform:
    took = false;
    if
    :: atomic { searches -> searches = false; searching--; f = (searching == 0) }
       if
       :: f -> hasWork(); if :: atomic { f -> f = false } workAdded() :: atomic { !f -> skip } fi
       :: else
       fi
    :: atomic { !searches -> skip }
    fi;
job:
    if
    /* Makes another job runnable here, and goes on. */
    :: atomic { spawned < SPAWNS -> spawned++; made++; k = slot[me]; slot[me] = 1 }
       if
       :: k > 0 -> k = 0; push(); workAdded()
       :: else -> slotFilled()
       fi;
       goto job
    /* Gives way: its continuation goes to the end of the ring. It ends here, but the job is not done. */
    :: atomic { yielded < YIELDS -> yielded++;
#ifdef QUIET_IGNORES_SLOT
           alone = (ring[me] == 0)
#else
           alone = (ring[me] == 0 && slot[me] == 0)
#endif
       }
       push();
       if :: alone -> atomic { monitorSleeps = false; alone = false } :: else -> workAdded() fi;
       goto look
    /* Blocks until everything else has run, undeclared. */
    :: atomic { stuckJobs == 0 -> stuckJobs = 1; stuck[me] = true; blocks[me] = true }
       if
       :: atomic { publishing == 0 && done + 1 == made -> blocks[me] = false }
       /* … or it declares it, perhaps after it was found. */
       :: blocked++;                                              /* B1 */
          atomic { k = mark[me]; mark[me] = 1 };
          if :: k != 0 -> k = 0; blocked-- :: else fi;
          handOver();
#ifndef NO_B2
          hasWork();
          if :: atomic { f -> f = false } workAdded() :: atomic { !f -> skip } fi;
#endif
          atomic { publishing == 0 && done + 1 == made -> blocks[me] = false };
          mark[me] = 0;
          blocked--
       fi;
       stuck[me] = false;
       if :: atomic { mark[me] != 0 -> mark[me] = 0 } blocked-- :: atomic { mark[me] == 0 -> skip } fi
#if LIMIT > 1
    /* Computes until everything else has run. */
    :: atomic { stuckJobs == 0 -> stuckJobs = 1; stuck[me] = true }
       (publishing == 0 && done + 1 == made);
       stuck[me] = false
#endif
    :: skip
    fi;
    done++;
    goto look;

park:
    hold = hold & (255 ^ (1 << me));
    atomic {                                                      /* P1 */
        awake--; parked++; searching = searching - searches; searches = false;
        stack[height] = me; height++
    };
recheck:
#ifndef NO_P2
    hasWork();
    if :: atomic { f -> f = false } workAdded() :: atomic { !f -> skip } fi;
#endif
endSleep:
    if
    :: atomic { token[me] -> token[me] = false; searches = true }
       hold = hold | (1 << me);
       goto look
    fi
}

init {
    byte i = 0;
    atomic {
        do
        :: i < WORKERS -> stack[i] = i; run Worker(i); i++
        :: else -> break
        od;
        height = WORKERS;
        run Monitor();
        i = 0;
        do
        :: i < ENQUEUERS -> run Enqueuer(); i++
        :: else -> break
        od
    }
    atomic { (monitorEnded && ALLDONE && parked == WORKERS && height == WORKERS && searching == 0);
    assert(blocked == 0 && searching == 0 && awake == 0 && shared == 0 && hold == 0);
    assert(ring[0] == 0 && ring[1] == 0 && slot[0] == 0 && slot[1] == 0 && mark[0] == 0 && mark[1] == 0) }
}
