#define _GNU_SOURCE
#include "CConcerto.h"

#include <errno.h>
#include <limits.h>
#include <time.h>

#if defined(__linux__)
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>
#elif defined(__APPLE__)
#include <os/clock.h>
#include <os/os_sync_wait_on_address.h>
#endif

int64_t concerto_now(void) {
  struct timespec now;
#if defined(__APPLE__)
  clock_gettime(CLOCK_UPTIME_RAW, &now);
#else
  clock_gettime(CLOCK_MONOTONIC, &now);
#endif
  return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

bool concerto_futex_wait(uint32_t *word, uint32_t expected, int64_t deadline) {
#if defined(__linux__)
  // The bitset form takes an absolute time of CLOCK_MONOTONIC.
  struct timespec until = {.tv_sec = deadline / 1000000000, .tv_nsec = deadline % 1000000000};
  if (deadline < 0) until = (struct timespec){0, 0};
  long result = syscall(SYS_futex, word, FUTEX_WAIT_BITSET | FUTEX_PRIVATE_FLAG, expected,
                        deadline == INT64_MAX ? NULL : &until, NULL, FUTEX_BITSET_MATCH_ANY);
  return result == 0 || errno != ETIMEDOUT;
#elif defined(__APPLE__)
  if (deadline == INT64_MAX) {
    os_sync_wait_on_address(word, expected, sizeof *word, OS_SYNC_WAIT_ON_ADDRESS_NONE);
    return true;
  }
  int64_t left = deadline - concerto_now();
  if (left <= 0) return false;
  int result = os_sync_wait_on_address_with_timeout(word, expected, sizeof *word, OS_SYNC_WAIT_ON_ADDRESS_NONE,
                                                    OS_CLOCK_MACH_ABSOLUTE_TIME, (uint64_t)left);
  return result >= 0 || errno != ETIMEDOUT;
#else
#error "CConcerto needs a futex"
#endif
}

void concerto_futex_wake(uint32_t *word, int32_t count) {
#if defined(__linux__)
  syscall(SYS_futex, word, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, count, NULL, NULL, 0);
#elif defined(__APPLE__)
  if (count == 1) {
    os_sync_wake_by_address_any(word, sizeof *word, OS_SYNC_WAKE_BY_ADDRESS_NONE);
  } else {
    os_sync_wake_by_address_all(word, sizeof *word, OS_SYNC_WAKE_BY_ADDRESS_NONE);
  }
#endif
}

static void lock_slowly(uint32_t *word) {
  // The sections under these locks are a few dozen instructions: most waits end within this spin.
  for (int i = 0; i < 100; i++) {
    uint32_t free = 0;
    if (__atomic_load_n(word, __ATOMIC_RELAXED) == 0 &&
        __atomic_compare_exchange_n(word, &free, 1, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
      return;
    concerto_relax();
  }
  // From here the lock is taken as "somebody may wait": one wake too many at worst, never one too few.
  while (__atomic_exchange_n(word, 2, __ATOMIC_ACQUIRE) != 0) concerto_futex_wait(word, 2, INT64_MAX);
}

void concerto_lock(uint32_t *word) {
  uint32_t free = 0;
  if (__builtin_expect(
          !__atomic_compare_exchange_n(word, &free, 1, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED), 0))
    lock_slowly(word);
}

bool concerto_try_lock(uint32_t *word) {
  uint32_t free = 0;
  return __atomic_compare_exchange_n(word, &free, 1, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

void concerto_unlock(uint32_t *word) {
  if (__builtin_expect(__atomic_exchange_n(word, 0, __ATOMIC_RELEASE) == 2, 0)) concerto_futex_wake(word, 1);
}

void concerto_pause(void) {
  struct timespec time = {.tv_sec = 0, .tv_nsec = 50000};
  nanosleep(&time, NULL);
}
