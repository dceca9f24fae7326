// Emitted by infinitile 0.2.0: do not edit.
// SPDX-License-Identifier: Apache-2.0
//
// loss       clip
// logit      exp(params.logScale) * dot
// terms      row softmax: lse - positiveLogit, weight 0.5, mean
//            column softmax: lse - positiveLogit, weight 0.5, mean
// softmax    bounded
// inputs     bf16, depth 512
// target     x86-64-v4
// tile       chunk        4096 x 4096
//            block        192 x 1024, depth 256
//            register     12 x 32
//            instruction  avx512.fma

/* The plan of target x86-64-v4, softmax bounded: its buffers, kernels and walks, the shapes open. */

HostKernel infinitile_clip_x86_64_v4_norms;
HostKernel infinitile_clip_x86_64_v4_positives;
HostKernel infinitile_clip_x86_64_v4_stats;
HostKernel infinitile_clip_x86_64_v4_merge;
HostKernel infinitile_clip_x86_64_v4_row_terms;
HostKernel infinitile_clip_x86_64_v4_col_terms;
HostKernel infinitile_clip_x86_64_v4_gradient;
HostKernel infinitile_clip_x86_64_v4_reduce_scalars;
HostKernel infinitile_clip_x86_64_v4_accumulate_queries;
HostKernel infinitile_clip_x86_64_v4_accumulate_keys;
HostKernel infinitile_clip_x86_64_v4_add;
HostKernel infinitile_clip_x86_64_v4_pack_query_panels;
HostKernel infinitile_clip_x86_64_v4_pack_key_panels;
HostKernel infinitile_clip_x86_64_v4_pack_query_rows;
HostKernel infinitile_clip_x86_64_v4_pack_key_rows;

static const Kernel x86_64_v4_ring_bounded_norms = { infinitile_clip_x86_64_v4_norms, 0, 1, 0 };
static const Kernel x86_64_v4_ring_bounded_positives = { infinitile_clip_x86_64_v4_positives, 0, 1, 0 };
static const Kernel x86_64_v4_ring_bounded_stats = { infinitile_clip_x86_64_v4_stats, 0, 1, 0 };
static const Kernel x86_64_v4_ring_bounded_merge = { infinitile_clip_x86_64_v4_merge, 0, 1, 0 };
static const Kernel x86_64_v4_ring_bounded_row_terms = { infinitile_clip_x86_64_v4_row_terms, 0, 1, 0 };
static const Kernel x86_64_v4_ring_bounded_col_terms = { infinitile_clip_x86_64_v4_col_terms, 0, 1, 0 };
static const Kernel x86_64_v4_ring_bounded_gradient = { infinitile_clip_x86_64_v4_gradient, 0, 1, 0 };
static const Kernel x86_64_v4_ring_bounded_reduce_scalars = { infinitile_clip_x86_64_v4_reduce_scalars, 0, 1, 0 };
static const Kernel x86_64_v4_ring_bounded_accumulate_queries = { infinitile_clip_x86_64_v4_accumulate_queries, 0, 1, 0 };
static const Kernel x86_64_v4_ring_bounded_accumulate_keys = { infinitile_clip_x86_64_v4_accumulate_keys, 0, 1, 0 };
static const Kernel x86_64_v4_ring_bounded_add = { infinitile_clip_x86_64_v4_add, 0, 1, 0 };
static const Kernel x86_64_v4_ring_bounded_pack_query_panels = { infinitile_clip_x86_64_v4_pack_query_panels, 0, 1, 0 };
static const Kernel x86_64_v4_ring_bounded_pack_key_panels = { infinitile_clip_x86_64_v4_pack_key_panels, 0, 1, 0 };
static const Kernel x86_64_v4_ring_bounded_pack_query_rows = { infinitile_clip_x86_64_v4_pack_query_rows, 0, 1, 0 };
static const Kernel x86_64_v4_ring_bounded_pack_key_rows = { infinitile_clip_x86_64_v4_pack_key_rows, 0, 1, 0 };

static const BufferUse x86_64_v4_ring_bounded_buffers[] = {
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
    { buffer_tileColMax, role_tile, 4, false, true, false },
    { buffer_tileColSum, role_tile, 4, false, true, false },
    { buffer_tileDKeys, role_tile, 4, false, true, false },
    { buffer_scalarPartial, role_workspace, 4, true, true, false },
    { buffer_gradientTile, role_workspace, 4, false, true, false },
    { buffer_queryPanels, role_workspace, 4, true, true, false },
    { buffer_keyPanels, role_workspace, 4, true, true, false },
    { buffer_queryRows, role_workspace, 4, false, true, false },
    { buffer_keyRows, role_workspace, 4, false, true, false },
};

