// Emitted by infinitile 0.2.0: do not edit.
// SPDX-License-Identifier: Apache-2.0
//
// loss       clip
// logit      exp(params.logScale) * dot
// inputs     bf16, depth 512
// targets    x86-64-v4, sm_90a

/* The arrays of a run, in the order of `inputs.js`, as the library takes them: copied into one piece of memory. */

enum { array_q, array_k, array_count };
enum { output_count = 2 };

static const size_t element_bytes[array_count] = { 2, 2 };
/* Whether an array lies right behind the one before it, as the keys of a stack do; else it begins at a multiple of 256 bytes. */
static const bool is_behind[array_count] = { false, false };

typedef struct Layout {
  int64_t count[array_count];
  size_t offset[array_count];
  size_t bytes;
} Layout;

static size_t aligned(size_t bytes) { return (bytes + 255) / 256 * 256; }

/* From how many elements the arrays have. */
static void lay_out(Layout* layout) {
  size_t end = 0;
  for (int i = 0; i < array_count; ++i) {
    layout->offset[i] = is_behind[i] ? end : aligned(end);
    end = layout->offset[i] + element_bytes[i] * (size_t)layout->count[i];
  }
  layout->bytes = aligned(end);
}

static int64_t query_count(const Layout* layout) { return layout->count[array_q] / INFINITILE_CLIP_DIM; }
static int64_t key_count(const Layout* layout) { return layout->count[array_k] / INFINITILE_CLIP_DIM; }

static infinitile_clip_matrix matrix_at(char* base, size_t offset, int64_t numbers, int64_t depth) {
  return (infinitile_clip_matrix){base + offset, numbers / depth, depth, depth, INFINITILE_CLIP_TYPE};
}

/* `base`: where the arrays lie. */
static void point_inputs(infinitile_clip_inputs* inputs, const Layout* layout, char* base) {
  inputs->queries = matrix_at(base, layout->offset[array_q], layout->count[array_q], INFINITILE_CLIP_DIM);
  inputs->keys = matrix_at(base, layout->offset[array_k], layout->count[array_k], INFINITILE_CLIP_DIM);
}

/* The learned scalars, in their order. */
enum { param_count = 1 };

static void give_params(infinitile_clip_inputs* inputs, const double* values) {
  (void)inputs, (void)values;
  inputs->params.logScale = values[0];
}

static void take_params(const infinitile_clip_gradients* gradients, double* values) {
  (void)gradients, (void)values;
  values[0] = gradients->params.logScale;
}

static void point_outputs(infinitile_clip_gradients* gradients, float* const* at, const int64_t* numbers) {
  gradients->queries = (infinitile_clip_output){at[0], numbers[0] / INFINITILE_CLIP_DIM, INFINITILE_CLIP_DIM, INFINITILE_CLIP_DIM};
  gradients->keys = (infinitile_clip_output){at[1], numbers[1] / INFINITILE_CLIP_DIM, INFINITILE_CLIP_DIM, INFINITILE_CLIP_DIM};
}
