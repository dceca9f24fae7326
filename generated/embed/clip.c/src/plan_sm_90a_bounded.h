// Emitted by infinitile 0.2.0: do not edit.
// SPDX-License-Identifier: Apache-2.0
//
// loss       clip
// logit      exp(params.logScale) * dot
// terms      row softmax: lse - positiveLogit, weight 0.5, mean
//            column softmax: lse - positiveLogit, weight 0.5, mean
// softmax    bounded
// inputs     bf16, depth 512
// target     sm_90a
// tile       chunk        8448 x 42240
//            block        128 x 128, depth 64, stages 6, cluster 2, panel resident, consumers in turns: stats
//            block        128 x 128, depth 64, stages 4, cluster 1, panel resident, consumers in turns: gradient
//            block        128 x 256, depth 64, stages 4, cluster 2: accumulate
//            register     128 x 128
//            instruction  wgmma.m64n128k16

/* The plan of target sm_90a, softmax bounded: its buffers, kernels and walks, the shapes open. */

static const Kernel sm_90a_bounded_norms = { NULL, 0, 256, 0 };
static const Kernel sm_90a_bounded_positives = { NULL, 1, 256, 0 };
static const Kernel sm_90a_bounded_merge = { NULL, 2, 256, 0 };
static const Kernel sm_90a_bounded_row_terms = { NULL, 3, 256, 0 };
static const Kernel sm_90a_bounded_col_terms = { NULL, 4, 256, 0 };
static const Kernel sm_90a_bounded_reduce_scalars = { NULL, 5, 256, 0 };
static const Kernel sm_90a_bounded_stats = { NULL, 6, 384, 229600 };
static const Kernel sm_90a_bounded_gradient = { NULL, 7, 384, 229568 };
static const Kernel sm_90a_bounded_accumulate = { NULL, 8, 384, 196672 };
static const Kernel sm_90a_bounded_results = { NULL, 9, 256, 0 };
static const Kernel sm_90a_bounded_multiply = { NULL, 10, 256, 0 };

static const BufferUse sm_90a_bounded_buffers[] = {
    { buffer_positiveLogit, role_statistic, 4, true, true, false },
    { buffer_rowMax, role_statistic, 4, true, false, false },
    { buffer_rowSum, role_statistic, 4, true, false, false },
    { buffer_rowScale, role_statistic, 4, true, true, false },
    { buffer_rowPull, role_statistic, 4, true, true, false },
    { buffer_rowValues, role_statistic, 8, true, false, false },
    { buffer_rowPartialSum, role_workspace, 4, true, false, false },
    { buffer_colMax, role_statistic, 4, true, false, false },
    { buffer_colSum, role_statistic, 4, true, false, false },
    { buffer_colScale, role_statistic, 4, true, true, false },
    { buffer_colPull, role_statistic, 4, true, true, false },
    { buffer_colValues, role_statistic, 8, true, false, false },
    { buffer_colPartialSum, role_workspace, 4, true, false, false },
    { buffer_scalarPartial, role_workspace, 4, false, true, false },
    { buffer_gradientTile, role_workspace, 2, false, true, false },
};

/* Elements of a buffer. */
static int64_t sm_90a_bounded_count(int buffer, const Shape* s) {
  switch (buffer) {
    case buffer_positiveLogit: return s->n;
    case buffer_rowMax: return s->n;
    case buffer_rowSum: return s->n;
    case buffer_rowScale: return s->n;
    case buffer_rowPull: return s->n;
    case buffer_rowValues: return s->n;
    case buffer_rowPartialSum: return 2 * ceil_div(s->cols, 256) * s->chunk_rows;
    case buffer_colMax: return s->m;
    case buffer_colSum: return s->m;
    case buffer_colScale: return s->m;
    case buffer_colPull: return s->m;
    case buffer_colValues: return s->m;
    case buffer_colPartialSum: return 2048 * least(ceil_div(s->rows, 128) * ceil_div(s->cols, 256), (greatest(1, ceil_div((s->workers + -1), 2)) + 3 * ceil_div(s->cols, 256)));
    case buffer_scalarPartial: return 8 * greatest(s->workers, 2) * 2;
    case buffer_gradientTile: return s->chunk_rows * round_up(s->chunk_cols, 64);
    default: return 0;
  }
}

