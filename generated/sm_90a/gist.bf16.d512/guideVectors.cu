// Emitted by infinitile 0.2.0: do not edit.
// SPDX-License-Identifier: Apache-2.0
//
// inputs     bf16, depth 512
// target     sm_90a

/*
guideVectors: what is linear in the guide's embeddings: the inner products of positives.
*/

// Operands of the tensor cores as bits: no header declares the 16-bit types.
using Element = unsigned short;

__device__ __forceinline__ float widen(Element bits) { return __uint_as_float(static_cast<unsigned>(bits) << 16); }

/** Rounds two numbers to nearest and packs them, the first in the low half. */
__device__ __forceinline__ unsigned packPair(float first, float second) {
  unsigned pair;
  asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(pair) : "f"(second), "f"(first));
  return pair;
}

constexpr int kDepth = 512;

// Inputs as they come, read 16 bytes a time where rows are whole multiples of that.
using Input = Element;
__device__ __forceinline__ float toFloat(Input bits) { return widen(bits); }
constexpr int kVector = 8;
static_assert(kDepth % kVector == 0, "a row is whole vectors");

__device__ __forceinline__ void loadVector(const Input* from, float (&values)[kVector]) {
  union {
    uint4 bits;
    Input inputs[kVector];
  } vector;
  vector.bits = *reinterpret_cast<const uint4*>(from);
#pragma unroll
  for (int i = 0; i < kVector; ++i) values[i] = toFloat(vector.inputs[i]);
}

// Vector kernels run on a fixed number of blocks, one entry of a partial result each, whatever the machine: results do not
// depend on it.
constexpr int kPartials = 256;
constexpr int kThreads = 256;

/** Sums in double precision over the block, in a fixed order; thread 0 has the result. */
__device__ __forceinline__ double sumOverBlock(double value) {
  __shared__ double shared[kThreads];
  shared[threadIdx.x] = value;
  __syncthreads();
  for (int half = kThreads / 2; half > 0; half /= 2) {
    if (threadIdx.x < half) shared[threadIdx.x] += shared[threadIdx.x + half];
    __syncthreads();
  }
  return shared[0];
}

constexpr int kWarps = kThreads / 32;

__device__ __forceinline__ float sumOverWarp(float value) {
#pragma unroll
  for (int distance = 16; distance > 0; distance /= 2) value += __shfl_xor_sync(0xffffffffu, value, distance);
  return value;
}

/** The dot of two embeddings in fp32, by a warp. */
__device__ __forceinline__ float dotOf(const Input* query, const Input* key, int lane) {
  float dot = 0.0f;
  for (int k = lane * kVector; k < kDepth; k += 32 * kVector) {
    float a[kVector];
    float b[kVector];
    loadVector(query + k, a);
    loadVector(key + k, b);
#pragma unroll
    for (int i = 0; i < kVector; ++i) dot = fmaf(a[i], b[i], dot);
  }
  return sumOverWarp(dot);
}

/** A warp per row: of those whose positive is among the columns at hand. */
extern "C" __global__ void __launch_bounds__(kThreads) guidePositives(
    int rows,
    int cols,
    int col0,
    const Input* __restrict__ guideQueries,
    const Input* __restrict__ guideKeys,
    const int* __restrict__ positive,
    float* __restrict__ positiveGuide) {
  const int lane = threadIdx.x % 32;
  for (int row = blockIdx.x * kWarps + threadIdx.x / 32; row < rows; row += kPartials * kWarps) {
    const int col = positive[row] - col0;
    if (col < 0 || col >= cols) continue;
    const float guide = dotOf(guideQueries + static_cast<long long>(row) * kDepth, guideKeys + static_cast<long long>(col) * kDepth, lane);
    if (lane == 0) positiveGuide[row] = guide;
  }
}
