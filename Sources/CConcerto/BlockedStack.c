#define _GNU_SOURCE
#include "CConcerto.h"

#if defined(__linux__) && (defined(__x86_64__) || defined(__aarch64__))
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

// Programs leave SIGURG alone as a rule, and its default is to be ignored.
#define REPORT_SIGNAL SIGURG

enum { idle, asked, begun, answered };

// One capture at a time, under `asking`. The handler owns `frames` between `begun` and `answered`.
static pthread_mutex_t asking = PTHREAD_MUTEX_INITIALIZER;
static uint32_t state;
static int32_t asked_thread;
static uintptr_t frames[64];
static int frame_count;
static uintptr_t words[512];
static int word_count;

static bool on_stack(uintptr_t address) {
  return address >= concerto_slots.stack_low && address + 16 <= concerto_slots.stack_high && address % 8 == 0;
}

// Swift marks the frames of asynchronous functions in bit 60.
static uintptr_t next_record(uintptr_t fp) { return ((uintptr_t *)fp)[0] & ~((uintptr_t)1 << 60); }

// A frame record leads to one above it, which leads to one above that, with return addresses that could be code.
// Functions without frame pointers use the register for anything, also for pointers into the stack.
static bool is_record(uintptr_t fp) {
  for (int i = 0; i < 3; i++) {
    if (!on_stack(fp)) return false;
    uintptr_t back = ((uintptr_t *)fp)[1];
    if (back < 65536 || (back >= concerto_slots.stack_low && back < concerto_slots.stack_high)) return false;
    uintptr_t next = next_record(fp);
    if (next <= fp) return false;
    fp = next;
  }
  return true;
}

// Only loads from this thread's own stack, within its bounds: safe in a signal handler.
static int walk(uintptr_t pc, uintptr_t fp, uintptr_t sp) {
  int count = 0;
  frames[count++] = pc;
  if (!is_record(fp)) {
    // The innermost record above the stack pointer: what lies between has none.
    fp = 0;
    for (uintptr_t at = sp & ~(uintptr_t)7; on_stack(at) && at < sp + 8192; at += 8) {
      if (is_record(at)) {
        fp = at;
        break;
      }
    }
  }
  // The C library's functions keep no record. Where one of them was called from stands between it and the record of its
  // caller, among other things.
  word_count = 0;
  for (uintptr_t at = (sp + 7) & ~(uintptr_t)7; on_stack(at) && (!fp || at < fp) && word_count < 512; at += 8)
    words[word_count++] = *(uintptr_t *)at;
  while (on_stack(fp) && count < 64) {
    uintptr_t next = next_record(fp);
    uintptr_t back = ((uintptr_t *)fp)[1];
    if (back < 65536) break;
    frames[count++] = back;
    if (next <= fp) break;
    fp = next;
  }
  return count;
}

static void handle(int signal, siginfo_t *info, void *raw) {
  (void)signal;
  (void)info;
  int saved = errno;
  uint32_t expected = asked;
  if (concerto_thread_id() == asked_thread &&
      __atomic_compare_exchange_n(&state, &expected, begun, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
    mcontext_t *context = &((ucontext_t *)raw)->uc_mcontext;
#if defined(__x86_64__)
    frame_count = walk((uintptr_t)context->gregs[REG_RIP], (uintptr_t)context->gregs[REG_RBP],
                       (uintptr_t)context->gregs[REG_RSP]);
#else
    frame_count = walk(context->pc, context->regs[29], context->sp);
#endif
    __atomic_store_n(&state, answered, __ATOMIC_RELEASE);
    concerto_futex_wake(&state, 1);
  }
  errno = saved;
}

static void install(void) {
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_sigaction = handle;
  action.sa_flags = SA_SIGINFO | SA_RESTART | SA_ONSTACK;
  sigaction(REPORT_SIGNAL, &action, NULL);
}

void concerto_stack_prepare(void) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, install);
  pthread_attr_t attributes;
  if (pthread_getattr_np(pthread_self(), &attributes) == 0) {
    void *low;
    size_t size;
    if (pthread_attr_getstack(&attributes, &low, &size) == 0) {
      concerto_slots.stack_low = (uintptr_t)low;
      concerto_slots.stack_high = (uintptr_t)low + size;
    }
    pthread_attr_destroy(&attributes);
  }
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, REPORT_SIGNAL);
  pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}

