// Emitted by infinitile 0.2.0: do not edit.
// SPDX-License-Identifier: Apache-2.0
//
// loss       clip
// logit      exp(params.logScale) * dot
// inputs     bf16, depth 512
// targets    x86-64-v4, sm_90a

/* Plans as data: shapes, buffers, kernels, and the walks over them. */

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

/* A kernel of the host is a function; one of a GPU is found by its place among the target's. */
typedef void HostKernel(void* const* args);

typedef struct Kernel {
  HostKernel* host;
  int place;
  int threads;
  int shared_bytes;
} Kernel;

typedef struct Run Run;
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
  int64_t forward_rows, forward_cols;
  bool chunk_is_fixed;
  /* 0: as many as there are. */
  int64_t most_workers;
  const BufferUse* buffers;
  int buffer_uses;
  int64_t (*count)(int buffer, const Shape* s);
  Walk* inspect;
  Walk* forward;
  Walk* backward;
  /* What a step has found as numbers, and gradients times one; NULL where the host does it. */
  const Kernel *results, *multiply;
  void (*uniforms)(const infinitile_clip_inputs* inputs, double pair_weight, float* u);
  /* Forward and backward in one, for chunks with all columns; NULL where there is none. */
  Walk* fused;
  int64_t least_rows, most_cols;
  /* Of a rank of a ring; `forward` and `backward` are then not walked. */
  const RingPlan* ring;
} Plan;

/* By how exponentials are kept in range. */
typedef struct Plans {
  const Plan* bounded;
  /* NULL for a loss without a softmax. */
  const Plan* running;
} Plans;
