// Emitted by infinitile 0.2.0: do not edit.
// SPDX-License-Identifier: Apache-2.0
//
// loss       gist
// logit      exp(params.logScale) * dot
// terms      row softmax where row.view === 1 && col.view === 0 && false || !(row.view === 1 && col.view === 0) && (positive || row.index !== col.index && guide <= row.positiveGuide - 0 * (false ? abs(row.positiveGuide) : 1)): lse - positiveLogit, weight 1, mean, one normaliser for counterparts
// softmax    bounded
// inputs     bf16, depth 512
// target     sm_80

/*
positives: the dots of the positive pairs in fp32, and their logits.
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

/** Rows and columns are embeddings of one stack, from these on; the first `split` of the stack are queries. */
struct Stack {
  int rowStart;
  int colStart;
  int split;
};

/** Row i and column j of the matrix, without what arrays hold of them. */
__device__ __forceinline__ Row rowNumbered(int i, const Stack& stack) {
  const int place = stack.rowStart + i;
  Row row = {};
  row.view = place >= stack.split ? 1 : 0;
  row.index = row.view == 1 ? place - stack.split : place;
  return row;
}

__device__ __forceinline__ Col colNumbered(int j, const Stack& stack) {
  const int place = stack.colStart + j;
  Col col = {};
  col.view = place >= stack.split ? 1 : 0;
  col.index = col.view == 1 ? place - stack.split : place;
  return col;
}

__device__ __forceinline__ float pairwise_logit(float dot, bool positive, const Row& row, const Col& col, const Uniforms& uniforms) {
  return uniforms.u0 * dot;
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
extern "C" __global__ void __launch_bounds__(kThreads) positives(
    int rows,
    int cols,
    int row0,
    int col0,
    const Input* __restrict__ queries,
    const Input* __restrict__ keys,
    const int* __restrict__ positive,
    int rowStart,
    int colStart,
    int split,
    const Uniforms uniforms,
    float* __restrict__ positiveLogit) {
  const Stack stack = {rowStart, colStart, split};
  const int lane = threadIdx.x % 32;
  for (int row = blockIdx.x * kWarps + threadIdx.x / 32; row < rows; row += kPartials * kWarps) {
    const int col = positive[row] - col0;
    if (col < 0 || col >= cols) continue;
    const float dot = dotOf(queries + static_cast<long long>(row) * kDepth, keys + static_cast<long long>(col) * kDepth, lane);
    const Row rowPlace = rowNumbered(row0 + row, stack);
    const Col colPlace = colNumbered(col0 + col, stack);
    const float logit = pairwise_logit(dot, true, rowPlace, colPlace, uniforms);
    if (lane == 0) positiveLogit[row] = logit;
  }
}
