// What Swift cannot say: futexes and the lock made of one, threads, signal-safe stack capture, thread-local slots,
// and entry points of the runtime that Swift may not name.
#ifndef CCONCERTO_H
#define CCONCERTO_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "CConcertoTasks.h"

#ifdef __cplusplus
extern "C" {
#endif

#pragma clang assume_nonnull begin

// --- Time

/// Nanoseconds of the monotonic clock, which stands still while the machine sleeps.
int64_t concerto_now(void);

/// A counter that is cheap to read and runs at a constant rate; no unit.
static inline uint64_t concerto_ticks(void) {
#if defined(__x86_64__)
  return __builtin_ia32_rdtsc();
#elif defined(__aarch64__)
  uint64_t ticks;
  __asm__ volatile("mrs %0, cntvct_el0" : "=r"(ticks));
  return ticks;
#else
  return (uint64_t)concerto_now();
#endif
}

/// About 50 microseconds of `concerto_ticks`.
static inline uint64_t concerto_ticks_50us(void) {
#if defined(__x86_64__)
  return 150000;
#elif defined(__aarch64__)
  uint64_t frequency;
  __asm__ volatile("mrs %0, cntfrq_el0" : "=r"(frequency));
  return frequency / 20000;
#else
  return 50000;
#endif
}

/// Lets the other thread of this core run for a moment: the body of a spin.
static inline void concerto_relax(void) {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

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

/// Lets other threads run for a while: what follows a spin that has not helped. Waits for some 50 microseconds, so that
/// also threads of lower priority get their turn.
void concerto_pause(void);

// --- Threads

/// Starts a detached thread with all signals blocked but those that are about the thread itself: the
/// synchronous ones, SIGPIPE, SIGSYS and SIGPROF. `name` is cut to 15 bytes;
/// `stack_size` 0 means the system's default. Returns 0 or an errno.
int concerto_thread_start(void (*body)(void *_Nullable), void *_Nullable argument, const char *name, size_t stack_size);

/// Gives this thread, which `concerto_thread_start` has started, the name back that it was started with, if it has
/// another. One system call, two if it has.
void concerto_thread_restore_name(void);

/// The environment's entry at `index`, "name=value"; NULL behind the last.
const char *_Nullable concerto_environment_entry(int index);

/// Processors that this process may run on.
int concerto_processors(void);

/// The kernel's id of this thread.
int32_t concerto_thread_id(void);

/// Nanoseconds of processor time that a thread of this process has used; -1 if there is no such thread.
int64_t concerto_thread_cpu_time(int32_t thread);

/// The kernel's state of a thread of this process, as `/proc` shows it: 'R' runs or wants to, 'S' and 'D' wait;
/// 0 if unknown.
char concerto_thread_state(int32_t thread);

static inline void concerto_clear_errno(void) { errno = 0; }

/// What a thread knows about itself. All zero on threads that are not Concerto's.
typedef struct {
  /// The worker of a pool that this thread is, or NULL.
  void *_Nullable worker;
  /// The pool (an object) that the worker belongs to.
  void *_Nullable pool;
  /// Set: the next job that this thread hands to a pool is kept in `kept` instead of queued.
  bool keeps;
  void *_Nullable kept;
  /// Set while a thread fires timers: what they make runnable has waited long enough already.
  bool urgent;
  /// Where the thread's stack ends, on threads that can be asked for their frames.
  uintptr_t stack_low, stack_high;
  /// The name that the thread was started with.
  char name[16];
  /// How many jobs run inside each other on this thread, beyond the one that its executor started.
  uint32_t nested;
} concerto_thread_slots;

#if defined(__linux__)
#define CONCERTO_TLS_MODEL __attribute__((tls_model("initial-exec")))
#else
#define CONCERTO_TLS_MODEL
#endif
extern __thread concerto_thread_slots concerto_slots CONCERTO_TLS_MODEL;

static inline concerto_thread_slots *concerto_thread_self(void) { return &concerto_slots; }

/// Whether this is the thread that the process started with.
bool concerto_is_main_thread(void);

// --- The stack of another thread

/// Lets this thread be asked for its frames: installs the signal handler (once) and unblocks its signal here.
void concerto_stack_prepare(void);

/// Interrupts `thread` with a signal whose handler stores its return addresses, innermost first, and nothing else.
/// Returns how many; 0 if the thread did not answer within 20 ms. System calls that cannot be restarted return EINTR.
/// `between` takes up to `*between_count` words of the stack below the innermost frame record, and their number.
int concerto_stack_capture(int32_t thread, uintptr_t *frames, int limit, uintptr_t *between, int *between_count);

/// Whether `address` is where a call returns to, in another image than that of `callee`. Not for signal handlers.
bool concerto_is_called_from(uintptr_t address, uintptr_t callee);

/// The function that holds `address`, by the symbol table of its image, and the address as the image's file counts it.
/// Reads files: not for hot paths.
bool concerto_symbol_find(uintptr_t address, char *name, size_t name_size, char *image, size_t image_size,
                          uintptr_t *offset, uintptr_t *file_address);

/// A pipe that no other program of this process gets to see. Returns an error number.
int concerto_pipe(int ends[_Nonnull 2]);

/// A Swift symbol in source form, to be freed; NULL if it is none.
char *_Nullable concerto_demangle(const char *name);
void concerto_free(void *memory);

// --- Entry points of Swift's runtime. All are called by code that the compiler emits into every client, which makes
// them stable; Swift itself may not name them without a warning.

/// Counts a reference to an object of Swift; the compiler neither pairs these nor takes them away.
void concerto_object_retain(void *object);
void concerto_object_release(void *object);

/// Starts `task`, which has never run, on this thread now; returns at its first suspension or its end. `identity` and
/// `implementation` are the words of the serial executor that this thread is on, or zero.
void concerto_task_start(void *task, void *_Nullable identity, void *_Nullable implementation);

/// The task that runs on this thread, or NULL; not retained.
void *_Nullable concerto_task_current(void);

/// Cancels `task`, as `Task.cancel()` does.
void concerto_task_cancel(void *task);

/// Whether the current task has been cancelled; false where there is none. `Task.isCancelled` without counting a
/// reference to the task.
bool concerto_task_is_cancelled(void);

/// Gives every job for the default executor to `function` instead, on the thread that enqueues it. The runtime would
/// take and give back a reference to that executor around each: one counter that all threads write. To be called
/// once, before any thread of `context` runs.
void concerto_enqueue_global_with(void (*function)(void *context, void *job), void *context);

/// Binds a task-local of the current task: `key` is the `TaskLocal` object, `value` is taken over (moved out of), `type` is
/// the metadata of the value's type. The binding lives in the task's own allocator, which is a stack: nothing that the
/// task allocates between push and pop may outlive the pop.
void concerto_task_local_push(const void *key, void *value, const void *type);
void concerto_task_local_pop(void);

/// Where the current value of a task-local is, or NULL if none is bound; valid until it is popped.
const void *_Nullable concerto_task_local_get(const void *key);

/// What `withTaskCancellationHandler` does, without its two further async functions: calls `body` once when the current
/// task is cancelled, on the thread that cancels, or inside this call if it has been. Only inside a task. Ends with
/// `concerto_cancellation_unwatch`, in the same async function: both take from the task's own stack of memory.
void *concerto_cancellation_watch(void (*body)(void *), void *argument);

/// Returns once `body` is not running and never will.
void concerto_cancellation_unwatch(void *watch);

/// The flags of a job: its kind in the low byte, its priority in the next. Read where the runtime of this version keeps
/// them; `concerto_job_layout_holds` says whether it does.
static inline uint32_t concerto_job_flags(const void *job) {
  return *(const uint32_t *)((const char *)job + 32);
}

/// The id of a task's job; 0 for a job that is no task.
uint64_t concerto_job_task_id(void *job);

/// Compares `concerto_job_flags` with what the runtime says about the same job.
bool concerto_job_layout_holds(const void *job);

/// The two words of a job that belong to the executor while, and only while, the job is queued.
static inline uintptr_t *concerto_job_words(void *job) { return (uintptr_t *)((char *)job + 16); }

// --- libdispatch's main queue, as its run-loop integration shows it.

/// Makes this thread, the main thread, the one that drains the main queue; returns the descriptor that is readable
/// while the queue has work.
int concerto_main_queue_handle(void);
/// Runs what the main queue holds. On the main thread only.
void concerto_main_queue_drain(void);

/// A descriptor that can be raised from any thread, also from a signal handler, and waited for; -1 on failure.
int concerto_signal_create(void);
void concerto_signal_raise(int descriptor);
/// Waits until one of the two descriptors is readable, at most `timeout` milliseconds (-1: for ever), and lowers both.
/// Returns a bit for each that was.
int concerto_signal_wait(int first, int second, int timeout);

#pragma clang assume_nonnull end

#ifdef __cplusplus
}
#endif

#endif
