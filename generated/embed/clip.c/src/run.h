// Emitted by infinitile 0.2.0: do not edit.
// SPDX-License-Identifier: Apache-2.0
//
// loss       clip
// logit      exp(params.logScale) * dot
// inputs     bf16, depth 512
// targets    x86-64-v4, sm_90a

/* What the parts of the library share: shapes, plans, and the macros that plans are written in. */

static inline int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }
static inline int64_t greatest(int64_t a, int64_t b) { return a > b ? a : b; }
static inline int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }

/*
 * `n`, `m`: rows and columns of the matrix. `chunk_rows`, `chunk_cols`: the largest chunk. `workers`: threads, or multiprocessors of a
 * GPU. `stack` embeddings in all where tensors are stacked, the first `split` of them queries; rows and columns are those from
 * `row_start` and `col_start` on. `rows`, `cols`: of a chunk, for sizes.
 */
typedef struct Shape {
  int64_t n, m;
  int64_t chunk_rows, chunk_cols;
  int64_t rows, cols;
  int64_t workers;
  int64_t stack, split, row_start, col_start;
} Shape;

/* Buffers of all plans. */
enum {
  buffer_queries,
  buffer_keys,
  buffer_dQueries,
  buffer_dKeys,
  buffer_scalars,
  buffer_queryNorms,
  buffer_keyNorms,
  buffer_queryBadRows,
  buffer_keyBadRows,
  buffer_positiveLogit,
  buffer_flags,
  buffer_rowMax,
  buffer_rowSum,
  buffer_rowScale,
  buffer_rowPull,
  buffer_rowLoss,
  buffer_rowValues,
  buffer_rowParams,
  buffer_rowPartialSum,
  buffer_colMax,
  buffer_colSum,
  buffer_colScale,
  buffer_colPull,
  buffer_colLoss,
  buffer_colValues,
  buffer_colParams,
  buffer_colPartialSum,
  buffer_scalarPartial,
  buffer_gradientTile,
  buffer_queryPanels,
  buffer_keyPanels,
  buffer_queryRows,
  buffer_keyRows,
  buffer_rowPartialMax,
  buffer_colPartialMax,
  buffer_count
};

typedef enum Role { role_given, role_statistic, role_workspace } Role;

/* A buffer as a plan uses it: which chunk it is sized for. */
typedef struct BufferUse {
  int buffer;
  Role role;
  int element_bytes;
  bool at_forward_chunk;
  bool at_chunk;
  bool in_fused_alone;
} BufferUse;

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

/* A kernel of the host is a function; one of a GPU is found by its place among the target's. */
typedef void HostKernel(void* const* args);

typedef struct Kernel {
  HostKernel* host;
  int place;
  int threads;
  int shared_bytes;
} Kernel;

/* Which memory a run is in, and what works there. `read` and `write` wait. */
typedef struct Run Run;
typedef struct Device {
  /* Around each call. */
  int (*enter)(infinitile_clip* handle);
  void (*leave)(infinitile_clip* handle);
  /* Whether a pointer to elements of so many bytes can be used; `name`: of the argument. */
  int (*check)(infinitile_clip* handle, const char* name, const void* at, int element_bytes);
  int (*check_stream)(void* stream);
  int (*launch)(Run* run, const Kernel* kernel, int64_t grid, void** args);
  int (*fill)(Run* run, void* at, uint32_t pattern, int64_t words);
  int (*read)(Run* run, void* to, const void* from, int64_t bytes);
  int (*write)(Run* run, void* to, const void* from, int64_t bytes);
  int (*tiles)(Run* run, TensorMap* map, void* at, const int64_t* sizes);
} Device;

typedef int Walk(Run* run, const Shape* s);

typedef struct Plan {
  int64_t chunk_rows, chunk_cols, block_rows, block_cols;
  /* Columns of which all workers have equal shares. */
  int64_t cols_per_round;
  int64_t forward_rows;
  bool chunk_is_fixed;
  /* 0: as many as there are. */
  int64_t most_workers;
  const BufferUse* buffers;
  int buffer_uses;
  int64_t (*count)(int buffer, const Shape* s);
  Walk* inspect;
  Walk* forward;
  Walk* backward;
  void (*uniforms)(const infinitile_clip_inputs* inputs, double pair_weight, float* u);
  /* Forward and backward in one, for chunks with all columns; NULL where there is none. */
  Walk* fused;
  int64_t least_rows, most_cols;
} Plan;

struct Run {
  infinitile_clip* handle;
  void* stream;
  const infinitile_clip_inputs* inputs;
  const Plan* plan;
  Shape whole;
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
