// What the files of the reader share.
#ifndef CCONCERTO_PROCESS_MEMORY_H
#define CCONCERTO_PROCESS_MEMORY_H

#include "CConcerto.h"

#pragma clang assume_nonnull begin

struct concerto_process {
  int32_t pid;
  bool is_self;
  /// `/proc/PID/mem`, where process_vm_readv is forbidden; else -1.
  int memory;
  /// `/proc/PID/pagemap`, or -1.
  int pagemap;
  uint64_t page_size;
  concerto_mapping *_Nullable mappings;
  size_t mapping_count;
  char executable[4096];
};

#define CONCERTO_READ_MANY 512

/// Copies `size` bytes of each address, one behind the other, and says of each how many could be read.
void concerto_process_read_many(concerto_process *process, const uint64_t *addresses, size_t count, size_t size,
                                void *buffer, uint32_t *lengths);

const concerto_mapping *_Nullable concerto_process_mapping_of(const concerto_process *process, uint64_t address);

/// The next pages from `*start` on that have ever been touched: moves `*start` to the first and returns their size; 0 if
/// there are none before `end`.
size_t concerto_process_next_pages(concerto_process *process, uint64_t *start, uint64_t end);

/// Zeroed memory that is nobody's heap.
void *_Nullable concerto_pages(size_t size);
void concerto_pages_free(void *_Nullable pages, size_t size);

#pragma clang assume_nonnull end

#endif
