#define _GNU_SOURCE
#include "ProcessMemory.h"

#if defined(__linux__)
#include <stdlib.h>
#include <string.h>
#include <time.h>

// Where the runtime of Swift 6.3 keeps what, without priority escalation (it has none on Linux). `concerto_task_runtime`
// says whether a process's runtime is of that kind, and a task of our own is read before any other of this process.
enum {
  offset_metadata = 0,
  offset_references = 8,
  offset_job_flags = 32,
  offset_id_low = 36,
  offset_resume_function = 56,
  offset_resume_context = 64,
  offset_status = 96,
  offset_innermost_record = 104,
  offset_id_high = 144,
  offset_base_priority = 152,
  offset_dependency = 160,
  offset_parent = 208,
  head_size = 224,
};

enum {
  job_kind = 0xFF,
  job_is_child = 1 << 24,
  job_is_group_child = 1 << 26,
  status_records_locked = 0x200,
  status_has_dependency = 0x4000,
  // The highest of them: the task prefers an executor.
  status_known_bits = 0xFFFF,
};

enum {
  record_cancellation_handler = 3,
  record_name = 6,
};

enum {
  context_parent = 0,
  context_resume = 8,
  record_kind = 0,
  record_next = 8,
  name_text = 16,
  dependency_what = 16,
  dependency_kind = 32,
  dependency_waiting_task = 40,
};

#define COPY_SIZE 1024
#define CHUNK_SIZE ((size_t)1 << 20)
#define STACK_LIMIT 64
#define RECORD_LIMIT 64
#define ATTEMPTS 8
/// No heap has a mapping this large; the shadow memory of sanitizers has.
#define LARGEST_MAPPING ((uint64_t)64 << 30)

/// A copy of a task and of the memory behind it, and one of another place.
typedef struct {
  concerto_process *process;
  uint64_t address;
  const char *copy;
  size_t length;
  uint64_t far_address;
  size_t far_length;
  char far[COPY_SIZE];
} view;

typedef struct {
  concerto_task_record record;
  uint64_t frames[STACK_LIMIT];
  uint32_t frame_count;
  bool is_cut, is_impossible;
  char name[128];
} decoded;

/// What a scan copies memory into, apart from the heap and from all stacks. It holds copies of tasks, so it is not
/// searched itself, and goes back to the system when the scan ends.
typedef struct {
  char chunk[CHUNK_SIZE];
  char copies[CONCERTO_READ_MANY * COPY_SIZE];
  char heads[CONCERTO_READ_MANY * head_size];
  char single[COPY_SIZE];
  char second[head_size];
  view view;
  uint32_t lengths[CONCERTO_READ_MANY];
  uint32_t head_lengths[CONCERTO_READ_MANY];
  decoded tasks[CONCERTO_READ_MANY];
} workspace;

struct concerto_task_scan {
  concerto_process *process;
  concerto_task_runtime runtime;
  concerto_scan_statistics figures;
  size_t limit;

  uint64_t *candidates;
  size_t candidate_count, candidate_room;
  concerto_task_record *records;
  size_t record_count, record_room;
  concerto_task_stack *stacks;
  size_t stack_count, stack_room;
  uint64_t *frames;
  size_t frame_count, frame_room;
  char *names;
  size_t name_count, name_room;
  /// Indices of stacks and of records + 1, by hash.
  uint32_t *stack_index;
  size_t stack_index_size;
  uint32_t *id_index;
  size_t id_index_size;

  workspace *space;
};

static uint64_t word(const char *bytes, size_t offset) {
  uint64_t value;
  memcpy(&value, bytes + offset, sizeof value);
  return value;
}

static uint32_t half(const char *bytes, size_t offset) {
  uint32_t value;
  memcpy(&value, bytes + offset, sizeof value);
  return value;
}

