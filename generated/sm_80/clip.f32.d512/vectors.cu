// Emitted by infinitile 0.1.0: do not edit.
// SPDX-License-Identifier: Apache-2.0
//
// inputs     f32, depth 512
// target     sm_80
// tiling     automatic
//   chunk        8192 x 6656
//   block        128 x 256, depth 32, stages 4, group 16
//   register     64 x 64
//   instruction  mma.m16n8k16

/*
vectors: what is linear in the rows and columns: checks and norms of the inputs, operands packed for the tensor cores,
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

/** What rounding two numbers to a pair left over, rounded in turn: together they keep 16 bits of each. */
__device__ __forceinline__ unsigned packRest(float first, float second, unsigned pair) {
  return packPair(first - __uint_as_float(pair << 16), second - __uint_as_float(pair & 0xffff0000u));
}

constexpr int kDepth = 512;

// Inputs as they come, read 16 bytes a time where rows are whole multiples of that.
using Input = float;
__device__ __forceinline__ float toFloat(Input value) { return value; }
constexpr int kVector = 4;
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

// Packed operands are [row][plane][kDepthPadded], zeros beyond the depth; planes are the rounded values, and what was left each time.
constexpr int kDepthPadded = (kDepth + 7) / 8 * 8;
constexpr int kPlanes = 2;
constexpr int kChunk = 8;

/** A warp per row, 8 numbers a lane. */
__device__ __forceinline__ void pack(const Input* from, int count, Element* to) {
  const int row = blockIdx.x * kWarps + threadIdx.x / 32;
  if (row >= count) return;
  from += static_cast<long long>(row) * kDepth;
  to += static_cast<long long>(row) * kPlanes * kDepthPadded;
  for (int k = threadIdx.x % 32 * kChunk; k < kDepthPadded; k += 32 * kChunk) {
    float chunk[kChunk];
#pragma unroll
    for (int i = 0; i < kChunk; i += kVector) {
      float values[kVector] = {};
      if (k + i < kDepth) loadVector(from + k + i, values);
#pragma unroll
      for (int v = 0; v < kVector; ++v) chunk[i + v] = values[v];
    }
#pragma unroll
    for (int plane = 0; plane < kPlanes; ++plane) {
      const uint4 rounded = {packPair(chunk[0], chunk[1]), packPair(chunk[2], chunk[3]), packPair(chunk[4], chunk[5]), packPair(chunk[6], chunk[7])};
      *reinterpret_cast<uint4*>(to + plane * kDepthPadded + k) = rounded;
      const unsigned pairs[] = {rounded.x, rounded.y, rounded.z, rounded.w};
#pragma unroll
      for (int i = 0; i < kChunk; ++i) chunk[i] -= widen(static_cast<Element>(pairs[i / 2] >> (16 * (i % 2))));
    }
  }
}

extern "C" __global__ void __launch_bounds__(kThreads) packQueries(
    int rows,
    const Input* __restrict__ queries,
    Element* __restrict__ packedQueries) {
  pack(queries, rows, packedQueries);
}

extern "C" __global__ void __launch_bounds__(kThreads) packKeys(
    int cols,
    const Input* __restrict__ keys,
    Element* __restrict__ packedKeys) {
  pack(keys, cols, packedKeys);
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
