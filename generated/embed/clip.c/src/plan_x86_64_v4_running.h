// Emitted by infinitile 0.2.0: do not edit.
// SPDX-License-Identifier: Apache-2.0
//
// loss       clip
// logit      exp(params.logScale) * dot
// terms      row softmax: lse - positiveLogit, weight 0.5, mean
//            column softmax: lse - positiveLogit, weight 0.5, mean
// softmax    running
// inputs     bf16, depth 512
// target     x86-64-v4
// tile       chunk        4096 x 4096
//            block        192 x 1024, depth 256
//            register     12 x 32
//            instruction  avx512.fma

/* The plan of target x86-64-v4, softmax running: its buffers, kernels and walks, the shapes open. */

HostKernel infinitile_clip_x86_64_v4_norms;
HostKernel infinitile_clip_x86_64_v4_running_positives;
HostKernel infinitile_clip_x86_64_v4_running_stats;
HostKernel infinitile_clip_x86_64_v4_merge;
HostKernel infinitile_clip_x86_64_v4_running_row_terms;
HostKernel infinitile_clip_x86_64_v4_running_col_terms;
HostKernel infinitile_clip_x86_64_v4_running_gradient;
HostKernel infinitile_clip_x86_64_v4_reduce_scalars;
HostKernel infinitile_clip_x86_64_v4_accumulate_queries;
HostKernel infinitile_clip_x86_64_v4_accumulate_keys;
HostKernel infinitile_clip_x86_64_v4_pack_query_panels;
HostKernel infinitile_clip_x86_64_v4_pack_key_panels;
HostKernel infinitile_clip_x86_64_v4_pack_query_rows;
HostKernel infinitile_clip_x86_64_v4_pack_key_rows;

static const Kernel x86_64_v4_running_norms = { infinitile_clip_x86_64_v4_norms, 0, 1, 0 };
static const Kernel x86_64_v4_running_positives = { infinitile_clip_x86_64_v4_running_positives, 0, 1, 0 };
static const Kernel x86_64_v4_running_stats = { infinitile_clip_x86_64_v4_running_stats, 0, 1, 0 };
static const Kernel x86_64_v4_running_merge = { infinitile_clip_x86_64_v4_merge, 0, 1, 0 };
static const Kernel x86_64_v4_running_row_terms = { infinitile_clip_x86_64_v4_running_row_terms, 0, 1, 0 };
static const Kernel x86_64_v4_running_col_terms = { infinitile_clip_x86_64_v4_running_col_terms, 0, 1, 0 };
static const Kernel x86_64_v4_running_gradient = { infinitile_clip_x86_64_v4_running_gradient, 0, 1, 0 };
static const Kernel x86_64_v4_running_reduce_scalars = { infinitile_clip_x86_64_v4_reduce_scalars, 0, 1, 0 };
static const Kernel x86_64_v4_running_accumulate_queries = { infinitile_clip_x86_64_v4_accumulate_queries, 0, 1, 0 };
static const Kernel x86_64_v4_running_accumulate_keys = { infinitile_clip_x86_64_v4_accumulate_keys, 0, 1, 0 };
static const Kernel x86_64_v4_running_pack_query_panels = { infinitile_clip_x86_64_v4_pack_query_panels, 0, 1, 0 };
static const Kernel x86_64_v4_running_pack_key_panels = { infinitile_clip_x86_64_v4_pack_key_panels, 0, 1, 0 };
static const Kernel x86_64_v4_running_pack_query_rows = { infinitile_clip_x86_64_v4_pack_query_rows, 0, 1, 0 };
static const Kernel x86_64_v4_running_pack_key_rows = { infinitile_clip_x86_64_v4_pack_key_rows, 0, 1, 0 };

