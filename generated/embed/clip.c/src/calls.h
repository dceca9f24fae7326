// Emitted by infinitile 0.2.0: do not edit.
// SPDX-License-Identifier: Apache-2.0
//
// loss       clip
// logit      exp(params.logScale) * dot
// inputs     bf16, depth 512
// targets    x86-64-v4, sm_90a

/* The functions of a rank alone: one call at a time on a handle. */

size_t infinitile_clip_workspace_bytes(infinitile_clip* handle, int64_t queries, int64_t keys) {
  if (handle == NULL) {
    fail(INFINITILE_CLIP_ERROR_ARGUMENT, "handle is NULL: create one first");
    return 0;
  }
  if (check_rows_given(queries, keys) != 0) return 0;
  Run run;
  begin_run(&run, handle, NULL);
  take_all(&run, queries, keys);
  return (size_t)recommended_bytes(&run);
}

/* A handle serves one call at a time: a second is told so. */
static int take_turn(infinitile_clip* handle) {
  if (handle == NULL) return fail(INFINITILE_CLIP_ERROR_ARGUMENT, "handle is NULL: create one first");
  return atomic_flag_test_and_set(&handle->busy) ? fail(INFINITILE_CLIP_ERROR_ARGUMENT, "handle is in use by another call: calls at the same time need a handle each") : 0;
}

static int enter(infinitile_clip* handle) {
  int status = take_turn(handle);
  if (status != 0) return status;
  status = handle->device->enter(handle);
  if (status != 0) atomic_flag_clear(&handle->busy);
  return status;
}

static int leave(infinitile_clip* handle, int status) {
  handle->device->leave(handle);
  atomic_flag_clear(&handle->busy);
  return status;
}

/* With room for rows that lie apart; `inputs` may be NULL where the rows are known. */
static size_t bytes_for(Run* run, const infinitile_clip_inputs* inputs, const infinitile_clip_gradients* gradients) {
  int status = enter(run->handle);
  if (status != 0) return 0;
  if (inputs != NULL || run->shards.ranks == 0) status = take_inputs(run, inputs);
  if (status == 0 && gradients != NULL) status = take_gradients(run, gradients);
  return leave(run->handle, status) == 0 ? (size_t)recommended_bytes(run) : 0;
}

size_t infinitile_clip_workspace_bytes_for(infinitile_clip* handle, const infinitile_clip_inputs* inputs, const infinitile_clip_gradients* gradients) {
  if (handle == NULL) {
    fail(INFINITILE_CLIP_ERROR_ARGUMENT, "handle is NULL: create one first");
    return 0;
  }
  Run run;
  begin_run(&run, handle, NULL);
  return bytes_for(&run, inputs, gradients);
}

static int forward_within(
    infinitile_clip* handle, const infinitile_clip_inputs* inputs, void* workspace, size_t workspace_bytes,
    void* stream, double* loss, infinitile_clip_state* state) {
  if (loss == NULL) return fail(INFINITILE_CLIP_ERROR_ARGUMENT, "loss is NULL: a place for the loss is needed");
  Run run;
  begin_run(&run, handle, stream);
  int status = take_given(&run, inputs);
  if (status == 0) status = take_places(&run, NULL, workspace, workspace_bytes);
  Step step = {.forward = true, .loss = loss};
  if (status == 0) status = take_step(&run, &step);
  if (status == 0 && state != NULL) keep_state(&run, &step, workspace, workspace_bytes, state);
  return status;
}

int infinitile_clip_forward(
    infinitile_clip* handle, const infinitile_clip_inputs* inputs, void* workspace, size_t workspace_bytes,
    void* stream, double* loss, infinitile_clip_state* state) {
  const int status = enter(handle);
  if (status != 0) return status;
  return leave(handle, forward_within(handle, inputs, workspace, workspace_bytes, stream, loss, state));
}

static int backward_within(
    infinitile_clip* handle, const infinitile_clip_inputs* inputs, const infinitile_clip_state* state,
    void* stream, infinitile_clip_gradients* gradients) {
  if (gradients == NULL) return fail(INFINITILE_CLIP_ERROR_ARGUMENT, "gradients is NULL: places for them are needed");
  Run run;
  begin_run(&run, handle, stream);
  const int status = resume_run(&run, inputs, state, gradients);
  return status == 0 ? walk_backward(&run, gradients) : status;
}

