#include "CPQ.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// The names stand in the order of the fields of `cpq_library`.
static const char *const names[] = {
    "PQlibVersion",     "PQconnectdbParams",    "PQfinish",           "PQstatus",          "PQtransactionStatus",
    "PQsocket",         "PQbackendPID",         "PQserverVersion",    "PQparameterStatus", "PQerrorMessage",
    "PQhost",           "PQport",               "PQdb",               "PQuser",            "PQsslInUse",
    "PQsetnonblocking", "PQsetNoticeProcessor", "PQconninfoParse",    "PQconndefaults",    "PQconninfoFree",
    "PQsendQuery",      "PQsendQueryParams",    "PQsetSingleRowMode", "PQflush",           "PQconsumeInput",
    "PQisBusy",         "PQgetResult",          "PQputCopyData",      "PQputCopyEnd",      "PQgetCopyData",
    "PQnotifies",       "PQfreemem",            "PQgetCancel",        "PQcancel",          "PQfreeCancel",
    "PQclear",          "PQresultStatus",       "PQresultErrorField", "PQresultErrorMessage", "PQntuples",
    "PQnfields",        "PQfname",              "PQftype",            "PQgetisnull",       "PQgetlength",
    "PQgetvalue",       "PQcmdTuples",          "PQescapeIdentifier",
};

_Static_assert(sizeof names / sizeof *names * sizeof(void *) == sizeof(cpq_library), "a name for each field");

const cpq_library *cpq_load_anew(const char *path, cpq_library *library, const char **error) {
  *error = NULL;
  void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (!handle) {
    const char *why = dlerror();
    *error = strdup(why ? why : "dlopen failed");
    return NULL;
  }
  for (size_t index = 0; index < sizeof names / sizeof *names; index++) {
    void *function = dlsym(handle, names[index]);
    if (!function) {
      char text[256];
      snprintf(text, sizeof text, "%s has no function %s", path, names[index]);
      *error = strdup(text);
      dlclose(handle);
      return NULL;
    }
    // POSIX wants a data pointer to be good for a function.
    memcpy((char *)library + index * sizeof function, &function, sizeof function);
  }
  return library;
}

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static cpq_library shared;
static const cpq_library *loaded;

const cpq_library *cpq_load(const char *path, const char **error) {
  *error = NULL;
  pthread_mutex_lock(&lock);
  // What has failed is tried again: a package may have been installed meanwhile.
  if (!loaded) loaded = cpq_load_anew(path, &shared, error);
  const cpq_library *result = loaded;
  pthread_mutex_unlock(&lock);
  return result;
}
