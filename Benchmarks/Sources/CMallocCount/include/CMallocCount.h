#pragma once

/// How often this process has asked for memory: malloc, calloc, realloc and posix_memalign. Zero where it cannot be
/// counted. Only a program that links this target counts.
unsigned long malloc_count(void);
