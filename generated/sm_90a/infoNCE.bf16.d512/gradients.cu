// Emitted by infinitile 0.2.0: do not edit.
// SPDX-License-Identifier: Apache-2.0
//
// loss       infoNCE
// logit      exp(params.logScale) * dot
// terms      row softmax: lse - positiveLogit, weight 1, mean
// softmax    bounded
// inputs     bf16, depth 512
// target     sm_90a

/*
gradients: what makes gradients of sums over exponentials, an embedding at a time. With e_ij = exp(s_ij - offset), s = slope x, and u_i
what the exponentials of row i are multiplied by once their sum is known,

    dQ_i = u_i slope sum_j e_ij K_j        dK_j = sum_i e_ij (u_i slope Q_i)

over the pairs that are no positives.

    scaleQueries       u_i slope Q_i, an operand of the second product
    finishGradients    u_i slope times the first; and what positives add to both, and to the parameters' gradients, in fp32
*/

constexpr int kScalars = 2;  // the pair term's sum, and one per parameter

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

constexpr float kLog2E = 1.44269504f;

/** 2^x; 0 for -inf. */
__device__ __forceinline__ float powerOfTwo(float x) {
  float result;
  asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(result) : "f"(x));
  return result;
}

#ifdef __CUDACC_RTC__
// Literals that are not finite are written with functions that NVRTC does not know.
#define __builtin_inff() __int_as_float(0x7f800000)
#define __builtin_nanf(text) __int_as_float(0x7fffffff)
#define __builtin_inf() __longlong_as_double(0x7ff0000000000000ll)
#define __builtin_nan(text) __longlong_as_double(0x7ff8000000000000ll)
#endif

// Functions of losses that the compiler does not have.
/** The largest integer that is no more than a / b; b > 0. */
__device__ __forceinline__ int floorDivide(int a, int b) { return a >= 0 ? a / b : -1 - (-1 - a) / b; }

__device__ __forceinline__ float signOf(float x) { return static_cast<float>(x > 0.0f) - static_cast<float>(x < 0.0f); }

/** By the exponential that softplus takes too: beside it, it costs no other. */
__device__ __forceinline__ float sigmoidOf(float x) {
  const float e = expf(-fabsf(x));
  const float larger = __fdividef(1.0f, 1.0f + e);
  return x >= 0.0f ? larger : e * larger;
}

/** log(1 + e) for e in [0, 1], by the series of 2 atanh(e / (2 + e)): a third of log1pf's code, and as exact here. */
__device__ __forceinline__ float logOnePlus(float e) {
  const float r = __fdividef(e, 2.0f + e);
  const float r2 = r * r;
  float series = 1.0f / 13.0f;
  series = fmaf(series, r2, 1.0f / 11.0f);
  series = fmaf(series, r2, 1.0f / 9.0f);
  series = fmaf(series, r2, 1.0f / 7.0f);
  series = fmaf(series, r2, 1.0f / 5.0f);
  series = fmaf(series, r2, 1.0f / 3.0f);
  return 2.0f * fmaf(series * r2, r, r);
}

/** log(1 + exp(x)) without overflow. */
__device__ __forceinline__ float softplusOf(float x) { return fmaxf(x, 0.0f) + logOnePlus(expf(-fabsf(x))); }

struct Uniforms {
  float u0;  // exp(params.logScale)
  float u1;  // 1.4426950408889634 * exp(params.logScale)
};

/** A row and a column as the loss's functions read them: number in its tensor, the tensor (0 queries, 1 keys), and what arrays hold of it. */
struct Row {
  int index;
  int view;
};

struct Col {
  int index;
  int view;
};

/** Row i and column j of the matrix, without what arrays hold of them. */
__device__ __forceinline__ Row rowNumbered(int i) {
  Row row = {};
  row.index = i;
  row.view = 0;
  return row;
}

__device__ __forceinline__ Col colNumbered(int j) {
  Col col = {};
  col.index = j;
  col.view = 1;
  return col;
}

struct PairGradient {
  float dot;
  float scalars[kScalars];
};

