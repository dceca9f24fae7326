// Emitted by infinitile 0.2.0: do not edit.
// SPDX-License-Identifier: Apache-2.0
//
// loss       clip
// logit      exp(params.logScale) * dot
// terms      row softmax: lse - positiveLogit, weight 0.5, mean
//            column softmax: lse - positiveLogit, weight 0.5, mean
// softmax    running
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

constexpr int kScalars = 2;  // the pair term's sum, then the gradient of each parameter

// Where kLanes pairs lie: a row, the same in all lanes, and columns, one a lane. `index` is a number in its own tensor, and
// `view` the tensor: 0 the queries, 1 the keys.
struct Row {
  vi index, view;
};

struct Col {
  vi index, view;
};

// Row i of the arrays, the matrix's row `first` + i.
template <typename Arrays>
static inline Row row_at([[maybe_unused]] const Arrays& arrays, int first, int i) {
  return {
      splat(first + i),
      splat(0),
  };
}

// Columns j, j + 1, ... of the arrays, which hold `count`; the matrix's columns from `first` + j on.
template <typename Arrays>
static inline Col col_at([[maybe_unused]] const Arrays& arrays, int first, int j, [[maybe_unused]] int count) {
  return {
      indices(first + j),
      splat(1),
  };
}

// The loss. Its functions have the same parameters for every loss, whichever it reads.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-parameter"

struct Uniforms {
  float u0;  // exp(params.logScale)
};

static inline vf pairwise_logit(vf dot, vm positive, const Row& row, const Col& col, const Uniforms& uniforms) {
  return splat(uniforms.u0) * dot;
}

#pragma GCC diagnostic pop

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

using Accumulators = vf[kRegisterRows][kVectors];

static inline void clear(Accumulators& acc) {
  for (auto& row : acc)
    for (vf& value : row) value = vf{};
}

static inline vf multiply_add(vf acc, vf a, vf b) { return acc + a * b; }

// The micro-kernel: acc += A B over `depth` steps. Each step reads kRegisterRows values of A, kARow apart, and one row of
// a panel of B; a step further, A is kAStep and B is kRegisterCols elements on. All loops over the tile unroll, so that
// the accumulators live in registers.
template <int kARow, int kAStep>
[[gnu::always_inline]] static inline void multiply(const float* a, const float* b, int depth, Accumulators& acc) {
  for (int k = 0; k < depth; ++k, a += kAStep, b += kRegisterCols) {
    vf values[kVectors];
#pragma GCC unroll 2
    for (int v = 0; v < kVectors; ++v) values[v] = load(b + v * kLanes);
#pragma GCC unroll 12
    for (int r = 0; r < kRegisterRows; ++r) {
      const vf value = splat(a[r * kARow]);
#pragma GCC unroll 2
      for (int v = 0; v < kVectors; ++v) acc[r][v] = multiply_add(acc[r][v], value, values[v]);
    }
  }
}

constexpr int kSteps = 512;  // of the micro-kernel, for kDim elements
constexpr int kPieceSteps = 256;

// One register tile of Q K^T, from a panel of queries [kSteps][kRegisterRows] and one of keys [kSteps][kRegisterCols].
// The pieces are summed apart: rounding errors then grow with the piece, not with kDim.
static inline void dot_tile(const float* queries, const float* keys, Accumulators& tile) {
  clear(tile);
  for (int k = 0; k < kSteps; k += kPieceSteps) {
    Accumulators acc;
    clear(acc);
    multiply<1, kRegisterRows>(queries + k * kRegisterRows, keys + k * kRegisterCols, least(kPieceSteps, kSteps - k), acc);
#pragma GCC unroll 12
    for (int r = 0; r < kRegisterRows; ++r)
#pragma GCC unroll 2
      for (int v = 0; v < kVectors; ++v) tile[r][v] += acc[r][v];
  }
}

// Summed in the order of the tiles: their dots are the same to the last bit.
static float dot_of(const Element* query, const Element* key) {
  vf sum = {};
  for (int k0 = 0; k0 < kSteps; k0 += kPieceSteps) {
    vf acc = {};
    for (int k = k0; k < least(k0 + kPieceSteps, kSteps); ++k) acc = multiply_add(acc, splat(step_of(query, k)), splat(step_of(key, k)));
    sum = k0 == 0 ? acc : sum + acc;
  }
  return sum[0];
}

// Arguments of `positives`, in order.
struct Positives {
  Arguments next;
  const Element* queries = next.take<const Element*>();
  const Element* keys = next.take<const Element*>();
  int rows = next.take<int>();
  int cols = next.take<int>();
  int row0 = next.take<int>();
  int col0 = next.take<int>();
  const int32_t* positive = next.take<const int32_t*>();
  Uniforms uniforms = next.take<Uniforms>();
  float* positive_logit = next.take<float*>();
  int threads = next.take<int>();
};

}  // namespace

// The logits of the rows' positives that are among the columns at hand.
extern "C" void positives(void* const* args) {
  const Positives all{Arguments(args)};
#pragma omp parallel for schedule(static) num_threads(all.threads)
  for (int i = 0; i < all.rows; ++i) {
    const int j = all.row0 + i - all.col0;
    if (j < 0 || j >= all.cols) continue;
    const vf dot = splat(dot_of(all.queries + (int64_t)i * kDim, all.keys + (int64_t)j * kDim));
    all.positive_logit[i] = rounded(pairwise_logit(rounded(dot), splat(-1), row_at(all, all.row0, i), col_at(all, all.col0, j, all.cols), all.uniforms))[0];
  }
}
