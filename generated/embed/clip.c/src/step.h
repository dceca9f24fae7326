// Emitted by infinitile 0.2.0: do not edit.
// SPDX-License-Identifier: Apache-2.0
//
// loss       clip
// logit      exp(params.logScale) * dot
// inputs     bf16, depth 512
// targets    x86-64-v4, sm_90a

/* A step of a rank alone: the walks, and what they have found. */

typedef struct Step {
  bool forward, backward;
  double* loss;
  infinitile_clip_gradients* gradients;
  /* Of a call that does not wait for its numbers; else NULL. */
  const infinitile_clip_results* results;
  /* Whether no number can overflow fp32, whatever the pairs are. */
  bool fits;
  /* Which of the plans ran. */
  bool bounded;
} Step;

static int read_params(const Readings* found, infinitile_clip_gradients* gradients) {
  double params[param_room];
  params_of(found, params);
  const int status = check_params(params);
  if (status == 0) give_params(params, gradients);
  return status;
}

/*
 * One run of a plan. On a GPU nothing waits between the walks where an offset has kept its sums in range in the last call, or running
 * maxima keep them there; else the run looks before it walks back, which may be for nothing.
 */
static int attempt(Run* run, const Step* step, bool* in_range) {
  const Plan* plan = run->plan;
  infinitile_clip* handle = run->handle;
  const bool both = step->forward && step->backward;
  const bool fused = both && run->fused;
  const bool looks_between = both && !fused && !(handle->device->queues && (handle->keeps_range || !step->bounded));
  Readings found;
  int status = 0;
  *in_range = true;
  if (fused) status = plan->fused(run, &run->shape);
  else if (step->forward) status = plan->forward(run, &run->forward_shape);
  if (status == 0 && looks_between) {
    status = read_readings(run, &found);
    if (status == 0) status = look_at(&found, in_range);
    if (status != 0 || !*in_range) return status;
  }
  if (status == 0 && step->backward && !fused) status = plan->backward(run, &run->shape);
  if (status == 0 && step->backward) status = copy_packed(run, true);
  if (status == 0) status = read_readings(run, &found);
  if (status == 0 && step->forward && !looks_between) status = look_at(&found, in_range);
  if (status != 0) return status;
  if (step->bounded) handle->keeps_range = *in_range;
  if (!*in_range) return 0;
  const double loss = loss_of(&found);
  status = check_value("the loss", loss);
  if (status == 0 && step->gradients != NULL) status = read_params(&found, step->gradients);
  if (status == 0) *step->loss = loss;
  return status;
}

/* The device itself writes the numbers. */
static int queue_results(Run* run, const Step* step) {
  const Kernel* kernel = run->plan->results;
  float* loss = step->results->loss;
  float* by_param0 = step->backward ? step->results->params.logScale : NULL;
  LAUNCH(*kernel, 1, AT(buffer_rowLoss, 0), AT(buffer_colLoss, 0), AT(buffer_rowParams, 0), AT(buffer_colParams, 0), AT(buffer_scalars, 0), &loss, &by_param0);
  return 0;
}

static bool uniforms_fit(const Run* run) {
  for (int i = 0; i < 2; ++i)
    if (!isfinite(run->uniforms.values[i])) return false;
  return true;
}

static int look_at_answer(Run* run, Readings* found, bool* in_range) {
  const int status = run->handle->device->answer(run, found, sizeof *found);
  return status == 0 ? look_at(found, in_range) : status;
}

/*
 * The same run for a caller that goes on meanwhile. The sums of a forward walk are looked at while the backward walk runs, or before it
 * where `attempt` would; where one walk makes all at once, or a number could overflow, the look is at the end.
 */
static int attempt_queued(Run* run, const Step* step, bool* in_range) {
  const Plan* plan = run->plan;
  infinitile_clip* handle = run->handle;
  const Device* device = handle->device;
  const bool fused = step->forward && step->backward && run->fused;
  const bool asks = step->forward && step->backward && !fused;
  const bool looks_between = asks && step->bounded && !handle->keeps_range;
  Readings found;
  int status = 0;
  *in_range = true;
  if (fused) status = plan->fused(run, &run->shape);
  else if (step->forward) status = plan->forward(run, &run->forward_shape);
  if (status == 0 && asks) status = device->ask(run, run->workspace, sizeof found);
  if (status == 0 && looks_between) status = look_at_answer(run, &found, in_range);
  if (status != 0 || !*in_range) return status;
  if (step->backward && !fused) status = plan->backward(run, &run->shape);
  if (status == 0 && step->backward) status = copy_packed(run, true);
  if (status == 0) status = queue_results(run, step);
  if (status == 0 && asks && !looks_between) status = look_at_answer(run, &found, in_range);
  if (status == 0 && step->bounded) handle->keeps_range = *in_range;
  if (status != 0 || !*in_range) return status;
  if (step->fits && uniforms_fit(run) && (asks)) return 0;
  status = read_readings(run, &found);
  if (status == 0) status = look_at(&found, in_range);
  if (status == 0 && step->bounded) handle->keeps_range = *in_range;
  if (status != 0 || !*in_range) return status;
  return check_numbers(&found, step->backward);
}

