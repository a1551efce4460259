// Reads the tasks of a process out of its memory: of this process or of another. Nothing here follows a pointer that it
// has read: all goes through the kernel, which refuses where a load would fault.
#ifndef CCONCERTO_TASKS_H
#define CCONCERTO_TASKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#pragma clang assume_nonnull begin

// --- The memory of a process

typedef struct concerto_process concerto_process;

/// One line of `/proc/PID/maps`.
typedef struct {
  uint64_t start, end, offset;
  bool is_readable, is_writable, is_executable, is_private;
  /// Empty for memory without a file.
  const char *path;
} concerto_mapping;

/// Opens a process for reading; `pid` 0 is this one. NULL and an errno if it cannot be read: ESRCH, EPERM, EACCES, ENOSYS.
concerto_process *_Nullable concerto_process_open(int32_t pid, int *error);
void concerto_process_close(concerto_process *process);
int32_t concerto_process_id(const concerto_process *process);

/// The number of this process.
int32_t concerto_own_process(void);

/// Copies up to `size` bytes at `address`; returns how many from the first on could be read.
size_t concerto_process_read(concerto_process *process, uint64_t address, void *buffer, size_t size);

/// What was mapped when the process was opened, by address.
size_t concerto_process_mapping_count(const concerto_process *process);
concerto_mapping concerto_process_mapping_at(const concerto_process *process, size_t index);

/// The kernel's name of the process, and its executable; empty if unknown.
const char *concerto_process_executable(const concerto_process *process);

/// Whether `address` lies in memory that may be executed.
bool concerto_process_is_code(const concerto_process *process, uint64_t address);

/// Where the symbol is in the process, from the tables of the images whose path contains `image` (NULL: of the
/// executable); 0 if it is nowhere.
uint64_t concerto_process_find_symbol(concerto_process *process, const char *_Nullable image, const char *name);

/// Names functions: calls `found` once for each address, with its function (NULL if its image has no name for it), its image
/// (empty if it is in none) and the distance from the beginning of the function. `addresses` ascend. Reads the images'
/// files once each.
void concerto_process_name_functions(concerto_process *process, const uint64_t *addresses, size_t count,
                                     void (*found)(void *context, size_t index, const char *_Nullable name,
                                                   const char *image, uint64_t offset),
                                     void *context);

/// The name of the type of the object of a Swift class or actor at `address`, with its module; false if there is none.
bool concerto_process_type_name(concerto_process *process, uint64_t address, char *name, size_t size);

// --- Threads

typedef struct {
  int32_t id;
  /// The kernel's state: 'R' runs or wants to, 'S' and 'D' wait.
  char state;
  char name[16];
  /// How long it has run, and how long it has waited for a processor.
  int64_t run_nanoseconds, queued_nanoseconds;
} concerto_thread_record;

/// The threads of a process, at most `limit`.
size_t concerto_process_threads(concerto_process *process, concerto_thread_record *threads, size_t limit);

/// The stack of a thread that waits in the kernel, innermost frame first, without interrupting it; 0 frames for one that
/// runs. Functions without a frame record are left out, but for the one that called the C library.
///
/// `task` becomes the outermost of `tasks` (ascending addresses) that the stack names, or 0: whoever runs a task has it
/// there.
int concerto_process_thread_stack(concerto_process *process, int32_t thread, const uint64_t *_Nullable tasks,
                                  size_t task_count, uint64_t *task, uint64_t *frames, int limit);

// --- Tasks

/// Which sanitizer this program was built with; NULL if none.
const char *_Nullable concerto_sanitizer(void);

/// What the runtime of a process says about itself.
typedef struct {
  /// The first word of every task; 0 if the process has no Swift concurrency, or hides its symbols.
  uint64_t task_metadata;
  uint32_t layout_version;
  uint32_t task_size;
  bool escalates_priority;
  /// Whether it lays out tasks as this file knows them.
  bool is_known;
} concerto_task_runtime;

concerto_task_runtime concerto_process_task_runtime(concerto_process *process);

enum {
  concerto_task_cancelled = 0x100,
  concerto_task_running = 0x800,
  concerto_task_enqueued = 0x1000,
  concerto_task_complete = 0x2000,
};

enum {
  concerto_waits_for_nothing = 0,
  concerto_waits_for_task = 1,
  concerto_waits_for_continuation = 2,
  concerto_waits_for_group = 3,
  concerto_waits_for_executor = 4,
};

/// A task as it was at one moment.
typedef struct {
  uint64_t address;
  uint64_t id;
  /// The task that it is a child of, or 0.
  uint64_t parent;
  /// What it waits for: a task, a continuation, a group, or the executor that it is queued on (0: the default one).
  uint64_t awaited;
  /// Where its name begins in the names of the scan; 0 if it has none.
  uint32_t name;
  /// Which of the stacks of the scan it has.
  uint32_t stack;
  uint32_t status;
  uint32_t job_flags;
  uint8_t awaited_kind;
  uint8_t base_priority;
  bool is_child;
  bool is_group_child;
  /// A cancellation calls somebody: it sleeps, or waits in a way that a cancellation ends.
  bool has_cancellation_handler;
  /// It changed while it was read, each time: only its id and its state are known.
  bool is_moving;
} concerto_task_record;

/// Return addresses, innermost first: of a suspended task where it goes on and who awaits it.
typedef struct {
  uint32_t first;
  uint32_t count;
  /// It went on where nothing could be read, or was too long.
  bool is_cut;
} concerto_task_stack;

typedef struct {
  uint64_t bytes_scanned;
  /// Bytes of mappings too large to be anybody's heap, which were left out.
  uint64_t bytes_left_out;
  uint64_t candidates;
  /// Tasks beyond the limit.
  uint64_t dropped;
  /// Tasks that changed each time they were read.
  uint64_t moving;
  /// Stacks that were read twice the same and hold what is no code.
  uint64_t impossible;
  /// By the clock, and of the processor.
  int64_t scan_nanoseconds, read_nanoseconds, cpu_nanoseconds;
} concerto_scan_statistics;

typedef struct concerto_task_scan concerto_task_scan;

/// Finds the tasks of a process that have not ended, at most `limit`. NULL without memory.
concerto_task_scan *_Nullable concerto_scan_tasks(concerto_process *process, const concerto_task_runtime *runtime,
                                                  size_t limit);

/// Reads the tasks at `addresses`, and no others; those that are none, or have ended, are left out.
concerto_task_scan *_Nullable concerto_read_tasks(concerto_process *process, const concerto_task_runtime *runtime,
                                                  const uint64_t *addresses, size_t count);

void concerto_scan_free(concerto_task_scan *scan);
size_t concerto_scan_task_count(const concerto_task_scan *scan);
const concerto_task_record *_Nullable concerto_scan_tasks_found(const concerto_task_scan *scan);
size_t concerto_scan_stack_count(const concerto_task_scan *scan);
const concerto_task_stack *_Nullable concerto_scan_stacks(const concerto_task_scan *scan);
const uint64_t *_Nullable concerto_scan_frames(const concerto_task_scan *scan);
const char *concerto_scan_names(const concerto_task_scan *scan);
concerto_scan_statistics concerto_scan_figures(const concerto_task_scan *scan);

#pragma clang assume_nonnull end

#ifdef __cplusplus
}
#endif

#endif