/// Makes room for `more` elements behind `count`.
static bool reserve(void *vector, size_t *room, size_t count, size_t more, size_t element) {
  if (count + more <= *room) return true;
  size_t wanted = *room ? *room * 2 : 1024;
  while (wanted < count + more) wanted *= 2;
  void *grown = realloc(*(void **)vector, wanted * element);
  if (!grown) return false;
  *(void **)vector = grown;
  *room = wanted;
  return true;
}

// --- One task

/// `size` bytes at `address`, or NULL.
static const char *at(view *view, uint64_t address, size_t size) {
  if (address >= view->address && address - view->address + size <= view->length)
    return view->copy + (address - view->address);
  if (address >= view->far_address && address - view->far_address + size <= view->far_length)
    return view->far + (address - view->far_address);
  if (address < 4096 || address >> 56) return NULL;
  // Callers' contexts lie before those of whom they await, in the same piece of the task's memory as a rule.
  uint64_t start = address > COPY_SIZE ? address - COPY_SIZE * 3 / 4 : address;
  view->far_address = start;
  view->far_length = concerto_process_read(view->process, start, view->far, COPY_SIZE);
  if (address - start + size <= view->far_length) return view->far + (address - start);
  view->far_address = address;
  view->far_length = concerto_process_read(view->process, address, view->far, size);
  return view->far_length == size ? view->far : NULL;
}

/// Memory that held a task and was given back keeps what nobody has written over: the metadata stays, of the rest some
/// words are somebody else's. In a task that lives all of these hold, at any moment.
static bool is_alive(const char *head, uint32_t status) {
  // Not being destroyed, unless the count is kept elsewhere or the task lies in its parent's memory (the highest bit).
  uint64_t references = word(head, offset_references);
  if (!(references >> 63) && (!(references & 1) || (references >> 32 & 1))) return false;
  uint64_t priority = word(head, offset_base_priority);
  if (priority > 0xFF || (status & 0xFF) < priority) return false;
  if (half(head, offset_id_high) > 0xFFFF) return false;
  uint64_t record = word(head, offset_innermost_record), dependency = word(head, offset_dependency);
  if (record % 8 || record >> 56 || dependency % 8 || dependency >> 56) return false;
  // Who has neither a thread nor a place in a queue nor somebody to wait for depends on nobody.
  bool is_idle = !(status & (concerto_task_running | concerto_task_enqueued | status_has_dependency));
  return !is_idle || !dependency;
}

static bool is_task(const concerto_task_scan *scan, const char *head, size_t length) {
  if (length < head_size || word(head, offset_metadata) != scan->runtime.task_metadata) return false;
  if (half(head, offset_job_flags) & job_kind) return false;
  uint32_t status = half(head, offset_status);
  // All bits above are zero in this version; what was a task and is something else now has others.
  if (status & concerto_task_complete || status & ~(uint32_t)status_known_bits || half(head, offset_status + 4))
    return false;
  if (half(head, offset_id_low) == 0 && half(head, offset_id_high) == 0) return false;
  return is_alive(head, status) && concerto_process_is_code(scan->process, word(head, offset_resume_function));
}

/// Whether two copies of the same task show it at the same point of its life.
static bool is_same(const char *one, const char *other) {
  return memcmp(one + offset_metadata, other + offset_metadata, 8) == 0 &&
         memcmp(one + offset_job_flags, other + offset_job_flags, 8) == 0 &&
         memcmp(one + offset_resume_function, other + offset_resume_function, 16) == 0 &&
         memcmp(one + offset_status, other + offset_status, 16) == 0 &&
         memcmp(one + offset_dependency, other + offset_dependency, 8) == 0;
}

