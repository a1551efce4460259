#define _GNU_SOURCE
#include "ProcessMemory.h"

#if defined(__linux__)
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

// Not by the C library's function: sanitizers take that for an access of this program to all it copies.
static ssize_t read_vectors(int32_t pid, const struct iovec *local, size_t locals, const struct iovec *remote,
                            size_t remotes) {
  return syscall(SYS_process_vm_readv, (long)pid, local, locals, remote, remotes, 0L);
}

size_t concerto_process_read(concerto_process *process, uint64_t address, void *buffer, size_t size) {
  // The kernel stops at the first page that is not there, and says how far it came.
  if (process->memory < 0) {
    struct iovec local = {.iov_base = buffer, .iov_len = size};
    struct iovec remote = {.iov_base = (void *)(uintptr_t)address, .iov_len = size};
    ssize_t got = read_vectors(process->pid, &local, 1, &remote, 1);
    if (got > 0) return (size_t)got;
    return 0;
  }
  ssize_t got = pread64(process->memory, buffer, size, (off64_t)address);
  return got > 0 ? (size_t)got : 0;
}

void concerto_process_read_many(concerto_process *process, const uint64_t *addresses, size_t count, size_t size,
                                void *buffer, uint32_t *lengths) {
  char *at = buffer;
  size_t index = 0;
  if (process->memory >= 0) {
    for (; index < count; index++, at += size)
      lengths[index] = (uint32_t)concerto_process_read(process, addresses[index], at, size);
    return;
  }
  struct iovec remote[CONCERTO_READ_MANY];
  while (index < count) {
    size_t batch = count - index < CONCERTO_READ_MANY ? count - index : CONCERTO_READ_MANY;
    for (size_t i = 0; i < batch; i++)
      remote[i] = (struct iovec){.iov_base = (void *)(uintptr_t)addresses[index + i], .iov_len = size};
    struct iovec local = {.iov_base = at, .iov_len = batch * size};
    ssize_t got = read_vectors(process->pid, &local, 1, remote, batch);
    size_t whole = got > 0 ? (size_t)got / size : 0;
    for (size_t i = 0; i < whole; i++) lengths[index + i] = (uint32_t)size;
    index += whole;
    at += whole * size;
    if (whole < batch) {
      // The one that could not be read to its end: by itself.
      lengths[index] = (uint32_t)concerto_process_read(process, addresses[index], at, size);
      index += 1;
      at += size;
    }
  }
}

static bool read_maps(concerto_process *process) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/maps", process->pid);
  FILE *file = fopen(path, "re");
  if (!file) return false;
  char *line = NULL;
  size_t room = 0;
  size_t capacity = 0;
  while (getline(&line, &room, file) > 0) {
    unsigned long long start, end, offset;
    char access[8];
    int name = 0;
    if (sscanf(line, "%llx-%llx %7s %llx %*s %*s %n", &start, &end, access, &offset, &name) < 4) continue;
    size_t length = strlen(line);
    if (length > 0 && line[length - 1] == '\n') line[--length] = 0;
    if (process->mapping_count == capacity) {
      capacity = capacity ? capacity * 2 : 256;
      concerto_mapping *more = realloc(process->mappings, capacity * sizeof *more);
      if (!more) break;
      process->mappings = more;
    }
    const char *text = name > 0 && (size_t)name < length ? line + name : "";
    // Neighbours are of one image as a rule.
    const char *kept = "";
    if (*text) {
      concerto_mapping *last = process->mapping_count ? &process->mappings[process->mapping_count - 1] : NULL;
      kept = last && strcmp(last->path, text) == 0 ? last->path : strdup(text);
      if (!kept) kept = "";
    }
    process->mappings[process->mapping_count++] = (concerto_mapping){
        .start = start, .end = end, .offset = offset, .is_readable = access[0] == 'r', .is_writable = access[1] == 'w',
        .is_executable = access[2] == 'x', .is_private = access[3] == 'p', .path = kept};
  }
  free(line);
  fclose(file);
  return process->mapping_count > 0;
}

