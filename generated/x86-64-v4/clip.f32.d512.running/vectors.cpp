// Emitted by infinitile 0.2.0: do not edit.
// SPDX-License-Identifier: Apache-2.0
//
// inputs     f32, depth 512
// target     x86-64-v4
// tile       block 192 x 1024, depth 256
//            register 12 x 32
//            instruction avx512.fma

#include <cstdint>
#include <cstring>

namespace {

// Tiling. A block of kBlockRows x kBlockCols logits is one thread's task; its micro-kernel keeps kRegisterRows x
// kRegisterCols accumulators in SIMD registers and adds them up in pieces of kDepth along the summed dimension.
constexpr int kDim = 512;
constexpr int kLanes = 16;
constexpr int kBlockRows = 192;
constexpr int kBlockCols = 1024;
constexpr int kDepth = 256;
constexpr int kRegisterRows = 12;
constexpr int kRegisterCols = 32;
constexpr int kVectors = kRegisterCols / kLanes;

static_assert(kRegisterCols % kLanes == 0, "a register tile is whole vectors wide");
static_assert(kBlockRows % kRegisterRows == 0, "a block is whole register tiles high");
static_assert(kBlockCols % kRegisterCols == 0, "a block is whole register tiles wide");
static_assert(kRegisterRows * kVectors + kVectors + 1 <= 32, "accumulators, one row of B and one value of A fit the registers");

// Vectors of kLanes numbers, of lane masks (0 or -1), and of indices.
typedef float vf __attribute__((vector_size(kLanes * sizeof(float))));
typedef int32_t vm __attribute__((vector_size(kLanes * sizeof(int32_t))));
typedef vm vi;

static inline vf splat(float value) { return value - vf{}; }
static inline vi splat(int value) { return value - vi{}; }

// At any alignment.
static inline vf load(const float* from) {
  vf value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

static inline void store(float* to, vf value) { std::memcpy(to, &value, sizeof value); }

// The value as it would be stored: the compiler does not fuse what made it with what is done to it. Kernels that evaluate
// the same logit then agree in every bit.
static inline vf rounded(vf value) {
  asm("" : "+v"(value));
  return value;
}

// first, first + 1, ...
static inline vi indices(int first) {
  vi value;
  for (int lane = 0; lane < kLanes; ++lane) value[lane] = first + lane;
  return value;
}

static inline vf to_number(int index) { return splat((float)index); }
static inline vf to_number(vi index) { return __builtin_convertvector(index, vf); }

// What is not chosen is 0.
static inline vf only(vm chosen, vf value) { return chosen ? value : vf{}; }

// `count` numbers, zeros beyond.
static inline vf load_lanes(const float* from, int count) {
  if (count >= kLanes) return load(from);
  vf value = {};
  for (int lane = 0; lane < count; ++lane) value[lane] = from[lane];
  return value;
}

static inline vi load_lanes(const int32_t* from, int count) {
  vi value = {};
  if (count >= kLanes) std::memcpy(&value, from, sizeof value);
  else
    for (int lane = 0; lane < count; ++lane) value[lane] = from[lane];
  return value;
}

static inline float horizontal_sum(vf value) {
  for (int width = kLanes / 2; width > 0; width /= 2)
    for (int lane = 0; lane < width; ++lane) value[lane] += value[lane + width];
  return value[0];
}

constexpr int kLine = 64 / sizeof(float);  // numbers in a cache line
constexpr int ceil_div(int a, int b) { return (a + b - 1) / b; }
constexpr int least(int a, int b) { return a < b ? a : b; }

// A kernel's arguments, in the order of its parameters: addresses of the values.
class Arguments {
 public:
  explicit Arguments(void* const* next) : next_(next) {}

  template <typename T>
  T take() {
    T value;
    std::memcpy(&value, *next_++, sizeof value);
    return value;
  }

 private:
  void* const* next_;
};

// An input's number, as it is stored.
using Element = float;
static inline float to_float(Element value) { return value; }

// Up to kLanes elements, zeros after the last.
static inline vf load_elements(const Element* from, int count) {
  float values[kLanes] = {};
  if (count >= kLanes) {
    for (int lane = 0; lane < kLanes; ++lane) values[lane] = to_float(from[lane]);
  } else {
    for (int lane = 0; lane < count; ++lane) values[lane] = to_float(from[lane]);
  }
  return load(values);
}

// What the micro-kernel of Q K^T takes in one step, from element `step` of a row on.
static inline float step_of(const Element* row, int step) {
  return to_float(row[step]);
}

constexpr int kPartials = 256;  // of a sum over a vector: the same whatever the number of threads
constexpr int kScalars = 2;

// Arguments of `norms`, in order.
struct Norms {
  Arguments next;
  const Element* x = next.take<const Element*>();
  int count = next.take<int>();
  float* norm_partial = next.take<float*>();
  int32_t* bad_row_partial = next.take<int32_t*>();
  int threads = next.take<int>();
};

// Arguments of `merge`, in order.
struct Merge {
  Arguments next;
  const float* partial_max = next.take<const float*>();
  const float* partial_sum = next.take<const float*>();
  int tiles = next.take<int>();
  int pitch = next.take<int>();
  int count = next.take<int>();
  float offset = next.take<float>();
  float* max = next.take<float*>();
  float* sum = next.take<float*>();
  int threads = next.take<int>();
};

// Arguments of `mergeChannels`, in order.
struct MergeChannels {
  Arguments next;
  const float* partial = next.take<const float*>();
  int channels = next.take<int>();
  int tiles = next.take<int>();
  int pitch = next.take<int>();
  int count = next.take<int>();
  int length = next.take<int>();
  float* extra = next.take<float*>();
  int threads = next.take<int>();
};

// Arguments of `add`, in order.
struct Add {
  Arguments next;
  int rows = next.take<int>();
  const float* from = next.take<const float*>();
  float* to = next.take<float*>();
  int threads = next.take<int>();
};

// Arguments of `tally`, in order.
struct Tally {
  Arguments next;
  int count = next.take<int>();
  const float* positive_count = next.take<const float*>();
  const float* counted = next.take<const float*>();
  const float* matched = next.take<const float*>();
  double* tally = next.take<double*>();
  int threads = next.take<int>();
};

// Arguments of `gather`, in order.
struct Gather {
  Arguments next;
  int count = next.take<int>();
  int n = next.take<int>();
  const int32_t* row_of_col = next.take<const int32_t*>();
  const float* from = next.take<const float*>();
  float* to = next.take<float*>();
  int threads = next.take<int>();
};

// Arguments of `reduceScalars`, in order.
struct ReduceScalars {
  Arguments next;
  const float* scalar_partial = next.take<const float*>();
  int tiles = next.take<int>();
  double* scalars = next.take<double*>();
  int threads = next.take<int>();
};

}  // namespace

// The largest squared norm and the first row with a value that is not finite, over rows b, b + 256, ... for each b.
extern "C" void norms(void* const* args) {
  const Norms all{Arguments(args)};
#pragma omp parallel for schedule(static) num_threads(all.threads)
  for (int b = 0; b < kPartials; ++b) {
    float largest = 0;
    int bad_row = INT32_MAX;
    for (int64_t row = b; row < all.count; row += kPartials) {
      const Element* x = all.x + row * kDim;
      vf squares = {};
      vf zeros = {};  // NaN as soon as an element is not finite
      for (int d = 0; d < kDim; d += kLanes) {
        const vf value = load_elements(x + d, kDim - d);
        squares += value * value;
        zeros += value - value;
      }
      const float square = horizontal_sum(squares);
      if (horizontal_sum(zeros) != 0.0f && bad_row == INT32_MAX) bad_row = (int)row;
      if (square > largest) largest = square;
    }
    all.norm_partial[b] = largest;
    all.bad_row_partial[b] = bad_row;
  }
}

// Folds the tiles' partial sums into the statistics of a chunk. Without maxima, sums are relative to the fixed offset.
extern "C" void merge(void* const* args) {
  const Merge chunk{Arguments(args)};
#pragma omp parallel for schedule(static) num_threads(chunk.threads)
  for (int i = 0; i < chunk.count; ++i) {
    double sum = chunk.sum[i];
    float max = chunk.offset;
    if (chunk.partial_max != nullptr) {
      max = chunk.max[i];
      for (int tile = 0; tile < chunk.tiles; ++tile) {
        const float candidate = chunk.partial_max[(int64_t)tile * chunk.pitch + i];
        if (!(candidate <= max)) max = candidate;
      }
      // Sums of nothing have the maximum -inf.
      sum = sum == 0 ? 0 : sum * __builtin_exp((double)chunk.max[i] - max);
    }
    for (int tile = 0; tile < chunk.tiles; ++tile) {
      const int64_t at = (int64_t)tile * chunk.pitch + i;
      const float partial = chunk.partial_sum[at];
      if (chunk.partial_max == nullptr) sum += partial;
      else if (partial != 0) sum += partial * __builtin_exp((double)chunk.partial_max[at] - max);
    }
    chunk.max[i] = max;
    chunk.sum[i] = (float)sum;
  }
}

// The same of the sums that are kept beside those of exponentials: one channel after the other, each of `length` numbers.
extern "C" void mergeChannels(void* const* args) {
  const MergeChannels chunk{Arguments(args)};
#pragma omp parallel for schedule(static) num_threads(chunk.threads)
  for (int i = 0; i < chunk.count; ++i)
    for (int k = 0; k < chunk.channels; ++k) {
      double sum = chunk.extra[(int64_t)k * chunk.length + i];
      for (int tile = 0; tile < chunk.tiles; ++tile) sum += chunk.partial[(int64_t)(k * chunk.tiles + tile) * chunk.pitch + i];
      chunk.extra[(int64_t)k * chunk.length + i] = (float)sum;
    }
}

// Adds embeddings' gradients to others.
extern "C" void add(void* const* args) {
  const Add all{Arguments(args)};
#pragma omp parallel for schedule(static) num_threads(all.threads)
  for (int i = 0; i < all.rows; ++i)
    for (int64_t at = (int64_t)i * kDim; at < (int64_t)(i + 1) * kDim; ++at) all.to[at] += all.from[at];
}

// How many rows (columns) have what their term needs of them, in each array that is given.
extern "C" void tally(void* const* args) {
  const Tally all{Arguments(args)};
  int matched = 0;
  for (int i = 0; i < all.count; ++i) {
    const bool positive = all.positive_count == nullptr || all.positive_count[i] > 0;
    const bool counted = all.counted == nullptr || all.counted[i] > 0;
    if (positive && counted && (all.matched == nullptr || all.matched[i] > 0)) ++matched;
  }
  *all.tally = matched;
}

// What each column's first positive has, from what the rows have of theirs; infinity where the column has none. Without a map
// the positives are the diagonal.
extern "C" void gather(void* const* args) {
  const Gather all{Arguments(args)};
#pragma omp parallel for schedule(static) num_threads(all.threads)
  for (int j = 0; j < all.count; ++j) {
    const int i = all.row_of_col != nullptr ? all.row_of_col[j] : j < all.n ? j : -1;
    all.to[j] = i < 0 ? __builtin_inff() : all.from[i];
  }
}

// Adds up what the tiles of a chunk contribute to the pair term and to the gradients of the parameters, tile after tile.
extern "C" void reduceScalars(void* const* args) {
  const ReduceScalars chunk{Arguments(args)};
  for (int k = 0; k < kScalars; ++k) {
    double sum = 0;
    for (int tile = 0; tile < chunk.tiles; ++tile) sum += chunk.scalar_partial[(int64_t)tile * kScalars + k];
    chunk.scalars[k] += sum;
  }
}
