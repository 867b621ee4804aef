/* Retort's C interface: definitions and plans, run on memory of the caller's. Link with -lRetortC.

   Functions that can fail return a status. After any but RETORT_OK, retort_last_error() says in a sentence
   what went wrong and what would mend it. Nothing ends the process: NULL where it is not allowed,
   models that were freed, wrong names and wrong sizes are errors like any other.

   Threads: all functions may be called from any thread that has a stack of at least 2 MB: reading a
   definition nests as deeply as its calls do. Runs of one model follow one another; models run side by
   side, each with threads of its own. */

#ifndef RETORT_H
#define RETORT_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The exit codes of the program 'retort'. */
typedef int32_t retort_status;
enum {
  RETORT_OK = 0,
  /* The work failed: a file, a definition, weights or the system. */
  RETORT_FAILED = 1,
  /* The call was wrong: NULL, a freed model, an unknown name, a wrong size. */
  RETORT_MISUSE = 64,
  /* A fault of Retort itself. */
  RETORT_FAULT = 70
};

/* A compiled graph with its weights. A number, not an address: one that was freed is known as such. */
typedef struct retort_model retort_model;

/* What goes in and what comes out. */
typedef int32_t retort_role;
enum { RETORT_INPUT = 0, RETORT_RESULT = 1 };

/* A tensor of a model. The pointers stay valid until the model is freed. */
typedef struct {
  const char *name;
  /* "f32", "f64", "i64", "i32", "u32", "bool" (a byte, 0 or 1) or "key" (8 bytes). */
  const char *type;
  const int64_t *extents;
  size_t rank;
  size_t byte_count;
} retort_tensor;

/* Memory of the caller's: elements in row-major order, without gaps. */
typedef struct {
  const char *name;
  void *data;
  size_t byte_count;
} retort_buffer;

/* "0.1.0" */
const char *retort_version(void);

/* What went wrong in this thread's last call; "" if nothing did. Valid until this thread's next call. */
const char *retort_last_error(void);

/* Compiles a definition (.graph) or a model of ONNX (.onnx), or opens a plan (.retort).

   options: NULL, or strings "NAME=VALUE" and a NULL at the end, which mean what the options of
   'retort run' mean: "entry=purify", "set=n=8", "weights=w.safetensors", "backend=simd", "threads=2",
   "graphs=DIR", "memory-limit=1000000" (bytes), "exact=true". "set" and "weights" may stand several
   times. */
retort_status retort_load(
    const char *path, const char *const *options, retort_model **model);

/* Gives a model back. NULL is nothing to free. A run of it in another thread goes on to its end, and its
   buffers are in use until then: this does not wait for it. */
retort_status retort_free(retort_model *model);

/* How many inputs or results there are, and what each is, in the order of declaration. */
retort_status retort_count(const retort_model *model, retort_role role, size_t *count);
retort_status retort_describe(
    const retort_model *model, retort_role role, size_t index, retort_tensor *tensor);

/* Runs once.

   Every input must be there, but for those of type "key", which are filled from the seed. Results
   that are not there are not handed out. Each buffer must have exactly the tensor's bytes, and be left
   alone until the call returns.

   Nothing is copied: inputs are read where they lie, and results written where they shall lie.
   Exceptions are buffers that are not aligned to their elements, results whose buffer overlaps that of
   an input, inputs that are results themselves and overlap one, and results that are what a loop
   carries, an input, or a weight: these are copied once.
   When the buffers lie elsewhere than in the run before, the steps that work on them are first laid
   out anew, which takes a small part of a run. */
retort_status retort_run(
    retort_model *model, const retort_buffer *inputs, size_t input_count,
    const retort_buffer *results, size_t result_count, uint64_t seed);

#ifdef __cplusplus
}
#endif

#endif
