// Emitted by infinitile 0.2.0: do not edit.
// SPDX-License-Identifier: Apache-2.0
//
// loss       clip
// logit      exp(params.logScale) * dot
// inputs     bf16, depth 512
// targets    x86-64-v4, sm_90a

/* A rank's part of a loss that several share, and where it stands. */

/* What a ring waits for; shares come behind the passes that they tell of. */
typedef enum Stage {
  stage_begin_share,
  stage_positives_pass,
  stage_positives_share,
  stage_forward_pass,
  stage_tally_share,
  stage_forward_share,
  stage_backward_pass,
  stage_backward_share,
  stage_done
} Stage;

struct infinitile_clip_ring {
  Run run;
  /* Whose params are written at the end. */
  infinitile_clip_gradients* gradients;
  Stage stage;
  /* What is asked for. */
  bool walks_forward, makes_gradients;
  /* Of all ranks. */
  Extremes extremes;
  Environment environment;
  Matched matched;
  bool bounded;
  double loss;
  /* Whether the call at hand is without the device, which it could not enter: it does what the others go by, and no more. */
  bool is_outside;
  /* The first failure of this rank, or of another. */
  int status;
  char message[sizeof(((Share*)NULL)->message)];
  /* Addresses where columns are the rank's own. */
  char* home[buffer_count];
  /* The shard that a step has computed and no merge has taken yet; -1 for none. */
  int shard;
  /* Its piece, where it is one chunk: columns' sums are then added to those that came. */
  bool is_one_chunk;
  Shape piece;
  int shards_met;
  bool* has_met;
  /* What the shards point at. */
  int64_t first[];
};

static bool is_pass(Stage stage) { return stage == stage_positives_pass || stage == stage_forward_pass || stage == stage_backward_pass; }

/* Of the pass at hand. */
static const RingWalk* walk_of(const infinitile_clip_ring* ring) {
  const RingPlan* plan = ring->run.plan->ring;
  if (ring->stage == stage_positives_pass) return &plan->positives;
  return ring->stage == stage_forward_pass ? &plan->forward : &plan->backward;
}

static int walk(Run* run, Walk* steps, const Shape* s) { return steps == NULL ? 0 : steps(run, s); }

/* The rank's rows with columns of a shard, all of them; `run` is laid out for it. */
static Shape whole_tile(const infinitile_clip_ring* ring) {
  Shape s = ring->stage == stage_backward_pass ? ring->run.shape : ring->run.forward_shape;
  s.rows = s.n;
  s.cols = s.m;
  return s;
}