/* Elements of a buffer. */
static int64_t x86_64_v4_ring_bounded_count(int buffer, const Shape* s) {
  switch (buffer) {
    case buffer_positiveLogit: return s->n;
    case buffer_rowMax: return s->n;
    case buffer_rowSum: return s->n;
    case buffer_rowScale: return s->n;
    case buffer_rowPull: return s->n;
    case buffer_rowValues: return s->n;
    case buffer_rowPartialSum: return ceil_div(s->cols, 1024) * s->chunk_rows;
    case buffer_colMax: return s->m;
    case buffer_colSum: return s->m;
    case buffer_colScale: return s->m;
    case buffer_colPull: return s->m;
    case buffer_colValues: return s->m;
    case buffer_colPartialSum: return ceil_div(s->rows, 192) * s->chunk_cols;
    case buffer_tileColMax: return s->m;
    case buffer_tileColSum: return s->m;
    case buffer_tileDKeys: return s->m * 512;
    case buffer_scalarPartial: return ceil_div(s->rows, 192) * ceil_div(s->cols, 1024) * 2;
    case buffer_gradientTile: return (round_up(s->chunk_rows, 12) + 12) * round_up(s->chunk_cols, 96);
    case buffer_queryPanels: return round_up(s->chunk_rows, 12) * 512;
    case buffer_keyPanels: return round_up(s->chunk_cols, 32) * 512;
    case buffer_queryRows: return round_up(s->chunk_rows, 256) * 512;
    case buffer_keyRows: return round_up(s->chunk_cols, 256) * 512;
    case buffer_keys: return s->m * 512;
    case buffer_dKeys: return s->m * 512;
    default: return 0;
  }
}

/* The members of `struct Uniforms` of the kernels. */
static void x86_64_v4_ring_bounded_uniforms(const infinitile_clip_inputs* inputs, double pair_weight, float* u) {
  (void)inputs, (void)pair_weight, (void)u;
  u[0] = (float)(exp(inputs->params.logScale));
}

/* Checks of the inputs: largest norms, values that are not finite. */
static int x86_64_v4_ring_bounded_inspect(Run* run, const Shape* s) {
  LAUNCH(x86_64_v4_ring_bounded_norms, 1, AT(buffer_queries, 0), INT(s->n), AT(buffer_queryNorms, 0), AT(buffer_queryBadRows, 0),
      INT(s->workers));
  LAUNCH(x86_64_v4_ring_bounded_norms, 1, AT(buffer_keys, 0), INT(s->m), AT(buffer_keyNorms, 0), AT(buffer_keyBadRows, 0),
      INT(s->workers));
  return 0;
}

/* Forward: before all tiles. */
static int x86_64_v4_ring_bounded_forward_begin(Run* run, const Shape* s) {
  (void)s;
  FILL(buffer_scalars, 0x00000000u);
  FILL(buffer_rowMax, 0xff800000u);
  FILL(buffer_rowSum, 0x00000000u);
  FILL(buffer_flags, 0x7fffffffu);
  FILL(buffer_positiveLogit, 0x7f800000u);
  return 0;
}

/* Forward: no sums of the columns at hand. */
static int x86_64_v4_ring_bounded_forward_clear(Run* run, const Shape* s) {
  (void)s;
  FILL(buffer_colMax, 0xff800000u);
  FILL(buffer_colSum, 0x00000000u);
  return 0;
}

/* Forward: positives of a tile. */
static int x86_64_v4_ring_bounded_forward_of_positives(Run* run, const Shape* s) {
  LAUNCH(x86_64_v4_ring_bounded_positives, 1, AT(buffer_queries, 2 * s->row0 * 512), AT(buffer_keys, 2 * s->col0 * 512),
      INT(s->rows), INT(s->cols), INT((s->row0 + s->row_shift)), INT((s->col0 + s->col_shift)), NOTHING, UNIFORMS,
      AT(buffer_positiveLogit, 4 * s->row0), INT(s->workers));
  return 0;
}