int concerto_stack_capture(int32_t thread, uintptr_t *out, int limit, uintptr_t *between, int *between_count) {
  int room = *between_count;
  *between_count = 0;
  pthread_mutex_lock(&asking);
  asked_thread = thread;
  __atomic_store_n(&state, asked, __ATOMIC_RELEASE);
  int count = 0;
  if (syscall(SYS_tgkill, getpid(), thread, REPORT_SIGNAL) == 0) {
    int64_t deadline = concerto_now() + 20000000;
    while (__atomic_load_n(&state, __ATOMIC_ACQUIRE) == asked && concerto_now() < deadline)
      concerto_futex_wait(&state, asked, deadline);
  }
  uint32_t expected = asked;
  if (!__atomic_compare_exchange_n(&state, &expected, idle, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
    // The handler has begun: it ends soon, and the frames are its own until then.
    while (__atomic_load_n(&state, __ATOMIC_ACQUIRE) != answered) concerto_futex_wait(&state, begun, INT64_MAX);
    count = frame_count < limit ? frame_count : limit;
    memcpy(out, frames, (size_t)count * sizeof *out);
    *between_count = word_count < room ? word_count : room;
    memcpy(between, words, (size_t)*between_count * sizeof *between);
    __atomic_store_n(&state, idle, __ATOMIC_RELEASE);
  }
  pthread_mutex_unlock(&asking);
  return count;
}

struct lookup {
  uintptr_t address;
  uintptr_t bias;
  const char *path;
  uint32_t flags;
  bool found;
};

static int match(struct dl_phdr_info *info, size_t size, void *raw) {
  (void)size;
  struct lookup *lookup = raw;
  for (int i = 0; i < info->dlpi_phnum; i++) {
    const ElfW(Phdr) *header = &info->dlpi_phdr[i];
    if (header->p_type != PT_LOAD) continue;
    uintptr_t start = info->dlpi_addr + header->p_vaddr;
    if (lookup->address < start || lookup->address >= start + header->p_memsz) continue;
    lookup->bias = info->dlpi_addr;
    lookup->flags = header->p_flags;
    lookup->path = info->dlpi_name && info->dlpi_name[0] ? info->dlpi_name : "/proc/self/exe";
    lookup->found = true;
    return 1;
  }
  return 0;
}

bool concerto_is_called_from(uintptr_t address, uintptr_t callee) {
  // Eight bytes before: what is read below is there too.
  struct lookup caller = {.address = address - 8}, called = {.address = callee};
  dl_iterate_phdr(match, &caller);
  if (!caller.found || !(caller.flags & PF_X)) return false;
  dl_iterate_phdr(match, &called);
  if (called.found && called.bias == caller.bias) return false;
#if defined(__x86_64__)
  // Behind a call: E8 and a distance, or FF /2 with up to five bytes of operand.
  const uint8_t *end = (const uint8_t *)address;
  if (end[-5] == 0xE8) return true;
  for (int length = 2; length <= 7; length++)
    if (end[-length] == 0xFF && (end[-length + 1] & 0x38) == 0x10) return true;
  return false;
#else
  // BL or BLR.
  uint32_t call = ((const uint32_t *)address)[-1];
  return (call & 0xFC000000) == 0x94000000 || (call & 0xFFFFFC1F) == 0xD63F0000;
#endif
}

int concerto_pipe(int ends[2]) { return pipe2(ends, O_CLOEXEC) == 0 ? 0 : errno; }

bool concerto_symbol_find(uintptr_t address, char *name, size_t name_size, char *image, size_t image_size,
                          uintptr_t *offset, uintptr_t *file_address) {
  struct lookup lookup = {.address = address};
  dl_iterate_phdr(match, &lookup);
  name[0] = image[0] = 0;
  if (!lookup.found) return false;
  *file_address = address - lookup.bias;
  strncpy(image, lookup.path, image_size - 1);
  image[image_size - 1] = 0;
  int file = open(lookup.path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return false;
  struct stat status;
  bool found = false;
  if (fstat(file, &status) == 0 && (size_t)status.st_size > sizeof(ElfW(Ehdr))) {
    size_t size = (size_t)status.st_size;
    const char *base = mmap(NULL, size, PROT_READ, MAP_PRIVATE, file, 0);
    if (base != MAP_FAILED) {
      const ElfW(Ehdr) *elf = (const ElfW(Ehdr) *)base;
      bool valid = memcmp(elf->e_ident, ELFMAG, SELFMAG) == 0 && elf->e_shentsize == sizeof(ElfW(Shdr)) &&
                   elf->e_shoff <= size && (size - elf->e_shoff) / sizeof(ElfW(Shdr)) >= elf->e_shnum;
      const ElfW(Shdr) *sections = (const ElfW(Shdr) *)(base + (valid ? elf->e_shoff : 0));
      uintptr_t wanted = address - lookup.bias, best = 0, length = 0;
      // The full table first, the dynamic one of stripped images after it.
      for (int pass = 0; valid && pass < 2 && !found; pass++) {
        for (int i = 0; i < elf->e_shnum; i++) {
          const ElfW(Shdr) *table = &sections[i];
          if (table->sh_type != (pass ? SHT_DYNSYM : SHT_SYMTAB) || table->sh_link >= elf->e_shnum) continue;
          const ElfW(Shdr) *strings = &sections[table->sh_link];
          if (table->sh_offset > size || table->sh_size > size - table->sh_offset) continue;
          if (strings->sh_offset > size || strings->sh_size > size - strings->sh_offset) continue;
          const ElfW(Sym) *symbols = (const ElfW(Sym) *)(base + table->sh_offset);
          for (size_t k = 0; k < table->sh_size / sizeof *symbols; k++) {
            const ElfW(Sym) *symbol = &symbols[k];
            if ((symbol->st_info & 15) != STT_FUNC || symbol->st_shndx == SHN_UNDEF) continue;
            if (symbol->st_value > wanted || symbol->st_value < best || symbol->st_name >= strings->sh_size) continue;
            best = symbol->st_value;
            length = symbol->st_size;
            found = true;
            size_t room = strings->sh_size - symbol->st_name;
            strncpy(name, base + strings->sh_offset + symbol->st_name, room < name_size ? room : name_size - 1);
            name[name_size - 1] = 0;
          }
        }
      }
      *offset = wanted - best;
      // Behind the end of the last one that has a name: a function of its own, without one.
      if (found && length && *offset >= length) {
        found = false;
        name[0] = 0;
      }
      munmap((void *)base, size);
    }
  }
  close(file);
  return found;
}
#else
void concerto_stack_prepare(void) {}
int concerto_stack_capture(int32_t thread, uintptr_t *out, int limit, uintptr_t *between, int *between_count) {
  *between_count = 0;
  return 0;
}
bool concerto_is_called_from(uintptr_t address, uintptr_t callee) { return false; }
int concerto_pipe(int ends[2]) { return ENOSYS; }
bool concerto_symbol_find(uintptr_t address, char *name, size_t name_size, char *image, size_t image_size,
                          uintptr_t *offset, uintptr_t *file_address) {
  return false;
}
#endif

#include <stdlib.h>
extern char *swift_demangle(const char *name, size_t length, char *_Nullable buffer, size_t *_Nullable size,
                            uint32_t flags);

char *concerto_demangle(const char *name) {
  size_t length = 0;
  while (name[length]) length++;
  return swift_demangle(name, length, NULL, NULL, 0);
}

void concerto_free(void *memory) { free(memory); }