static void decode_head(const char *head, uint64_t address, decoded *out) {
  uint32_t flags = half(head, offset_job_flags);
  out->record = (concerto_task_record){
      .address = address,
      .id = (uint64_t)half(head, offset_id_high) << 32 | half(head, offset_id_low),
      .status = half(head, offset_status),
      .job_flags = flags,
      .base_priority = (uint8_t)word(head, offset_base_priority),
      .is_child = flags & job_is_child,
      .is_group_child = flags & job_is_group_child,
      .parent = flags & job_is_child ? word(head, offset_parent) : 0,
  };
  out->frame_count = 0;
  out->is_cut = out->is_impossible = false;
  out->name[0] = 0;
}

static void decode_frames(view *view, const char *head, decoded *out) {
  out->frames[out->frame_count++] = word(head, offset_resume_function);
  // The contexts of a task that runs change under the reader and may be anybody's by now.
  if (out->record.status & concerto_task_running) return;
  uint64_t context = word(head, offset_resume_context);
  // The context of a continuation says once more where its task goes on.
  if (context && out->record.awaited_kind == concerto_waits_for_continuation && context == out->record.awaited) {
    const char *bytes = at(view, context, 16);
    if (bytes && word(bytes, context_resume) == out->frames[0]) context = word(bytes, context_parent);
  }
  while (context) {
    const char *bytes = at(view, context, 16);
    if (!bytes) {
      out->is_cut = out->is_impossible = true;
      return;
    }
    uint64_t resume = word(bytes, context_resume);
    if (!resume) return;
    if (!concerto_process_is_code(view->process, resume)) {
      out->is_cut = out->is_impossible = true;
      return;
    }
    if (out->frame_count == STACK_LIMIT) {
      out->is_cut = true;
      return;
    }
    out->frames[out->frame_count++] = resume;
    context = word(bytes, context_parent);
  }
}

static void decode_records(view *view, const char *head, decoded *out) {
  if (out->record.status & status_has_dependency) {
    const char *bytes = at(view, word(head, offset_dependency), 48);
    uint32_t kind = bytes ? half(bytes, dependency_kind) : 0;
    if (kind >= concerto_waits_for_task && kind <= concerto_waits_for_executor) {
      out->record.awaited_kind = (uint8_t)kind;
      out->record.awaited = word(bytes, dependency_what);
    }
  }
  uint64_t record = word(head, offset_innermost_record);
  for (int i = 0; record && i < RECORD_LIMIT; i++) {
    const char *bytes = at(view, record, 24);
    if (!bytes) return;
    uint64_t kind = word(bytes, record_kind) & 0xFF, next = word(bytes, record_next), text = word(bytes, name_text);
    if (kind == record_cancellation_handler) out->record.has_cancellation_handler = true;
    if (kind == record_name && !out->name[0]) {
      size_t got = concerto_process_read(view->process, text, out->name, sizeof out->name - 1);
      out->name[got] = 0;
    }
    record = next;
  }
}

static void decode(concerto_task_scan *scan, uint64_t address, const char *head, size_t length, decoded *out) {
  view *view = &scan->space->view;
  view->process = scan->process;
  view->address = address;
  view->copy = head;
  view->length = length;
  view->far_length = 0;
  decode_head(head, address, out);
  decode_records(view, head, out);
  decode_frames(view, head, out);
}

// --- What is kept of it

static uint32_t intern_name(concerto_task_scan *scan, const char *name) {
  size_t length = strlen(name);
  if (!length || !reserve(&scan->names, &scan->name_room, scan->name_count, length + 1, 1)) return 0;
  uint32_t start = (uint32_t)scan->name_count;
  memcpy(scan->names + start, name, length + 1);
  scan->name_count += length + 1;
  return start;
}

static uint64_t mixed(uint64_t value) {
  value ^= value >> 32;
  value *= 0x9E3779B97F4A7C15;
  return value ^ value >> 29;
}

static bool grow_index(uint32_t **index, size_t *size, size_t count) {
  if (*size && count * 2 < *size) return true;
  size_t wanted = *size ? *size * 4 : 1024;
  uint32_t *fresh = calloc(wanted, sizeof *fresh);
  if (!fresh) return false;
  free(*index);
  *index = fresh;
  *size = wanted;
  return true;
}