/* Forward: a tile. */
static int x86_64_v4_ring_bounded_forward_tile(Run* run, const Shape* s) {
  for (int64_t col0 = s->col0; col0 < s->col0 + s->cols; col0 += s->chunk_cols) {
    const int64_t cols = least(s->chunk_cols, s->col0 + s->cols - col0);
    LAUNCH(x86_64_v4_ring_bounded_pack_key_panels, 1, AT(buffer_keys, 2 * col0 * 512), INT(cols), AT(buffer_keyPanels, 0),
        INT(s->workers));
    for (int64_t row0 = s->row0; row0 < s->row0 + s->rows; row0 += s->chunk_rows) {
      const int64_t rows = least(s->chunk_rows, s->row0 + s->rows - row0);
      LAUNCH(x86_64_v4_ring_bounded_pack_query_panels, 1, AT(buffer_queries, 2 * row0 * 512), INT(rows), AT(buffer_queryPanels, 0),
          INT(s->workers));
      LAUNCH(x86_64_v4_ring_bounded_stats, 1, AT(buffer_queryPanels, 0), AT(buffer_keyPanels, 0), INT(rows), INT(cols),
          INT((row0 + s->row_shift)), INT((col0 + s->col_shift)), NOTHING, AT(buffer_positiveLogit, 4 * row0), NOTHING, SCALAR(offset),
          UNIFORMS, INT(s->chunk_rows), INT(s->chunk_cols), NOTHING, AT(buffer_rowPartialSum, 0), NOTHING, NOTHING,
          AT(buffer_colPartialSum, 0), NOTHING, AT(buffer_scalarPartial, 0), INT(s->workers));
      LAUNCH(x86_64_v4_ring_bounded_merge, 1, NOTHING, AT(buffer_rowPartialSum, 0), INT(ceil_div(cols, 1024)), INT(s->chunk_rows),
          INT(rows), SCALAR(offset), AT(buffer_rowMax, 4 * row0), AT(buffer_rowSum, 4 * row0), INT(s->workers));
      LAUNCH(x86_64_v4_ring_bounded_merge, 1, NOTHING, AT(buffer_colPartialSum, 0), INT(ceil_div(rows, 192)), INT(s->chunk_cols),
          INT(cols), SCALAR(offset), AT(buffer_colMax, 4 * col0), AT(buffer_colSum, 4 * col0), INT(s->workers));
    }
  }
  return 0;
}

/* Forward: a tile that is one chunk, but for the sums of its columns. */
static int x86_64_v4_ring_bounded_forward_make(Run* run, const Shape* s) {
  LAUNCH(x86_64_v4_ring_bounded_pack_key_panels, 1, AT(buffer_keys, 2 * s->col0 * 512), INT(s->cols), AT(buffer_keyPanels, 0),
      INT(s->workers));
  LAUNCH(x86_64_v4_ring_bounded_pack_query_panels, 1, AT(buffer_queries, 2 * s->row0 * 512), INT(s->rows),
      AT(buffer_queryPanels, 0), INT(s->workers));
  LAUNCH(x86_64_v4_ring_bounded_stats, 1, AT(buffer_queryPanels, 0), AT(buffer_keyPanels, 0), INT(s->rows), INT(s->cols),
      INT((s->row0 + s->row_shift)), INT((s->col0 + s->col_shift)), NOTHING, AT(buffer_positiveLogit, 4 * s->row0), NOTHING,
      SCALAR(offset), UNIFORMS, INT(s->chunk_rows), INT(s->chunk_cols), NOTHING, AT(buffer_rowPartialSum, 0), NOTHING, NOTHING,
      AT(buffer_colPartialSum, 0), NOTHING, AT(buffer_scalarPartial, 0), INT(s->workers));
  LAUNCH(x86_64_v4_ring_bounded_merge, 1, NOTHING, AT(buffer_rowPartialSum, 0), INT(ceil_div(s->cols, 1024)), INT(s->chunk_rows),
      INT(s->rows), SCALAR(offset), AT(buffer_rowMax, 4 * s->row0), AT(buffer_rowSum, 4 * s->row0), INT(s->workers));
  return 0;
}

/* Forward: those sums. */
static int x86_64_v4_ring_bounded_forward_add(Run* run, const Shape* s) {
  LAUNCH(x86_64_v4_ring_bounded_merge, 1, NOTHING, AT(buffer_colPartialSum, 0), INT(ceil_div(s->rows, 192)), INT(s->chunk_cols),
      INT(s->cols), SCALAR(offset), AT(buffer_colMax, 4 * s->col0), AT(buffer_colSum, 4 * s->col0), INT(s->workers));
  return 0;
}

