// Emitted by infinitile 0.2.0: do not edit.
// SPDX-License-Identifier: Apache-2.0
//
// inputs     bf16, depth 512
// target     sm_90a

/*
vectors: what is linear in the rows and columns: checks and norms of the inputs,
and partial sums merged into the statistics.
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

/**
 * Folds a chunk's partial sums into the statistics of its rows or columns. A warp's lanes have neighbouring entries, the block's warps
 * a share of the parts each; in fp64, since there are as many parts as a chunk has tiles.
 */
extern "C" __global__ void __launch_bounds__(kThreads) merge(
    int count,
    int tiles,
    int pitch,
    const float* __restrict__ partialSum,
    float offset,
    float* __restrict__ max,
    float* __restrict__ sum) {
  __shared__ double sums[kWarps][32];
  const int lane = threadIdx.x % 32;
  const int warp = threadIdx.x / 32;
  const int i = blockIdx.x * 32 + lane;
  const int end = i < count ? tiles : 0;
  double total = 0.0;
#pragma unroll 8
  for (int tile = warp; tile < end; tile += kWarps) total += static_cast<double>(partialSum[static_cast<long long>(tile) * pitch + i]);
  sums[warp][lane] = total;
  __syncthreads();
  if (warp > 0 || i >= count) return;
  total = static_cast<double>(sum[i]);
  for (int w = 0; w < kWarps; ++w) total += sums[w][lane];
  max[i] = offset;
  sum[i] = static_cast<float>(total);
}

/** The same for sums of other kinds. Those of all rows lie together, and the partial sums of a tile's. */
extern "C" __global__ void __launch_bounds__(kThreads) mergeChannels(
    int count,
    int tiles,
    int pitch,
    int channels,
    int length,
    const float* __restrict__ partial,
    float* __restrict__ extra) {
  const int i = blockIdx.x * kThreads + threadIdx.x;
  if (i >= count) return;
  for (int channel = 0; channel < channels; ++channel) {
    float& sum = extra[static_cast<long long>(channel) * length + i];
    double total = sum;
    for (int tile = 0; tile < tiles; ++tile) total += static_cast<double>(partial[(static_cast<long long>(channel) * tiles + tile) * pitch + i]);
    sum = static_cast<float>(total);
  }
}

/** Adds embeddings' gradients to others. */
extern "C" __global__ void __launch_bounds__(kThreads) add(
    int rows,
    const float* __restrict__ from,
    float* __restrict__ to) {
  const long long count = static_cast<long long>(rows) * kDepth;
  constexpr long long kStride = static_cast<long long>(kPartials) * kThreads;
#pragma unroll 4
  for (long long i = static_cast<long long>(blockIdx.x) * kThreads + threadIdx.x; i < count; i += kStride) to[i] += from[i];
}

/** How many rows (columns) have a positive and a pair that counts, and are matched: what is not given is not asked. One block. */
extern "C" __global__ void __launch_bounds__(kThreads) tally(
    int count,
    const float* __restrict__ positiveCount,
    const float* __restrict__ counted,
    const float* __restrict__ matched,
    double* __restrict__ tally) {
  double total = 0.0;
  for (int i = threadIdx.x; i < count; i += kThreads) {
    const bool positives = positiveCount == nullptr || positiveCount[i] > 0.0f;
    const bool pairs = counted == nullptr || counted[i] > 0.0f;
    total += positives && pairs && (matched == nullptr || matched[i] > 0.0f) ? 1.0 : 0.0;
  }
  total = sumOverBlock(total);
  if (threadIdx.x == 0) tally[0] = total;
}

/** What is known of each row's positive, by column: infinity for a column that is no row's positive. */
extern "C" __global__ void __launch_bounds__(kThreads) gather(
    int count,
    int n,
    const int* __restrict__ rowOfCol,
    const float* __restrict__ from,
    float* __restrict__ to) {
  const int j = blockIdx.x * kThreads + threadIdx.x;
  if (j >= count) return;
  const int row = rowOfCol != nullptr ? rowOfCol[j] : j < n ? j : -1;
  to[j] = row >= 0 ? from[row] : __int_as_float(0x7f800000);
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

/**
 * What a step has found as numbers: the loss and, where they are asked for, the parameters' gradients. Partials are added from the first
 * to the last, and sides as the host adds them: the same bits. One block.
 */
extern "C" __global__ void __launch_bounds__(kThreads) results(
    const double* __restrict__ rowLoss,
    const double* __restrict__ colLoss,
    const double* __restrict__ rowParams,
    const double* __restrict__ colParams,
    const double* __restrict__ scalars,
    float* __restrict__ loss,
    float* __restrict__ byParam0) {
  __shared__ double partials[2][kPartials];
  __shared__ double sums[2];
  float* const places[kScalars] = { loss, byParam0 };
  const int side = threadIdx.x / 32;
#pragma unroll
  for (int k = 0; k < kScalars; ++k) {
    if (places[k] == nullptr) continue;
    const double* const sides[2] = {k == 0 ? rowLoss : rowParams, k == 0 ? colLoss : colParams};
    const int stride = k == 0 ? 1 : kScalars - 1;
    const int first = k == 0 ? 0 : k - 1;
    for (int i = threadIdx.x; i < kPartials; i += kThreads) {
#pragma unroll
      for (int s = 0; s < 2; ++s) partials[s][i] = sides[s] == nullptr ? 0.0 : sides[s][i * stride + first];
    }
    __syncthreads();
    if (threadIdx.x == 0 || threadIdx.x == 32) {
      double sum = 0.0;
      for (int i = 0; i < kPartials; ++i) sum += partials[side][i];
      sums[side] = sum;
    }
    __syncthreads();
    if (threadIdx.x == 0) *places[k] = static_cast<float>(sums[0] + sums[1] + scalars[k]);
  }
}

/** Numbers times one: `count` of them, or of groups of four; in fp32 or, where they are `narrow`, rounded to 16 bits. */
extern "C" __global__ void __launch_bounds__(kThreads) multiply(
    int count,
    int grouped,
    int narrow,
    const float* __restrict__ factor,
    const float* __restrict__ from,
    float* __restrict__ to) {
  const float by = *factor;
  const long long stride = static_cast<long long>(gridDim.x) * kThreads;
  for (long long i = static_cast<long long>(blockIdx.x) * kThreads + threadIdx.x; i < count; i += stride) {
    if (grouped) {
      const float4 x = reinterpret_cast<const float4*>(from)[i];
      if (narrow) {
        reinterpret_cast<uint2*>(to)[i] = uint2{packPair(x.x * by, x.y * by), packPair(x.z * by, x.w * by)};
      } else {
        reinterpret_cast<float4*>(to)[i] = float4{x.x * by, x.y * by, x.z * by, x.w * by};
      }
    } else if (narrow) {
      reinterpret_cast<Element*>(to)[i] = static_cast<Element>(packPair(from[i] * by, 0.0f));
    } else {
      to[i] = from[i] * by;
    }
  }
}
