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
static int enter(infinitile_clip* handle) {
  if (handle == NULL) return fail(INFINITILE_CLIP_ERROR_ARGUMENT, "handle is NULL: create one first");
  if (atomic_flag_test_and_set(&handle->busy))
    return fail(INFINITILE_CLIP_ERROR_ARGUMENT, "handle is in use by another call: calls at the same time need a handle each");
  const int status = handle->device->enter(handle);
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

int infinitile_clip_forward_backward(
    infinitile_clip* handle, const infinitile_clip_inputs* inputs, void* workspace, size_t workspace_bytes,
    void* stream, double* loss, infinitile_clip_gradients* gradients) {
  const int status = enter(handle);
  if (status != 0) return status;
  return leave(handle, both_within(handle, inputs, workspace, workspace_bytes, stream, loss, gradients));
}
