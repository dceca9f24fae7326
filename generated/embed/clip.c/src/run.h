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
 * `n`, `m`: rows and columns of the matrix, or those at hand of a rank of a ring. `chunk_rows`, `chunk_cols`: the largest chunk.
 * `workers`: threads, or multiprocessors of a GPU. `stack` embeddings in all where tensors are stacked, the first `split` of them
 * queries; rows and columns are those from `row_start` and `col_start` on. `rows`, `cols`: of a chunk, for sizes.
 *
 * Of a rank `rows` and `cols` are also the piece that is walked, from `row0` and `col0` on. In the whole matrix its rows have numbers
 * greater by `row_shift`, its columns by `col_shift`; the rank's queries and keys begin with `first_query` and `first_key` in their
 * tensors; of the whole stack the first `whole_split` are queries, and rows and columns begin with `whole_row_start` and
 * `whole_col_start`.
 */
typedef struct Shape {
  int64_t n, m;
  int64_t chunk_rows, chunk_cols;
  int64_t rows, cols;
  int64_t workers;
  int64_t stack, split, row_start, col_start;
  int64_t row0, col0, row_shift, col_shift;
  int64_t first_query, first_key, whole_split, whole_row_start, whole_col_start;
} Shape;

/* Which queries and keys of the whole matrix each rank has: rank r those from [r] to [r + 1]. A rank alone has all. */
typedef struct Shards {
  int rank, ranks;
  const int64_t *queries, *keys;
} Shards;

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
  buffer_tileColMax,
  buffer_tileColSum,
  buffer_tileDKeys,
  buffer_count
};

/* `role_tile`: what a tile of a rank gives to its columns, of which the largest shard has the most. */
typedef enum Role { role_statistic, role_tile, role_workspace } Role;

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

/* Which memory a run is in, and what works there. `read` and `write` wait. Pitches are in bytes, from a row to the next. */
typedef struct Run Run;
typedef struct Device {
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
  int (*tiles)(Run* run, TensorMap* map, void* at, const int64_t* sizes);
} Device;

typedef int Walk(Run* run, const Shape* s);

/* A buffer that travels: of columns that are at home, it lies in `source`; what a tile gives on its own, in `tile`. */
typedef struct Part {
  int buffer;
  int element_bytes;
  int source;
  int tile;
} Part;

/* Of a rank whose rows meet one shard of columns after another: `m` are the columns of the shard at hand. NULL: nothing to do. */
typedef struct RingWalk {
  Walk* begin;
  /* Empties the sums of the columns at hand. */
  Walk* clear;
  /* Before a tile that may have positives. */
  Walk* of_positives;
  Walk* tile;
  /* A tile that is one chunk, made without its columns' sums and then added to them. */
  Walk* make;
  Walk* add;
  /* Adds the sums that a tile made on its own to those that came. */
  Walk* merge;
  /* With the sums of the rank's own columns complete. */
  Walk* end;
  /* What travels. */
  const Part* keys;
  int key_parts;
  const Part* sums;
  int sum_parts;
} RingWalk;

/* `positives`: before all tiles, where masks read them; without steps where none does. */
typedef struct RingPlan {
  RingWalk positives, forward, backward;
  Walk* terms;
  /* Whether the positive of row i is column i. */
  bool diagonal;
} RingPlan;

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
  /* Of a rank of a ring; `forward` and `backward` are then not walked. */
  const RingPlan* ring;
} Plan;

/* Rows of the caller's that lie apart, or where kernels cannot reach them: they take their place in the workspace. */
typedef struct Packed {
  int buffer;
  bool is_output;
  char* at;
  int64_t pitch, row_bytes, rows;
} Packed;

enum { most_packed = 4 };

/* By how exponentials are kept in range. */
typedef struct Plans {
  const Plan* bounded;
  /* NULL for a loss without a softmax. */
  const Plan* running;
} Plans;

struct Run {
  infinitile_clip* handle;
  void* stream;
  const infinitile_clip_inputs* inputs;
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
