// Emitted by infinitile 0.2.0: do not edit.
// SPDX-License-Identifier: Apache-2.0
//
// loss       clip
// logit      exp(params.logScale) * dot
// inputs     bf16, depth 512
// targets    x86-64-v4, sm_90a

/* A step: the workspace laid out, the inputs looked at, the walks, and what they have found. */

/* What a walk leaves, whatever the shapes: one copy brings it home. */
typedef struct Readings {
  double row_loss[256];
  double col_loss[256];
  double row_params[256];
  double col_params[256];
  double scalars[2];
  int32_t flags[5];
} Readings;

/* Of every partial: the largest squared norm, and the first row with a value that is not finite. */
typedef struct Norms {
  float query_norms[256];
  float key_norms[256];
  int32_t query_bad_rows[256];
  int32_t key_bad_rows[256];
} Norms;

enum { alignment = 256 };

static int64_t placed(int64_t bytes) { return round_up(bytes, alignment); }

/* Bytes that the workspace has beside the buffers that shrink with the chunk, their alignment included. */
static int64_t fixed_bytes(const Plan* plan, const Shape* whole) {
  const Shape s = chunked(plan, whole, plan->block_rows, plan->block_cols);
  int64_t bytes = placed(sizeof(Readings)) + placed(sizeof(Norms));
  for (int i = 0; i < plan->buffer_uses; ++i) {
    const BufferUse* use = &plan->buffers[i];
    if (use->role == role_statistic) bytes += placed(plan->count(use->buffer, &s) * use->element_bytes);
    if (use->role == role_workspace) bytes += alignment;
  }
  return bytes;
}

static int64_t recommended_bytes_of(const Plan* plan, const Shape* whole, int64_t budget) {
  Bound bound;
  bind_within(plan, whole, budget, &bound);
  return alignment + fixed_bytes(plan, whole) + bound.workspace_bytes;
}

static int64_t recommended_bytes(const Target* target, const Shape* whole) {
  const int64_t bounded = recommended_bytes_of(target->bounded, whole, target->default_workspace);
  return target->running == NULL ? bounded : greatest(bounded, recommended_bytes_of(target->running, whole, target->default_workspace));
}

/* Lays out the buffers of a plan. */
static int use_plan(Run* run, const Plan* plan) {
  const int64_t fixed = fixed_bytes(plan, &run->whole);
  Bound bound;
  if (!bind_within(plan, &run->whole, run->workspace_bytes - fixed, &bound))
    return fail(INFINITILE_CLIP_ERROR_WORKSPACE, "workspace_bytes is too small: at least %" PRId64 " are needed, and %" PRId64 " serve best",
                alignment + fixed + bound.workspace_bytes, recommended_bytes(run->handle->target, &run->whole));
  run->plan = plan;
  run->shape = bound.shape;
  run->forward_shape = bound.forward;
  run->fused = bound.fused;
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
  for (int role = role_statistic; role <= role_workspace; ++role)
    for (int i = 0; i < plan->buffer_uses; ++i) {
      const BufferUse* use = &plan->buffers[i];
      if ((int)use->role != role) continue;
      run->address[use->buffer] = at;
      run->bytes[use->buffer] = role == role_statistic ? plan->count(use->buffer, &bound.shape) * use->element_bytes : bound.bytes[use->buffer];
      at += placed(run->bytes[use->buffer]);
    }
  return 0;
}

static int take_workspace(Run* run, void* workspace, size_t workspace_bytes) {
  if (workspace == NULL) return fail(INFINITILE_CLIP_ERROR_ARGUMENT, "workspace is NULL: infinitile_clip_workspace_bytes() tells how much is needed");
  const uintptr_t skipped = (alignment - (uintptr_t)workspace % alignment) % alignment;
  run->workspace = (char*)workspace + skipped;
  run->workspace_bytes = (workspace_bytes > INT64_MAX ? INT64_MAX : (int64_t)workspace_bytes) - (int64_t)skipped;
  const int status = run->handle->device->check(run->handle, "workspace", run->workspace, 4);
  if (status != 0) return status;
  /* Both ways of keeping exponentials in range must fit, whatever the values turn out to be. */
  const Target* target = run->handle->target;
  const int fits = target->running == NULL ? 0 : use_plan(run, target->running);
  return fits != 0 ? fits : use_plan(run, target->bounded);
}