static const BufferUse x86_64_v4_running_buffers[] = {
    { buffer_positiveLogit, role_statistic, 4, true, true, false },
    { buffer_rowMax, role_statistic, 4, true, true, false },
    { buffer_rowSum, role_statistic, 4, true, false, false },
    { buffer_rowScale, role_statistic, 4, true, true, false },
    { buffer_rowPull, role_statistic, 4, true, true, false },
    { buffer_rowValues, role_statistic, 8, true, false, false },
    { buffer_rowPartialSum, role_workspace, 4, true, false, false },
    { buffer_rowPartialMax, role_workspace, 4, true, false, false },
    { buffer_colMax, role_statistic, 4, true, true, false },
    { buffer_colSum, role_statistic, 4, true, false, false },
    { buffer_colScale, role_statistic, 4, true, true, false },
    { buffer_colPull, role_statistic, 4, true, true, false },
    { buffer_colValues, role_statistic, 8, true, false, false },
    { buffer_colPartialSum, role_workspace, 4, true, false, false },
    { buffer_colPartialMax, role_workspace, 4, true, false, false },
    { buffer_scalarPartial, role_workspace, 4, true, true, false },
    { buffer_gradientTile, role_workspace, 4, false, true, false },
    { buffer_queryPanels, role_workspace, 4, true, true, false },
    { buffer_keyPanels, role_workspace, 4, true, true, false },
    { buffer_queryRows, role_workspace, 4, false, true, false },
    { buffer_keyRows, role_workspace, 4, false, true, false },
};

/* Elements of a buffer. */
static int64_t x86_64_v4_running_count(int buffer, const Shape* s) {
  switch (buffer) {
    case buffer_positiveLogit: return s->n;
    case buffer_rowMax: return s->n;
    case buffer_rowSum: return s->n;
    case buffer_rowScale: return s->n;
    case buffer_rowPull: return s->n;
    case buffer_rowValues: return s->n;
    case buffer_rowPartialSum: return ceil_div(s->cols, 1024) * s->chunk_rows;
    case buffer_rowPartialMax: return ceil_div(s->cols, 1024) * s->chunk_rows;
    case buffer_colMax: return s->m;
    case buffer_colSum: return s->m;
    case buffer_colScale: return s->m;
    case buffer_colPull: return s->m;
    case buffer_colValues: return s->m;
    case buffer_colPartialSum: return ceil_div(s->rows, 192) * s->chunk_cols;
    case buffer_colPartialMax: return ceil_div(s->rows, 192) * s->chunk_cols;
    case buffer_scalarPartial: return ceil_div(s->rows, 192) * ceil_div(s->cols, 1024) * 2;
    case buffer_gradientTile: return (round_up(s->chunk_rows, 12) + 12) * round_up(s->chunk_cols, 96);
    case buffer_queryPanels: return round_up(s->chunk_rows, 12) * 512;
    case buffer_keyPanels: return round_up(s->chunk_cols, 32) * 512;
    case buffer_queryRows: return round_up(s->chunk_rows, 256) * 512;
    case buffer_keyRows: return round_up(s->chunk_cols, 256) * 512;
    default: return 0;
  }
}

/* The members of `struct Uniforms` of the kernels. */
static void x86_64_v4_running_uniforms(const infinitile_clip_inputs* inputs, double pair_weight, float* u) {
  (void)inputs, (void)pair_weight, (void)u;
  u[0] = (float)(exp(inputs->params.logScale));
}

/* Checks of the inputs: largest norms, values that are not finite. */
static int x86_64_v4_running_inspect(Run* run, const Shape* s) {
  LAUNCH(x86_64_v4_running_norms, 1, AT(buffer_queries, 0), INT(s->n), AT(buffer_queryNorms, 0), AT(buffer_queryBadRows, 0),
      INT(s->workers));
  LAUNCH(x86_64_v4_running_norms, 1, AT(buffer_keys, 0), INT(s->m), AT(buffer_keyNorms, 0), AT(buffer_keyBadRows, 0),
      INT(s->workers));
  return 0;
}

