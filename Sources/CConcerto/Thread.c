#define _GNU_SOURCE
#include "CConcerto.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#if defined(__linux__)
#include <fcntl.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

int32_t concerto_thread_id(void) { return (int32_t)syscall(SYS_gettid); }

int64_t concerto_thread_cpu_time(int32_t thread) {
  // The kernel's encoding of "the scheduler's clock of this thread".
  clockid_t clock = (clockid_t)((~(uint32_t)thread << 3) | 6);
  struct timespec used;
  if (clock_gettime(clock, &used) != 0) return -1;
  return (int64_t)used.tv_sec * 1000000000 + used.tv_nsec;
}

char concerto_thread_state(int32_t thread) {
  char path[48], line[256];
  snprintf(path, sizeof path, "/proc/self/task/%d/stat", (int)thread);
  int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return 0;
  ssize_t length = read(file, line, sizeof line - 1);
  close(file);
  if (length <= 0) return 0;
  line[length] = 0;
  // The name before the state may hold anything, also a parenthesis; the last one ends it.
  char *end = strrchr(line, ')');
  return end && end[1] == ' ' ? end[2] : 0;
}
#else
int32_t concerto_thread_id(void) { return 0; }
int64_t concerto_thread_cpu_time(int32_t thread) { return -1; }
char concerto_thread_state(int32_t thread) { return 0; }
#endif

struct start {
  void (*body)(void *);
  void *argument;
  char name[16];
};

static void *run(void *raw) {
  struct start start = *(struct start *)raw;
  free(raw);
#if defined(__APPLE__)
  pthread_setname_np(start.name);
#else
  pthread_setname_np(pthread_self(), start.name);
#endif
  memcpy(concerto_thread_self()->name, start.name, sizeof start.name);
  start.body(start.argument);
  return NULL;
}

void concerto_thread_restore_name(void) {
#if defined(__linux__)
  char present[16] = {0};
  const char *name = concerto_thread_self()->name;
  if (prctl(PR_GET_NAME, present) == 0 && strncmp(present, name, sizeof present) != 0) prctl(PR_SET_NAME, name);
#endif
}

int concerto_thread_start(void (*body)(void *), void *argument, const char *name, size_t stack_size) {
  struct start *start = calloc(1, sizeof *start);
  if (!start) return ENOMEM;
  start->body = body;
  start->argument = argument;
  strncpy(start->name, name, sizeof start->name - 1);

  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  int error = stack_size ? pthread_attr_setstacksize(&attributes, stack_size) : 0;

  // A program's signals are for its own threads; a thread inherits the mask of its creator. The blocked-worker
  // report signals a worker by its id and is unblocked on workers alone.
  sigset_t all, old;
  sigfillset(&all);
  sigdelset(&all, SIGSEGV);
  sigdelset(&all, SIGBUS);
  sigdelset(&all, SIGFPE);
  sigdelset(&all, SIGILL);
  sigdelset(&all, SIGTRAP);
  sigdelset(&all, SIGABRT);
  // These are for the thread that causes them (a broken pipe, a forbidden call) or that runs (a sampling profiler).
  sigdelset(&all, SIGPIPE);
  sigdelset(&all, SIGPROF);
  sigdelset(&all, SIGSYS);
  pthread_sigmask(SIG_SETMASK, &all, &old);
  pthread_t thread;
  if (!error) error = pthread_create(&thread, &attributes, run, start);
  pthread_sigmask(SIG_SETMASK, &old, NULL);
  pthread_attr_destroy(&attributes);
  if (error) free(start);
  return error;
}
