#define _GNU_SOURCE
#include "ProcessMemory.h"

#if defined(__linux__)
#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

// --- An image on disk

typedef struct {
  const char *base;
  size_t size;
  const ElfW(Shdr) *sections;
  size_t section_count;
  /// What the first byte of the file is linked to.
  uint64_t linked_at;
} elf_file;

static bool elf_open(const concerto_process *process, const char *path, elf_file *file) {
  char name[4096 + 64];
  // The executable is there under this name also after it has been replaced.
  if (strcmp(path, process->executable) == 0) {
    snprintf(name, sizeof name, "/proc/%d/exe", process->pid);
  } else if (process->is_self) {
    snprintf(name, sizeof name, "%s", path);
  } else {
    snprintf(name, sizeof name, "/proc/%d/root%s", process->pid, path);
  }
  int descriptor = open(name, O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return false;
  struct stat status;
  *file = (elf_file){0};
  bool valid = fstat(descriptor, &status) == 0 && (size_t)status.st_size > sizeof(ElfW(Ehdr));
  if (valid) {
    file->size = (size_t)status.st_size;
    void *base = mmap(NULL, file->size, PROT_READ, MAP_PRIVATE, descriptor, 0);
    valid = base != MAP_FAILED;
    file->base = valid ? base : NULL;
  }
  close(descriptor);
  if (!valid) return false;
  const ElfW(Ehdr) *header = (const ElfW(Ehdr) *)file->base;
  valid = memcmp(header->e_ident, ELFMAG, SELFMAG) == 0 && header->e_shentsize == sizeof(ElfW(Shdr)) &&
          header->e_phentsize == sizeof(ElfW(Phdr)) && header->e_shoff <= file->size &&
          (file->size - header->e_shoff) / sizeof(ElfW(Shdr)) >= header->e_shnum && header->e_phoff <= file->size &&
          (file->size - header->e_phoff) / sizeof(ElfW(Phdr)) >= header->e_phnum;
  if (!valid) {
    munmap((void *)file->base, file->size);
    return false;
  }
  file->sections = (const ElfW(Shdr) *)(file->base + header->e_shoff);
  file->section_count = header->e_shnum;
  const ElfW(Phdr) *segments = (const ElfW(Phdr) *)(file->base + header->e_phoff);
  for (size_t i = 0; i < header->e_phnum; i++) {
    if (segments[i].p_type != PT_LOAD) continue;
    file->linked_at = (segments[i].p_vaddr - segments[i].p_offset) & ~(uint64_t)(process->page_size - 1);
    break;
  }
  return true;
}

static void elf_close(elf_file *file) { munmap((void *)file->base, file->size); }

typedef struct {
  const ElfW(Sym) *symbols;
  size_t count;
  const char *strings;
  size_t strings_size;
} elf_table;

/// The next table of `type` from section `*index` on.
static bool elf_next_table(const elf_file *file, uint32_t type, size_t *index, elf_table *table) {
  for (; *index < file->section_count; *index += 1) {
    const ElfW(Shdr) *section = &file->sections[*index];
    if (section->sh_type != type || section->sh_link >= file->section_count) continue;
    const ElfW(Shdr) *strings = &file->sections[section->sh_link];
    if (section->sh_offset > file->size || section->sh_size > file->size - section->sh_offset) continue;
    if (strings->sh_offset > file->size || strings->sh_size > file->size - strings->sh_offset || !strings->sh_size)
      continue;
    // Names end inside of it.
    if (file->base[strings->sh_offset + strings->sh_size - 1] != 0) continue;
    *table = (elf_table){.symbols = (const ElfW(Sym) *)(file->base + section->sh_offset),
                         .count = section->sh_size / sizeof(ElfW(Sym)),
                         .strings = file->base + strings->sh_offset,
                         .strings_size = strings->sh_size};
    *index += 1;
    return true;
  }
  return false;
}

/// Where the image that is mapped with `path` begins, as if it were mapped in one piece.
static bool image_start(const concerto_process *process, const char *path, uint64_t *start) {
  for (size_t i = 0; i < process->mapping_count; i++) {
    const concerto_mapping *mapping = &process->mappings[i];
    if (strcmp(mapping->path, path) != 0) continue;
    *start = mapping->start - mapping->offset;
    return true;
  }
  return false;
}

uint64_t concerto_process_find_symbol(concerto_process *process, const char *image, const char *name) {
  const char *path = NULL;
  if (!image) {
    path = process->executable;
  } else {
    for (size_t i = 0; i < process->mapping_count && !path; i++)
      if (process->mappings[i].path[0] == '/' && strstr(process->mappings[i].path, image))
        path = process->mappings[i].path;
  }
  uint64_t start, found = 0;
  elf_file file;
  if (!path || !image_start(process, path, &start) || !elf_open(process, path, &file)) return 0;
  for (int pass = 0; pass < 2 && !found; pass++) {
    size_t index = 0;
    elf_table table;
    while (!found && elf_next_table(&file, pass ? SHT_SYMTAB : SHT_DYNSYM, &index, &table)) {
      for (size_t i = 0; i < table.count && !found; i++) {
        const ElfW(Sym) *symbol = &table.symbols[i];
        if (symbol->st_shndx == SHN_UNDEF || symbol->st_name >= table.strings_size) continue;
        if (strcmp(table.strings + symbol->st_name, name) == 0)
          found = start + symbol->st_value - file.linked_at;
      }
    }
  }
  elf_close(&file);
  return found;
}

// --- Names of functions

typedef struct {
  uint64_t start, size;
  const char *name;
} best;

/// For ascending `wanted` addresses the last function of `table` that begins at or before each.
static void nearest(const elf_table *table, const uint64_t *wanted, size_t count, best *found) {
  for (size_t i = 0; i < table->count; i++) {
    const ElfW(Sym) *symbol = &table->symbols[i];
    if ((symbol->st_info & 15) != STT_FUNC || symbol->st_shndx == SHN_UNDEF || symbol->st_name >= table->strings_size)
      continue;
    size_t low = 0, high = count;
    while (low < high) {
      size_t middle = (low + high) / 2;
      if (wanted[middle] < symbol->st_value) low = middle + 1;
      else high = middle;
    }
    if (low == count || (found[low].name && found[low].start >= symbol->st_value)) continue;
    found[low] = (best){
        .start = symbol->st_value, .size = symbol->st_size, .name = table->strings + symbol->st_name};
  }
  // Each symbol was given to the first address behind it: it is the nearest also of those that follow, unless a later
  // one is.
  for (size_t i = 1; i < count; i++)
    if (found[i - 1].name && (!found[i].name || found[i].start < found[i - 1].start)) found[i] = found[i - 1];
}

void concerto_process_name_functions(concerto_process *process, const uint64_t *addresses, size_t count,
                                     void (*report)(void *context, size_t index, const char *name, const char *image,
                                                    uint64_t offset),
                                     void *context) {
  size_t first = 0;
  while (first < count) {
    const concerto_mapping *mapping = concerto_process_mapping_of(process, addresses[first]);
    if (!mapping || mapping->path[0] != '/') {
      report(context, first, NULL, mapping ? mapping->path : "", 0);
      first += 1;
      continue;
    }
    size_t end = first + 1;
    for (; end < count; end++) {
      const concerto_mapping *other = concerto_process_mapping_of(process, addresses[end]);
      if (!other || strcmp(other->path, mapping->path) != 0) break;
    }
    size_t run = end - first;
    best *found = calloc(run * 2, sizeof *found);
    uint64_t *wanted = malloc(run * sizeof *wanted);
    elf_file file;
    uint64_t start;
    bool is_open = found && wanted && image_start(process, mapping->path, &start) &&
                   elf_open(process, mapping->path, &file);
    if (is_open) {
      for (size_t i = 0; i < run; i++) wanted[i] = addresses[first + i] - start + file.linked_at;
      // The full table first; the dynamic one of stripped images after it.
      for (int pass = 0; pass < 2; pass++) {
        size_t index = 0;
        elf_table table;
        while (elf_next_table(&file, pass ? SHT_DYNSYM : SHT_SYMTAB, &index, &table))
          nearest(&table, wanted, run, found + (pass ? run : 0));
      }
    }
    for (size_t i = 0; i < run; i++) {
      best *choice = NULL;
      for (int pass = 0; is_open && pass < 2 && !choice; pass++) {
        best *candidate = &found[(pass ? run : 0) + i];
        // Behind the end of the last function with a name is one without. Whose size is not told may end at once.
        uint64_t distance = wanted[i] - candidate->start;
        bool holds = candidate->name && (distance < candidate->size || distance == 0);
        if (holds) choice = candidate;
      }
      report(context, first + i, choice ? choice->name : NULL, mapping->path,
             choice ? wanted[i] - choice->start : 0);
    }
    if (is_open) elf_close(&file);
    free(found);
    free(wanted);
    first = end;
  }
}

// --- Names of types

enum {
  class_kind = 0,
  class_descriptor = 40,
  descriptor_parent = 4,
  descriptor_name = 8,
  context_module = 0,
  context_class = 16,
  context_last_type = 31,
};

static bool read_whole(concerto_process *process, uint64_t address, void *value, size_t size) {
  return concerto_process_read(process, address, value, size) == size;
}

/// Writes the name of the context at `descriptor` and of those around it in front of `*start`, which begins at `name`.
static bool write_context(concerto_process *process, uint64_t descriptor, char *name, char **start) {
  bool wrote = false;
  for (int depth = 0; descriptor && depth < 16; depth++) {
    uint32_t flags;
    int32_t parent, text;
    if (!read_whole(process, descriptor, &flags, sizeof flags) ||
        !read_whole(process, descriptor + descriptor_parent, &parent, sizeof parent))
      return wrote;
    uint32_t kind = flags & 0x1F;
    // Extensions and anonymous contexts have no name.
    if (kind == context_module || (kind >= context_class && kind <= context_last_type)) {
      char part[128];
      if (!read_whole(process, descriptor + descriptor_name, &text, sizeof text)) return wrote;
      size_t got = concerto_process_read(
          process, descriptor + descriptor_name + (uint64_t)(int64_t)text, part, sizeof part - 1);
      part[got] = 0;
      size_t length = strlen(part);
      if (!length || length == sizeof part - 1) return wrote;
      for (size_t i = 0; i < length; i++)
        if ((unsigned char)part[i] < ' ') return wrote;
      if ((size_t)(*start - name) < length + 1) return wrote;
      if (wrote) *--*start = '.';
      *start -= length;
      memcpy(*start, part, length);
      wrote = true;
    }
    if (kind == context_module || !parent) return wrote;
    uint64_t next = descriptor + descriptor_parent + (uint64_t)(int64_t)(parent & ~1);
    if ((parent & 1) && !read_whole(process, next, &next, sizeof next)) return wrote;
    descriptor = next;
  }
  return wrote;
}

bool concerto_process_type_name(concerto_process *process, uint64_t address, char *name, size_t size) {
  uint64_t metadata, kind, descriptor;
  if (size < 2 || !read_whole(process, address, &metadata, 8) || !read_whole(process, metadata, &kind, 8)) return false;
  if (kind != class_kind || !read_whole(process, metadata + class_descriptor, &descriptor, 8)) return false;
  const concerto_mapping *mapping = concerto_process_mapping_of(process, descriptor);
  // Descriptors are constants of an image.
  uint32_t flags;
  if (!mapping || mapping->path[0] != '/' || !read_whole(process, descriptor, &flags, 4)) return false;
  if ((flags & 0x1F) != context_class) return false;
  char *start = name + size - 1;
  *start = 0;
  if (!write_context(process, descriptor, name, &start)) return false;
  memmove(name, start, strlen(start) + 1);
  return true;
}

// --- The runtime

extern const void *const _swift_concurrency_debug_asyncTaskMetadata __attribute__((weak));
extern const uint32_t _swift_concurrency_debug_internal_layout_version __attribute__((weak));
extern const size_t _swift_concurrency_debug_asyncTaskSize __attribute__((weak));
extern bool _swift_concurrency_debug_supportsPriorityEscalation __attribute__((weak));

static uint64_t runtime_symbol(concerto_process *process, const char *name) {
  uint64_t found = concerto_process_find_symbol(process, "libswift_Concurrency", name);
  return found ? found : concerto_process_find_symbol(process, NULL, name);
}

concerto_task_runtime concerto_process_task_runtime(concerto_process *process) {
  concerto_task_runtime runtime = {0};
  bool is_told = false;
  if (process->is_self) {
    // The addresses first: a symbol that is not there has none.
    const void *const *metadata = &_swift_concurrency_debug_asyncTaskMetadata;
    const uint32_t *version = &_swift_concurrency_debug_internal_layout_version;
    const size_t *size = &_swift_concurrency_debug_asyncTaskSize;
    const bool *escalation = &_swift_concurrency_debug_supportsPriorityEscalation;
    if (metadata) runtime.task_metadata = (uintptr_t)*metadata;
    is_told = version && size && escalation;
    if (is_told) {
      runtime.layout_version = *version;
      runtime.task_size = (uint32_t)*size;
      runtime.escalates_priority = *escalation;
    }
  } else {
    uint64_t metadata = runtime_symbol(process, "_swift_concurrency_debug_asyncTaskMetadata");
    uint64_t version = runtime_symbol(process, "_swift_concurrency_debug_internal_layout_version");
    uint64_t size = runtime_symbol(process, "_swift_concurrency_debug_asyncTaskSize");
    uint64_t escalation = runtime_symbol(process, "_swift_concurrency_debug_supportsPriorityEscalation");
    if (metadata) read_whole(process, metadata, &runtime.task_metadata, 8);
    is_told = version && size && escalation &&
              read_whole(process, version, &runtime.layout_version, sizeof runtime.layout_version) &&
              read_whole(process, size, &runtime.task_size, sizeof runtime.task_size) &&
              read_whole(process, escalation, &runtime.escalates_priority, 1);
  }
  runtime.is_known = is_told && runtime.task_metadata && runtime.layout_version == 1 && runtime.task_size == 208 &&
                     !runtime.escalates_priority;
  return runtime;
}
#endif
