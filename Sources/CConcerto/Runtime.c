#define _GNU_SOURCE
#include "CConcerto.h"

#include <pthread.h>
#if defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>
#endif

__thread concerto_thread_slots concerto_slots __attribute__((tls_model("initial-exec")));

bool concerto_is_main_thread(void) {
#if defined(__linux__)
  return syscall(SYS_gettid) == getpid();
#else
  return pthread_main_np() != 0;
#endif
}

extern __attribute__((swiftcall)) void swift_task_immediate(void *task, void *identity, void *implementation);
extern __attribute__((swiftcall)) void swift_task_cancel(void *task);
extern __attribute__((swiftcall)) uint32_t swift_task_getJobFlags(const void *job);

void concerto_task_start(void *task, void *identity, void *implementation) {
  swift_task_immediate(task, identity, implementation);
}

void concerto_task_cancel(void *task) { swift_task_cancel(task); }

bool concerto_job_layout_holds(const void *job) { return concerto_job_flags(job) == swift_task_getJobFlags(job); }
