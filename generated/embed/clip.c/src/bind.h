// Emitted by infinitile 0.2.0: do not edit.
// SPDX-License-Identifier: Apache-2.0
//
// loss       clip
// logit      exp(params.logScale) * dot
// inputs     bf16, depth 512
// targets    x86-64-v4, sm_90a

/* Which chunk a run takes, and where its buffers lie in the caller's workspace. */

/* A plan with its sizes. */
typedef struct Bound {
  Shape shape;
  /* That of the forward walk, whose chunks may be larger. */
  Shape forward;
  /* Whether a chunk has all columns, so that gradients can be made in the forward walk. */
  bool fused;
  /* Columns of a chunk before pieces are made even. */
  int64_t asked_cols;
  int64_t bytes[buffer_count];
  /* Of the buffers that shrink with the chunk. */
  int64_t workspace_bytes;
} Bound;

static inline int64_t round_up(int64_t size, int64_t unit) { return ceil_div(size, unit) * unit; }

static int64_t wholes(int64_t length, int64_t unit) { return length / unit * unit; }

/* Equal pieces of whole blocks, none larger than `limit`. */
static int64_t even_piece(int64_t length, int64_t limit, int64_t block) {
  if (length <= limit) return length;
  const int64_t pieces = ceil_div(length, limit);
  return least(limit, round_up(ceil_div(length, pieces), block));
}

static Shape chunked(const Plan* plan, const Shape* whole, int64_t rows, int64_t cols) {
  Shape s = *whole;
  if (plan->most_workers > 0) s.workers = least(s.workers, plan->most_workers);
  s.chunk_rows = s.rows = even_piece(s.n, rows, plan->block_rows);
  s.chunk_cols = s.cols = even_piece(s.m, cols, plan->block_cols);
  return s;
}

static Bound bind_chunk(const Plan* plan, const Shape* whole, int64_t rows, int64_t cols) {
  Bound bound = {0};
  bound.asked_cols = cols;
  bound.shape = chunked(plan, whole, rows, cols);
  bound.forward = chunked(plan, whole, rows * plan->forward_rows, cols * plan->forward_cols);
  bound.fused = plan->fused != NULL && bound.shape.chunk_cols >= whole->m;
  for (int i = 0; i < plan->buffer_uses; ++i) {
    const BufferUse* use = &plan->buffers[i];
    if (use->in_fused_alone && !bound.fused) continue;
    int64_t elements = 0;
    if (use->at_forward_chunk) elements = plan->count(use->buffer, &bound.forward);
    if (use->at_chunk) elements = greatest(elements, plan->count(use->buffer, &bound.shape));
    bound.bytes[use->buffer] = elements * use->element_bytes;
    if (use->role == role_workspace) bound.workspace_bytes += bound.bytes[use->buffer];
  }
  return bound;
}

/* The largest chunk, in whole blocks, of all columns, for the walk that makes gradients on its way forward. */
static bool find_wide(const Plan* plan, const Shape* whole, int64_t budget, Bound* found) {
  if (plan->fused == NULL || whole->m > plan->most_cols) return false;
  const int64_t least_rows = least(whole->n, plan->least_rows);
  for (int64_t rows = plan->chunk_rows; rows >= least_rows; rows -= plan->block_rows) {
    *found = bind_chunk(plan, whole, rows, whole->m);
    if (found->workspace_bytes <= budget && found->shape.chunk_rows >= least_rows) {
      *found = bind_chunk(plan, whole, found->shape.chunk_rows, found->shape.chunk_cols);
      return true;
    }
  }
  return false;
}

enum { finest = 1024 };

/* A part of the plan's own chunk: `parts` of `finest` of its columns, and of its rows where it is `square`. */
static Bound bind_part(const Plan* plan, const Shape* whole, int64_t parts, bool square) {
  const int64_t cols = greatest(plan->block_cols, wholes(plan->chunk_cols * parts / finest, plan->block_cols));
  if (square) return bind_chunk(plan, whole, greatest(plan->block_rows, wholes(plan->chunk_rows * parts / finest, plan->block_rows)), cols);
  const int64_t rounds = wholes(cols, plan->cols_per_round);
  return bind_chunk(plan, whole, plan->chunk_rows, rounds > 0 ? rounds : cols);
}

static bool find_largest_part(const Plan* plan, const Shape* whole, int64_t budget, bool square, Bound* found) {
  *found = bind_part(plan, whole, finest, square);
  if (found->workspace_bytes <= budget) return true;
  int64_t low = 0, high = finest;
  *found = bind_part(plan, whole, low, square);
  if (found->workspace_bytes > budget) return false;
  while (high - low > 1) {
    const int64_t middle = (low + high) / 2;
    const Bound bound = bind_part(plan, whole, middle, square);
    if (bound.workspace_bytes <= budget) {
      low = middle;
      *found = bound;
    } else {
      high = middle;
    }
  }
  return true;
}

/*
 * The plan's own chunk, or where that was left open the largest within the budget; one with all columns where that makes forward and
 * backward one walk. False when there is none: `found` is then the smallest.
 */
static bool bind_within(const Plan* plan, const Shape* whole, int64_t budget, Bound* found) {
  if (!plan->chunk_is_fixed && find_wide(plan, whole, budget, found)) return true;
  *found = bind_chunk(plan, whole, plan->chunk_rows, plan->chunk_cols);
  if (found->workspace_bytes <= budget) return true;
  if (plan->chunk_is_fixed) return false;
  const bool narrowed = find_largest_part(plan, whole, budget, false, found);
  /* Rows are kept while a square is left. */
  if (narrowed && found->asked_cols >= least(least(plan->chunk_rows, plan->chunk_cols), whole->m)) return true;
  if (find_largest_part(plan, whole, budget, true, found)) return true;
  *found = bind_chunk(plan, whole, plan->block_rows, plan->block_cols);
  return false;
}
