// Emitted by infinitile 0.2.0: do not edit.
// SPDX-License-Identifier: Apache-2.0
//
// loss       clip
// logit      exp(params.logScale) * dot
// inputs     bf16, depth 512
// targets    x86-64-v4, sm_90a

/* Which rows and columns of the whole matrix have positives, and what kernels read of it for those that are here. */

static int check_matched(const char* what, int64_t count, int64_t matched, int64_t first) {
  if (matched == count) return 0;
  return fail(INFINITILE_CLIP_ERROR_POSITIVES, "%" PRId64 " %ss without a positive, %s %" PRId64 " the first, and the softmax of 'clip' needs one each",
              count - matched, what, what, first);
}

/* What the loss asks of all rows and columns together: ranks that share them refuse alike. */
static int require_matched(const Run* run, const Matched* matched) {
  int status = 0;
  (void)run, (void)matched;
  status = check_matched("row", run->whole.n, matched->rows, matched->bare_row);
  if (status == 0) status = check_matched("column", run->whole.m, matched->cols, matched->bare_col);
  return status;
}

static int map_rows(Run* run) {
  (void)run;
  return 0;
}

/* Row i and column i are a positive pair. */
static int relate(Run* run, const Shares* maps, Matched* matched) {
  const int64_t n = run->whole.n, m = run->whole.m;
  (void)maps;
  *matched = (Matched){ least(n, m), least(n, m), m, n };
  return 0;
}
