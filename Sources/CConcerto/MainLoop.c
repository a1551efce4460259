#define _GNU_SOURCE
#include "CConcerto.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

#if defined(__linux__)
#include <sys/eventfd.h>

extern int _dispatch_get_main_queue_handle_4CF(void);
extern void _dispatch_main_queue_callback_4CF(void *message);

int concerto_main_queue_handle(void) { return _dispatch_get_main_queue_handle_4CF(); }
void concerto_main_queue_drain(void) { _dispatch_main_queue_callback_4CF(NULL); }

int concerto_signal_create(void) { return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); }

void concerto_signal_raise(int descriptor) {
  uint64_t one = 1;
  while (write(descriptor, &one, sizeof one) < 0 && errno == EINTR) {
  }
}

int concerto_signal_wait(int first, int second, int timeout) {
  struct pollfd handles[2] = {{.fd = first, .events = POLLIN}, {.fd = second, .events = POLLIN}};
  if (poll(handles, 2, timeout) <= 0) return 0;
  int raised = 0;
  for (int i = 0; i < 2; i++) {
    if (!handles[i].revents) continue;
    uint64_t value;
    while (read(handles[i].fd, &value, sizeof value) < 0 && errno == EINTR) {
    }
    raised |= 1 << i;
  }
  return raised;
}
#else
int concerto_main_queue_handle(void) { return -1; }
void concerto_main_queue_drain(void) {}
int concerto_signal_create(void) { return -1; }
void concerto_signal_raise(int descriptor) {}
int concerto_signal_wait(int first, int second, int timeout) { return 0; }
#endif
