// Emitted by infinitile 0.2.0: do not edit.
// SPDX-License-Identifier: Apache-2.0
//
// loss       clip
// logit      exp(params.logScale) * dot
// inputs     bf16, depth 512
// targets    x86-64-v4, sm_90a

/* What callers give is looked at before anything is computed. */

static int64_t element_bytes_of(infinitile_clip_type type) { return type == INFINITILE_CLIP_F32 ? 4 : 2; }

static const char* name_of(infinitile_clip_type type) {
  switch (type) {
    case INFINITILE_CLIP_F32: return "f32";
    case INFINITILE_CLIP_BF16: return "bf16";
    case INFINITILE_CLIP_F16: return "f16";
  }
  return "unknown";
}

static int check_sizes(const char* name, const void* data, int64_t rows, int64_t cols, int64_t stride, int64_t depth) {
  if (data == NULL) return fail(INFINITILE_CLIP_ERROR_ARGUMENT, "%s.data is NULL: the address of its first element is needed", name);
  if (rows < 1 || rows > INT32_MAX) return fail(INFINITILE_CLIP_ERROR_ARGUMENT, "%s.rows is %" PRId64 ": 1 to %d rows are needed", name, rows, INT32_MAX);
  if (cols != depth) return fail(INFINITILE_CLIP_ERROR_ARGUMENT, "%s.cols is %" PRId64 ": this library takes embeddings of %" PRId64 " numbers", name, cols, depth);
  if (stride != cols)
    return fail(INFINITILE_CLIP_ERROR_ARGUMENT, "%s.stride is %" PRId64 ": rows must lie one behind the other, %" PRId64 " elements apart", name, stride, cols);
  return 0;
}

static int take_matrix(Run* run, const char* name, const infinitile_clip_matrix* x, int64_t depth, int buffer) {
  const int status = check_sizes(name, x->data, x->rows, x->cols, x->stride, depth);
  if (status != 0) return status;
  if (x->type != INFINITILE_CLIP_TYPE)
    return fail(INFINITILE_CLIP_ERROR_ARGUMENT, "%s.type is %s: this library takes %s", name, name_of(x->type), name_of(INFINITILE_CLIP_TYPE));
  run->address[buffer] = (char*)(uintptr_t)x->data;
  return run->handle->device->check(run->handle, name, x->data, (int)element_bytes_of(x->type));
}

static int take_output(Run* run, const char* name, const infinitile_clip_output* x, int64_t rows, int buffer) {
  const int status = check_sizes(name, x->data, x->rows, x->cols, x->stride, INFINITILE_CLIP_DIM);
  if (status != 0) return status;
  if (x->rows != rows) return fail(INFINITILE_CLIP_ERROR_ARGUMENT, "%s.rows is %" PRId64 ": there are %" PRId64 " embeddings", name, x->rows, rows);
  run->address[buffer] = (char*)x->data;
  run->bytes[buffer] = rows * INFINITILE_CLIP_DIM * 4;
  return run->handle->device->check(run->handle, name, x->data, 4);
}

/* How many embeddings of either kind there may be. */
static int check_rows_given(int64_t queries, int64_t keys) {
  if (queries < 1 || queries > INT32_MAX)
    return fail(INFINITILE_CLIP_ERROR_ARGUMENT, "there are %" PRId64 " queries: 1 to %d are allowed", queries, INT32_MAX);
  if (keys < 1 || keys > INT32_MAX - queries) return fail(INFINITILE_CLIP_ERROR_ARGUMENT, "there are %" PRId64 " keys: 1 to %" PRId64 " are allowed", keys, INT32_MAX - queries);
  return 0;
}

static int take_inputs(Run* run, const infinitile_clip_inputs* inputs) {
  if (inputs == NULL) return fail(INFINITILE_CLIP_ERROR_ARGUMENT, "inputs is NULL: what the loss is of is needed");
  run->inputs = inputs;
  int status = 0;
  if (status == 0) status = take_matrix(run, "queries", &inputs->queries, INFINITILE_CLIP_DIM, buffer_queries);
  if (status == 0) status = take_matrix(run, "keys", &inputs->keys, INFINITILE_CLIP_DIM, buffer_keys);
  if (status != 0) return status;
  const int64_t queries = inputs->queries.rows, keys = inputs->keys.rows;
  status = check_rows_given(queries, keys);
  if (status != 0) return status;
  run->whole = shape_of(queries, keys, run->handle->workers);
  if (status == 0 && !isfinite(inputs->params.logScale)) status = fail(INFINITILE_CLIP_ERROR_VALUE, "params.logScale is %g: parameters are finite numbers", inputs->params.logScale);
  return status;
}

static int take_gradients(Run* run, infinitile_clip_gradients* gradients) {
  if (gradients == NULL) return fail(INFINITILE_CLIP_ERROR_ARGUMENT, "gradients is NULL: places for them are needed");
  int status = 0;
  if (status == 0) status = take_output(run, "gradients.queries", &gradients->queries, run->inputs->queries.rows, buffer_dQueries);
  if (status == 0) status = take_output(run, "gradients.keys", &gradients->keys, run->inputs->keys.rows, buffer_dKeys);
  return status;
}