/* Forward: sums of a tile added to those that came. */
static int x86_64_v4_ring_bounded_forward_merge(Run* run, const Shape* s) {
  LAUNCH(x86_64_v4_ring_bounded_merge, 1, AT(buffer_tileColMax, 0), AT(buffer_tileColSum, 0), INT(1), INT(s->m), INT(s->m),
      SCALAR(offset), AT(buffer_colMax, 0), AT(buffer_colSum, 0), INT(s->workers));
  return 0;
}

/* Values of the softmax terms, and their derivatives. */
static int x86_64_v4_ring_bounded_terms(Run* run, const Shape* s) {
  LAUNCH(x86_64_v4_ring_bounded_row_terms, 1, AT(buffer_rowMax, 0), AT(buffer_rowSum, 0), NOTHING, AT(buffer_positiveLogit, 0),
      NOTHING, NOTHING, INT(s->n), INT(s->n), INT(s->first_query), INT(s->first_key), SCALAR(row_weight), SCALAR(sum_floor),
      UNIFORMS, AT(buffer_rowScale, 0), AT(buffer_rowPull, 0), NOTHING, AT(buffer_rowLoss, 0), AT(buffer_rowValues, 0),
      AT(buffer_rowParams, 0), AT(buffer_flags, 0), AT(buffer_flags, 4 * 2), AT(buffer_flags, 4 * 1), INT(s->workers));
  LAUNCH(x86_64_v4_ring_bounded_col_terms, 1, AT(buffer_colMax, 0), AT(buffer_colSum, 0), NOTHING, AT(buffer_positiveLogit, 0),
      NOTHING, NOTHING, INT(s->m), INT(s->n), INT(s->first_query), INT(s->first_key), SCALAR(col_weight), SCALAR(sum_floor),
      UNIFORMS, AT(buffer_colScale, 0), AT(buffer_colPull, 0), NOTHING, AT(buffer_colLoss, 0), AT(buffer_colValues, 0),
      AT(buffer_colParams, 0), AT(buffer_flags, 0), AT(buffer_flags, 4 * 4), AT(buffer_flags, 4 * 3), INT(s->workers));
  return 0;
}

/* Backward: before all tiles. */
static int x86_64_v4_ring_bounded_backward_begin(Run* run, const Shape* s) {
  (void)s;
  FILL(buffer_scalars, 0x00000000u);
  FILL(buffer_dQueries, 0x00000000u);
  return 0;
}

/* Backward: no sums of the columns at hand. */
static int x86_64_v4_ring_bounded_backward_clear(Run* run, const Shape* s) {
  (void)s;
  FILL(buffer_dKeys, 0x00000000u);
  return 0;
}

