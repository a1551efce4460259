#include "CMallocCount.h"

#if defined(__linux__)
#include <features.h>
#endif
#include <stddef.h>

#if defined(__GLIBC__)

static unsigned long count;

extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);
extern void __libc_free(void *);

static void note(void) { __atomic_fetch_add(&count, 1, __ATOMIC_RELAXED); }

void *malloc(size_t size) {
  note();
  return __libc_malloc(size);
}

void *calloc(size_t number, size_t size) {
  note();
  return __libc_calloc(number, size);
}

void *realloc(void *pointer, size_t size) {
  note();
  return __libc_realloc(pointer, size);
}

int posix_memalign(void **pointer, size_t alignment, size_t size) {
  note();
  *pointer = __libc_memalign(alignment, size);
  return *pointer ? 0 : 12;
}

void free(void *pointer) { __libc_free(pointer); }

unsigned long malloc_count(void) { return __atomic_load_n(&count, __ATOMIC_RELAXED); }

#else

unsigned long malloc_count(void) { return 0; }

#endif
