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
  if (stride < cols) return fail(INFINITILE_CLIP_ERROR_ARGUMENT, "%s.stride is %" PRId64 ": from a row to the next there are %" PRId64 " elements at least", name, stride, cols);
  if (stride > INT64_MAX / 8 / rows) return fail(INFINITILE_CLIP_ERROR_ARGUMENT, "%s.stride is %" PRId64 ": so many elements for each of %" PRId64 " rows are no memory", name, stride, rows);
  return 0;
}

/* Kernels read and write rows one behind the other, at aligned addresses: others go by way of the workspace. */
static void place_rows(Run* run, int buffer, bool is_output, char* at, int64_t pitch, int64_t row_bytes, int64_t rows) {
  const bool in_place = pitch == row_bytes && (uintptr_t)at % (uintptr_t)run->handle->device->alignment == 0;
  if (in_place) run->address[buffer] = at;
  else run->packed[run->packed_count++] = (Packed){buffer, is_output, at, pitch, row_bytes, rows};
}

static int take_matrix(Run* run, const char* name, const infinitile_clip_matrix* x, int64_t depth, int buffer) {
  const int status = check_sizes(name, x->data, x->rows, x->cols, x->stride, depth);
  if (status != 0) return status;
  if (x->type != INFINITILE_CLIP_TYPE)
    return fail(INFINITILE_CLIP_ERROR_ARGUMENT, "%s.type is %s: this library takes %s", name, name_of(x->type), name_of(INFINITILE_CLIP_TYPE));
  const int64_t element = element_bytes_of(x->type);
  place_rows(run, buffer, false, (char*)(uintptr_t)x->data, x->stride * element, x->cols * element, x->rows);
  return run->handle->device->check(run->handle, name, x->data, (int)element);
}

static int take_output(Run* run, const char* name, const infinitile_clip_output* x, int64_t rows, int buffer) {
  const int status = check_sizes(name, x->data, x->rows, x->cols, x->stride, INFINITILE_CLIP_DIM);
  if (status != 0) return status;
  if (x->rows != rows) return fail(INFINITILE_CLIP_ERROR_ARGUMENT, "%s.rows is %" PRId64 ": there are %" PRId64 " embeddings", name, x->rows, rows);
  run->bytes[buffer] = rows * INFINITILE_CLIP_DIM * 4;
  place_rows(run, buffer, true, (char*)x->data, x->stride * 4, x->cols * 4, x->rows);
  return run->handle->device->check(run->handle, name, x->data, 4);
}

/* How many embeddings of either kind there may be. */
static int check_rows_given(int64_t queries, int64_t keys) {
  if (queries < 1 || queries > INT32_MAX)
    return fail(INFINITILE_CLIP_ERROR_ARGUMENT, "there are %" PRId64 " queries: 1 to %d are allowed", queries, INT32_MAX);
  if (keys < 1 || keys > INT32_MAX - queries) return fail(INFINITILE_CLIP_ERROR_ARGUMENT, "there are %" PRId64 " keys: 1 to %" PRId64 " are allowed", keys, INT32_MAX - queries);
  return 0;
}

/* Rows that are given: of a rank alone they are the matrix, of a rank of a ring those that it has said to have. */
static int take_rows(Run* run, int64_t queries, int64_t keys) {
  const Shards* s = &run->shards;
  if (s->ranks == 0) {
    const int status = check_rows_given(queries, keys);
    if (status == 0) take_all(run, queries, keys);
    return status;
  }
  if (queries == queries_of(s, s->rank) && keys == keys_of(s, s->rank)) return 0;
  return fail(INFINITILE_CLIP_ERROR_ARGUMENT, "inputs are %" PRId64 " queries and %" PRId64 " keys: rank %d of the group has %" PRId64 " and %" PRId64, queries, keys, s->rank,
              queries_of(s, s->rank), keys_of(s, s->rank));
}

/* Those that are on the device are known later. */
static int check_params_given(const Run* run) {
  (void)run;
  if (run->params_at.logScale == NULL && !isfinite(run->inputs.params.logScale))
    return fail(INFINITILE_CLIP_ERROR_VALUE, "params.logScale is %g: parameters are finite numbers", run->inputs.params.logScale);
  return 0;
}

static int take_inputs(Run* run, const infinitile_clip_inputs* inputs) {
  if (inputs == NULL) return fail(INFINITILE_CLIP_ERROR_ARGUMENT, "inputs is NULL: what the loss is of is needed");
  run->inputs = *inputs;
  int status = 0;
  if (status == 0) status = take_matrix(run, "queries", &inputs->queries, INFINITILE_CLIP_DIM, buffer_queries);
  if (status == 0) status = take_matrix(run, "keys", &inputs->keys, INFINITILE_CLIP_DIM, buffer_keys);
  if (status != 0) return status;
  status = take_rows(run, inputs->queries.rows, inputs->keys.rows);
  if (status != 0) return status;
  return status == 0 ? check_params_given(run) : status;
}

static int take_gradients(Run* run, const infinitile_clip_gradients* gradients) {
  if (gradients == NULL) return fail(INFINITILE_CLIP_ERROR_ARGUMENT, "gradients is NULL: places for them are needed");
  int status = 0;
  if (status == 0) status = take_output(run, "gradients.queries", &gradients->queries, queries_of(&run->shards, run->shards.rank), buffer_dQueries);
  if (status == 0) status = take_output(run, "gradients.keys", &gradients->keys, keys_of(&run->shards, run->shards.rank), buffer_dKeys);
  return status;
}
