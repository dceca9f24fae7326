/* Every way to call an exported library wrongly, and what it says. The loss has an index map. */
#include <infinitile_info_nce.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define N 20
#define M 30
#define D INFINITILE_INFO_NCE_DIM

static float queries[N * D + 1], keys[M * D], d_queries[N * D], d_keys[M * D];
static int32_t positives[N];
static infinitile_info_nce *handle;
static infinitile_info_nce_inputs inputs;
static infinitile_info_nce_gradients gradients;
static infinitile_info_nce_state state;
static size_t workspace_bytes;
static void *workspace;
static double loss;

static infinitile_info_nce_matrix matrix(const float *data, int64_t rows) {
  infinitile_info_nce_matrix x;
  x.data = data;
  x.rows = rows;
  x.cols = x.stride = D;
  x.type = INFINITILE_INFO_NCE_F32;
  return x;
}

static infinitile_info_nce_output output(float *data, int64_t rows) {
  infinitile_info_nce_output x;
  x.data = data;
  x.rows = rows;
  x.cols = x.stride = D;
  return x;
}

static void reset(void) {
  int i;
  for (i = 0; i < N * D; ++i) queries[i] = (float)(i % 7) / 7;
  for (i = 0; i < M * D; ++i) keys[i] = (float)(i % 5) / 5;
  for (i = 0; i < N; ++i) positives[i] = i;
  inputs.queries = matrix(queries, N);
  inputs.keys = matrix(keys, M);
  inputs.positives.data = positives;
  inputs.positives.count = N;
  inputs.params.logScale = 1;
  gradients.queries = output(d_queries, N);
  gradients.keys = output(d_keys, M);
}

static void tell(const char *what, int status) {
  printf("%s: %d%s%s\n", what, status, status == 0 ? "" : ": ", status == 0 ? "" : infinitile_info_nce_last_error());
  reset();
}

static int both(void) {
  return infinitile_info_nce_forward_backward(handle, &inputs, workspace, workspace_bytes, NULL, &loss, &gradients);
}

/* One member given another value. */
#define WRONG(member, value)  \
  do {                        \
    member = value;           \
    tell(#member " = " #value, both()); \
  } while (0)

int main(void) {
  infinitile_info_nce *none;
  reset();
  tell("create_cpu(0, NULL)", infinitile_info_nce_create_cpu(0, NULL));
  tell("create_cpu(-1, &none)", infinitile_info_nce_create_cpu(-1, &none));
  tell("create_cuda(0, &none)", infinitile_info_nce_create_cuda(0, &none));
  tell("create_cpu(2, &handle)", infinitile_info_nce_create_cpu(2, &handle));
  workspace_bytes = infinitile_info_nce_workspace_bytes(handle, N, M);
  workspace = malloc(workspace_bytes + 1);
  tell("as it should be", both());
  workspace = (char *)workspace + 1;
  tell("workspace + 1", both());
  workspace = (char *)workspace - 1;

  if (infinitile_info_nce_workspace_bytes(NULL, N, M) == 0) tell("workspace_bytes(NULL, N, M)", -1);
  if (infinitile_info_nce_workspace_bytes(handle, 0, M) == 0) tell("workspace_bytes(handle, 0, M)", -1);
  if (infinitile_info_nce_workspace_bytes(handle, N, (int64_t)1 << 40) == 0) tell("workspace_bytes(handle, N, 1 << 40)", -1);
  if (infinitile_info_nce_workspace_bytes_for(NULL, &inputs, &gradients) == 0) tell("workspace_bytes_for(NULL, ...)", -1);
  if (infinitile_info_nce_workspace_bytes_for(handle, NULL, NULL) == 0) tell("workspace_bytes_for(handle, NULL, NULL)", -1);
  tell("no handle", infinitile_info_nce_forward(NULL, &inputs, workspace, workspace_bytes, NULL, &loss, &state));
  tell("no inputs", infinitile_info_nce_forward(handle, NULL, workspace, workspace_bytes, NULL, &loss, &state));
  tell("no workspace", infinitile_info_nce_forward(handle, &inputs, NULL, workspace_bytes, NULL, &loss, &state));
  tell("no place for the loss", infinitile_info_nce_forward(handle, &inputs, workspace, workspace_bytes, NULL, NULL, &state));
  tell("a stream", infinitile_info_nce_forward(handle, &inputs, workspace, workspace_bytes, &loss, &loss, &state));
  tell("no workspace bytes", infinitile_info_nce_forward(handle, &inputs, workspace, 0, NULL, &loss, &state) == INFINITILE_INFO_NCE_ERROR_WORKSPACE ? 0 : -1);
  tell("no gradients", infinitile_info_nce_forward_backward(handle, &inputs, workspace, workspace_bytes, NULL, &loss, NULL));

  WRONG(inputs.queries.data, NULL);
  WRONG(inputs.queries.data, (char *)queries + 1);
  WRONG(inputs.queries.rows, 0);
  WRONG(inputs.queries.rows, N + 1);
  WRONG(inputs.queries.cols, D - 1);
  WRONG(inputs.queries.stride, D - 1);
  WRONG(inputs.queries.stride, INT64_MAX / 4);
  WRONG(inputs.queries.stride, D + 1);
  WRONG(inputs.queries.type, INFINITILE_INFO_NCE_BF16);
  WRONG(inputs.keys.data, NULL);
  WRONG(inputs.keys.rows, -1);
  WRONG(inputs.positives.data, NULL);
  WRONG(inputs.positives.count, N - 1);
  WRONG(inputs.params.logScale, NAN);
  WRONG(gradients.queries.data, NULL);
  WRONG(gradients.queries.rows, N - 1);
  WRONG(gradients.keys.cols, 1);
  WRONG(gradients.keys.stride, 1);
  WRONG(gradients.keys.stride, D * 2);
  WRONG(positives[3], M);
  WRONG(positives[3], -2);
  WRONG(positives[3], -1);
  WRONG(queries[5 * D + 2], INFINITY);
  WRONG(keys[29 * D], NAN);
  WRONG(inputs.params.logScale, 90);

  memset(&state, 0, sizeof state);
  tell("no state", infinitile_info_nce_backward(handle, &inputs, NULL, NULL, &gradients));
  tell("a state of no forward call", infinitile_info_nce_backward(handle, &inputs, &state, NULL, &gradients));
  tell("forward", infinitile_info_nce_forward(handle, &inputs, workspace, workspace_bytes, NULL, &loss, &state));
  inputs.keys.rows = M - 1;
  tell("backward of other shapes", infinitile_info_nce_backward(handle, &inputs, &state, NULL, &gradients));
  tell("backward", infinitile_info_nce_backward(handle, &inputs, &state, NULL, &gradients));
  infinitile_info_nce_destroy(handle);
  infinitile_info_nce_destroy(NULL);
  free(workspace);
  return 0;
}
