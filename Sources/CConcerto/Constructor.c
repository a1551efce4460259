#include "CConcerto.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// Of ConcertoRuntime. Weak: a program may link this target alone.
extern void concerto_install_from_environment(void) __attribute__((weak));

// A test run has no `main` of its own in which to install the pool: `CONCERTO_POOL=1` does it before `main`.
__attribute__((constructor)) static void install(void) {
  const char *wanted = getenv("CONCERTO_POOL");
  if (!wanted || !*wanted || strcmp(wanted, "0") == 0 || !concerto_install_from_environment) return;
  if (strcmp(wanted, "1") == 0)
    concerto_install_from_environment();
  else
    fprintf(stderr, "concerto: CONCERTO_POOL is \"%s\", must be 1 or 0: the pool is not installed\n", wanted);
}