__device__ __forceinline__ PairGradient pairwise_backward(float dot, float logit, float softmax, bool positive, const Row& row, const Col& col, const Uniforms& uniforms) {
  const float gradient = softmax;
  return {gradient * uniforms.u0, {0.0f, gradient * logit}};
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

// Packed operands are [row][plane][kDepthPadded], zeros beyond the depth.
constexpr int kDepthPadded = (kDepth + 7) / 8 * 8;
constexpr int kPlanes = 1;
constexpr int kChunk = 8;

/** A warp per row, 8 numbers a lane; each row by its scale and the factor of all. */
__device__ __forceinline__ void pack(const Input* from, int count, const float* scale, float factor, Element* to) {
  const int row = blockIdx.x * kWarps + threadIdx.x / 32;
  if (row >= count) return;
  const float own = scale[row] * factor;
  from += static_cast<long long>(row) * kDepth;
  to += static_cast<long long>(row) * kPlanes * kDepthPadded;
  for (int k = threadIdx.x % 32 * kChunk; k < kDepthPadded; k += 32 * kChunk) {
    float chunk[kChunk];
#pragma unroll
    for (int i = 0; i < kChunk; i += kVector) {
      float values[kVector] = {};
      if (k + i < kDepth) loadVector(from + k + i, values);
#pragma unroll
      for (int v = 0; v < kVector; ++v) chunk[i + v] = values[v] * own;
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

/*
The range of one offset (softmax-range.ts) bounds a row's sum by 2^126 from above, and by M 2^-102 from below, or the run starts over;
and so it does where u_i is subnormal. So |sum_j e_ij K_j| <= 2^126 max |K_j| is finite where numbers of keys are below 4, as those of
unit rows are, and e_ij u_i Q_i is no larger than a gradient. But u_i Q_i, in pieces of 16 bits, is smaller than u_i, which comes down to
2^-126 where a sum is largest: it is lifted by 2^20, which u_i <= 2^102 / M leaves room for, and dK is let down at the end. What overflows
all the same, of other embeddings, is told by a gradient that is not finite: running maxima take over, as for a sum out of range.
*/
constexpr float kLift = 1048576.0f;

/** The rows of a chunk, as the tensor cores read them. */
extern "C" __global__ void __launch_bounds__(kThreads) scaleQueries(
    int rows,
    const Input* __restrict__ queries,
    const float* __restrict__ rowScale,
    const Uniforms uniforms,
    Element* __restrict__ scaledQueries) {
  pack(queries, rows, rowScale, kLift * uniforms.u0, scaledQueries);
}

/** gradients = scale gradients + factor other, for the numbers that a lane has of an embedding. Whether all are finite. */
__device__ __forceinline__ bool finish(float* gradients, double scale, float factor, const float (&other)[kVector]) {
  bool finite = true;
  static_assert(kVector % 4 == 0, "whole vectors of fp32");
#pragma unroll
  for (int v = 0; v < kVector; v += 4) {
    float4& place = *reinterpret_cast<float4*>(gradients + v);
    float values[4] = {place.x, place.y, place.z, place.w};
#pragma unroll
    for (int i = 0; i < 4; ++i) {
      values[i] = fmaf(factor, other[v + i], static_cast<float>(scale * values[i]));
      finite = finite && fabsf(values[i]) <= kLargest;
    }
    place = {values[0], values[1], values[2], values[3]};
  }
  return finite;
}

/** A warp for each row and the column of its number, which is its positive. Scales are multiplied in fp64: they may lie at the end of fp32's range. */
extern "C" __global__ void __launch_bounds__(kThreads) finishGradients(
    int n,
    int m,
    const Input* __restrict__ allQueries,
    const Input* __restrict__ allKeys,
    const float* __restrict__ positiveLogit,
    float offset,
    const Uniforms uniforms,
    const float* __restrict__ rowScale,
    const float* __restrict__ rowPull,
    const float* __restrict__ rowSum,
    const float* __restrict__ rowDots,
    float* __restrict__ dQueries,
    float* __restrict__ dKeys,
    float* __restrict__ scalarPartial,
    int* __restrict__ outOfRange) {
  const int lane = threadIdx.x % 32;
  bool finite = true;
  double scalars[kScalars] = {};
  for (int i = blockIdx.x * kWarps + threadIdx.x / 32; i < max(n, m); i += kPartials * kWarps) {
    const long long at = static_cast<long long>(i) * kDepth;
    const bool isRow = i < n;
    const bool isCol = i < m;
    const double scale = isRow ? rowScale[i] : 0.0f;
    float ofPositive = 0.0f;
    float power = 0.0f;  // of the positive: a row has none where there is no column of its number
    if (isRow && isCol) {
      const float dot = dotOf(allQueries + at, allKeys + at, lane);
      power = powerOfTwo(fmaf(positiveLogit[i], kLog2E, -(offset * kLog2E)));
      const PairGradient pair = pairwise_backward(dot, positiveLogit[i], power * rowScale[i] + rowPull[i], true, rowNumbered(i), colNumbered(i), uniforms);
      ofPositive = pair.dot;
      if (lane == 0) {
        scalars[1] += pair.scalars[1];
      }
    }
    if (isRow && lane == 0) {
      scalars[1] += scale * (uniforms.u0 * static_cast<double>(rowDots[i]));
    }
    for (int k = lane * kVector; k < kDepth; k += 32 * kVector) {
      float query[kVector] = {};
      float key[kVector] = {};
      if (isRow) loadVector(allQueries + at + k, query);
      if (isCol) loadVector(allKeys + at + k, key);
      if (isRow) finite = finish(dQueries + at + k, scale * uniforms.u0, ofPositive, key) && finite;
      if (isCol) finite = finish(dKeys + at + k, 1.0 / kLift, ofPositive, query) && finite;
    }
  }
#pragma unroll
  for (int k = 0; k < kScalars; ++k) {
    const double total = sumOverBlock(scalars[k]);
    if (threadIdx.x == 0) {
      scalarPartial[static_cast<int>(blockIdx.x) * kScalars + k] = static_cast<float>(total);
      finite = finite && fabs(total) <= static_cast<double>(kLargest);
    }
    __syncthreads();
  }
  if (!finite) *outOfRange = 1;
}
