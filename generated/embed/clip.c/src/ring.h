// Emitted by infinitile 0.2.0: do not edit.
// SPDX-License-Identifier: Apache-2.0
//
// loss       clip
// logit      exp(params.logScale) * dot
// inputs     bf16, depth 512
// targets    x86-64-v4, sm_90a

/* The steps of a ring: each at its time, and with the first failure kept for the others to hear. */

static int require_pass(const infinitile_clip_ring* ring) {
  if (ring->status != 0) return refuse(ring);
  return is_pass(ring->stage) ? 0 : fail(INFINITILE_CLIP_ERROR_ARGUMENT, "no pass is at hand: infinitile_clip_ring_next() tells what is");
}

static int require_share(const infinitile_clip_ring* ring, const char* name, const void* share) {
  if (is_pass(ring->stage) || ring->stage == stage_done) return fail(INFINITILE_CLIP_ERROR_ARGUMENT, "no share is at hand: infinitile_clip_ring_next() tells what is");
  return share != NULL ? 0 : fail(INFINITILE_CLIP_ERROR_ARGUMENT, "%s is NULL: infinitile_clip_ring_share_bytes() tells how much is needed", name);
}

infinitile_clip_ring_phase infinitile_clip_ring_next(const infinitile_clip_ring* ring) {
  if (ring == NULL || ring->stage == stage_done) return INFINITILE_CLIP_RING_DONE;
  return is_pass(ring->stage) ? INFINITILE_CLIP_RING_PASS : INFINITILE_CLIP_RING_SHARE;
}

size_t infinitile_clip_ring_share_bytes(const infinitile_clip_ring* ring) { return infinitile_clip_ring_next(ring) == INFINITILE_CLIP_RING_SHARE ? share_bytes(ring) : 0; }

static int share_within(infinitile_clip_ring* ring, void* mine) {
  int status = require_share(ring, "mine", mine);
  if (status != 0) return status;
  Share share = {.mark = mark_of(ring), .status = ring->status};
  memset(mine, 0, share_bytes(ring));
  if (ring->status == 0) status = tell(ring, &share, (char*)mine + sizeof share);
  share.status = status != 0 ? status : ring->status;
  tell_message(share.message, status != 0 ? last_error : ring->message);
  memcpy(mine, &share, sizeof share);
  /* Of what has failed this rank hears with the others. */
  return 0;
}

int infinitile_clip_ring_share(infinitile_clip_ring* ring, void* mine) {
  const int status = enter_ring(ring);
  return status != 0 ? status : leave_device(ring, share_within(ring, mine));
}

static int agree_within(infinitile_clip_ring* ring, const void* all) {
  const int status = require_share(ring, "all", all);
  if (status != 0) return status;
  const Shares shares = {all, share_bytes(ring)};
  int own = ring->status;
  const int refused = hear(ring, &shares, &own);
  if (refused != 0) {
    ring->stage = stage_done;
    return refused;
  }
  /* Nothing is left to do on the device: it does not matter whether it could be entered. */
  if (ring->stage == stage_done) {
    ring->status = 0;
    return 0;
  }
  /* From here on the rank is where the others are, whatever it fails in. */
  return own == 0 ? begin_stage(ring) : own;
}

int infinitile_clip_ring_agree(infinitile_clip_ring* ring, const void* all) {
  const int status = enter_ring(ring);
  return status != 0 ? status : leave_ring(ring, agree_within(ring, all));
}

size_t infinitile_clip_ring_message_bytes(const infinitile_clip_ring* ring, infinitile_clip_ring_message message, int shard) {
  if (infinitile_clip_ring_next(ring) != INFINITILE_CLIP_RING_PASS || shard >= ring->run.shards.ranks) return 0;
  const RingWalk* own = walk_of(ring);
  const bool is_keys = message == INFINITILE_CLIP_RING_KEYS;
  const Part* parts = is_keys ? own->keys : own->sums;
  const int count = is_keys ? own->key_parts : own->sum_parts;
  return (size_t)(shard < 0 ? largest_message_bytes(&ring->run, parts, count) : message_bytes(&ring->run, parts, count, shard));
}

