// Emitted by infinitile 0.2.0: do not edit.
// SPDX-License-Identifier: Apache-2.0
//
// loss       clip
// logit      exp(params.logScale) * dot
// terms      row softmax: lse - positiveLogit, weight 0.5, mean
//            column softmax: lse - positiveLogit, weight 0.5, mean
// softmax    running
// inputs     bf16, depth 512
// target     sm_90a

/*
terms: what each row's (column's) softmax adds to the loss, in fp64, and by what the gradient kernel multiplies its exponentials.
*/

constexpr int kParams = 1;

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

constexpr float kLargest = 3.40282347e38f;

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

__device__ __forceinline__ double notANumber() { return __longlong_as_double(0x7ff8000000000000ll); }

struct Uniforms {
  float u0;  // exp(params.logScale)
  float u1;  // 1.4426950408889634 * exp(params.logScale)
};

/** Left out: no part of the sum. Unmatched, Empty: a mistake, that there is no positive, or that no pair counts. */
enum class Fate { Counts, LeftOut, Unmatched, Empty };

struct RowOfTerm {
  int index;
  int view;
};

struct RowTerm {
  double value;
  double byLse;
  double byPositiveLogit;
  double byMeanLogit;
  double byParams[1];
};

__device__ __forceinline__ RowTerm row_term(double lse, double positiveLogit, double meanLogit, const RowOfTerm& row, const Uniforms& uniforms) {
  return {lse - positiveLogit, 1.0, -1.0, 0.0, {0.0}};
}

/** The row softmax's part of the loss, a thread each. Rows here are rows of the matrix. */
extern "C" __global__ void __launch_bounds__(kThreads, 1) rowTerms(
    int count,
    int n,
    const float* __restrict__ positiveLogit,
    const float* __restrict__ max,
    const float* __restrict__ sum,
    float weight,
    float sumFloor,
    int firstQuery,
    const Uniforms uniforms,
    float* __restrict__ scale,
    float* __restrict__ pull,
    double* __restrict__ lossPartial,
    double* __restrict__ values,
    double* __restrict__ params,
    int* __restrict__ outOfRange,
    int* __restrict__ empty,
    int* __restrict__ unmatched) {
  const auto weightOf = [&](int i) {
    const double own = weight;
    return own;
  };
  const auto positivesOf = [&](int i) { return i < n && positiveLogit[i] <= kLargest ? 1.0 : 0.0; };
  const auto positiveLogitOf = [&](int i) { return static_cast<double>(positiveLogit[i]); };
  const auto fateOf = [&](int i) {
    if (weightOf(i) == 0.0) return Fate::LeftOut;
    if (positivesOf(i) == 0.0) return Fate::Unmatched;
    if (max[i] < -kLargest) return Fate::Empty;
    return Fate::Counts;
  };
  const auto termOf = [&](int i, double lse) {
    RowOfTerm place = {};
    place.index = firstQuery + i;
    place.view = 0;
    const double own = positiveLogitOf(i);
    const double mean = notANumber();
    return row_term(lse, own, mean, place, uniforms);
  };

  double loss = 0.0;
  double sumByParams[kParams] = {};
  for (int i = blockIdx.x * kThreads + threadIdx.x; i < count; i += kPartials * kThreads) {
    const Fate fate = fateOf(i);
    if (fate == Fate::Unmatched) atomicMin(unmatched, i);
    if (fate == Fate::Empty) atomicMin(empty, i);
    const double ownMax = max[i];
    const double ownSum = sum[i];
    const double allSum = ownSum;
    const double lse = ownMax + log(ownSum);
    double byLse = 0.0;
    double value = notANumber();
    double byPositive = 0.0;
    if (fate == Fate::Counts) {
      const double own = weightOf(i);
      const RowTerm term = termOf(i, lse);
      value = term.value;
      loss += own * value;
      byLse += own * term.byLse;
      byPositive = own * term.byPositiveLogit / positivesOf(i);
#pragma unroll
      for (int k = 0; k < kParams; ++k) sumByParams[k] += own * term.byParams[k];
      if (!(allSum >= sumFloor && allSum <= kLargest)) *outOfRange = 1;
    }
    scale[i] = byLse == 0.0 ? 0.0f : static_cast<float>(byLse / allSum);
    pull[i] = static_cast<float>(byPositive);
    values[i] = value;
  }
  loss = sumOverBlock(loss);
  if (threadIdx.x == 0) lossPartial[blockIdx.x] = loss;
#pragma unroll
  for (int k = 0; k < kParams; ++k) {
    __syncthreads();
    const double byParam = sumOverBlock(sumByParams[k]);
    if (threadIdx.x == 0) params[static_cast<int>(blockIdx.x) * kParams + k] = byParam;
  }
}

