// Emitted by infinitile 0.2.0: do not edit.
// SPDX-License-Identifier: Apache-2.0
//
// loss       clip
// logit      exp(params.logScale) * dot
// inputs     bf16, depth 512
// targets    x86-64-v4, sm_90a

/* A rank's rows with the columns of one shard after another. */

/* For the columns of a shard; what is of columns is the rank's own until a message is bound. */
static int lay_out(infinitile_clip_ring* ring, int shard) {
  memcpy(ring->run.address, ring->home, sizeof ring->home);
  return use_plan(&ring->run, ring->run.plan, shard);
}

static int begin_pass(infinitile_clip_ring* ring) {
  Run* run = &ring->run;
  ring->shard = -1;
  ring->shards_met = 0;
  memset(ring->has_met, 0, (size_t)run->shards.ranks * sizeof *ring->has_met);
  const int status = lay_out(ring, run->shards.rank);
  if (status != 0) return status;
  const Shape s = whole_tile(ring);
  return walk(run, walk_of(ring)->begin, &s);
}

/* The part of a tile whose rows, and whose columns, follow each other in the whole matrix too. */
static Shape piece_of(const Shape* tile, const Segment* rows, const Segment* cols) {
  Shape s = *tile;
  s.row0 = rows->first;
  s.rows = rows->count;
  s.row_shift = rows->shift;
  s.col0 = cols->first;
  s.cols = cols->count;
  s.col_shift = cols->shift;
  return s;
}

/* None where no positive can be: one on the diagonal is in a piece that the diagonal crosses. */
static int walk_positives(Run* run, const RingWalk* own, const Shape* s) {
  const int64_t row = s->row0 + s->row_shift, col = s->col0 + s->col_shift;
  const bool crossed = row < col + s->cols && col < row + s->rows;
  return run->plan->ring->diagonal && !crossed ? 0 : walk(run, own->of_positives, s);
}

static int compute_tile(infinitile_clip_ring* ring, const RingWalk* own, const Shape* tile) {
  Run* run = &ring->run;
  const Segments rows = segments_of(&run->shards, row_side, run->shards.rank), cols = segments_of(&run->shards, col_side, ring->shard);
  ring->piece = piece_of(tile, &rows.of[0], &cols.of[0]);
  ring->is_one_chunk = rows.count == 1 && cols.count == 1 && ring->piece.rows <= tile->chunk_rows && ring->piece.cols <= tile->chunk_cols;
  if (ring->is_one_chunk) {
    const int status = walk_positives(run, own, &ring->piece);
    return status == 0 ? walk(run, own->make, &ring->piece) : status;
  }
  bind_tile_sums(run, own->sums, own->sum_parts, ring->shard);
  int status = walk(run, own->clear, tile);
  for (int i = 0; i < rows.count; ++i)
    for (int j = 0; j < cols.count; ++j) {
      const Shape s = piece_of(tile, &rows.of[i], &cols.of[j]);
      if (status == 0) status = walk_positives(run, own, &s);
      if (status == 0) status = walk(run, own->tile, &s);
    }
  return status;
}

/* Between a step and its merge the workspace holds what the step has made. */
static int require_merged(const infinitile_clip_ring* ring) {
  return ring->shard < 0 ? 0 : fail(INFINITILE_CLIP_ERROR_ARGUMENT, "shard %d was computed and is not merged: call infinitile_clip_ring_merge() after each step", ring->shard);
}

static int step_tile(infinitile_clip_ring* ring, int shard, const void* keys) {
  Run* run = &ring->run;
  const RingWalk* own = walk_of(ring);
  if (shard < 0 || shard >= run->shards.ranks) return fail(INFINITILE_CLIP_ERROR_ARGUMENT, "shard is %d: ranks are numbered from 0 to %d", shard, run->shards.ranks - 1);
  const int merged = require_merged(ring);
  if (merged != 0) return merged;
  if (ring->has_met[shard]) return fail(INFINITILE_CLIP_ERROR_ARGUMENT, "shard %d was computed in this pass before: each is once", shard);
  int status = check_message(run, "keys", keys, own->key_parts);
  if (status == 0) status = lay_out(ring, shard);
  if (status != 0) return status;
  bind_message(run, own->keys, own->key_parts, shard, keys);
  ring->shard = shard;
  const Shape tile = whole_tile(ring);
  return compute_tile(ring, own, &tile);
}

/* Sums begin with the rank whose columns they are of. */
static int merge_tile(infinitile_clip_ring* ring, int shard, void* sums) {
  Run* run = &ring->run;
  const RingWalk* own = walk_of(ring);
  if (ring->shard < 0) return fail(INFINITILE_CLIP_ERROR_ARGUMENT, "nothing was computed that is not merged: call infinitile_clip_ring_step() before");
  if (shard != ring->shard) return fail(INFINITILE_CLIP_ERROR_ARGUMENT, "shard is %d: the last step has computed shard %d", shard, ring->shard);
  int status = check_message(run, "sums", sums, own->sum_parts);
  if (status != 0) return status;
  const bool begins = shard == run->shards.rank;
  const Shape tile = whole_tile(ring);
  if (!ring->is_one_chunk && begins) {
    bind_tile_sums(run, own->sums, own->sum_parts, shard);
    char* at = sums;
    for (int i = 0; i < own->sum_parts && status == 0; ++i) {
      status = copy_bytes(run, at, run->address[own->sums[i].buffer], run->bytes[own->sums[i].buffer]);
      at += placed(run->bytes[own->sums[i].buffer]);
    }
  } else {
    bind_message(run, own->sums, own->sum_parts, shard, sums);
    if (!ring->is_one_chunk) status = walk(run, own->merge, &tile);
    else if (begins) status = walk(run, own->clear, &tile);
    if (status == 0 && ring->is_one_chunk) status = walk(run, own->add, &ring->piece);
  }
  if (status != 0) return status;
  ring->shard = -1;
  ring->has_met[shard] = true;
  ++ring->shards_met;
  return 0;
}

/* The sums of the rank's own columns are complete, and so is the pass. */
static int end_pass(infinitile_clip_ring* ring, const void* sums) {
  Run* run = &ring->run;
  const RingWalk* own = walk_of(ring);
  if (ring->shards_met < run->shards.ranks || ring->shard >= 0)
    return fail(INFINITILE_CLIP_ERROR_ARGUMENT, "%d of %d shards have been computed and merged: a pass ends after all", ring->shards_met, run->shards.ranks);
  int status = check_message(run, "sums", sums, own->sum_parts);
  if (status == 0) status = lay_out(ring, run->shards.rank);
  if (status != 0) return status;
  status = unpack_own(run, own->sums, own->sum_parts, sums);
  const Shape s = whole_tile(ring);
  return status == 0 ? walk(run, own->end, &s) : status;
}
