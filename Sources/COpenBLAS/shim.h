#pragma once

#if __has_include(<cblas.h>)
#include <cblas.h>
#else
#error "OpenBLAS is missing: install it with `apt-get install libopenblas-dev`, then build again."
#endif

// OpenBLAS only: the number of threads of its own pool.
extern void openblas_set_num_threads(int count);

// What the build was compiled for, so that start-up can compare it with the processor it runs on.
#ifdef __AVX512F__
static const int retort_built_for_avx512 = 1;
#else
static const int retort_built_for_avx512 = 0;
#endif
#ifdef __AVX2__
static const int retort_built_for_avx2 = 1;
#else
static const int retort_built_for_avx2 = 0;
#endif

// Asks for the cache line at `p`, which will be read soon; Swift has no such instruction.
static inline __attribute__((always_inline)) void retort_prefetch(const void *p) {
  __builtin_prefetch(p, 0, 2);
}