concerto_process *concerto_process_open(int32_t pid, int *error) {
  concerto_process *process = calloc(1, sizeof *process);
  *error = ENOMEM;
  if (!process) return NULL;
  process->is_self = pid == 0 || pid == getpid();
  process->pid = process->is_self ? getpid() : pid;
  process->memory = process->pagemap = -1;
  errno = 0;
  bool has_maps = read_maps(process);
  int why = errno;
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/exe", process->pid);
  ssize_t length = readlink(path, process->executable, sizeof process->executable - 1);
  process->executable[length > 0 ? length : 0] = 0;
  bool can_read = false;
  if (has_maps) {
    // One byte of the first image: which of the two ways there is.
    char byte;
    struct iovec local = {.iov_base = &byte, .iov_len = 1};
    for (size_t i = 0; i < process->mapping_count && !can_read; i++) {
      if (!process->mappings[i].is_readable) continue;
      struct iovec remote = {.iov_base = (void *)(uintptr_t)process->mappings[i].start, .iov_len = 1};
      can_read = read_vectors(process->pid, &local, 1, &remote, 1) == 1;
      if (can_read) break;
      why = errno;
      if (why != EFAULT && why != EIO) break;
    }
    if (!can_read) {
      snprintf(path, sizeof path, "/proc/%d/mem", process->pid);
      process->memory = open(path, O_RDONLY | O_CLOEXEC);
      can_read = process->memory >= 0;
    }
  } else if (why == 0 || why == ENOENT) {
    why = ESRCH;
  }
  if (!can_read) {
    concerto_process_close(process);
    *error = why ? why : EPERM;
    return NULL;
  }
  snprintf(path, sizeof path, "/proc/%d/pagemap", process->pid);
  process->pagemap = open(path, O_RDONLY | O_CLOEXEC);
  process->page_size = (uint64_t)sysconf(_SC_PAGESIZE);
  *error = 0;
  return process;
}

void concerto_process_close(concerto_process *process) {
  for (size_t i = process->mapping_count; i-- > 0;) {
    const char *path = process->mappings[i].path;
    if (*path && (i == 0 || process->mappings[i - 1].path != path)) free((void *)path);
  }
  free(process->mappings);
  if (process->memory >= 0) close(process->memory);
  if (process->pagemap >= 0) close(process->pagemap);
  free(process);
}

int32_t concerto_process_id(const concerto_process *process) { return process->pid; }
int32_t concerto_own_process(void) { return getpid(); }
const char *concerto_process_executable(const concerto_process *process) { return process->executable; }
size_t concerto_process_mapping_count(const concerto_process *process) { return process->mapping_count; }
concerto_mapping concerto_process_mapping_at(const concerto_process *process, size_t index) {
  return process->mappings[index];
}

const concerto_mapping *concerto_process_mapping_of(const concerto_process *process, uint64_t address) {
  size_t low = 0, high = process->mapping_count;
  while (low < high) {
    size_t middle = (low + high) / 2;
    const concerto_mapping *mapping = &process->mappings[middle];
    if (address < mapping->start) {
      high = middle;
    } else if (address >= mapping->end) {
      low = middle + 1;
    } else {
      return mapping;
    }
  }
  return NULL;
}

bool concerto_process_is_code(const concerto_process *process, uint64_t address) {
  const concerto_mapping *mapping = concerto_process_mapping_of(process, address);
  return mapping && mapping->is_executable;
}

size_t concerto_process_next_pages(concerto_process *process, uint64_t *start, uint64_t end) {
  uint64_t page = process->page_size;
  if (process->pagemap < 0) return (size_t)(end - *start);
  uint64_t present = 0, run = 0;
  uint64_t entries[512];
  uint64_t at = *start;
  while (at < end) {
    size_t want = (size_t)((end - at) / page);
    if (want > 512) want = 512;
    ssize_t got = pread64(process->pagemap, entries, want * 8, (off64_t)(at / page * 8));
    if (got <= 0) {
      // Not told: all of it.
      if (!run) present = at;
      *start = present;
      return (size_t)(end - present);
    }
    for (size_t i = 0; i < (size_t)got / 8; i++, at += page) {
      // Bit 63: in memory; bit 62: swapped out.
      if (entries[i] >> 62) {
        if (!run) present = at;
        run += page;
      } else if (run) {
        *start = present;
        return (size_t)run;
      }
    }
  }
  *start = run ? present : end;
  return (size_t)run;
}

void *concerto_pages(size_t size) {
  void *pages = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return pages == MAP_FAILED ? NULL : pages;
}

void concerto_pages_free(void *pages, size_t size) {
  if (pages) munmap(pages, size);
}
#else
concerto_process *concerto_process_open(int32_t pid, int *error) {
  *error = ENOSYS;
  return 0;
}
void concerto_process_close(concerto_process *process) {}
int32_t concerto_process_id(const concerto_process *process) { return 0; }
size_t concerto_process_read(concerto_process *process, uint64_t address, void *buffer, size_t size) { return 0; }
size_t concerto_process_mapping_count(const concerto_process *process) { return 0; }
concerto_mapping concerto_process_mapping_at(const concerto_process *process, size_t index) {
  return (concerto_mapping){.path = ""};
}
const char *concerto_process_executable(const concerto_process *process) { return ""; }
bool concerto_process_is_code(const concerto_process *process, uint64_t address) { return false; }
#endif
