// Emitted by infinitile 0.2.0: do not edit.
// SPDX-License-Identifier: Apache-2.0
//
// loss       clip
// logit      exp(params.logScale) * dot
// inputs     bf16, depth 512
// targets    x86-64-v4, sm_90a

/* What the host computes of loss clip before a walk: where its logits lie, the weights of rows and columns. */

/* What is known of all pairs. */
typedef struct Environment {
  const infinitile_clip_params* params;
  double pair_weight;
  Interval dot;
  Interval row_index, col_index, view;
  Interval logit, lse;
} Environment;

/* The pair term's weight over what it is divided by. */
static double pair_weight_of(const Shape* s) {
  (void)s;
  return 0;
}

/* Where logits lie, before anything is simplified: what the other bounds are made of. */
static Interval declared_logits(const Environment* e) {
  (void)e;
  return ends_of(multiply_bounds(exp_bounds(exactly(e->params->logScale)), e->dot));
}

static Interval logit_range(const Environment* e) {
  (void)e;
  return ends_of(multiply_bounds(exp_bounds(exactly(e->params->logScale)), e->dot));
}

/*
 * Whether the loss and the gradients of learned scalars are numbers of fp32 for certain, by the largest that any pair, row and column
 * can add: then no one has to look at them.
 */
static bool values_fit(const Environment* e, const Shape* s, double row_weight, double col_weight) {
  const double rows = (double)s->n * fabs(row_weight), cols = (double)s->m * fabs(col_weight), pairs = (double)s->n * (double)s->m;
  double largest = rows * largest_magnitude(ends_of(subtract_bounds(e->lse, e->logit))) + cols * largest_magnitude(ends_of(subtract_bounds(e->lse, e->logit))) + pairs * 0;
  const double by_logit = fabs(row_weight) * (largest_magnitude(ends_of(exactly(1.0))) + largest_magnitude(ends_of(exactly(-1.0))) + largest_magnitude(ends_of(exactly(0.0)))) + fabs(col_weight) * (largest_magnitude(ends_of(exactly(1.0))) + largest_magnitude(ends_of(exactly(-1.0))) + largest_magnitude(ends_of(exactly(0.0)))) + 0;
  largest = upper(largest, rows * largest_magnitude(ends_of(exactly(0.0))) + cols * largest_magnitude(ends_of(exactly(0.0))) + pairs * (by_logit * largest_magnitude(ends_of(multiply_bounds(exp_bounds(exactly(e->params->logScale)), e->dot))) + 0));
  return largest < FLT_MAX / 2;
}

typedef struct Softmax {
  bool bounded;
  double offset;
  double sum_floor;
} Softmax;

/* Running maxima: right for any finite logits. */
static const Softmax running_softmax = {false, 0, 0x1p-126};

/* One fixed offset for all exponentials, where the range of the logits allows it; see `sum_floor`. */
static Softmax softmax_of(Interval logits, double terms, double row_weight, double col_weight) {
  if (!(logits.high - logits.low <= 400)) return running_softmax;
  double least_weight = INFINITY;
  if (fabs(row_weight) > 0) least_weight = lower(least_weight, fabs(row_weight));
  if (fabs(col_weight) > 0) least_weight = lower(least_weight, fabs(col_weight));
  if (!isfinite(least_weight)) least_weight = 1;
  const double lowest_safe = logits.high - 87 + log(terms) + upper(0, -log(least_weight));
  /* A sum below the floor has lost terms to underflow: running maxima then take over. */
  return (Softmax){true, ceil(upper((logits.high + logits.low) / 2, lowest_safe)), lower(1, terms * 0x1p-126 * 0x1p24)};
}

/* Rows and columns over which a mean is taken, and the first without a positive where there is one. */
typedef struct Matched {
  int64_t rows, cols;
  int64_t bare_row, bare_col;
} Matched;

static double row_weight_of(Matched matched) {
  (void)matched;
  return 0.5 / (double)greatest(matched.rows, 1);
}

static double col_weight_of(Matched matched) {
  (void)matched;
  return 0.5 / (double)greatest(matched.cols, 1);
}
