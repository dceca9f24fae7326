// Emitted by infinitile 0.2.0: do not edit.
// SPDX-License-Identifier: Apache-2.0
//
// loss       clip
// logit      exp(params.logScale) * dot
// inputs     bf16, depth 512
// targets    x86-64-v4, sm_90a

/* A look at every input, and what follows for all pairs. */

static int check_finite(const char* name, const int32_t* rows) {
  int32_t first = INT32_MAX;
  for (int i = 0; i < 256; ++i) first = rows[i] < first ? rows[i] : first;
  if (first == INT32_MAX) return 0;
  return fail(INFINITILE_CLIP_ERROR_VALUE, "%s holds NaN or infinity: row %" PRId64 " is the first such row", name, (int64_t)first);
}

static double largest_norm(const float* squares) {
  double largest = 0;
  for (int i = 0; i < 256; ++i) largest = upper(largest, squares[i]);
  return sqrt(largest);
}

/* The largest of what bounds a loss: its queries' and its keys' norms, then of each attribute the lowest value, negated, and the highest. */
typedef struct Extremes {
  double of[2 + 2 * 0];
} Extremes;

enum { extreme_count = sizeof(Extremes) / sizeof(double) };


/* The norms, and with them the learned scalars that are on the device. */
static int look_at_inputs(Run* run, Norms* norms) {
  Reading readings[1 + param_room];
  int count = 0;
  readings[count++] = (Reading){norms, run->address[buffer_queryNorms], sizeof *norms};
  float params[param_room];
  if (run->params_at.logScale != NULL) readings[count++] = (Reading){&params[0], run->params_at.logScale, sizeof *params};
  const int status = run->handle->device->read_all(run, readings, count);
  if (status != 0) return status;
  if (run->params_at.logScale != NULL) run->inputs.params.logScale = (double)params[0];
  run->params_at.logScale = NULL;
  return check_params_given(run);
}

/* Looks at every embedding and every number here. */
static int inspect(Run* run, Extremes* found) {
  int status = run->plan->inspect(run, &run->shape);
  Norms norms;
  if (status == 0) status = look_at_inputs(run, &norms);
  if (status == 0) status = check_finite("queries", norms.query_bad_rows);
  if (status == 0) status = check_finite("keys", norms.key_bad_rows);
  if (status != 0) return status;
  double* of = found->of;
  *of++ = largest_norm(norms.query_norms);
  *of++ = largest_norm(norms.key_norms);
  return status;
}

/* What is known of all pairs. */
static void survey(const Run* run, const Extremes* extremes, Environment* e) {
  const Shape* s = &run->whole;
  const double* of = extremes->of;
  /* Norms are summed in fp32: the slack covers its rounding. */
  const double dots = of[0] * of[1] * (1 + 0x1p-6);
  e->params = &run->inputs.params;
  e->pair_weight = pair_weight_of(s);
  e->dot = (Interval){-dots, dots};
  e->row_index = (Interval){0, (double)(s->n - 1)};
  e->col_index = (Interval){0, (double)(s->m - 1)};
  e->view = (Interval){0, 1};
  e->logit = declared_logits(e);
  e->lse = (Interval){e->logit.low, e->logit.high + log((double)greatest(s->n, s->m))};
}