/* The members of `struct Uniforms` of the kernels. */
static void sm_90a_bounded_uniforms(const infinitile_clip_inputs* inputs, double pair_weight, float* u) {
  (void)inputs, (void)pair_weight, (void)u;
  u[0] = (float)(exp(inputs->params.logScale));
  u[1] = (float)(1.4426950408889634 * exp(inputs->params.logScale));
}

/* Checks of the inputs: largest norms, values that are not finite. */
static int sm_90a_bounded_inspect(Run* run, const Shape* s) {
  LAUNCH(sm_90a_bounded_norms, 256, INT(s->n), AT(buffer_queries, 0), AT(buffer_queryNorms, 0), AT(buffer_queryBadRows, 0));
  LAUNCH(sm_90a_bounded_norms, 256, INT(s->m), AT(buffer_keys, 0), AT(buffer_keyNorms, 0), AT(buffer_keyBadRows, 0));
  return 0;
}

/* Sums of exponentials and of the pair term, and the loss. */
static int sm_90a_bounded_forward(Run* run, const Shape* s) {
  FILL(buffer_scalars, 0x00000000u);
  FILL(buffer_rowMax, 0xff800000u);
  FILL(buffer_rowSum, 0x00000000u);
  FILL(buffer_flags, 0x7fffffffu);
  FILL(buffer_colMax, 0xff800000u);
  FILL(buffer_colSum, 0x00000000u);
  FILL(buffer_positiveLogit, 0x7f800000u);
  LAUNCH(sm_90a_bounded_positives, 256, INT(s->n), INT(s->m), INT(0), INT(0), AT(buffer_queries, 0), AT(buffer_keys, 0), UNIFORMS,
      AT(buffer_positiveLogit, 0));
  for (int64_t col0 = 0; col0 < s->m; col0 += s->chunk_cols) {
    const int64_t cols = least(s->chunk_cols, s->m - col0);
    for (int64_t row0 = 0; row0 < s->n; row0 += s->chunk_rows) {
      const int64_t rows = least(s->chunk_rows, s->n - row0);
      TILES(tiles_0, buffer_queries, 2 * row0 * 512, rows, 512, 1, 512, 512, 64, 64);
      TILES(tiles_1, buffer_keys, 2 * col0 * 512, cols, 512, 1, 512, 512, 128, 64);
      LAUNCH(sm_90a_bounded_stats, 2 * least(greatest(1, ceil_div((s->workers + -1), 2)), ceil_div(rows, 128) * ceil_div(cols, 256)),
          INT(rows), INT(cols), INT(row0), INT(col0), &tiles_0, &tiles_1, AT(buffer_positiveLogit, 4 * row0), SCALAR(offset), UNIFORMS,
          INT(s->chunk_rows), AT(buffer_rowPartialSum, 0), INT(128 * 2 * ceil_div(cols, 256)), AT(buffer_colPartialSum, 0),
          INT(8 * least(ceil_div(rows, 128), (ceil_div(greatest(1, ceil_div((s->workers + -1), 2)), ceil_div(cols, 256)) + 2))));
      LAUNCH(sm_90a_bounded_merge, ceil_div(greatest(rows, cols), 32), INT(rows), INT(2 * ceil_div(cols, 256)), INT(s->chunk_rows),
          AT(buffer_rowPartialSum, 0), SCALAR(offset), AT(buffer_rowMax, 4 * row0), AT(buffer_rowSum, 4 * row0));
      LAUNCH(sm_90a_bounded_merge, ceil_div(greatest(rows, cols), 32), INT(cols),
          INT(8 * least(ceil_div(rows, 128), (ceil_div(greatest(1, ceil_div((s->workers + -1), 2)), ceil_div(cols, 256)) + 2))),
          INT(128 * 2 * ceil_div(cols, 256)), AT(buffer_colPartialSum, 0), SCALAR(offset), AT(buffer_colMax, 4 * col0),
          AT(buffer_colSum, 4 * col0));
    }
  }
  LAUNCH(sm_90a_bounded_row_terms, 256, INT(s->n), INT(s->n), AT(buffer_positiveLogit, 0), AT(buffer_rowMax, 0),
      AT(buffer_rowSum, 0), SCALAR(row_weight), SCALAR(sum_floor), INT(0), UNIFORMS, AT(buffer_rowScale, 0), AT(buffer_rowPull, 0),
      AT(buffer_rowLoss, 0), AT(buffer_rowValues, 0), AT(buffer_rowParams, 0), AT(buffer_flags, 0), AT(buffer_flags, 4 * 2),
      AT(buffer_flags, 4 * 1));
  LAUNCH(sm_90a_bounded_col_terms, 256, INT(s->m), INT(s->n), AT(buffer_positiveLogit, 0), AT(buffer_colMax, 0),
      AT(buffer_colSum, 0), SCALAR(col_weight), SCALAR(sum_floor), INT(0), UNIFORMS, AT(buffer_colScale, 0), AT(buffer_colPull, 0),
      AT(buffer_colLoss, 0), AT(buffer_colValues, 0), AT(buffer_colParams, 0), AT(buffer_flags, 0), AT(buffer_flags, 4 * 4),
      AT(buffer_flags, 4 * 3));
  return 0;
}

