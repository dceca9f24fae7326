// Emitted by infinitile 0.2.0: do not edit.
// SPDX-License-Identifier: Apache-2.0
//
// loss       clip
// logit      exp(params.logScale) * dot
// inputs     bf16, depth 512
// targets    x86-64-v4, sm_90a

/* What ranks tell each other between passes: each as many bytes, one behind the other in the order of ranks. */

enum { share_words = 7 };

/* Behind it lies, where a stage has such, a number of 4 bytes for each of the rank's rows, once or several times. */
typedef struct Share {
  /* Of the library, the stage and the shards: the same on all ranks. */
  uint64_t mark;
  /* Why the rank cannot go on; 0 where it can. */
  int32_t status;
  char message[244];
  double words[share_words];
} Share;

typedef struct Shares {
  const char* all;
  size_t bytes;
} Shares;

/* As much of it as there is room for. */
static void tell_message(char* to, const char* message) {
  const size_t most = sizeof(((Share*)NULL)->message) - 1, length = strlen(message);
  memset(to, 0, most + 1);
  memcpy(to, message, length < most ? length : most);
}

static Share share_of(const Shares* shares, int rank) {
  Share share;
  memcpy(&share, shares->all + (size_t)rank * shares->bytes, sizeof share);
  return share;
}

/* The sum of a word, in the order of ranks: the same bits on each. */
static double sum_of_word(const Shares* shares, int ranks, int word) {
  double sum = 0;
  for (int rank = 0; rank < ranks; ++rank) sum += share_of(shares, rank).words[word];
  return sum;
}
