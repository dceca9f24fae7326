// Emitted by infinitile 0.2.0: do not edit.
// SPDX-License-Identifier: Apache-2.0
//
// loss       clip
// logit      exp(params.logScale) * dot
// inputs     bf16, depth 512
// targets    x86-64-v4, sm_90a

/* What follows from what all ranks have told: the next pass, the next share, or the end. */

/* A failed rank's others fail with it, and know why. */
static int hear_failures(const infinitile_clip_ring* ring, const Shares* shares) {
  for (int rank = 0; rank < ring->run.shards.ranks; ++rank) {
    const Share share = share_of(shares, rank);
    if (share.mark != mark_of(ring))
      return fail(INFINITILE_CLIP_ERROR_ARGUMENT, "rank %d has another library, group or order of calls than rank %d: these have to be the same on all ranks", rank, ring->run.shards.rank);
    if (share.status != 0) return fail(share.status, "rank %d: %.*s", rank, (int)sizeof share.message - 1, share.message);
  }
  return 0;
}

static int hear_params(const infinitile_clip_ring* ring, const Shares* shares) {
  static const char* const names[] = { "logScale" };
  const double* first = share_of(shares, 0).words + extreme_count;
  for (int rank = 1; rank < ring->run.shards.ranks; ++rank)
    for (int i = 0; i < param_count; ++i) {
      const double own = share_of(shares, rank).words[extreme_count + i];
      if (own != first[i]) return fail(INFINITILE_CLIP_ERROR_VALUE, "params.%s is %.17g on rank %d and %.17g on rank 0: it has to be the same", names[i], own, rank, first[i]);
    }
  return 0;
}

/* The passes of an attempt begin. */
static int attempt_ring(infinitile_clip_ring* ring, Softmax softmax) {
  Run* run = &ring->run;
  ring->bounded = softmax.bounded || run->plans->running == NULL;
  const int status = lay_out(ring, ring->bounded ? run->plans->bounded : run->plans->running, run->shards.rank);
  if (status != 0) return status;
  set_scalars(run, &ring->environment, softmax, ring->matched);
  if (!ring->walks_forward) return begin_pass(ring, stage_backward_pass);
  return begin_pass(ring, stage_forward_pass);
}

static int hear_begin(infinitile_clip_ring* ring, const Shares* shares) {
  Run* run = &ring->run;
  Extremes* of = &ring->extremes;
  for (int rank = 0; rank < run->shards.ranks; ++rank)
    for (int i = 0; i < extreme_count; ++i) of->of[i] = upper(of->of[i], share_of(shares, rank).words[i]);
  const int alike = hear_params(ring, shares);
  if (alike != 0) return alike;
  const int status = relate(run, shares, &ring->matched);
  if (status != 0) return status;
  survey(run, of, &ring->environment);
  const double terms = (double)greatest(run->whole.n, run->whole.m);
  return attempt_ring(ring, softmax_of(logit_range(&ring->environment), terms, row_weight_of(ring->matched), col_weight_of(ring->matched)));
}

static int walk_terms(infinitile_clip_ring* ring) {
  Shape s = ring->run.forward_shape;
  s.rows = s.n;
  s.cols = s.m;
  return walk(&ring->run, ring->run.plan->ring->terms, &s);
}

static int hear_forward(infinitile_clip_ring* ring, const Shares* shares) {
  Readings found = {0};
  bool in_range = false;
  hear_flags(shares, ring->run.shards.ranks, &found);
  const int status = look_at(&found, &in_range);
  if (status != 0) return status;
  /* All ranks alike: an offset that is too far for one row is given up for all. */
  if (!in_range) return ring->bounded ? attempt_ring(ring, running_softmax) : out_of_range(logit_range(&ring->environment));
  ring->loss = sum_of_word(shares, ring->run.shards.ranks, loss_word);
  if (ring->makes_gradients) return begin_pass(ring, stage_backward_pass);
  ring->stage = stage_done;
  return check_value("the loss", ring->loss);
}

static int hear_backward(infinitile_clip_ring* ring, const Shares* shares) {
  double params[param_room];
  ring->loss = sum_of_word(shares, ring->run.shards.ranks, loss_word);
  for (int i = 0; i < param_count; ++i) params[i] = sum_of_word(shares, ring->run.shards.ranks, first_param_word + i);
  int status = check_value("the loss", ring->loss);
  if (status == 0) status = check_params(params);
  if (status != 0) return status;
  give_params(params, ring->gradients);
  ring->stage = stage_done;
  return 0;
}

static int hear(infinitile_clip_ring* ring, const Shares* shares) {
  const int status = hear_failures(ring, shares);
  if (status != 0) return status;
  switch (ring->stage) {
    case stage_begin_share: return hear_begin(ring, shares);
    case stage_forward_share: return hear_forward(ring, shares);
    default: return hear_backward(ring, shares);
  }
}

/* The share that comes behind a pass. */
static Stage stage_after(Stage pass) {
  if (pass == stage_positives_pass) return stage_positives_share;
  if (pass == stage_backward_pass) return stage_backward_share;
  return stage_forward_share;
}

/* What only the end of a pass allows. */
static int after_pass(infinitile_clip_ring* ring) {
  if (ring->stage == stage_forward_share) return walk_terms(ring);
  return ring->stage == stage_backward_share ? copy_packed(&ring->run, true) : 0;
}