static uint64_t stack_hash(const uint64_t *frames, uint32_t count) {
  uint64_t hash = count;
  for (uint32_t i = 0; i < count; i++) hash = mixed(hash ^ frames[i]);
  return hash;
}

static uint32_t *stack_slot(concerto_task_scan *scan, const uint64_t *frames, uint32_t count, bool is_cut) {
  size_t slot = stack_hash(frames, count) & (scan->stack_index_size - 1);
  while (scan->stack_index[slot]) {
    const concerto_task_stack *stack = &scan->stacks[scan->stack_index[slot] - 1];
    if (stack->count == count && stack->is_cut == is_cut &&
        memcmp(scan->frames + stack->first, frames, count * sizeof *frames) == 0)
      break;
    slot = (slot + 1) & (scan->stack_index_size - 1);
  }
  return &scan->stack_index[slot];
}

static uint32_t intern_stack(concerto_task_scan *scan, const uint64_t *frames, uint32_t count, bool is_cut) {
  size_t before = scan->stack_index_size;
  if (!grow_index(&scan->stack_index, &scan->stack_index_size, scan->stack_count)) return 0;
  if (scan->stack_index_size != before)
    for (uint32_t i = 0; i < scan->stack_count; i++) {
      const concerto_task_stack *stack = &scan->stacks[i];
      *stack_slot(scan, scan->frames + stack->first, stack->count, stack->is_cut) = i + 1;
    }
  uint32_t *slot = stack_slot(scan, frames, count, is_cut);
  if (*slot) return *slot - 1;
  if (!reserve(&scan->stacks, &scan->stack_room, scan->stack_count, 1, sizeof *scan->stacks) ||
      !reserve(&scan->frames, &scan->frame_room, scan->frame_count, count, sizeof *frames))
    return 0;
  scan->stacks[scan->stack_count] =
      (concerto_task_stack){.first = (uint32_t)scan->frame_count, .count = count, .is_cut = is_cut};
  memcpy(scan->frames + scan->frame_count, frames, count * sizeof *frames);
  scan->frame_count += count;
  *slot = (uint32_t)++scan->stack_count;
  return *slot - 1;
}

static uint32_t *id_slot(concerto_task_scan *scan, uint64_t id) {
  size_t slot = mixed(id) & (scan->id_index_size - 1);
  while (scan->id_index[slot] && scan->records[scan->id_index[slot] - 1].id != id)
    slot = (slot + 1) & (scan->id_index_size - 1);
  return &scan->id_index[slot];
}

static void keep(concerto_task_scan *scan, decoded *task) {
  size_t before = scan->id_index_size;
  if (!grow_index(&scan->id_index, &scan->id_index_size, scan->record_count)) return;
  if (scan->id_index_size != before)
    for (uint32_t i = 0; i < scan->record_count; i++) *id_slot(scan, scan->records[i].id) = i + 1;
  uint32_t *slot = id_slot(scan, task->record.id);
  // A task that is a copy of another has its id.
  if (*slot) return;
  if (scan->record_count >= scan->limit) {
    scan->figures.dropped += 1;
    return;
  }
  if (!reserve(&scan->records, &scan->record_room, scan->record_count, 1, sizeof *scan->records)) return;
  if (task->record.is_moving) {
    scan->figures.moving += 1;
    task->frame_count = 0;
  }
  if (task->is_impossible && !task->record.is_moving) scan->figures.impossible += 1;
  task->record.name = intern_name(scan, task->name);
  task->record.stack = intern_stack(scan, task->frames, task->frame_count, task->is_cut);
  scan->records[scan->record_count++] = task->record;
  *slot = (uint32_t)scan->record_count;
}

