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

// G lies in panels of kPanel columns: [column / kPanel][row][column % kPanel], a panel `pitch` rows high. Both products read
// it in place: kPanel is a multiple of the register tile's rows and of its columns.
constexpr int kPanel = 96;
static_assert(kPanel % kRegisterRows == 0 && kPanel % kRegisterCols == 0, "register tiles do not straddle panels of G");

static inline int64_t gradient_offset(int row, int col, int pitch) {
  return ((int64_t)(col / kPanel) * pitch + row) * kPanel + col % kPanel;
}

// Arguments of `accumulateQueries`, in order.
struct AccumulateQueries {
  Arguments next;
  const float* gradient_tile = next.take<const float*>();
  int gradient_pitch = next.take<int>();
  float gradient_unscale = next.take<float>();
  const float* key_rows = next.take<const float*>();
  int rows = next.take<int>();
  int cols = next.take<int>();
  float* d_queries = next.take<float*>();
  int threads = next.take<int>();
};

// Arguments of `accumulateKeys`, in order.
struct AccumulateKeys {
  Arguments next;
  const float* gradient_tile = next.take<const float*>();
  int gradient_pitch = next.take<int>();
  float gradient_unscale = next.take<float>();
  const float* query_rows = next.take<const float*>();
  int rows = next.take<int>();
  int cols = next.take<int>();
  float* d_keys = next.take<float*>();
  int threads = next.take<int>();
};

constexpr int kDimPanels = ceil_div(kDim, kRegisterCols);
// As many panels of an operand, kDepth rows high, as stay in half of L2 while the rows of G pass by.
constexpr int kPanelsInCache = 16;

// An operand's rows [piece][kDimPanels][kDepth][kRegisterCols]: a panel's part from row `k` on, all in one piece.
static inline const float* operand(const float* rows, int k, int panel) {
  return rows + (((int64_t)(k / kDepth) * kDimPanels + panel) * kDepth + k % kDepth) * kRegisterCols;
}

// Asks for the tile that add_tile is going to change, while the micro-kernel runs.
static inline void prefetch_tile(const float* out, int row, int count, int d) {
  for (int r = 0; r < least(kRegisterRows, count - row); ++r)
    for (int c = 0; c < least(kRegisterCols, kDim - d); c += kLine) __builtin_prefetch(out + (int64_t)(row + r) * kDim + d + c, 1);
}

// out += unscale acc: the part of the tile at (row, d) that is inside count x kDim.
static inline void add_tile(float* out, int row, int count, int d, float unscale, const Accumulators& acc) {
  for (int r = 0; r < least(kRegisterRows, count - row); ++r) {
    float* to = out + (int64_t)(row + r) * kDim + d;
    if (d + kRegisterCols <= kDim) {
      for (int v = 0; v < kVectors; ++v) store(to + v * kLanes, load(to + v * kLanes) + unscale * acc[r][v]);
    } else {
      for (int c = 0; c < kDim - d; ++c) to[c] += unscale * acc[r][c / kLanes][c % kLanes];
    }
  }
}

// One task: the rows [first, end) of a product's output, in panels of it, for the depth positions panel0 .. panel_end.
struct Task {
  int first, end, panel0, panel_end;
};

// Splits count x kDim into tasks that leave no thread idle. Each number is summed in the same order whatever the split.
template <typename Body>
static void for_each_task(int count, int threads, Body body) {
  const int even = ceil_div(ceil_div(count, 4 * threads), kRegisterRows) * kRegisterRows;
  const int height = least(even, kBlockRows);
  const int across = ceil_div(kDimPanels, kPanelsInCache), down = ceil_div(count, height);
#pragma omp parallel for schedule(dynamic) num_threads(threads)
  for (int t = 0; t < across * down; ++t) {
    const int first = t / across * height, panel0 = t % across * kPanelsInCache;
    body(Task{first, least(first + height, count), panel0, least(panel0 + kPanelsInCache, kDimPanels)});
  }
}

}  // namespace

// dQ += G K, over a chunk.
extern "C" void accumulateQueries(void* const* args) {
  const AccumulateQueries chunk{Arguments(args)};
  for_each_task(chunk.rows, chunk.threads, [&](const Task& task) {
    for (int k0 = 0; k0 < chunk.cols; k0 += kDepth) {
      const int k_end = least(k0 + kDepth, chunk.cols);
      for (int i = task.first; i < task.end; i += kRegisterRows)
        for (int panel = task.panel0; panel < task.panel_end; ++panel) {
          Accumulators acc;
          clear(acc);
          prefetch_tile(chunk.d_queries, i, chunk.rows, panel * kRegisterCols);
          // Meanwhile the next rows of G come into L2, some of them with each panel.
          for (int r = panel - task.panel0; r < kRegisterRows; r += task.panel_end - task.panel0)
            for (int k = k0; k < k_end; k += kLine)
              __builtin_prefetch(chunk.gradient_tile + gradient_offset(i + kRegisterRows + r, k, chunk.gradient_pitch), 0, 2);
          for (int k = k0; k < k_end;) {
            const int steps = least(k_end - k, kPanel - k % kPanel);
            multiply<kPanel, 1>(chunk.gradient_tile + gradient_offset(i, k, chunk.gradient_pitch), operand(chunk.key_rows, k, panel), steps, acc);
            k += steps;
          }
          add_tile(chunk.d_queries, i, chunk.rows, panel * kRegisterCols, chunk.gradient_unscale, acc);
        }
    }
  });
}

// dK += G^T Q, over a chunk.
extern "C" void accumulateKeys(void* const* args) {
  const AccumulateKeys chunk{Arguments(args)};
  for_each_task(chunk.cols, chunk.threads, [&](const Task& task) {
    for (int k0 = 0; k0 < chunk.rows; k0 += kDepth) {
      const int steps = least(kDepth, chunk.rows - k0);
      for (int j = task.first; j < task.end; j += kRegisterRows) {
        // The columns of G that one register tile reads, together: L1 then holds them while the panels pass by.
        alignas(64) float columns[kDepth * kRegisterRows];
        const float* from = chunk.gradient_tile + gradient_offset(k0, j, chunk.gradient_pitch);
        for (int k = 0; k < steps; ++k)
          for (int r = 0; r < kRegisterRows; ++r) columns[k * kRegisterRows + r] = from[(int64_t)k * kPanel + r];
        for (int panel = task.panel0; panel < task.panel_end; ++panel) {
          Accumulators acc;
          clear(acc);
          prefetch_tile(chunk.d_keys, j, chunk.cols, panel * kRegisterCols);
          multiply<1, kRegisterRows>(columns, operand(chunk.query_rows, k0, panel), steps, acc);
          add_tile(chunk.d_keys, j, chunk.cols, panel * kRegisterCols, chunk.gradient_unscale, acc);
        }
      }
    }
  });
}
