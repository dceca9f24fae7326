// Emitted by infinitile 0.2.0: do not edit.
// SPDX-License-Identifier: Apache-2.0
//
// loss       clip
// logit      exp(params.logScale) * dot
// inputs     bf16, depth 512
// targets    x86-64-v4, sm_90a

/* The workspace laid out: readings, the caller's rows that have to be packed, statistics, and what a chunk needs. */

enum { alignment = 256 };

static int64_t placed(int64_t bytes) { return round_up(bytes, alignment); }

static int64_t packed_bytes(const Packed* packed) { return placed(packed->rows * packed->row_bytes); }

/* The rank's rows with the columns of a shard. */
static Shape tile_shape(const Run* run, int shard) {
  Shape s = run->own;
  s.m = cols_of(&run->shards, shard);
  return s;
}

/* Of what stays whatever the chunk: statistics, and what a tile gives to its columns. */
static int64_t lasting_bytes(const Plan* plan, const Run* run, const BufferUse* use) {
  Shape s = run->own;
  if (use->role == role_tile) s.m = most_of(&run->shards, col_side);
  return plan->count(use->buffer, &s) * use->element_bytes;
}

/* Bytes that the workspace has beside the buffers that shrink with the chunk, their alignment included. */
static int64_t fixed_bytes(const Plan* plan, const Run* run) {
  int64_t bytes = placed(sizeof(Readings)) + placed(sizeof(Norms));
  for (int i = 0; i < run->packed_count; ++i) bytes += packed_bytes(&run->packed[i]);
  for (int i = 0; i < plan->buffer_uses; ++i) {
    const BufferUse* use = &plan->buffers[i];
    bytes += use->role == role_workspace ? alignment : placed(lasting_bytes(plan, run, use));
  }
  return bytes;
}

/* The workspace of a plan whose chunks, of all shards, are within a budget, or of the smallest ones where none is. */
static int64_t needed_bytes(const Plan* plan, const Run* run, int64_t budget) {
  int64_t most = 0;
  for (int shard = 0; shard < run->shards.ranks; ++shard) {
    if (is_as_large_as_last(&run->shards, shard)) continue;
    const Shape s = tile_shape(run, shard);
    Bound bound;
    bind_within(plan, &s, budget, &bound);
    most = greatest(most, bound.workspace_bytes);
  }
  return alignment + fixed_bytes(plan, run) + most;
}

/* Of the larger of the plans. */
static int64_t bytes_within(const Run* run, int64_t budget) {
  const int64_t bounded = needed_bytes(run->plans->bounded, run, budget);
  return run->plans->running == NULL ? bounded : greatest(bounded, needed_bytes(run->plans->running, run, budget));
}

static int64_t recommended_bytes(const Run* run) { return bytes_within(run, run->handle->target->default_workspace); }

static char* place_packed(Run* run, bool outputs, char* at) {
  for (int i = 0; i < run->packed_count; ++i) {
    const Packed* packed = &run->packed[i];
    if (packed->is_output != outputs) continue;
    run->address[packed->buffer] = at;
    at += packed_bytes(packed);
  }
  return at;
}

