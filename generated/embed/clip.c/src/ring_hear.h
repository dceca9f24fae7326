// Emitted by infinitile 0.2.0: do not edit.
// SPDX-License-Identifier: Apache-2.0
//
// loss       clip
// logit      exp(params.logScale) * dot
// inputs     bf16, depth 512
// targets    x86-64-v4, sm_90a

/*
 * What follows from what all ranks have told: the next pass, the next share, or the end. It is the same on all of them, and so is what is
 * refused. What a rank then fails to do itself is `own`: it goes where the others go, who hear of it with the next share.
 */

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
  const Share first = share_of(shares, 0);
  for (int rank = 1; rank < ring->run.shards.ranks; ++rank)
    for (int i = 0; i < param_count; ++i) {
      const double value = share_of(shares, rank).words[extreme_count + i], wanted = first.words[extreme_count + i];
      if (value != wanted) return fail(INFINITILE_CLIP_ERROR_VALUE, "params.%s is %.17g on rank %d and %.17g on rank 0: it has to be the same", names[i], value, rank, wanted);
    }
  return 0;
}

/* To the first pass of an attempt. The plan that all take says how long messages are, also on a rank that cannot lay it out. */
static void attempt_ring(infinitile_clip_ring* ring, Softmax softmax) {
  Run* run = &ring->run;
  ring->bounded = softmax.bounded || run->plans->running == NULL;
  run->plan = ring->bounded ? run->plans->bounded : run->plans->running;
  set_scalars(run, &ring->environment, softmax, ring->matched);
  ring->stage = ring->walks_forward ? stage_forward_pass : stage_backward_pass;
}

static int hear_begin(infinitile_clip_ring* ring, const Shares* shares, int* own) {
  Run* run = &ring->run;
  Extremes* of = &ring->extremes;
  for (int rank = 0; rank < run->shards.ranks; ++rank)
    for (int i = 0; i < extreme_count; ++i) of->of[i] = upper(of->of[i], share_of(shares, rank).words[i]);
  const int alike = hear_params(ring, shares);
  if (alike != 0) return alike;
  const int related = relate(run, shares, &ring->matched);
  const int refused = require_matched(run, &ring->matched);
  if (refused != 0) return refused;
  if (*own == 0) *own = related;
  survey(run, of, &ring->environment);
  const double terms = (double)greatest(run->whole.n, run->whole.m);
  attempt_ring(ring, softmax_of(logit_range(&ring->environment), terms, row_weight_of(ring->matched), col_weight_of(ring->matched)));
  return 0;
}

static int hear_forward(infinitile_clip_ring* ring, const Shares* shares) {
  Readings found = {0};
  bool in_range = false;
  hear_flags(shares, ring->run.shards.ranks, &found);
  const int status = look_at(&found, &in_range);
  if (status != 0) return status;
  if (!in_range && !ring->bounded) return out_of_range(logit_range(&ring->environment));
  if (!in_range) {
    /* All ranks alike: an offset that is too far for one row is given up for all. */
    attempt_ring(ring, running_softmax);
    return 0;
  }
  ring->loss = sum_of_word(shares, ring->run.shards.ranks, loss_word);
  ring->stage = ring->makes_gradients ? stage_backward_pass : stage_done;
  return ring->makes_gradients ? 0 : check_value("the loss", ring->loss);
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

/* Moves on to the next stage, or tells what all ranks refuse. */
static int hear(infinitile_clip_ring* ring, const Shares* shares, int* own) {
  const int status = hear_failures(ring, shares);
  if (status != 0) return status;
  switch (ring->stage) {
    case stage_begin_share: return hear_begin(ring, shares, own);
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

static int walk_terms(infinitile_clip_ring* ring) {
  Shape s = ring->run.forward_shape;
  s.rows = s.n;
  s.cols = s.m;
  return walk(&ring->run, ring->run.plan->ring->terms, &s);
}

/* A rank's own work where it comes to a stage. */
static int begin_stage(infinitile_clip_ring* ring) {
  if (is_pass(ring->stage)) return begin_pass(ring);
  if (ring->stage == stage_forward_share) return walk_terms(ring);
  return ring->stage == stage_backward_share ? copy_packed(&ring->run, true) : 0;
}
