#include "CConcerto.h"

#define SWIFT_CALL __attribute__((swiftcall))
#define SWIFT_CONTEXT __attribute__((swift_context))

extern SWIFT_CALL void *swift_task_alloc(size_t size);
extern SWIFT_CALL void swift_task_dealloc(void *memory);
extern SWIFT_CALL void *swift_task_addCancellationHandler(SWIFT_CALL void (*handler)(SWIFT_CONTEXT void *), void *context);
extern SWIFT_CALL void swift_task_removeCancellationHandler(void *record);

struct watch {
  void (*body)(void *);
  void *argument;
  // NULL if the task had been cancelled: the handler ran at once.
  void *record;
};

SWIFT_CALL static void handle(SWIFT_CONTEXT void *context) {
  struct watch *watch = context;
  watch->body(watch->argument);
}

void *concerto_cancellation_watch(void (*body)(void *), void *argument) {
  struct watch *watch = swift_task_alloc(sizeof *watch);
  watch->body = body;
  watch->argument = argument;
  watch->record = swift_task_addCancellationHandler(handle, watch);
  return watch;
}

void concerto_cancellation_unwatch(void *raw) {
  struct watch *watch = raw;
  // Last in, first out: the record lies above the watch.
  swift_task_removeCancellationHandler(watch->record);
  swift_task_dealloc(watch);
}