static int begin_run(Run* run, infinitile_clip* handle, const infinitile_clip_inputs* inputs, void* workspace, size_t workspace_bytes, void* stream) {
  memset(run, 0, sizeof *run);
  run->handle = handle;
  run->stream = stream;
  int status = handle->device->check_stream(stream);
  if (status == 0) status = take_inputs(run, inputs);
  return status == 0 ? take_workspace(run, workspace, workspace_bytes) : status;
}

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

/* Looks at every embedding; `dots`: no dot is larger. */
static int inspect(Run* run, double* dots) {
  int status = run->plan->inspect(run, &run->shape);
  Norms norms;
  if (status == 0) status = run->handle->device->read(run, &norms, run->address[buffer_queryNorms], sizeof norms);
  if (status == 0) status = check_finite("queries", norms.query_bad_rows);
  if (status == 0) status = check_finite("keys", norms.key_bad_rows);
  if (status != 0) return status;
  /* Norms are summed in fp32: the slack covers its rounding. */
  *dots = largest_norm(norms.query_norms) * largest_norm(norms.key_norms) * (1 + 0x1p-6);
  return 0;
}

/* What is known of all pairs. */
static int survey(Run* run, double dots, Environment* e) {
  const Shape* s = &run->whole;
  e->params = &run->inputs->params;
  e->pair_weight = pair_weight_of(s);
  e->dot = (Interval){-dots, dots};
  e->row_index = (Interval){0, (double)(s->n - 1)};
  e->col_index = (Interval){0, (double)(s->m - 1)};
  e->view = (Interval){0, 1};
  int status = 0;
  e->logit = declared_logits(e);
  e->lse = (Interval){e->logit.low, e->logit.high + log((double)greatest(s->n, s->m))};
  return status;
}

typedef struct Step {
  bool forward, backward;
  double* loss;
  infinitile_clip_gradients* gradients;
  /* Which of the plans ran. */
  bool bounded;
} Step;

static int read_readings(Run* run, Readings* found) {
  return run->handle->device->read(run, found, run->workspace, sizeof *found);
}

/* Of every `stride`-th value from the first on, in order: the same bits every time. */
static double sum_of_every(const double* values, int count, int stride, int first) {
  double sum = 0;
  for (int i = first; i < count; i += stride) sum += values[i];
  return sum;
}

static double loss_of(const Readings* found) {
  double rows = 0, cols = 0;
  rows = sum_of_every(found->row_loss, 256, 1, 0);
  cols = sum_of_every(found->col_loss, 256, 1, 0);
  return rows + cols + found->scalars[0];
}

static void give_params(const Readings* found, infinitile_clip_gradients* gradients) {
  (void)found, (void)gradients;
  {
    double terms = 0;
    terms += sum_of_every(found->row_params, 256 * 1, 1, 0);
    terms += sum_of_every(found->col_params, 256 * 1, 1, 0);
    gradients->params.logScale = found->scalars[0 + 1] + terms;
  }
}

/* Whether all sums have stayed in range; the status tells of rows that the loss refuses. */
static int look_at(const Readings* found, bool* in_range) {
  *in_range = true;
  (void)found;
  enum { unset = INT32_MAX };
  const int32_t* flags = found->flags;
  if (flags[0] == 1) {
    *in_range = false;
    return 0;
  }
  /* Positives are known to be there: their logits are not finite. */
  if (flags[1] != unset || flags[3] != unset) {
    *in_range = false;
    return 0;
  }
  if (flags[2] != unset) return fail(INFINITILE_CLIP_ERROR_POSITIVES, "no column counts for row %d of loss 'clip', the first such row", (int)flags[2]);
  if (flags[4] != unset) return fail(INFINITILE_CLIP_ERROR_POSITIVES, "no row counts for column %d of loss 'clip', the first such column", (int)flags[4]);
  return 0;
}

/* One run of a plan. */
static int attempt(Run* run, const Step* step, bool* in_range) {
  const Plan* plan = run->plan;
  const bool fused = run->fused && step->forward && step->backward;
  Readings found;
  *in_range = true;
  if (step->forward) {
    int status = fused ? plan->fused(run, &run->shape) : plan->forward(run, &run->forward_shape);
    if (status == 0) status = read_readings(run, &found);
    if (status == 0) status = look_at(&found, in_range);
    if (status != 0 || !*in_range) return status;
  }
  if (step->backward && !fused) {
    int status = plan->backward(run, &run->shape);
    if (status == 0) status = read_readings(run, &found);
    if (status != 0) return status;
  }
  *step->loss = loss_of(&found);
  if (step->gradients != NULL) give_params(&found, step->gradients);
  return 0;
}