/* Backward: a tile. */
static int x86_64_v4_ring_bounded_backward_tile(Run* run, const Shape* s) {
  for (int64_t row0 = s->row0; row0 < s->row0 + s->rows; row0 += s->chunk_rows) {
    const int64_t rows = least(s->chunk_rows, s->row0 + s->rows - row0);
    LAUNCH(x86_64_v4_ring_bounded_pack_query_panels, 1, AT(buffer_queries, 2 * row0 * 512), INT(rows), AT(buffer_queryPanels, 0),
        INT(s->workers));
    LAUNCH(x86_64_v4_ring_bounded_pack_query_rows, 1, AT(buffer_queries, 2 * row0 * 512), INT(rows), AT(buffer_queryRows, 0),
        INT(s->workers));
    for (int64_t col0 = s->col0; col0 < s->col0 + s->cols; col0 += s->chunk_cols) {
      const int64_t cols = least(s->chunk_cols, s->col0 + s->cols - col0);
      LAUNCH(x86_64_v4_ring_bounded_pack_key_panels, 1, AT(buffer_keys, 2 * col0 * 512), INT(cols), AT(buffer_keyPanels, 0),
          INT(s->workers));
      LAUNCH(x86_64_v4_ring_bounded_pack_key_rows, 1, AT(buffer_keys, 2 * col0 * 512), INT(cols), AT(buffer_keyRows, 0),
          INT(s->workers));
      LAUNCH(x86_64_v4_ring_bounded_gradient, 1, AT(buffer_queryPanels, 0), AT(buffer_keyPanels, 0), INT(rows), INT(cols),
          INT((row0 + s->row_shift)), INT((col0 + s->col_shift)), NOTHING, AT(buffer_positiveLogit, 4 * row0), NOTHING, SCALAR(offset),
          UNIFORMS, AT(buffer_rowScale, 4 * row0), AT(buffer_rowPull, 4 * row0), NOTHING, AT(buffer_colScale, 4 * col0),
          AT(buffer_colPull, 4 * col0), NOTHING, INT((round_up(s->chunk_rows, 12) + 12)), SCALAR(gradient_scale),
          AT(buffer_gradientTile, 0), AT(buffer_scalarPartial, 0), INT(s->workers));
      LAUNCH(x86_64_v4_ring_bounded_reduce_scalars, 1, AT(buffer_scalarPartial, 0), INT(ceil_div(rows, 192) * ceil_div(cols, 1024)),
          AT(buffer_scalars, 0), INT(s->workers));
      LAUNCH(x86_64_v4_ring_bounded_accumulate_queries, 1, AT(buffer_gradientTile, 0), INT((round_up(s->chunk_rows, 12) + 12)),
          SCALAR(gradient_unscale), AT(buffer_keyRows, 0), INT(rows), INT(cols), AT(buffer_dQueries, 4 * row0 * 512), INT(s->workers));
      LAUNCH(x86_64_v4_ring_bounded_accumulate_keys, 1, AT(buffer_gradientTile, 0), INT((round_up(s->chunk_rows, 12) + 12)),
          SCALAR(gradient_unscale), AT(buffer_queryRows, 0), INT(rows), INT(cols), AT(buffer_dKeys, 4 * col0 * 512), INT(s->workers));
    }
  }
  return 0;
}

/* Backward: a tile that is one chunk, but for the sums of its columns. */
static int x86_64_v4_ring_bounded_backward_make(Run* run, const Shape* s) {
  LAUNCH(x86_64_v4_ring_bounded_pack_query_panels, 1, AT(buffer_queries, 2 * s->row0 * 512), INT(s->rows),
      AT(buffer_queryPanels, 0), INT(s->workers));
  LAUNCH(x86_64_v4_ring_bounded_pack_query_rows, 1, AT(buffer_queries, 2 * s->row0 * 512), INT(s->rows), AT(buffer_queryRows, 0),
      INT(s->workers));
  LAUNCH(x86_64_v4_ring_bounded_pack_key_panels, 1, AT(buffer_keys, 2 * s->col0 * 512), INT(s->cols), AT(buffer_keyPanels, 0),
      INT(s->workers));
  LAUNCH(x86_64_v4_ring_bounded_pack_key_rows, 1, AT(buffer_keys, 2 * s->col0 * 512), INT(s->cols), AT(buffer_keyRows, 0),
      INT(s->workers));
  LAUNCH(x86_64_v4_ring_bounded_gradient, 1, AT(buffer_queryPanels, 0), AT(buffer_keyPanels, 0), INT(s->rows), INT(s->cols),
      INT((s->row0 + s->row_shift)), INT((s->col0 + s->col_shift)), NOTHING, AT(buffer_positiveLogit, 4 * s->row0), NOTHING,
      SCALAR(offset), UNIFORMS, AT(buffer_rowScale, 4 * s->row0), AT(buffer_rowPull, 4 * s->row0), NOTHING,
      AT(buffer_colScale, 4 * s->col0), AT(buffer_colPull, 4 * s->col0), NOTHING, INT((round_up(s->chunk_rows, 12) + 12)),
      SCALAR(gradient_scale), AT(buffer_gradientTile, 0), AT(buffer_scalarPartial, 0), INT(s->workers));
  LAUNCH(x86_64_v4_ring_bounded_reduce_scalars, 1, AT(buffer_scalarPartial, 0),
      INT(ceil_div(s->rows, 192) * ceil_div(s->cols, 1024)), AT(buffer_scalars, 0), INT(s->workers));
  return 0;
}

