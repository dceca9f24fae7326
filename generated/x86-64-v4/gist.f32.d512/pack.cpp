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

constexpr int kDimPanels = ceil_div(kDim, kRegisterCols);
constexpr int kSteps = 512;  // of the micro-kernel of Q K^T, for kDim elements

// Panels of `kWidth` rows, transposed: [row / kWidth][step][row % kWidth], zeros after the last row.
template <int kWidth>
static void pack_panels(const Element* from, float* to, int rows, int threads) {
  constexpr int kRun = 16;  // steps: a cache line of f32 is read at a time
#pragma omp parallel for schedule(static) num_threads(threads)
  for (int panel = 0; panel < ceil_div(rows, kWidth); ++panel) {
    float* out = to + (int64_t)panel * kWidth * kSteps;
    for (int step0 = 0; step0 < kSteps; step0 += kRun)
      for (int r = 0; r < kWidth; ++r) {
        const int row = panel * kWidth + r;
        const Element* in = from + (int64_t)row * kDim;
        for (int step = step0; step < least(step0 + kRun, kSteps); ++step) out[step * kWidth + r] = row < rows ? step_of(in, step) : 0.0f;
      }
  }
}

// Rows as the products G K and G^T Q read them: [row / kDepth][panel][row % kDepth][kRegisterCols], zeros from kDim on.
static void pack_rows(const Element* from, float* to, int rows, int threads) {
#pragma omp parallel for schedule(static) num_threads(threads)
  for (int row = 0; row < rows; ++row) {
    const Element* in = from + (int64_t)row * kDim;
    for (int panel = 0; panel < kDimPanels; ++panel) {
      float* out = to + (((int64_t)(row / kDepth) * kDimPanels + panel) * kDepth + row % kDepth) * kRegisterCols;
      const int d0 = panel * kRegisterCols;
      for (int c = 0; c < kRegisterCols; ++c) out[c] = d0 + c < kDim ? to_float(in[d0 + c]) : 0.0f;
    }
  }
}

// Arguments of `packQueryPanels`, in order.
struct PackQueryPanels {
  Arguments next;
  const Element* queries = next.take<const Element*>();
  int rows = next.take<int>();
  float* query_panels = next.take<float*>();
  int threads = next.take<int>();
};

// Arguments of `packKeyPanels`, in order.
struct PackKeyPanels {
  Arguments next;
  const Element* keys = next.take<const Element*>();
  int cols = next.take<int>();
  float* key_panels = next.take<float*>();
  int threads = next.take<int>();
};

// Arguments of `packQueryRows`, in order.
struct PackQueryRows {
  Arguments next;
  const Element* queries = next.take<const Element*>();
  int rows = next.take<int>();
  float* query_rows = next.take<float*>();
  int threads = next.take<int>();
};

// Arguments of `packKeyRows`, in order.
struct PackKeyRows {
  Arguments next;
  const Element* keys = next.take<const Element*>();
  int cols = next.take<int>();
  float* key_rows = next.take<float*>();
  int threads = next.take<int>();
};

}  // namespace

extern "C" void packQueryPanels(void* const* args) {
  const PackQueryPanels chunk{Arguments(args)};
  pack_panels<kRegisterRows>(chunk.queries, chunk.query_panels, chunk.rows, chunk.threads);
}

extern "C" void packKeyPanels(void* const* args) {
  const PackKeyPanels chunk{Arguments(args)};
  pack_panels<kRegisterCols>(chunk.keys, chunk.key_panels, chunk.cols, chunk.threads);
}

extern "C" void packQueryRows(void* const* args) {
  const PackQueryRows chunk{Arguments(args)};
  pack_rows(chunk.queries, chunk.query_rows, chunk.rows, chunk.threads);
}

extern "C" void packKeyRows(void* const* args) {
  const PackKeyRows chunk{Arguments(args)};
  pack_rows(chunk.keys, chunk.key_rows, chunk.cols, chunk.threads);
}