static void set_scalars(Run* run, const Environment* e, Softmax softmax, Matched matched) {
  const double row_weight = row_weight_of(matched), col_weight = col_weight_of(matched);
  const double scale = 1;
  run->scalars = (Scalars){(float)softmax.offset, (float)row_weight, (float)col_weight, (float)softmax.sum_floor, (float)scale, (float)(1 / scale)};
  run->plan->uniforms(run->inputs, e->pair_weight, run->uniforms.values);
}

/* Starts over with running maxima where one offset does not keep exponentials in range. */
static int take_step(Run* run, Step* step) {
  double dots = 0;
  Matched matched;
  Environment e;
  int status = inspect(run, &dots);
  if (status == 0) status = relate(run, &matched);
  if (status == 0) status = survey(run, dots, &e);
  if (status != 0) return status;
  const Interval logits = logit_range(&e);
  const Softmax softmax = softmax_of(logits, (double)greatest(run->whole.n, run->whole.m), row_weight_of(matched), col_weight_of(matched));
  bool in_range = false;
  if (softmax.bounded) {
    set_scalars(run, &e, softmax, matched);
    step->bounded = true;
    status = attempt(run, step, &in_range);
    if (status != 0 || in_range) return status;
  }
  step->bounded = false;
  status = use_plan(run, run->handle->target->running);
  if (status == 0) status = relate(run, &matched);
  if (status != 0) return status;
  set_scalars(run, &e, running_softmax, matched);
  status = attempt(run, step, &in_range);
  if (status != 0 || in_range) return status;
  return fail(INFINITILE_CLIP_ERROR_RANGE, "a softmax sum of 'clip' is not a positive finite number, although running maxima were used; logits lie within [%g, %g]",
              logits.low, logits.high);
}

/* The caller's copy of what a backward call needs. */
typedef struct State {
  uint64_t mark;
  const Target* target;
  void* workspace;
  size_t workspace_bytes;
  int64_t n, m;
  bool bounded;
  Scalars scalars;
  Uniforms uniforms;
} State;

_Static_assert(sizeof(State) <= sizeof(infinitile_clip_state), "the header's struct holds the state");

static const uint64_t state_mark = 0xf65f1d6480a08bbu;

static void keep_state(const Run* run, const Step* step, void* workspace, size_t workspace_bytes, infinitile_clip_state* state) {
  const State kept = {state_mark, run->handle->target, workspace, workspace_bytes, run->whole.n, run->whole.m, step->bounded, run->scalars, run->uniforms};
  memset(state, 0, sizeof *state);
  memcpy(state, &kept, sizeof kept);
}

static int resume_run(Run* run, infinitile_clip* handle, const infinitile_clip_inputs* inputs, const infinitile_clip_state* state, void* stream) {
  if (state == NULL) return fail(INFINITILE_CLIP_ERROR_ARGUMENT, "state is NULL: that of the forward call is needed");
  State kept;
  memcpy(&kept, state, sizeof kept);
  if (kept.mark != state_mark || kept.target != handle->target)
    return fail(INFINITILE_CLIP_ERROR_ARGUMENT, "state is of no forward call of this library on such a device: give infinitile_clip_forward() a place for it");
  int status = begin_run(run, handle, inputs, kept.workspace, kept.workspace_bytes, stream);
  if (status == 0 && (run->whole.n != kept.n || run->whole.m != kept.m))
    return fail(INFINITILE_CLIP_ERROR_ARGUMENT, "inputs are %" PRId64 " rows and %" PRId64 " columns: the forward call had %" PRId64 " and %" PRId64, run->whole.n, run->whole.m, kept.n, kept.m);
  if (status == 0 && !kept.bounded) status = use_plan(run, handle->target->running);
  run->scalars = kept.scalars;
  run->uniforms = kept.uniforms;
  return status;
}

static int walk_backward(Run* run, infinitile_clip_gradients* gradients) {
  int status = run->plan->backward(run, &run->shape);
  Readings found;
  if (status == 0) status = read_readings(run, &found);
  if (status == 0) give_params(&found, gradients);
  return status;
}