static int pack_keys(infinitile_clip_ring* ring, void* keys) {
  const RingWalk* own = walk_of(ring);
  int status = require_merged(ring);
  if (status == 0) status = check_message(&ring->run, "keys", keys, own->key_parts);
  if (status == 0) status = lay_out(ring, ring->run.shards.rank);
  return status == 0 ? pack_own(&ring->run, own->keys, own->key_parts, keys) : status;
}

int infinitile_clip_ring_keys(infinitile_clip_ring* ring, void* keys) {
  int status = enter_ring(ring);
  if (status != 0) return status;
  status = require_pass(ring);
  return leave_ring(ring, status != 0 ? status : pack_keys(ring, keys));
}

int infinitile_clip_ring_step(infinitile_clip_ring* ring, int shard, const void* keys) {
  int status = enter_ring(ring);
  if (status != 0) return status;
  status = require_pass(ring);
  return leave_ring(ring, status != 0 ? status : step_tile(ring, shard, keys));
}

int infinitile_clip_ring_merge(infinitile_clip_ring* ring, int shard, void* sums) {
  int status = enter_ring(ring);
  if (status != 0) return status;
  status = require_pass(ring);
  return leave_ring(ring, status != 0 ? status : merge_tile(ring, shard, sums));
}

/* A rank that has failed goes where the others do. */
int infinitile_clip_ring_end(infinitile_clip_ring* ring, const void* sums) {
  int status = enter_ring(ring);
  if (status != 0) return status;
  status = require_pass(ring);
  if (status == 0) status = end_pass(ring, sums);
  if (is_pass(ring->stage)) {
    ring->stage = stage_after(ring->stage);
    if (status == 0) status = begin_stage(ring);
  }
  return leave_ring(ring, status);
}

int infinitile_clip_ring_loss(const infinitile_clip_ring* ring, double* loss) {
  if (require_ring(ring) != 0) return INFINITILE_CLIP_ERROR_ARGUMENT;
  if (loss == NULL) return fail(INFINITILE_CLIP_ERROR_ARGUMENT, "loss is NULL: a place for the loss is needed");
  if (ring->status != 0) return refuse(ring);
  if (ring->stage != stage_done) return fail(INFINITILE_CLIP_ERROR_ARGUMENT, "the ring is not done: infinitile_clip_ring_next() tells what is at hand");
  *loss = ring->loss;
  return INFINITILE_CLIP_OK;
}

static int check_backward(const infinitile_clip_ring* ring) {
  if (require_ring(ring) != 0) return INFINITILE_CLIP_ERROR_ARGUMENT;
  if (ring->status != 0) return refuse(ring);
  if (ring->stage == stage_done && !ring->makes_gradients) return 0;
  return fail(INFINITILE_CLIP_ERROR_ARGUMENT, "there is no loss whose gradients are left to make: a ring that began without gradients, and is done, is needed");
}

/* From here on the rank is in a pass as the others are, whether its gradients can be written or not. */
static int backward_ring(infinitile_clip_ring* ring, void* stream, infinitile_clip_gradients* gradients) {
  Run* run = &ring->run;
  ring->stage = stage_backward_pass;
  ring->makes_gradients = true;
  ring->gradients = gradients;
  run->stream = stream;
  if (ring->status != 0) return refuse(ring);
  int status = run->handle->device->check_stream(stream);
  if (status == 0) status = take_gradients(run, gradients);
  if (status != 0) return status;
  memcpy(ring->home, run->address, sizeof ring->home);
  return begin_stage(ring);
}

int infinitile_clip_ring_backward(infinitile_clip_ring* ring, void* stream, infinitile_clip_gradients* gradients) {
  int status = check_backward(ring);
  if (status == 0) status = enter_ring(ring);
  return status != 0 ? status : leave_ring(ring, backward_ring(ring, stream, gradients));
}