int infinitile_clip_backward(
    infinitile_clip* handle, const infinitile_clip_inputs* inputs, const infinitile_clip_state* state,
    void* stream, infinitile_clip_gradients* gradients) {
  const int status = enter(handle);
  if (status != 0) return status;
  return leave(handle, backward_within(handle, inputs, state, stream, gradients));
}

static int both_within(
    infinitile_clip* handle, const infinitile_clip_inputs* inputs, void* workspace, size_t workspace_bytes,
    void* stream, double* loss, infinitile_clip_gradients* gradients) {
  if (loss == NULL) return fail(INFINITILE_CLIP_ERROR_ARGUMENT, "loss is NULL: a place for the loss is needed");
  if (gradients == NULL) return fail(INFINITILE_CLIP_ERROR_ARGUMENT, "gradients is NULL: places for them are needed");
  Run run;
  begin_run(&run, handle, stream);
  int status = take_given(&run, inputs);
  if (status == 0) status = take_places(&run, gradients, workspace, workspace_bytes);
  Step step = {.forward = true, .backward = true, .loss = loss, .gradients = gradients};
  return status == 0 ? take_step(&run, &step) : status;
}

/* On the host all is there when the walks end. */
static int give_results(const Step* step) {
  double params[param_room];
  params[0] = step->backward ? step->gradients->params.logScale : 0;
  const int status = check_in_fp32(*step->loss, step->backward ? params : NULL);
  if (status != 0) return status;
  *step->results->loss = (float)*step->loss;
  if (step->backward) *step->results->params.logScale = (float)params[0];
  return 0;
}

static int take_place_of(Run* run, const char* name, const float* at) {
  if (at == NULL) return fail(INFINITILE_CLIP_ERROR_ARGUMENT, "%s is NULL: a place for the number is needed", name);
  return run->handle->device->check(run->handle, name, at, sizeof *at);
}

static int take_results(Run* run, const infinitile_clip_results* results, bool with_params) {
  if (results == NULL) return fail(INFINITILE_CLIP_ERROR_ARGUMENT, "results is NULL: places for the numbers are needed");
  int status = take_place_of(run, "results.loss", results->loss);
  (void)with_params;
  if (status == 0 && with_params) status = take_place_of(run, "results.params.logScale", results->params.logScale);
  return status;
}

static int take_param_places(Run* run, const infinitile_clip_param_places* params) {
  int status = 0;
  if (params != NULL) run->params_at = *params;
  if (status == 0 && run->params_at.logScale != NULL) status = run->handle->device->check(run->handle, "params.logScale", run->params_at.logScale, sizeof(float));
  return status;
}

static int enqueue_within(
    Run* run, const infinitile_clip_inputs* inputs, void* workspace, size_t workspace_bytes, const infinitile_clip_results* results,
    const infinitile_clip_gradients* gradients) {
  const bool backward = gradients != NULL;
  infinitile_clip_gradients found;
  double loss;
  memset(&found, 0, sizeof found);
  int status = take_given(run, inputs);
  if (status == 0) status = take_places(run, gradients, workspace, workspace_bytes);
  if (status == 0) status = take_results(run, results, backward);
  if (status != 0) return status;
  Step step = {.forward = true, .backward = backward, .loss = &loss, .gradients = backward ? &found : NULL, .results = results};
  status = take_step(run, &step);
  const Device* device = run->handle->device;
  if (device->queues && status != 0) device->settle(run);
  return !device->queues && status == 0 ? give_results(&step) : status;
}

int infinitile_clip_enqueue(
    infinitile_clip* handle, const infinitile_clip_inputs* inputs, const infinitile_clip_param_places* params, void* workspace,
    size_t workspace_bytes, void* stream, const infinitile_clip_results* results, const infinitile_clip_gradients* gradients) {
  int status = enter(handle);
  if (status != 0) return status;
  Run run;
  begin_run(&run, handle, stream);
  status = take_param_places(&run, params);
  if (status == 0) status = enqueue_within(&run, inputs, workspace, workspace_bytes, results, gradients);
  return leave(handle, status);
}

int infinitile_clip_forward_backward(
    infinitile_clip* handle, const infinitile_clip_inputs* inputs, void* workspace, size_t workspace_bytes,
    void* stream, double* loss, infinitile_clip_gradients* gradients) {
  const int status = enter(handle);
  if (status != 0) return status;
  return leave(handle, both_within(handle, inputs, workspace, workspace_bytes, stream, loss, gradients));
}