/* Sums of exponentials and of the pair term, and the loss. */
static int x86_64_v4_running_forward(Run* run, const Shape* s) {
  FILL(buffer_scalars, 0x00000000u);
  FILL(buffer_rowMax, 0xff800000u);
  FILL(buffer_rowSum, 0x00000000u);
  FILL(buffer_flags, 0x7fffffffu);
  FILL(buffer_colMax, 0xff800000u);
  FILL(buffer_colSum, 0x00000000u);
  FILL(buffer_positiveLogit, 0x7f800000u);
  LAUNCH(x86_64_v4_running_positives, 1, AT(buffer_queries, 0), AT(buffer_keys, 0), INT(s->n), INT(s->m), INT(0), INT(0), NOTHING,
      UNIFORMS, AT(buffer_positiveLogit, 0), INT(s->workers));
  for (int64_t col0 = 0; col0 < s->m; col0 += s->chunk_cols) {
    const int64_t cols = least(s->chunk_cols, s->m - col0);
    LAUNCH(x86_64_v4_running_pack_key_panels, 1, AT(buffer_keys, 2 * col0 * 512), INT(cols), AT(buffer_keyPanels, 0),
        INT(s->workers));
    for (int64_t row0 = 0; row0 < s->n; row0 += s->chunk_rows) {
      const int64_t rows = least(s->chunk_rows, s->n - row0);
      LAUNCH(x86_64_v4_running_pack_query_panels, 1, AT(buffer_queries, 2 * row0 * 512), INT(rows), AT(buffer_queryPanels, 0),
          INT(s->workers));
      LAUNCH(x86_64_v4_running_stats, 1, AT(buffer_queryPanels, 0), AT(buffer_keyPanels, 0), INT(rows), INT(cols), INT(row0), INT(col0),
          NOTHING, AT(buffer_positiveLogit, 4 * row0), NOTHING, SCALAR(offset), UNIFORMS, INT(s->chunk_rows), INT(s->chunk_cols),
          AT(buffer_rowPartialMax, 0), AT(buffer_rowPartialSum, 0), NOTHING, AT(buffer_colPartialMax, 0), AT(buffer_colPartialSum, 0),
          NOTHING, AT(buffer_scalarPartial, 0), INT(s->workers));
      LAUNCH(x86_64_v4_running_merge, 1, AT(buffer_rowPartialMax, 0), AT(buffer_rowPartialSum, 0), INT(ceil_div(cols, 1024)),
          INT(s->chunk_rows), INT(rows), SCALAR(offset), AT(buffer_rowMax, 4 * row0), AT(buffer_rowSum, 4 * row0), INT(s->workers));
      LAUNCH(x86_64_v4_running_merge, 1, AT(buffer_colPartialMax, 0), AT(buffer_colPartialSum, 0), INT(ceil_div(rows, 192)),
          INT(s->chunk_cols), INT(cols), SCALAR(offset), AT(buffer_colMax, 4 * col0), AT(buffer_colSum, 4 * col0), INT(s->workers));
    }
  }
  LAUNCH(x86_64_v4_running_row_terms, 1, AT(buffer_rowMax, 0), AT(buffer_rowSum, 0), NOTHING, AT(buffer_positiveLogit, 0), NOTHING,
      NOTHING, INT(s->n), INT(s->n), INT(0), INT(0), SCALAR(row_weight), SCALAR(sum_floor), UNIFORMS, AT(buffer_rowScale, 0),
      AT(buffer_rowPull, 0), NOTHING, AT(buffer_rowLoss, 0), AT(buffer_rowValues, 0), AT(buffer_rowParams, 0), AT(buffer_flags, 0),
      AT(buffer_flags, 4 * 2), AT(buffer_flags, 4 * 1), INT(s->workers));
  LAUNCH(x86_64_v4_running_col_terms, 1, AT(buffer_colMax, 0), AT(buffer_colSum, 0), NOTHING, AT(buffer_positiveLogit, 0), NOTHING,
      NOTHING, INT(s->m), INT(s->n), INT(0), INT(0), SCALAR(col_weight), SCALAR(sum_floor), UNIFORMS, AT(buffer_colScale, 0),
      AT(buffer_colPull, 0), NOTHING, AT(buffer_colLoss, 0), AT(buffer_colValues, 0), AT(buffer_colParams, 0), AT(buffer_flags, 0),
      AT(buffer_flags, 4 * 4), AT(buffer_flags, 4 * 3), INT(s->workers));
  return 0;
}

