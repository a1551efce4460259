#define _GNU_SOURCE
#include "ProcessMemory.h"

#if defined(__linux__)
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool read_file(int32_t pid, int32_t thread, const char *name, char *text, size_t size) {
  char path[96];
  snprintf(path, sizeof path, "/proc/%d/task/%d/%s", pid, thread, name);
  int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return false;
  ssize_t length = read(file, text, size - 1);
  close(file);
  text[length > 0 ? length : 0] = 0;
  return length > 0;
}

size_t concerto_process_threads(concerto_process *process, concerto_thread_record *threads, size_t limit) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/task", process->pid);
  DIR *folder = opendir(path);
  if (!folder) return 0;
  size_t count = 0;
  struct dirent *entry;
  while (count < limit && (entry = readdir(folder))) {
    int32_t id = atoi(entry->d_name);
    char text[512];
    if (id <= 0 || !read_file(process->pid, id, "stat", text, sizeof text)) continue;
    concerto_thread_record *thread = &threads[count];
    *thread = (concerto_thread_record){.id = id};
    // "id (name) state …": the name may hold anything.
    char *begin = strchr(text, '('), *end = strrchr(text, ')');
    if (!begin || !end || end < begin || !end[1]) continue;
    size_t length = (size_t)(end - begin - 1);
    if (length >= sizeof thread->name) length = sizeof thread->name - 1;
    memcpy(thread->name, begin + 1, length);
    thread->state = end[2];
    long long run, queued;
    if (read_file(process->pid, id, "schedstat", text, sizeof text) && sscanf(text, "%lld %lld", &run, &queued) == 2) {
      thread->run_nanoseconds = run;
      thread->queued_nanoseconds = queued;
    }
    count += 1;
  }
  closedir(folder);
  return count;
}

/// As much of a stack as is looked at.
#define STACK_WINDOW ((size_t)128 << 10)

typedef struct {
  concerto_process *process;
  uint64_t low;
  size_t words;
  uint64_t values[STACK_WINDOW / 8];
} stack_copy;

static uint64_t value_at(const stack_copy *stack, uint64_t address) {
  return stack->values[(address - stack->low) / 8];
}

static bool is_on(const stack_copy *stack, uint64_t address) {
  return address % 8 == 0 && address >= stack->low && (address - stack->low) / 8 + 1 < stack->words;
}

/// Swift marks the frames of asynchronous functions in bit 60.
static uint64_t next_record(const stack_copy *stack, uint64_t record) {
  return value_at(stack, record) & ~((uint64_t)1 << 60);
}

/// A record leads to one above it, which leads to one above that, with return addresses in code. What is left on the
/// stack by functions that have returned looks so much more rarely.
static bool is_record(const stack_copy *stack, uint64_t record) {
  for (int i = 0; i < 3; i++) {
    if (!is_on(stack, record) || !concerto_process_is_code(stack->process, value_at(stack, record + 8))) return false;
    uint64_t next = next_record(stack, record);
    if (next <= record) return false;
    record = next;
  }
  return true;
}

/// Whether a call stands before `address`, in another image than `callee`'s.
static bool returns_from(const stack_copy *stack, uint64_t address, uint64_t callee) {
  const concerto_mapping *caller = concerto_process_mapping_of(stack->process, address);
  const concerto_mapping *called = concerto_process_mapping_of(stack->process, callee);
  if (!caller || !caller->is_executable || !called || strcmp(caller->path, called->path) == 0) return false;
  uint8_t code[8];
  if (concerto_process_read(stack->process, address - 8, code, 8) != 8) return false;
#if defined(__x86_64__)
  if (code[3] == 0xE8) return true;
  for (int length = 2; length <= 7; length++)
    if (code[8 - length] == 0xFF && (code[8 - length + 1] & 0x38) == 0x10) return true;
  return false;
#else
  uint32_t call;
  memcpy(&call, code + 4, 4);
  return (call & 0xFC000000) == 0x94000000 || (call & 0xFFFFFC1F) == 0xD63F0000;
#endif
}

static bool is_listed(const uint64_t *tasks, size_t count, uint64_t value) {
  size_t low = 0, high = count;
  while (low < high) {
    size_t middle = (low + high) / 2;
    if (tasks[middle] < value) low = middle + 1;
    else high = middle;
  }
  return low < count && tasks[low] == value;
}

int concerto_process_thread_stack(concerto_process *process, int32_t thread, const uint64_t *tasks, size_t task_count,
                                  uint64_t *task, uint64_t *frames, int limit) {
  *task = 0;
  char text[512];
  if (limit < 2 || !read_file(process->pid, thread, "syscall", text, sizeof text)) return 0;
  // "number arguments stack-pointer counter", "-1 stack-pointer counter" or "running".
  char *counter = strrchr(text, ' ');
  if (!counter) return 0;
  *counter = 0;
  char *pointer = strrchr(text, ' ');
  if (!pointer) return 0;
  uint64_t sp = strtoull(pointer + 1, NULL, 16), pc = strtoull(counter + 1, NULL, 16);
  const concerto_mapping *mapping = concerto_process_mapping_of(process, sp);
  if (!mapping || sp % 8 != 0) return 0;
  stack_copy *stack = concerto_pages(sizeof *stack);
  if (!stack) return 0;
  stack->process = process;
  stack->low = sp;
  size_t window = mapping->end - sp < STACK_WINDOW ? (size_t)(mapping->end - sp) : STACK_WINDOW;
  stack->words = concerto_process_read(process, sp, stack->values, window) / 8;
  int count = 0;
  frames[count++] = pc;
  uint64_t record = 0, caller = 0;
  for (size_t i = 0; i + 1 < stack->words && i < 1024 && !record; i++) {
    if (is_record(stack, sp + i * 8)) record = sp + i * 8;
    else if (!caller && returns_from(stack, stack->values[i], pc)) caller = stack->values[i];
  }
  if (caller && (!record || caller != value_at(stack, record + 8))) frames[count++] = caller;
  while (record && is_on(stack, record) && count < limit) {
    uint64_t back = value_at(stack, record + 8), next = next_record(stack, record);
    if (!concerto_process_is_code(process, back)) break;
    frames[count++] = back;
    if (next <= record) break;
    record = next;
  }
  for (size_t i = 0; i < stack->words && task_count; i++)
    if (is_listed(tasks, task_count, stack->values[i])) *task = stack->values[i];
  concerto_pages_free(stack, sizeof *stack);
  return count;
}

extern void __tsan_init(void) __attribute__((weak));
extern void __asan_init(void) __attribute__((weak));
const char *concerto_sanitizer(void) {
  if (__tsan_init) return "ThreadSanitizer";
  if (__asan_init) return "AddressSanitizer";
  return NULL;
}
#endif
