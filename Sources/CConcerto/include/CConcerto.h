// What Swift cannot say: futexes and the lock made of one, threads, signal-safe stack capture, thread-local slots,
// and entry points of the runtime that Swift may not name.
#ifndef CCONCERTO_H
#define CCONCERTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// --- Time

/// Nanoseconds of the monotonic clock, which stands still while the machine sleeps.
int64_t concerto_now(void);

// --- Waiting

/// Waits while `*word == expected`, at most until `deadline` (nanoseconds of `concerto_now`; INT64_MAX: for ever).
/// Returns false if the deadline passed. Spurious returns are possible.
bool concerto_futex_wait(uint32_t *word, uint32_t expected, int64_t deadline);

/// Wakes up to `count` threads that wait on `word`.
void concerto_futex_wake(uint32_t *word, int32_t count);

/// A lock in one zero-initialised word: 0 free, 1 held, 2 held and somebody may wait. Not fair, spins briefly.
/// Unlike the lock of Swift's `Mutex` it does not hand over to a waiter that is not running yet, so that short
/// critical sections don't form convoys.
void concerto_lock(uint32_t *word);
bool concerto_try_lock(uint32_t *word);
void concerto_unlock(uint32_t *word);

// --- Threads

/// Starts a detached thread with all signals but the synchronous ones blocked. `name` is cut to 15 bytes;
/// `stack_size` 0 means the system's default. Returns 0 or an errno.
int concerto_thread_start(void (*body)(void *), void *argument, const char *name, size_t stack_size);

#ifdef __cplusplus
}
#endif

#endif