/* Gradients, from the forward walk's sums. */
static int sm_90a_bounded_backward(Run* run, const Shape* s) {
  FILL(buffer_scalars, 0x00000000u);
  FILL(buffer_dQueries, 0x00000000u);
  FILL(buffer_dKeys, 0x00000000u);
  for (int64_t row0 = 0; row0 < s->n; row0 += s->chunk_rows) {
    const int64_t rows = least(s->chunk_rows, s->n - row0);
    for (int64_t col0 = 0; col0 < s->m; col0 += s->chunk_cols) {
      const int64_t cols = least(s->chunk_cols, s->m - col0);
      TILES(tiles_2, buffer_queries, 2 * row0 * 512, rows, 512, 1, 512, 512, 128, 64);
      TILES(tiles_3, buffer_keys, 2 * col0 * 512, cols, 512, 1, 512, 512, 128, 64);
      TILES(tiles_4, buffer_gradientTile, 0, rows, cols, 1, round_up(s->chunk_cols, 64), round_up(s->chunk_cols, 64), 16, 64);
      LAUNCH(sm_90a_bounded_gradient, least(s->workers, ceil_div(rows, 128) * ceil_div(cols, 128)), INT(rows), INT(cols), INT(row0),
          INT(col0), &tiles_2, &tiles_3, AT(buffer_positiveLogit, 4 * row0), SCALAR(offset), UNIFORMS, AT(buffer_rowScale, 4 * row0),
          AT(buffer_rowPull, 4 * row0), AT(buffer_colScale, 4 * col0), AT(buffer_colPull, 4 * col0), &tiles_4,
          AT(buffer_scalarPartial, 0));
      LAUNCH(sm_90a_bounded_reduce_scalars, 1, INT(8 * least(s->workers, ceil_div(rows, 128) * ceil_div(cols, 128))),
          AT(buffer_scalarPartial, 0), AT(buffer_scalars, 0));
      TILES(tiles_5, buffer_gradientTile, 0, rows, cols, 1, round_up(s->chunk_cols, 64), round_up(s->chunk_cols, 64), 128, 64);
      TILES(tiles_6, buffer_keys, 2 * col0 * 512, cols, 512, 1, 512, 512, 64, 64);
      TILES(tiles_7, buffer_gradientTile, 0, rows, cols, 1, round_up(s->chunk_cols, 64), round_up(s->chunk_cols, 64), 64, 64);
      TILES(tiles_8, buffer_queries, 2 * row0 * 512, rows, 512, 1, 512, 512, 64, 64);
      LAUNCH(sm_90a_bounded_accumulate,
          2 * least(greatest(1, ceil_div((s->workers + -1), 2)), (ceil_div(rows, 256) * 2 + ceil_div(cols, 256) * 2)), INT(rows),
          INT(cols), &tiles_5, &tiles_6, AT(buffer_dQueries, 4 * row0 * 512), &tiles_7, &tiles_8, AT(buffer_dKeys, 4 * col0 * 512));
    }
  }
  return 0;
}

static const Plan sm_90a_bounded_plan = {
    .chunk_rows = 8448,
    .chunk_cols = 42240,
    .block_rows = 128,
    .block_cols = 128,
    .cols_per_round = 8448,
    .forward_rows = 4,
    .forward_cols = 2,
    .chunk_is_fixed = false,
    .most_workers = 0,
    .buffers = sm_90a_bounded_buffers,
    .buffer_uses = (int)(sizeof sm_90a_bounded_buffers / sizeof *sm_90a_bounded_buffers),
    .count = sm_90a_bounded_count,
    .uniforms = sm_90a_bounded_uniforms,
    .inspect = sm_90a_bounded_inspect,
    .results = &sm_90a_bounded_results,
    .multiply = &sm_90a_bounded_multiply,
    .forward = sm_90a_bounded_forward,
    .backward = sm_90a_bounded_backward,
};
