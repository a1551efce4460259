#include "CConcerto.h"

extern __attribute__((swiftcall)) void swift_task_localValuePush(const void *key, void *value, const void *type);
extern __attribute__((swiftcall)) void swift_task_localValuePop(void);
extern __attribute__((swiftcall)) void *swift_task_localValueGet(const void *key);

void concerto_task_local_push(const void *key, void *value, const void *type) {
  swift_task_localValuePush(key, value, type);
}

void concerto_task_local_pop(void) { swift_task_localValuePop(); }

const void *concerto_task_local_get(const void *key) { return swift_task_localValueGet(key); }