/* Backward: those sums. */
static int x86_64_v4_ring_bounded_backward_add(Run* run, const Shape* s) {
  LAUNCH(x86_64_v4_ring_bounded_accumulate_queries, 1, AT(buffer_gradientTile, 0), INT((round_up(s->chunk_rows, 12) + 12)),
      SCALAR(gradient_unscale), AT(buffer_keyRows, 0), INT(s->rows), INT(s->cols), AT(buffer_dQueries, 4 * s->row0 * 512),
      INT(s->workers));
  LAUNCH(x86_64_v4_ring_bounded_accumulate_keys, 1, AT(buffer_gradientTile, 0), INT((round_up(s->chunk_rows, 12) + 12)),
      SCALAR(gradient_unscale), AT(buffer_queryRows, 0), INT(s->rows), INT(s->cols), AT(buffer_dKeys, 4 * s->col0 * 512),
      INT(s->workers));
  return 0;
}

/* Backward: sums of a tile added to those that came. */
static int x86_64_v4_ring_bounded_backward_merge(Run* run, const Shape* s) {
  LAUNCH(x86_64_v4_ring_bounded_add, 1, INT(s->m), AT(buffer_tileDKeys, 0), AT(buffer_dKeys, 0), INT(s->workers));
  return 0;
}

static const Part x86_64_v4_ring_bounded_forward_keys[] = {
    { buffer_keys, 2, buffer_keys, -1 },
};

static const Part x86_64_v4_ring_bounded_forward_sums[] = {
    { buffer_colMax, 4, buffer_colMax, buffer_tileColMax },
    { buffer_colSum, 4, buffer_colSum, buffer_tileColSum },
};

static const Part x86_64_v4_ring_bounded_backward_keys[] = {
    { buffer_keys, 2, buffer_keys, -1 },
    { buffer_colScale, 4, buffer_colScale, -1 },
    { buffer_colPull, 4, buffer_colPull, -1 },
};

static const Part x86_64_v4_ring_bounded_backward_sums[] = {
    { buffer_dKeys, 4, buffer_dKeys, buffer_tileDKeys },
};

static const RingPlan x86_64_v4_ring_bounded_walks = {
    .positives = {
        .begin = NULL,
        .clear = NULL,
        .of_positives = NULL,
        .tile = NULL,
        .make = NULL,
        .add = NULL,
        .merge = NULL,
        .end = NULL,
        .keys = NULL,
        .key_parts = 0,
        .sums = NULL,
        .sum_parts = 0,
    },
    .forward = {
        .begin = x86_64_v4_ring_bounded_forward_begin,
        .clear = x86_64_v4_ring_bounded_forward_clear,
        .of_positives = x86_64_v4_ring_bounded_forward_of_positives,
        .tile = x86_64_v4_ring_bounded_forward_tile,
        .make = x86_64_v4_ring_bounded_forward_make,
        .add = x86_64_v4_ring_bounded_forward_add,
        .merge = x86_64_v4_ring_bounded_forward_merge,
        .end = NULL,
        .keys = x86_64_v4_ring_bounded_forward_keys,
        .key_parts = 1,
        .sums = x86_64_v4_ring_bounded_forward_sums,
        .sum_parts = 2,
    },
    .backward = {
        .begin = x86_64_v4_ring_bounded_backward_begin,
        .clear = x86_64_v4_ring_bounded_backward_clear,
        .of_positives = NULL,
        .tile = x86_64_v4_ring_bounded_backward_tile,
        .make = x86_64_v4_ring_bounded_backward_make,
        .add = x86_64_v4_ring_bounded_backward_add,
        .merge = x86_64_v4_ring_bounded_backward_merge,
        .end = NULL,
        .keys = x86_64_v4_ring_bounded_backward_keys,
        .key_parts = 3,
        .sums = x86_64_v4_ring_bounded_backward_sums,
        .sum_parts = 1,
    },
    .terms = x86_64_v4_ring_bounded_terms,
    .diagonal = true,
};

static const Plan x86_64_v4_ring_bounded_plan = {
    .chunk_rows = 4096,
    .chunk_cols = 4096,
    .block_rows = 192,
    .block_cols = 1024,
    .cols_per_round = 1024,
    .forward_rows = 1,
    .forward_cols = 1,
    .chunk_is_fixed = false,
    .most_workers = 0,
    .buffers = x86_64_v4_ring_bounded_buffers,
    .buffer_uses = (int)(sizeof x86_64_v4_ring_bounded_buffers / sizeof *x86_64_v4_ring_bounded_buffers),
    .count = x86_64_v4_ring_bounded_count,
    .uniforms = x86_64_v4_ring_bounded_uniforms,
    .inspect = x86_64_v4_ring_bounded_inspect,
    .ring = &x86_64_v4_ring_bounded_walks,
};