/// Reads a task by itself until two looks agree.
static bool read_again(concerto_task_scan *scan, uint64_t address, decoded *task) {
  char *copy = scan->space->single, *second = scan->space->second;
  for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
    size_t length = concerto_process_read(scan->process, address, copy, COPY_SIZE);
    if (!is_task(scan, copy, length)) return false;
    decode(scan, address, copy, length, task);
    bool holds = concerto_process_read(scan->process, address, second, head_size) == head_size && is_same(copy, second);
    // A task may have gone round a loop and be back where it was, in the same memory: only its frames, which were read in
    // between, tell. It stands still sooner or later, or it does not; a stack that never makes sense is no task's.
    if (holds && (!task->is_impossible || attempt == ATTEMPTS - 1)) return true;
  }
  decode_head(copy, address, task);
  task->record.is_moving = true;
  return true;
}

static void read_tasks(concerto_task_scan *scan, const uint64_t *addresses, size_t count) {
  workspace *space = scan->space;
  for (size_t first = 0; first < count; first += CONCERTO_READ_MANY) {
    size_t batch = count - first < CONCERTO_READ_MANY ? count - first : CONCERTO_READ_MANY;
    concerto_process_read_many(scan->process, addresses + first, batch, COPY_SIZE, space->copies, space->lengths);
    for (size_t i = 0; i < batch; i++) {
      const char *copy = space->copies + i * COPY_SIZE;
      if (is_task(scan, copy, space->lengths[i])) {
        decode(scan, addresses[first + i], copy, space->lengths[i], &space->tasks[i]);
      } else {
        space->lengths[i] = 0;
      }
    }
    concerto_process_read_many(scan->process, addresses + first, batch, head_size, space->heads, space->head_lengths);
    for (size_t i = 0; i < batch; i++) {
      if (!space->lengths[i]) continue;
      bool holds = space->head_lengths[i] == head_size &&
                   is_same(space->copies + i * COPY_SIZE, space->heads + i * head_size);
      holds = holds && !space->tasks[i].is_impossible;
      if (holds || read_again(scan, addresses[first + i], &space->tasks[i])) keep(scan, &space->tasks[i]);
    }
  }
}

// --- All tasks

static void scan_range(concerto_task_scan *scan, uint64_t start, uint64_t end) {
  uint64_t metadata = scan->runtime.task_metadata;
  while (start < end) {
    uint64_t pages = start;
    size_t present = concerto_process_next_pages(scan->process, &pages, end);
    if (!present) return;
    uint64_t stop = pages + present;
    while (pages < stop) {
      size_t want = stop - pages < CHUNK_SIZE ? (size_t)(stop - pages) : CHUNK_SIZE;
      size_t got = concerto_process_read(scan->process, pages, scan->space->chunk, want);
      for (size_t offset = 0; offset + 16 <= got; offset += 16) {
        if (word(scan->space->chunk, offset) != metadata) continue;
        if (!reserve(&scan->candidates, &scan->candidate_room, scan->candidate_count, 1, sizeof metadata)) return;
        scan->candidates[scan->candidate_count++] = pages + offset;
      }
      scan->figures.bytes_scanned += got;
      // Behind a page that went away meanwhile.
      pages += got < want ? (got / scan->process->page_size + 1) * scan->process->page_size : got;
    }
    start = stop;
  }
}

/// As `scan_range`, without the workspace of the scan itself.
static void scan_around_workspace(concerto_task_scan *scan, uint64_t start, uint64_t end) {
  uint64_t low = (uintptr_t)scan->space, high = low + sizeof *scan->space;
  if (!scan->process->is_self || high <= start || low >= end) return scan_range(scan, start, end);
  if (low > start) scan_range(scan, start, low);
  if (high < end) scan_range(scan, high, end);
}

static int by_id(const void *one, const void *other) {
  uint64_t a = ((const concerto_task_record *)one)->id, b = ((const concerto_task_record *)other)->id;
  return a < b ? -1 : a > b;
}

