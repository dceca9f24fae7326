// Emitted by infinitile 0.2.0: do not edit.
// SPDX-License-Identifier: Apache-2.0
//
// loss       clip
// logit      exp(params.logScale) * dot
// inputs     bf16, depth 512
// targets    x86-64-v4, sm_90a

/* Rows and columns of each rank: by their numbers there, and in the whole matrix. */

/* Those that follow each other here and in the whole, where their numbers are greater by `shift`. */
typedef struct Segment {
  int64_t first, count, shift;
} Segment;

/* One of each tensor that is rows (columns) of the loss. */
typedef struct Segments {
  int count;
  Segment of[2];
} Segments;

/* Tensors that are rows (columns), in the order in which they lie. */
typedef struct Side {
  bool queries, keys;
} Side;

static const Side row_side = { true, false }, col_side = { false, true };

static int64_t total_queries(const Shards* s) { return s->queries[s->ranks]; }
static int64_t total_keys(const Shards* s) { return s->keys[s->ranks]; }
static int64_t queries_of(const Shards* s, int rank) { return s->queries[rank + 1] - s->queries[rank]; }
static int64_t keys_of(const Shards* s, int rank) { return s->keys[rank + 1] - s->keys[rank]; }

static int64_t count_of(const Shards* s, Side side, int rank) {
  return (side.queries ? queries_of(s, rank) : 0) + (side.keys ? keys_of(s, rank) : 0);
}

static int64_t cols_of(const Shards* s, int rank) { return count_of(s, col_side, rank); }

static int64_t most_of(const Shards* s, Side side) {
  int64_t most = 0;
  for (int rank = 0; rank < s->ranks; ++rank) most = greatest(most, count_of(s, side, rank));
  return most;
}

static bool is_as_large_as_last(const Shards* s, int rank) { return rank > 0 && cols_of(s, rank) == cols_of(s, rank - 1); }

/* Keys that are rows (columns) beside queries come after those of all ranks. */
static Segments segments_of(const Shards* s, Side side, int rank) {
  Segments found = {0};
  const int64_t queries = side.queries ? queries_of(s, rank) : 0;
  if (side.queries) found.of[found.count++] = (Segment){0, queries, s->queries[rank]};
  if (side.keys) found.of[found.count++] = (Segment){queries, keys_of(s, rank), (side.queries ? total_queries(s) : 0) + s->keys[rank] - queries};
  return found;
}

/* The number in the whole of a rank's own row (column). */
static int64_t whole_number(const Shards* s, Side side, int64_t own) {
  const Segments segments = segments_of(s, side, s->rank);
  const Segment* segment = &segments.of[0];
  if (own >= segment->first + segment->count) segment = &segments.of[segments.count - 1];
  return own + segment->shift;
}

/* A row (column) of the whole: whose it is, and its number there. */
typedef struct Place {
  int rank;
  int64_t own;
} Place;

static Shape shape_of(int64_t queries, int64_t keys, int64_t workers) {
  Shape s = {0};
  s.workers = workers;
  s.n = queries;
  s.m = keys;
  return s;
}

static void take_shards(Run* run, const Shards* s) {
  const int64_t workers = run->handle->workers;
  run->shards = *s;
  run->whole = shape_of(total_queries(s), total_keys(s), workers);
  run->own = shape_of(queries_of(s, s->rank), keys_of(s, s->rank), workers);
  run->own.first_query = s->queries[s->rank];
  run->own.first_key = s->keys[s->rank];
  run->own.whole_split = run->whole.split;
  run->own.whole_row_start = run->whole.row_start;
  run->own.whole_col_start = run->whole.col_start;
}

/* Of a rank that has everything. */
static void take_all(Run* run, int64_t queries, int64_t keys) {
  run->alone[1] = queries;
  run->alone[3] = keys;
  take_shards(run, &(Shards){0, 1, run->alone, run->alone + 2});
}