/* What stays in place whatever the chunk; outputs, which a forward call does not have, come last. */
static char* place_lasting(Run* run, const Plan* plan) {
  char* at = run->workspace;
  run->address[buffer_rowLoss] = at + offsetof(Readings, row_loss);
  run->bytes[buffer_rowLoss] = sizeof(((Readings*)NULL)->row_loss);
  run->address[buffer_colLoss] = at + offsetof(Readings, col_loss);
  run->bytes[buffer_colLoss] = sizeof(((Readings*)NULL)->col_loss);
  run->address[buffer_rowParams] = at + offsetof(Readings, row_params);
  run->bytes[buffer_rowParams] = sizeof(((Readings*)NULL)->row_params);
  run->address[buffer_colParams] = at + offsetof(Readings, col_params);
  run->bytes[buffer_colParams] = sizeof(((Readings*)NULL)->col_params);
  run->address[buffer_scalars] = at + offsetof(Readings, scalars);
  run->bytes[buffer_scalars] = sizeof(((Readings*)NULL)->scalars);
  run->address[buffer_flags] = at + offsetof(Readings, flags);
  run->bytes[buffer_flags] = sizeof(((Readings*)NULL)->flags);
  at += placed(sizeof(Readings));
  run->address[buffer_queryNorms] = at + offsetof(Norms, query_norms);
  run->address[buffer_keyNorms] = at + offsetof(Norms, key_norms);
  run->address[buffer_queryBadRows] = at + offsetof(Norms, query_bad_rows);
  run->address[buffer_keyBadRows] = at + offsetof(Norms, key_bad_rows);
  at += placed(sizeof(Norms));
  at = place_packed(run, false, at);
  for (int i = 0; i < plan->buffer_uses; ++i) {
    const BufferUse* use = &plan->buffers[i];
    if (use->role == role_workspace) continue;
    run->address[use->buffer] = at;
    run->bytes[use->buffer] = lasting_bytes(plan, run, use);
    at += placed(run->bytes[use->buffer]);
  }
  return place_packed(run, true, at);
}

/* Lays out the buffers of a plan for the rank's rows and the columns of a shard. */
static int use_plan(Run* run, const Plan* plan, int shard) {
  const int64_t fixed = fixed_bytes(plan, run);
  const Shape s = tile_shape(run, shard);
  Bound bound;
  if (!bind_within(plan, &s, run->workspace_bytes - fixed, &bound))
    return fail(INFINITILE_CLIP_ERROR_WORKSPACE, "workspace_bytes is too small: at least %" PRId64 " are needed, and %" PRId64 " serve best",
                bytes_within(run, 0), recommended_bytes(run));
  run->plan = plan;
  run->shape = bound.shape;
  run->forward_shape = bound.forward;
  run->fused = bound.fused;
  char* at = place_lasting(run, plan);
  for (int i = 0; i < plan->buffer_uses; ++i) {
    const BufferUse* use = &plan->buffers[i];
    if (use->role != role_workspace) continue;
    run->address[use->buffer] = at;
    run->bytes[use->buffer] = bound.bytes[use->buffer];
    at += placed(run->bytes[use->buffer]);
  }
  return 0;
}

/* Whatever the values turn out to be: every shard, and both ways of keeping exponentials in range, must fit. */
static int check_fit(Run* run) {
  for (int shard = 0; shard < run->shards.ranks; ++shard) {
    if (is_as_large_as_last(&run->shards, shard)) continue;
    const int status = run->plans->running == NULL ? 0 : use_plan(run, run->plans->running, shard);
    if (status != 0) return status;
    const int fits = use_plan(run, run->plans->bounded, shard);
    if (fits != 0) return fits;
  }
  return use_plan(run, run->plans->bounded, run->shards.rank);
}

static int take_workspace(Run* run, void* workspace, size_t workspace_bytes) {
  if (workspace == NULL) return fail(INFINITILE_CLIP_ERROR_ARGUMENT, "workspace is NULL: infinitile_clip_workspace_bytes() tells how much is needed");
  const uintptr_t skipped = (alignment - (uintptr_t)workspace % alignment) % alignment;
  run->workspace = (char*)workspace + skipped;
  run->workspace_bytes = (workspace_bytes > INT64_MAX ? INT64_MAX : (int64_t)workspace_bytes) - (int64_t)skipped;
  const int status = run->handle->device->check(run->handle, "workspace", run->workspace, 4);
  return status != 0 ? status : check_fit(run);
}

/* The caller's rows that have a place in the workspace: inputs brought there, outputs brought back. */
static int copy_packed(Run* run, bool outputs) {
  for (int i = 0; i < run->packed_count; ++i) {
    const Packed* packed = &run->packed[i];
    if (packed->is_output != outputs) continue;
    char* own = run->address[packed->buffer];
    const Device* device = run->handle->device;
    const int status = outputs ? device->copy(run, packed->at, packed->pitch, own, packed->row_bytes, packed->row_bytes, packed->rows)
                               : device->copy(run, own, packed->row_bytes, packed->at, packed->pitch, packed->row_bytes, packed->rows);
    if (status != 0) return status;
  }
  return 0;
}