/* Gradients, from the forward walk's sums. */
static int x86_64_v4_running_backward(Run* run, const Shape* s) {
  FILL(buffer_scalars, 0x00000000u);
  FILL(buffer_dQueries, 0x00000000u);
  FILL(buffer_dKeys, 0x00000000u);
  for (int64_t row0 = 0; row0 < s->n; row0 += s->chunk_rows) {
    const int64_t rows = least(s->chunk_rows, s->n - row0);
    LAUNCH(x86_64_v4_running_pack_query_panels, 1, AT(buffer_queries, 2 * row0 * 512), INT(rows), AT(buffer_queryPanels, 0),
        INT(s->workers));
    LAUNCH(x86_64_v4_running_pack_query_rows, 1, AT(buffer_queries, 2 * row0 * 512), INT(rows), AT(buffer_queryRows, 0),
        INT(s->workers));
    for (int64_t col0 = 0; col0 < s->m; col0 += s->chunk_cols) {
      const int64_t cols = least(s->chunk_cols, s->m - col0);
      LAUNCH(x86_64_v4_running_pack_key_panels, 1, AT(buffer_keys, 2 * col0 * 512), INT(cols), AT(buffer_keyPanels, 0),
          INT(s->workers));
      LAUNCH(x86_64_v4_running_pack_key_rows, 1, AT(buffer_keys, 2 * col0 * 512), INT(cols), AT(buffer_keyRows, 0), INT(s->workers));
      LAUNCH(x86_64_v4_running_gradient, 1, AT(buffer_queryPanels, 0), AT(buffer_keyPanels, 0), INT(rows), INT(cols), INT(row0),
          INT(col0), NOTHING, AT(buffer_positiveLogit, 4 * row0), NOTHING, SCALAR(offset), UNIFORMS, AT(buffer_rowMax, 4 * row0),
          AT(buffer_rowScale, 4 * row0), AT(buffer_rowPull, 4 * row0), NOTHING, AT(buffer_colMax, 4 * col0),
          AT(buffer_colScale, 4 * col0), AT(buffer_colPull, 4 * col0), NOTHING, INT((round_up(s->chunk_rows, 12) + 12)),
          SCALAR(gradient_scale), AT(buffer_gradientTile, 0), AT(buffer_scalarPartial, 0), INT(s->workers));
      LAUNCH(x86_64_v4_running_reduce_scalars, 1, AT(buffer_scalarPartial, 0), INT(ceil_div(rows, 192) * ceil_div(cols, 1024)),
          AT(buffer_scalars, 0), INT(s->workers));
      LAUNCH(x86_64_v4_running_accumulate_queries, 1, AT(buffer_gradientTile, 0), INT((round_up(s->chunk_rows, 12) + 12)),
          SCALAR(gradient_unscale), AT(buffer_keyRows, 0), INT(rows), INT(cols), AT(buffer_dQueries, 4 * row0 * 512), INT(s->workers));
      LAUNCH(x86_64_v4_running_accumulate_keys, 1, AT(buffer_gradientTile, 0), INT((round_up(s->chunk_rows, 12) + 12)),
          SCALAR(gradient_unscale), AT(buffer_queryRows, 0), INT(rows), INT(cols), AT(buffer_dKeys, 4 * col0 * 512), INT(s->workers));
    }
  }
  return 0;
}

static const Plan x86_64_v4_running_plan = {
    .chunk_rows = 4096,
    .chunk_cols = 4096,
    .block_rows = 192,
    .block_cols = 1024,
    .cols_per_round = 1024,
    .forward_rows = 1,
    .forward_cols = 1,
    .chunk_is_fixed = false,
    .most_workers = 0,
    .buffers = x86_64_v4_running_buffers,
    .buffer_uses = (int)(sizeof x86_64_v4_running_buffers / sizeof *x86_64_v4_running_buffers),
    .count = x86_64_v4_running_count,
    .uniforms = x86_64_v4_running_uniforms,
    .inspect = x86_64_v4_running_inspect,
    .forward = x86_64_v4_running_forward,
    .backward = x86_64_v4_running_backward,
};
