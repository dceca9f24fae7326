// Emitted by infinitile 0.2.0: do not edit.
// SPDX-License-Identifier: Apache-2.0
//
// loss       clip
// logit      exp(params.logScale) * dot
// inputs     bf16, depth 512
// targets    x86-64-v4, sm_90a

/* A call at work: the device, the memory, and the macros that walks are written in. */

/* What kernels are given by value: the same for every pair. */
typedef struct Uniforms {
  float values[2];
} Uniforms;

typedef struct Scalars {
  float offset, row_weight, col_weight, sum_floor, gradient_scale, gradient_unscale;
} Scalars;

/* A GPU's tensor map. */
typedef struct TensorMap {
  _Alignas(64) unsigned char bytes[128];
} TensorMap;

/* A copy to the host. */
typedef struct Reading {
  void* to;
  const void* from;
  int64_t bytes;
} Reading;

/* Which memory a run is in, and what works there. `read` and `write` wait. Pitches are in bytes, from a row to the next. */
typedef struct Device {
  /* Whether work waits in a queue: a look at what it has made holds up what comes next. Else `ask`, `answer` and `settle` have no use. */
  bool queues;
  /* Around each call. */
  int (*enter)(infinitile_clip* handle);
  void (*leave)(infinitile_clip* handle);
  /* Whether a pointer to elements of so many bytes can be used; `name`: of the argument. */
  int (*check)(infinitile_clip* handle, const char* name, const void* at, int element_bytes);
  /* What kernels take: addresses of embeddings are multiples of it, or of an element. */
  int alignment;
  int (*check_stream)(void* stream);
  int (*launch)(Run* run, const Kernel* kernel, int64_t grid, void** args);
  int (*fill)(Run* run, void* at, uint32_t pattern, int64_t words);
  int (*copy)(Run* run, void* to, int64_t to_pitch, const void* from, int64_t from_pitch, int64_t row_bytes, int64_t rows);
  int (*read)(Run* run, void* to, const void* from, int64_t bytes);
  int (*write)(Run* run, void* to, const void* from, int64_t bytes);
  /* Some that are small, in one wait. */
  int (*read_all)(Run* run, const Reading* readings, int count);
  /* A small reading that is waited for by `answer` alone: not for what has been queued between the two. */
  int (*ask)(Run* run, const void* from, int64_t bytes);
  int (*answer)(Run* run, void* to, int64_t bytes);
  /* Waits for all that is queued. */
  void (*settle)(Run* run);
  int (*tiles)(Run* run, TensorMap* map, void* at, const int64_t* sizes);
} Device;

/* Rows of the caller's that lie apart, or where kernels cannot reach them: they take their place in the workspace. */
typedef struct Packed {
  int buffer;
  bool is_output;
  char* at;
  int64_t pitch, row_bytes, rows;
} Packed;

enum { most_packed = 4 };

struct Run {
  infinitile_clip* handle;
  void* stream;
  infinitile_clip_inputs inputs;
  /* Learned scalars that are on the device; NULL for those that the inputs have. */
  infinitile_clip_param_places params_at;
  const Plans* plans;
  const Plan* plan;
  /* The matrix, and what is here of it: all, but for a rank of a ring. */
  Shape whole, own;
  Shards shards;
  /* The shards of a rank alone. */
  int64_t alone[4];
  Packed packed[most_packed];
  int packed_count;
  /* The chunk of the plan. */
  Shape shape, forward_shape;
  bool fused;
  /* The caller's memory, from the first aligned byte on. */
  char* workspace;
  int64_t workspace_bytes;
  Scalars scalars;
  Uniforms uniforms;
  char* address[buffer_count];
  int64_t bytes[buffer_count];
};

/* A launch of a kernel: its grid, then its arguments. The values live until the block ends. */
#define LAUNCH(kernel, grid, ...)                                                       \
  do {                                                                                  \
    void* args[] = {__VA_ARGS__};                                                       \
    const int launched = run->handle->device->launch(run, &kernel, grid, args);         \
    if (launched != 0) return launched;                                                 \
  } while (0)
#define FILL(buffer, pattern)                                                                                            \
  do {                                                                                                                   \
    const int filled = run->handle->device->fill(run, run->address[buffer], pattern, run->bytes[buffer] / 4);            \
    if (filled != 0) return filled;                                                                                      \
  } while (0)
#define TILES(name, buffer, offset, ...)                                                                          \
  TensorMap name;                                                                                                 \
  do {                                                                                                            \
    const int64_t sizes[] = {__VA_ARGS__};                                                                        \
    const int made = run->handle->device->tiles(run, &name, run->address[buffer] + (offset), sizes);              \
    if (made != 0) return made;                                                                                   \
  } while (0)
#define AT(buffer, offset) (&(void*){run->address[buffer] + (offset)})
#define NOTHING (&(void*){NULL})
#define INT(value) (&(int32_t){(int32_t)(value)})
#define SCALAR(name) (&run->scalars.name)
#define UNIFORMS (&run->uniforms)
