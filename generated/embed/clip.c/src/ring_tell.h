// Emitted by infinitile 0.2.0: do not edit.
// SPDX-License-Identifier: Apache-2.0
//
// loss       clip
// logit      exp(params.logScale) * dot
// inputs     bf16, depth 512
// targets    x86-64-v4, sm_90a

/* What a rank tells the others between passes. */

/* Blocks of 4 bytes a row that a share brings. */
static int blocks_of(Stage stage) {
  if (stage == stage_begin_share) return 0;
  return stage == stage_positives_share ? 0 : 0;
}

static int64_t block_rows(const infinitile_clip_ring* ring) { return most_of(&ring->run.shards, row_side); }

static size_t share_bytes(const infinitile_clip_ring* ring) {
  return round_up((int64_t)sizeof(Share) + 4 * blocks_of(ring->stage) * block_rows(ring), 8);
}

/* Ranks that are not alike in it could not understand each other. */
static uint64_t mark_of(const infinitile_clip_ring* ring) {
  const Shards* s = &ring->run.shards;
  uint64_t mark = state_mark;
  for (int rank = 0; rank <= s->ranks; ++rank) {
    mark = (mark ^ (uint64_t)s->queries[rank]) * 0x100000001b3u;
    mark = (mark ^ (uint64_t)s->keys[rank]) * 0x100000001b3u;
  }
  return (mark ^ (uint64_t)ring->stage ^ ((uint64_t)ring->walks_forward << 8) ^ ((uint64_t)ring->makes_gradients << 9)) * 0x100000001b3u;
}

enum { loss_word = 5, first_param_word = 6 };

/* Flags hold the first row (column) of its kind: in the whole matrix it has another number. */
static void tell_flags(const Run* run, const Readings* found, double* words) {
  static const Side sides[] = { { false, true }, { true, false }, { true, false }, { false, true }, { false, true } };
  for (int i = 0; i < 5; ++i) {
    const int32_t flag = found->flags[i];
    if (i == 0) words[i] = flag == 1 ? 1 : INT32_MAX;
    else words[i] = flag == INT32_MAX ? INT32_MAX : (double)whole_number(&run->shards, sides[i], flag);
  }
}

static void hear_flags(const Shares* shares, int ranks, Readings* found) {
  for (int i = 0; i < 5; ++i) {
    double first = INT32_MAX;
    for (int rank = 0; rank < ranks; ++rank) first = lower(first, share_of(shares, rank).words[i]);
    found->flags[i] = (int32_t)first;
  }
}

static int tell_results(infinitile_clip_ring* ring, double* words) {
  Readings found;
  const int status = read_readings(&ring->run, &found);
  if (status != 0) return status;
  tell_flags(&ring->run, &found, words);
  words[loss_word] = loss_of(&found);
  params_of(&found, words + first_param_word);
  return 0;
}

static int tell_begin(infinitile_clip_ring* ring, Share* share, char* numbers) {
  memcpy(share->words, &ring->extremes, sizeof ring->extremes);
  share->words[extreme_count + 0] = ring->run.inputs.params.logScale;
  (void)numbers;
  return 0;
}

static int tell(infinitile_clip_ring* ring, Share* share, char* numbers) {
  switch (ring->stage) {
    case stage_begin_share: return tell_begin(ring, share, numbers);
    default: return tell_results(ring, share->words);
  }
}
