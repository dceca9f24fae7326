// Emitted by infinitile 0.1.0: do not edit.
// SPDX-License-Identifier: Apache-2.0
//
// inputs     bf16, depth 512
// target     sm_80
// tiling     automatic
//   chunk        8192 x 8192
//   block        128 x 256, depth 32, stages 4, group 16
//   register     64 x 64
//   instruction  mma.m16n8k16

/*
vectors: what is linear in the rows and columns: checks and norms of the inputs,
partial sums merged into the statistics, and the statistics' share of the loss.
*/

constexpr int kScalars = 2;

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
constexpr int kWarps = kThreads / 32;

__device__ __forceinline__ float sumOverWarp(float value) {
#pragma unroll
  for (int distance = 16; distance > 0; distance /= 2) value += __shfl_xor_sync(0xffffffffu, value, distance);
  return value;
}

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

constexpr float kLargest = 3.40282347e38f;
constexpr int kNoRow = 0x7fffffff;

/** The largest squared norm, and the first row with a value that is not finite. A warp per row. */
extern "C" __global__ void __launch_bounds__(kThreads) norms(
    int count,
    const Input* __restrict__ x,
    float* __restrict__ normPartial,
    int* __restrict__ badRowPartial) {
  __shared__ float largestNorms[kWarps];
  __shared__ int badRows[kWarps];
  const int lane = threadIdx.x % 32;
  const int warp = threadIdx.x / 32;
  float largest = 0.0f;
  int badRow = kNoRow;
  for (int row = blockIdx.x * kWarps + warp; row < count; row += kPartials * kWarps) {
    float norm = 0.0f;
    bool finite = true;
    for (int k = lane * kVector; k < kDepth; k += 32 * kVector) {
      float values[kVector];
      loadVector(x + static_cast<long long>(row) * kDepth + k, values);
#pragma unroll
      for (int i = 0; i < kVector; ++i) {
        norm = fmaf(values[i], values[i], norm);
        finite = finite && fabsf(values[i]) <= kLargest;
      }
    }
    norm = sumOverWarp(norm);
    if (__all_sync(0xffffffffu, finite)) {
      largest = fmaxf(largest, norm);
    } else {
      badRow = min(badRow, row);
    }
  }
  if (lane == 0) {
    largestNorms[warp] = largest;
    badRows[warp] = badRow;
  }
  __syncthreads();
  if (threadIdx.x == 0) {
    for (int w = 1; w < kWarps; ++w) {
      largest = fmaxf(largest, largestNorms[w]);
      badRow = min(badRow, badRows[w]);
    }
    normPartial[blockIdx.x] = largest;
    badRowPartial[blockIdx.x] = badRow;
  }
}

/** Folds a chunk's partial sums into the statistics of its rows or columns, a thread each. */
extern "C" __global__ void __launch_bounds__(kThreads) merge(
    int count,
    int tiles,
    int pitch,
    const float* __restrict__ partialSum,
    float offset,
    float* __restrict__ max,
    float* __restrict__ sum) {
  const int i = blockIdx.x * kThreads + threadIdx.x;
  if (i >= count) return;
  float total = sum[i];
  for (int tile = 0; tile < tiles; ++tile) total += partialSum[static_cast<long long>(tile) * pitch + i];
  max[i] = offset;
  sum[i] = total;
}

/**
 * The weight over the sum, which turns exponentials into probabilities times weight; the weighted log-sum-exps' part of the
 * loss; and whether a sum that counts has left fp32's range.
 */
extern "C" __global__ void __launch_bounds__(kThreads) scale(
    int count,
    const float* __restrict__ max,
    const float* __restrict__ sum,
    float weight,
    const float* __restrict__ weights,
    float sumFloor,
    float* __restrict__ scale,
    double* __restrict__ lossPartial,
    int* __restrict__ outOfRange) {
  double loss = 0.0;
  for (int i = blockIdx.x * kThreads + threadIdx.x; i < count; i += kPartials * kThreads) {
    const float own = weights == nullptr ? weight : weight * weights[i];
    const float total = sum[i];
    if (own == 0.0f) {
      scale[i] = 0.0f;
      continue;
    }
    scale[i] = own / total;
    loss += static_cast<double>(own) * (static_cast<double>(max[i]) + static_cast<double>(logf(total)));
    if (!(total >= sumFloor && total <= kLargest)) *outOfRange = 1;
  }
  loss = sumOverBlock(loss);
  if (threadIdx.x == 0) lossPartial[blockIdx.x] = loss;
}

/** Adds the tiles' scalars to the totals, in a fixed order. One block. */
extern "C" __global__ void __launch_bounds__(kThreads) reduceScalars(
    int tiles,
    const float* __restrict__ scalarPartial,
    double* __restrict__ scalars) {
  for (int k = 0; k < kScalars; ++k) {
    double total = 0.0;
    for (int tile = threadIdx.x; tile < tiles; tile += kThreads) total += static_cast<double>(scalarPartial[static_cast<long long>(tile) * kScalars + k]);
    total = sumOverBlock(total);
    if (threadIdx.x == 0) scalars[k] += total;
    __syncthreads();
  }
}
