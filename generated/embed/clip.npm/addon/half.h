// Emitted by infinitile 0.2.0: do not edit.
// SPDX-License-Identifier: Apache-2.0
//
// loss       clip
// logit      exp(params.logScale) * dot
// inputs     bf16, depth 512
// targets    x86-64-v4, sm_90a

/* From f32 to bf16, rounded to nearest, ties to even. A NaN stays one; what is too large is an infinity, which the library refuses. */

static uint16_t half_of(uint32_t word) {
  const bool is_nan = (word & 0x7fffffffu) > 0x7f800000u;
  return (uint16_t)(is_nan ? (word >> 16) | 0x40u : (word + 0x7fffu + ((word >> 16) & 1u)) >> 16);
}

static void round_to_half(void* to, const void* from, size_t count) {
  for (size_t i = 0; i < count; ++i) {
    uint32_t word;
    memcpy(&word, (const char*)from + 4 * i, sizeof word);
    const uint16_t half = half_of(word);
    memcpy((char*)to + 2 * i, &half, sizeof half);
  }
}
