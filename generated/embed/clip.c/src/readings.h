// Emitted by infinitile 0.2.0: do not edit.
// SPDX-License-Identifier: Apache-2.0
//
// loss       clip
// logit      exp(params.logScale) * dot
// inputs     bf16, depth 512
// targets    x86-64-v4, sm_90a

/* What the walks leave, and what the host makes of it. */

/* What a walk leaves, whatever the shapes: one copy brings it home. */
typedef struct Readings {
  double row_loss[256];
  double col_loss[256];
  double row_params[256];
  double col_params[256];
  double scalars[2];
  int32_t flags[5];
} Readings;

_Static_assert(sizeof(Readings) <= asked_bytes, "what is asked has a place");

/* Of every partial: the largest squared norm, and the first row with a value that is not finite. */
typedef struct Norms {
  float query_norms[256];
  float key_norms[256];
  int32_t query_bad_rows[256];
  int32_t key_bad_rows[256];
} Norms;

enum { param_count = 1, param_room = param_count > 0 ? param_count : 1 };

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

/* Gradients of the learned scalars: what the pairs add, and the values of the softmax terms. */
static void params_of(const Readings* found, double* params) {
  (void)found, (void)params;
  {
    double terms = 0;
    terms += sum_of_every(found->row_params, 256 * 1, 1, 0);
    terms += sum_of_every(found->col_params, 256 * 1, 1, 0);
    params[0] = found->scalars[0 + 1] + terms;
  }
}

/* What overflows fp32 is told of, and not given. */
static int check_value(const char* what, double value) {
  if (isfinite(value)) return 0;
  return fail(INFINITILE_CLIP_ERROR_RANGE, "%s is %g: a term of 'clip' overflows fp32; look at the parameters, and at norms of the inputs", what, value);
}

static int check_params(const double* params) {
  int status = 0;
  (void)params;
  if (status == 0) status = check_value("the gradient of params.logScale", params[0]);
  return status;
}

static void give_params(const double* params, infinitile_clip_gradients* gradients) {
  (void)params, (void)gradients;
  gradients->params.logScale = params[0];
}

/* What is given in fp32. `params`: NULL where there are none. */
static int check_in_fp32(double loss, double* params) {
  int status = check_value("the loss", (float)loss);
  if (params == NULL) return status;
  for (int i = 0; i < param_count; ++i) params[i] = (float)params[i];
  return status == 0 ? check_params(params) : status;
}

/* The numbers of a step; of a forward walk alone the loss. */
static int check_numbers(const Readings* found, bool with_params) {
  double params[param_room];
  params_of(found, params);
  return check_in_fp32(loss_of(found), with_params ? params : NULL);
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