struct ColOfTerm {
  int index;
  int view;
};

struct ColTerm {
  double value;
  double byLse;
  double byPositiveLogit;
  double byMeanLogit;
  double byParams[1];
};

__device__ __forceinline__ ColTerm col_term(double lse, double positiveLogit, double meanLogit, const ColOfTerm& col, const Uniforms& uniforms) {
  return {lse - positiveLogit, 1.0, -1.0, 0.0, {0.0}};
}

/** The column softmax's part of the loss, a thread each. Rows here are columns of the matrix. */
extern "C" __global__ void __launch_bounds__(kThreads, 1) colTerms(
    int count,
    int n,
    const float* __restrict__ positiveLogit,
    const float* __restrict__ max,
    const float* __restrict__ sum,
    float weight,
    float sumFloor,
    int firstKey,
    const Uniforms uniforms,
    float* __restrict__ scale,
    float* __restrict__ pull,
    double* __restrict__ lossPartial,
    double* __restrict__ values,
    double* __restrict__ params,
    int* __restrict__ outOfRange,
    int* __restrict__ empty,
    int* __restrict__ unmatched) {
  const auto weightOf = [&](int i) {
    const double own = weight;
    return own;
  };
  const auto positivesOf = [&](int i) { return i < n && positiveLogit[i] <= kLargest ? 1.0 : 0.0; };
  const auto positiveLogitOf = [&](int i) { return static_cast<double>(positiveLogit[i]); };
  const auto fateOf = [&](int i) {
    if (weightOf(i) == 0.0) return Fate::LeftOut;
    if (positivesOf(i) == 0.0) return Fate::Unmatched;
    if (max[i] < -kLargest) return Fate::Empty;
    return Fate::Counts;
  };
  const auto termOf = [&](int i, double lse) {
    ColOfTerm place = {};
    place.index = firstKey + i;
    place.view = 1;
    const double own = positiveLogitOf(i);
    const double mean = notANumber();
    return col_term(lse, own, mean, place, uniforms);
  };

  double loss = 0.0;
  double sumByParams[kParams] = {};
  for (int i = blockIdx.x * kThreads + threadIdx.x; i < count; i += kPartials * kThreads) {
    const Fate fate = fateOf(i);
    if (fate == Fate::Unmatched) atomicMin(unmatched, i);
    if (fate == Fate::Empty) atomicMin(empty, i);
    const double ownMax = max[i];
    const double ownSum = sum[i];
    const double allSum = ownSum;
    const double lse = ownMax + log(ownSum);
    double byLse = 0.0;
    double value = notANumber();
    double byPositive = 0.0;
    if (fate == Fate::Counts) {
      const double own = weightOf(i);
      const ColTerm term = termOf(i, lse);
      value = term.value;
      loss += own * value;
      byLse += own * term.byLse;
      byPositive = own * term.byPositiveLogit / positivesOf(i);
#pragma unroll
      for (int k = 0; k < kParams; ++k) sumByParams[k] += own * term.byParams[k];
      if (!(allSum >= sumFloor && allSum <= kLargest)) *outOfRange = 1;
    }
    scale[i] = byLse == 0.0 ? 0.0f : static_cast<float>(byLse / allSum);
    pull[i] = static_cast<float>(byPositive);
    values[i] = value;
  }
  loss = sumOverBlock(loss);
  if (threadIdx.x == 0) lossPartial[blockIdx.x] = loss;
#pragma unroll
  for (int k = 0; k < kParams; ++k) {
    __syncthreads();
    const double byParam = sumOverBlock(sumByParams[k]);
    if (threadIdx.x == 0) params[static_cast<int>(blockIdx.x) * kParams + k] = byParam;
  }
}
