// libpq, loaded when it is first asked for: its own declarations of what is used, so that no header package is needed to
// build and no library to start. The interface of libpq.so.5 only ever grows.
#ifndef CPQ_H
#define CPQ_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#pragma clang assume_nonnull begin

typedef struct cpq_connection cpq_connection;
typedef struct cpq_result cpq_result;
typedef struct cpq_cancel cpq_cancel;

typedef struct cpq_notification {
  char *channel;
  int process;
  char *payload;
  struct cpq_notification *_Nullable next;
} cpq_notification;

/// One setting of a connection string, as libpq lists them; the last has no keyword.
typedef struct cpq_option {
  char *_Nullable keyword;
  char *_Nullable environment;
  char *_Nullable compiled;
  char *_Nullable value;
  char *_Nullable label;
  char *_Nullable display;
  int size;
} cpq_option;

typedef void (*cpq_notice_processor)(void *_Nullable context, const char *message);

/// The functions that are used, by their names without "PQ".
typedef struct cpq_library {
  int (*_Nonnull libVersion)(void);
  cpq_connection *_Nullable (*_Nonnull connectdbParams)(const char *_Nullable const *_Nonnull keywords,
                                               const char *_Nullable const *_Nonnull values, int expand_dbname);
  void (*_Nonnull finish)(cpq_connection *connection);
  int (*_Nonnull status)(const cpq_connection *connection);
  int (*_Nonnull transactionStatus)(const cpq_connection *connection);
  int (*_Nonnull socket)(const cpq_connection *connection);
  int (*_Nonnull backendPID)(const cpq_connection *connection);
  int (*_Nonnull serverVersion)(const cpq_connection *connection);
  const char *_Nullable (*_Nonnull parameterStatus)(const cpq_connection *connection, const char *name);
  char *_Nullable (*_Nonnull errorMessage)(const cpq_connection *connection);
  char *_Nullable (*_Nonnull host)(const cpq_connection *connection);
  char *_Nullable (*_Nonnull port)(const cpq_connection *connection);
  char *_Nullable (*_Nonnull db)(const cpq_connection *connection);
  char *_Nullable (*_Nonnull user)(const cpq_connection *connection);
  int (*_Nonnull sslInUse)(cpq_connection *connection);
  int (*_Nonnull setnonblocking)(cpq_connection *connection, int on);
  cpq_notice_processor _Nullable (*_Nonnull setNoticeProcessor)(cpq_connection *connection, cpq_notice_processor processor,
                                                       void *_Nullable context);
  cpq_option *_Nullable (*_Nonnull conninfoParse)(const char *text, char *_Nullable *_Nonnull error);
  cpq_option *_Nullable (*_Nonnull conndefaults)(void);
  void (*_Nonnull conninfoFree)(cpq_option *options);
  int (*_Nonnull sendQuery)(cpq_connection *connection, const char *text);
  int (*_Nonnull sendQueryParams)(cpq_connection *connection, const char *text, int count, const uint32_t *_Nullable types,
                         const char *_Nullable const *_Nullable values, const int *_Nullable lengths,
                         const int *_Nullable formats, int result_format);
  int (*_Nonnull setSingleRowMode)(cpq_connection *connection);
  int (*_Nonnull flush)(cpq_connection *connection);
  int (*_Nonnull consumeInput)(cpq_connection *connection);
  int (*_Nonnull isBusy)(cpq_connection *connection);
  cpq_result *_Nullable (*_Nonnull getResult)(cpq_connection *connection);
  int (*_Nonnull putCopyData)(cpq_connection *connection, const char *bytes, int count);
  int (*_Nonnull putCopyEnd)(cpq_connection *connection, const char *_Nullable error);
  int (*_Nonnull getCopyData)(cpq_connection *connection, char *_Nullable *_Nonnull bytes, int async);
  cpq_notification *_Nullable (*_Nonnull notifies)(cpq_connection *connection);
  void (*_Nonnull freemem)(void *memory);
  cpq_cancel *_Nullable (*_Nonnull getCancel)(cpq_connection *connection);
  int (*_Nonnull cancel)(cpq_cancel *cancel, char *error, int size);
  void (*_Nonnull freeCancel)(cpq_cancel *cancel);
  void (*_Nonnull clear)(cpq_result *result);
  int (*_Nonnull resultStatus)(const cpq_result *result);
  char *_Nullable (*_Nonnull resultErrorField)(const cpq_result *result, int field);
  char *_Nullable (*_Nonnull resultErrorMessage)(const cpq_result *result);
  int (*_Nonnull ntuples)(const cpq_result *result);
  int (*_Nonnull nfields)(const cpq_result *result);
  char *_Nullable (*_Nonnull fname)(const cpq_result *result, int column);
  uint32_t (*_Nonnull ftype)(const cpq_result *result, int column);
  int (*_Nonnull getisnull)(const cpq_result *result, int row, int column);
  int (*_Nonnull getlength)(const cpq_result *result, int row, int column);
  char *_Nonnull (*_Nonnull getvalue)(const cpq_result *result, int row, int column);
  char *_Nullable (*_Nonnull cmdTuples)(cpq_result *result);
  char *_Nullable (*_Nonnull escapeIdentifier)(cpq_connection *connection, const char *text, size_t length);
} cpq_library;

/// A table without functions.
static inline cpq_library cpq_library_empty(void) {
  cpq_library library;
  __builtin_memset(&library, 0, sizeof library);
  return library;
}

/// Loads the library of that name, once for all callers; `path` counts in the first call only.
///
/// Returns NULL if there is none, or one without a function that is needed; `*error` says why, and is never freed.
const cpq_library *_Nullable cpq_load(const char *path, const char *_Nullable *_Nonnull error);

/// As `cpq_load`, but for each call anew: what tests need.
const cpq_library *_Nullable cpq_load_anew(const char *path, cpq_library *library,
                                           const char *_Nullable *_Nonnull error);

#pragma clang assume_nonnull end

#ifdef __cplusplus
}
#endif

#endif