static concerto_task_scan *make_scan(concerto_process *process, const concerto_task_runtime *runtime, size_t limit) {
  concerto_task_scan *scan = calloc(1, sizeof *scan);
  if (!scan) return NULL;
  scan->process = process;
  scan->runtime = *runtime;
  scan->limit = limit;
  scan->space = concerto_pages(sizeof *scan->space);
  if (!scan->space || !reserve(&scan->names, &scan->name_room, 0, 1, 1)) {
    concerto_scan_free(scan);
    return NULL;
  }
  scan->names[0] = 0;
  scan->name_count = 1;
  return scan;
}

static void finish(concerto_task_scan *scan) {
  qsort(scan->records, scan->record_count, sizeof *scan->records, by_id);
  // The process may be closed before the scan is.
  scan->process = NULL;
  concerto_pages_free(scan->space, sizeof *scan->space);
  scan->space = NULL;
}

static int64_t thread_cpu(void) {
  struct timespec now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return now.tv_sec * 1000000000LL + now.tv_nsec;
}

concerto_task_scan *concerto_scan_tasks(concerto_process *process, const concerto_task_runtime *runtime, size_t limit) {
  concerto_task_scan *scan = make_scan(process, runtime, limit);
  if (!scan) return NULL;
  int64_t begun = concerto_now(), cpu = thread_cpu();
  for (size_t i = 0; i < process->mapping_count; i++) {
    const concerto_mapping *mapping = &process->mappings[i];
    // Tasks lie in memory that the allocator had from the system; "[heap]", "[anon: …]" or no name at all.
    if (!mapping->is_readable || !mapping->is_writable || !mapping->is_private || mapping->path[0] == '/') continue;
    if (strcmp(mapping->path, "[stack]") == 0) continue;
    if (mapping->end - mapping->start >= LARGEST_MAPPING) {
      scan->figures.bytes_left_out += mapping->end - mapping->start;
      continue;
    }
    scan_around_workspace(scan, mapping->start, mapping->end);
  }
  int64_t scanned = concerto_now();
  scan->figures.candidates = scan->candidate_count;
  read_tasks(scan, scan->candidates, scan->candidate_count);
  scan->figures.scan_nanoseconds = scanned - begun;
  scan->figures.read_nanoseconds = concerto_now() - scanned;
  scan->figures.cpu_nanoseconds = thread_cpu() - cpu;
  finish(scan);
  return scan;
}

concerto_task_scan *concerto_read_tasks(concerto_process *process, const concerto_task_runtime *runtime,
                                        const uint64_t *addresses, size_t count) {
  concerto_task_scan *scan = make_scan(process, runtime, count);
  if (!scan) return NULL;
  scan->figures.candidates = count;
  int64_t begun = concerto_now();
  read_tasks(scan, addresses, count);
  scan->figures.read_nanoseconds = concerto_now() - begun;
  finish(scan);
  return scan;
}

void concerto_scan_free(concerto_task_scan *scan) {
  concerto_pages_free(scan->space, sizeof *scan->space);
  free(scan->candidates);
  free(scan->records);
  free(scan->stacks);
  free(scan->frames);
  free(scan->names);
  free(scan->stack_index);
  free(scan->id_index);
  free(scan);
}

size_t concerto_scan_task_count(const concerto_task_scan *scan) { return scan->record_count; }
const concerto_task_record *concerto_scan_tasks_found(const concerto_task_scan *scan) { return scan->records; }
size_t concerto_scan_stack_count(const concerto_task_scan *scan) { return scan->stack_count; }
const concerto_task_stack *concerto_scan_stacks(const concerto_task_scan *scan) { return scan->stacks; }
const uint64_t *concerto_scan_frames(const concerto_task_scan *scan) { return scan->frames; }
const char *concerto_scan_names(const concerto_task_scan *scan) { return scan->names; }
concerto_scan_statistics concerto_scan_figures(const concerto_task_scan *scan) { return scan->figures; }
#endif
