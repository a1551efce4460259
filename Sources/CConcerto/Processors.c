#define _GNU_SOURCE
#include "CConcerto.h"

#include <unistd.h>

extern char **environ;
const char *concerto_environment_entry(int index) { return environ ? environ[index] : NULL; }

#if defined(__linux__)
#include <sched.h>
#include <stdlib.h>

int concerto_processors(void) {
  // A mask of more than 1,024 processors needs a larger set: the call says so by failing.
  for (int size = 1024; size <= 1 << 20; size *= 2) {
    cpu_set_t *set = CPU_ALLOC(size);
    if (!set) break;
    size_t bytes = CPU_ALLOC_SIZE(size);
    int count = sched_getaffinity(0, bytes, set) == 0 ? CPU_COUNT_S(bytes, set) : 0;
    CPU_FREE(set);
    if (count > 0) return count;
  }
  return (int)sysconf(_SC_NPROCESSORS_ONLN);
}
#else
int concerto_processors(void) { return (int)sysconf(_SC_NPROCESSORS_ONLN); }
#endif
