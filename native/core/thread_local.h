// ANNEAL_THREAD_LOCAL: a variable of each thread, for what every operator touches. Under glibc it lies at a fixed place from the
// thread's own register; otherwise a library finds its variables by calling the loader, at up to a tenth of an operator's cost. glibc
// keeps some room for such libraries that are loaded late (1664 bytes; all of ours are below 300), musl keeps none: a binary for both
// (ANNEAL_ANY_LIBC) calls the loader.
#pragma once
#include <cstddef>  // defines __GLIBC__ where it is the C library

#if defined(__GLIBC__) && !defined(ANNEAL_ANY_LIBC)
#define ANNEAL_THREAD_LOCAL __attribute__((tls_model("initial-exec"))) constinit thread_local
#else
#define ANNEAL_THREAD_LOCAL constinit thread_local
#endif
