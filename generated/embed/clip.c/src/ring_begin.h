// Emitted by infinitile 0.2.0: do not edit.
// SPDX-License-Identifier: Apache-2.0
//
// loss       clip
// logit      exp(params.logScale) * dot
// inputs     bf16, depth 512
// targets    x86-64-v4, sm_90a

/* A ring begins: its group is looked at, and the rank's own rows. */

/* `queries`, `keys`: room for one number more than there are ranks. */
static int sum_up(const infinitile_clip_ring_group* group, int64_t* queries, int64_t* keys) {
  queries[0] = keys[0] = 0;
  for (int rank = 0; rank < group->ranks; ++rank) {
    const int64_t own_queries = group->queries[rank], own_keys = group->keys[rank];
    if (own_queries < 1 || own_queries > INT32_MAX) return fail(INFINITILE_CLIP_ERROR_ARGUMENT, "group.queries[%d] is %" PRId64 ": each rank has 1 to %d", rank, own_queries, INT32_MAX);
    if (own_keys < 1 || own_keys > INT32_MAX) return fail(INFINITILE_CLIP_ERROR_ARGUMENT, "group.keys[%d] is %" PRId64 ": each rank has 1 to %d", rank, own_keys, INT32_MAX);
    if (own_queries != own_keys)
      return fail(INFINITILE_CLIP_ERROR_ARGUMENT, "rank %d has %" PRId64 " queries and %" PRId64 " keys: loss 'clip' needs a key and its query on the same rank", rank, own_queries, own_keys);
    queries[rank + 1] = queries[rank] + own_queries;
    keys[rank + 1] = keys[rank] + own_keys;
  }
  return check_rows_given(queries[group->ranks], keys[group->ranks]);
}

static int check_group(const infinitile_clip_ring_group* group) {
  if (group == NULL) return fail(INFINITILE_CLIP_ERROR_ARGUMENT, "group is NULL: the ranks and their rows are needed");
  if (group->ranks < 1 || group->ranks > 65536) return fail(INFINITILE_CLIP_ERROR_ARGUMENT, "group.ranks is %d: 1 to 65536 are allowed", group->ranks);
  if (group->rank < 0 || group->rank >= group->ranks) return fail(INFINITILE_CLIP_ERROR_ARGUMENT, "group.rank is %d: ranks are numbered from 0 to %d", group->rank, group->ranks - 1);
  if (group->queries == NULL) return fail(INFINITILE_CLIP_ERROR_ARGUMENT, "group.queries is NULL: how many each rank has is needed");
  if (group->keys == NULL) return fail(INFINITILE_CLIP_ERROR_ARGUMENT, "group.keys is NULL: how many each rank has is needed");
  return 0;
}

/* A ring whose shards and nothing else are known. */
static int new_ring(infinitile_clip* handle, const infinitile_clip_ring_group* group, void* stream, infinitile_clip_ring** made) {
  if (handle == NULL) return fail(INFINITILE_CLIP_ERROR_ARGUMENT, "handle is NULL: create one first");
  int status = check_group(group);
  if (status != 0) return status;
  const size_t ranks = (size_t)group->ranks;
  infinitile_clip_ring* ring = calloc(1, sizeof *ring + 2 * (ranks + 1) * sizeof *ring->first + ranks * sizeof *ring->has_met);
  if (ring == NULL) return fail(INFINITILE_CLIP_ERROR_DEVICE, "no memory for a ring");
  int64_t *queries = ring->first, *keys = queries + ranks + 1;
  ring->has_met = (bool*)(keys + ranks + 1);
  ring->shard = -1;
  begin_run(&ring->run, handle, stream);
  ring->run.plans = &handle->target->ring;
  status = sum_up(group, queries, keys);
  if (status != 0) {
    free(ring);
    return status;
  }
  take_shards(&ring->run, &(Shards){group->rank, group->ranks, queries, keys});
  *made = ring;
  return 0;
}

static int take_ring(infinitile_clip_ring* ring, const infinitile_clip_inputs* inputs, void* workspace, size_t workspace_bytes) {
  int status = take_given(&ring->run, inputs);
  if (status == 0) status = take_places(&ring->run, ring->gradients, workspace, workspace_bytes);
  memcpy(ring->home, ring->run.address, sizeof ring->home);
  if (status == 0) status = copy_packed(&ring->run, false);
  if (status == 0) status = inspect(&ring->run, &ring->extremes);
  return status == 0 ? map_rows(&ring->run) : status;
}

static int refuse(const infinitile_clip_ring* ring) { return fail(ring->status, "%s", ring->message); }

/* Keeps the first failure: the next share tells it. */
static void keep_failure(infinitile_clip_ring* ring, int status) {
  if (status == 0 || ring->status != 0) return;
  ring->status = status;
  tell_message(ring->message, last_error);
}

static int require_ring(const infinitile_clip_ring* ring) {
  return ring != NULL ? 0 : fail(INFINITILE_CLIP_ERROR_ARGUMENT, "ring is NULL: infinitile_clip_ring_begin() makes one");
}

/* A rank that cannot enter its device has failed, and goes on to where the others go. */
static int enter_ring(infinitile_clip_ring* ring) {
  int status = require_ring(ring);
  if (status == 0) status = take_turn(ring->run.handle);
  if (status != 0) return status;
  const int entered = ring->run.handle->device->enter(ring->run.handle);
  ring->is_outside = entered != 0;
  keep_failure(ring, entered);
  return 0;
}

static int leave_device(infinitile_clip_ring* ring, int status) {
  if (!ring->is_outside) return leave(ring->run.handle, status);
  atomic_flag_clear(&ring->run.handle->busy);
  return status;
}

static int leave_ring(infinitile_clip_ring* ring, int status) {
  keep_failure(ring, status);
  return leave_device(ring, status == 0 && ring->is_outside && ring->status != 0 ? refuse(ring) : status);
}

size_t infinitile_clip_ring_workspace_bytes(
    infinitile_clip* handle, const infinitile_clip_ring_group* group, const infinitile_clip_inputs* inputs, const infinitile_clip_gradients* gradients) {
  infinitile_clip_ring* ring;
  if (new_ring(handle, group, NULL, &ring) != 0) return 0;
  const size_t bytes = bytes_for(&ring->run, inputs, gradients);
  free(ring);
  return bytes;
}

int infinitile_clip_ring_begin(
    infinitile_clip* handle, const infinitile_clip_ring_group* group, const infinitile_clip_inputs* inputs, void* workspace, size_t workspace_bytes,
    void* stream, infinitile_clip_gradients* gradients, infinitile_clip_ring** ring) {
  if (ring == NULL) return fail(INFINITILE_CLIP_ERROR_ARGUMENT, "ring is NULL: a place for the ring is needed");
  *ring = NULL;
  infinitile_clip_ring* made;
  int status = new_ring(handle, group, stream, &made);
  if (status != 0) return status;
  made->gradients = gradients;
  made->makes_gradients = gradients != NULL;
  made->walks_forward = true || gradients == NULL;
  status = enter(handle);
  if (status != 0) {
    free(made);
    return status;
  }
  /* What is wrong with one rank's is told to all, with the first share. */
  leave_ring(made, take_ring(made, inputs, workspace, workspace_bytes));
  *ring = made;
  return INFINITILE_CLIP_OK;
}

void infinitile_clip_ring_destroy(infinitile_clip_ring* ring) { free(ring); }
