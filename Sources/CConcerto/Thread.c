#define _GNU_SOURCE
#include "CConcerto.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

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
  start.body(start.argument);
  return NULL;
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
  pthread_sigmask(SIG_SETMASK, &all, &old);
  pthread_t thread;
  if (!error) error = pthread_create(&thread, &attributes, run, start);
  pthread_sigmask(SIG_SETMASK, &old, NULL);
  pthread_attr_destroy(&attributes);
  if (error) free(start);
  return error;
}
