#define _GNU_SOURCE
#include "CConcerto.h"

#include <pthread.h>
#if defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>
#endif

__thread concerto_thread_slots concerto_slots CONCERTO_TLS_MODEL;

bool concerto_is_main_thread(void) {
#if defined(__linux__)
  return syscall(SYS_gettid) == getpid();
#else
  return pthread_main_np() != 0;
#endif
}

extern void *swift_retain(void *object);
extern void swift_release(void *object);
void concerto_object_retain(void *object) { swift_retain(object); }
void concerto_object_release(void *object) { swift_release(object); }

extern __attribute__((swiftcall)) void swift_task_cancel(void *task);
void concerto_task_cancel(void *task) { swift_task_cancel(task); }

extern __attribute__((swiftcall)) void *swift_task_getCurrent(void);
extern __attribute__((swiftcall)) bool swift_task_isCancelled(void *task);

void *concerto_task_current(void) { return swift_task_getCurrent(); }

bool concerto_task_is_cancelled(void) {
  void *task = swift_task_getCurrent();
  return task && swift_task_isCancelled(task);
}

#if defined(__linux__)
static void (*enqueue)(void *context, void *job);
static void *enqueue_context;

// Other threads may run tasks while the hook is set: `enqueue` publishes its context and what that refers to.
__attribute__((swiftcall)) static void enqueue_global(void *job, void *original) {
  __atomic_load_n(&enqueue, __ATOMIC_ACQUIRE)(enqueue_context, job);
}

extern __attribute__((swiftcall)) void (*swift_task_enqueueGlobal_hook)(void *job, void *original);
void concerto_enqueue_global_with(void (*function)(void *, void *), void *context) {
  enqueue_context = context;
  __atomic_store_n(&enqueue, function, __ATOMIC_RELEASE);
  __atomic_store_n(&swift_task_enqueueGlobal_hook, enqueue_global, __ATOMIC_RELEASE);
}

extern __attribute__((swiftcall)) void swift_task_immediate(void *task, void *identity, void *implementation);
extern __attribute__((swiftcall)) uint32_t swift_task_getJobFlags(const void *job);
extern __attribute__((swiftcall)) uint64_t swift_task_getJobTaskId(void *job);

void concerto_task_start(void *task, void *identity, void *implementation) {
  swift_task_immediate(task, identity, implementation);
}

uint64_t concerto_job_task_id(void *job) {
  return (concerto_job_flags(job) & 0xFF) == 0 ? swift_task_getJobTaskId(job) : 0;
}

bool concerto_job_layout_holds(const void *job) { return concerto_job_flags(job) == swift_task_getJobFlags(job); }
#else
// There is no pool elsewhere, and so nobody who calls these; older systems lack the symbols.
void concerto_enqueue_global_with(void (*function)(void *, void *), void *context) { __builtin_trap(); }
void concerto_task_start(void *task, void *identity, void *implementation) { __builtin_trap(); }
uint64_t concerto_job_task_id(void *job) { return 0; }
bool concerto_job_layout_holds(const void *job) { return false; }
#endif