static int try_plan(Run* run, const Step* step, bool* in_range) {
  const bool queued = step->results != NULL && run->handle->device->queues;
  return queued ? attempt_queued(run, step, in_range) : attempt(run, step, in_range);
}

static void set_scalars(Run* run, const Environment* e, Softmax softmax, Matched matched) {
  const double row_weight = row_weight_of(matched), col_weight = col_weight_of(matched);
  const double scale = 1;
  run->scalars = (Scalars){(float)softmax.offset, (float)row_weight, (float)col_weight, (float)softmax.sum_floor, (float)scale, (float)(1 / scale)};
  run->plan->uniforms(&run->inputs, e->pair_weight, run->uniforms.values);
}

static int out_of_range(Interval logits) {
  return fail(INFINITILE_CLIP_ERROR_RANGE, "a softmax sum of 'clip' is not a positive finite number, although running maxima were used; logits lie within [%g, %g]",
              logits.low, logits.high);
}

/* Starts over with running maxima where one offset does not keep exponentials in range. */
static int take_step(Run* run, Step* step) {
  Extremes extremes;
  Matched matched;
  Environment e;
  int status = copy_packed(run, false);
  if (status == 0) status = inspect(run, &extremes);
  if (status == 0) status = map_rows(run);
  if (status == 0) status = relate(run, NULL, &matched);
  if (status == 0) status = require_matched(run, &matched);
  if (status != 0) return status;
  survey(run, &extremes, &e);
  step->fits = values_fit(&e, &run->whole, row_weight_of(matched), col_weight_of(matched));
  const Interval logits = logit_range(&e);
  const Softmax softmax = softmax_of(logits, (double)greatest(run->whole.n, run->whole.m), row_weight_of(matched), col_weight_of(matched));
  bool in_range = false;
  if (softmax.bounded) {
    set_scalars(run, &e, softmax, matched);
    step->bounded = true;
    status = try_plan(run, step, &in_range);
    if (status != 0 || in_range) return status;
  }
  step->bounded = false;
  status = use_plan(run, run->plans->running, 0);
  if (status == 0) status = map_rows(run);
  if (status == 0) status = relate(run, NULL, &matched);
  if (status != 0) return status;
  set_scalars(run, &e, running_softmax, matched);
  status = try_plan(run, step, &in_range);
  if (status != 0 || in_range) return status;
  return out_of_range(logits);
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

static void begin_run(Run* run, infinitile_clip* handle, void* stream) {
  memset(run, 0, sizeof *run);
  run->handle = handle;
  run->stream = stream;
  run->plans = &handle->target->alone;
}

static void keep_state(const Run* run, const Step* step, void* workspace, size_t workspace_bytes, infinitile_clip_state* state) {
  const State kept = {state_mark, run->handle->target, workspace, workspace_bytes, run->whole.n, run->whole.m, step->bounded, run->scalars, run->uniforms};
  memset(state, 0, sizeof *state);
  memcpy(state, &kept, sizeof kept);
}

static int take_given(Run* run, const infinitile_clip_inputs* inputs) {
  const int status = run->handle->device->check_stream(run->stream);
  return status == 0 ? take_inputs(run, inputs) : status;
}

/* `gradients`: NULL where none are asked for. */
static int take_places(Run* run, const infinitile_clip_gradients* gradients, void* workspace, size_t workspace_bytes) {
  const int status = gradients == NULL ? 0 : take_gradients(run, gradients);
  return status == 0 ? take_workspace(run, workspace, workspace_bytes) : status;
}

static int resume_run(Run* run, const infinitile_clip_inputs* inputs, const infinitile_clip_state* state, const infinitile_clip_gradients* gradients) {
  if (state == NULL) return fail(INFINITILE_CLIP_ERROR_ARGUMENT, "state is NULL: that of the forward call is needed");
  const Target* target = run->handle->target;
  State kept;
  memcpy(&kept, state, sizeof kept);
  if (kept.mark != state_mark || kept.target != target)
    return fail(INFINITILE_CLIP_ERROR_ARGUMENT, "state is of no forward call of this library on such a device: give infinitile_clip_forward() a place for it");
  int status = take_given(run, inputs);
  if (status == 0 && (run->whole.n != kept.n || run->whole.m != kept.m))
    return fail(INFINITILE_CLIP_ERROR_ARGUMENT, "inputs are %" PRId64 " rows and %" PRId64 " columns: the forward call had %" PRId64 " and %" PRId64, run->whole.n, run->whole.m, kept.n, kept.m);
  if (status == 0) status = take_places(run, gradients, kept.workspace, kept.workspace_bytes);
  if (status == 0 && !kept.bounded) status = use_plan(run, run->plans->running, 0);
  run->scalars = kept.scalars;
  run->uniforms = kept.uniforms;
  return status;
}

static int walk_backward(Run* run, infinitile_clip_gradients* gradients) {
  int status = run->plan->backward(run, &run->shape);
  Readings found;
  if (status == 0) status = copy_packed(run, true);
  if (status == 0) status = read_readings(run, &found);
  if (status == 0) status = read_params(&found, gradients);
  return status;
}
