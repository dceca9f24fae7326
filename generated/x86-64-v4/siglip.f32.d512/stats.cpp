// Emitted by infinitile 0.2.0: do not edit.
// SPDX-License-Identifier: Apache-2.0
//
// loss       siglip
// logit      exp(params.logScale) * dot + params.bias
// terms      pairs: softplus(positive ? -logit : logit), weight 1, rowMean
// softmax    bounded
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

// x = n ln 2 + r with |r| <= ln 2 / 2; exp(r) = 1 + r + r^2 q(r).
struct Reduced {
  vf r;
  vi n;
};

static inline Reduced reduce_exponent(vf x) {
  constexpr float kRound = 12582912.0f;  // 1.5 * 2^23: adding it rounds to an integer, held in the low bits
  const vf shifted = x * 1.44269504f + kRound;
  const vf n = shifted - kRound;
  const vf r = (x - n * 0.693359375f) + n * 2.12194440e-4f;
  return {r, (vi)shifted - (vi)splat(kRound)};
}

static inline vf exp_quotient(vf r) {
  return (((1.38131448e-3f * r + 8.36941879e-3f) * r + 4.16684560e-2f) * r + 1.66665152e-1f) * r + 4.99999940e-1f;
}

static inline vf exp_polynomial(vf r) { return (exp_quotient(r) * r + 1.0f) * r + 1.0f; }

// 2^n for -126 <= n <= 127.
static inline vf power_of_two(vi n) { return (vf)((n + 127) << 23); }

// exp(x) with 0 for what lies below the normal numbers: what a softmax needs.
static inline vf softmax_exp(vf x) {
  const vm tiny = x < -87.0f;
  x = tiny ? splat(-87.0f) : x;
  const Reduced reduced = reduce_exponent(x > 88.8f ? splat(88.8f) : x);
  const vf value = exp_polynomial(reduced.r) * power_of_two(reduced.n);
  return tiny ? vf{} : value;
}

// Elementary functions of vectors, as the loss calls them: to 2 ulp or so, NaN in, NaN out.

static inline vf vabs(vf x) { return (vf)((vi)x & 0x7fffffff); }
static inline vf copysign(vf magnitude, vf sign) { return (vf)(((vi)magnitude & 0x7fffffff) | ((vi)sign & INT32_MIN)); }
static inline vf vmin(vf a, vf b) { return ((a < b) | (a != a)) ? a : b; }
static inline vf vmax(vf a, vf b) { return ((a > b) | (a != a)) ? a : b; }
static inline vf vsign(vf x) { return x == 0.0f ? x : x != x ? x : copysign(splat(1.0f), x); }

static inline vi vimin(vi a, vi b) { return a < b ? a : b; }
static inline vi vimax(vi a, vi b) { return a > b ? a : b; }

// The quotient rounded down, for divisors above 0. ~a = -1 - a: what is below 0 is divided on the other side of it.
static inline vi vifloor_divide(vi a, vi b) {
  const vi sign = a >> 31;
  return ((a ^ sign) / b) ^ sign;
}

template <typename Function>
static inline vf each_lane(vf x, Function function) {
  for (int lane = 0; lane < kLanes; ++lane) x[lane] = function(x[lane]);
  return x;
}

static inline vf vsqrt(vf x) {
  return each_lane(x, [](float value) { return __builtin_sqrtf(value); });
}

static inline vf vfloor(vf x) {
  return each_lane(x, [](float value) { return __builtin_floorf(value); });
}

static inline vf vpow(vf x, vf y) {
  for (int lane = 0; lane < kLanes; ++lane) x[lane] = __builtin_powf(x[lane], y[lane]);
  return x;
}

static inline vf vexp(vf x) {
  x = x < -104.0f ? splat(-104.0f) : x;
  x = x > 89.0f ? splat(89.0f) : x;
  const Reduced reduced = reduce_exponent(x);
  const vi half = reduced.n >> 1;
  return exp_polynomial(reduced.r) * power_of_two(half) * power_of_two(reduced.n - half);
}

static inline vf vexpm1(vf x) {
  const vf small = x + x * x * exp_quotient(x);
  return vabs(x) < 0.34f ? small : vexp(x) - 1.0f;
}

static inline vf vlog(vf x) {
  const vm subnormal = x < 1.17549435e-38f;
  const vf scaled = subnormal ? x * 8388608.0f : x;
  // m in [sqrt(1/2), sqrt(2)), scaled = m 2^e
  const vi shifted = (vi)scaled - 0x3f3504f3;
  const vi e = (shifted >> 23) - (subnormal & 23);
  const vf t = (vf)((shifted & 0x007fffff) + 0x3f3504f3) - 1.0f;
  vf p = 6.75675782e-2f * t - 1.16943345e-1f;
  p = p * t + 1.18935131e-1f;
  p = p * t - 1.24030836e-1f;
  p = p * t + 1.42185539e-1f;
  p = p * t - 1.66680902e-1f;
  p = p * t + 2.00021669e-1f;
  p = p * t - 2.50000089e-1f;
  p = p * t + 3.33333105e-1f;
  const vf n = __builtin_convertvector(e, vf);
  const vf tail = (p * t - 0.5f) * (t * t) - n * 2.12194440e-4f;
  const vf value = n * 0.693359375f + (t + tail);
  const vf infinity = splat(__builtin_inff());
  const vf edge = x == 0.0f ? -infinity : x < 0.0f ? splat(__builtin_nanf("")) : x;
  return ((x > 0.0f) & (x < infinity)) ? value : edge;
}

static inline vf vlog1p(vf x) {
  const vf u = x + 1.0f;
  // What rounding u took away, to first order.
  const vf correction = (x - (u - 1.0f)) / u;
  const vf value = vlog(u);
  return ((u > 0.0f) & (u < __builtin_inff())) ? value + correction : value;
}

static inline vf vsoftplus(vf x) { return (x > 0.0f ? x : x != x ? x : vf{}) + vlog1p(vexp(-vabs(x))); }

static inline vf vsigmoid(vf x) {
  const vf e = vexp(-vabs(x));
  return (x < 0.0f ? e : splat(1.0f)) / (1.0f + e);
}

static inline vf vtanh(vf x) {
  const vf t = vexpm1(-2.0f * vabs(x));
  return copysign(-t / (t + 2.0f), x);
}

constexpr int kScalars = 3;  // the pair term's sum, then the gradient of each parameter

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
  float u1;  // params.bias
  float u2;  // (pair weight)
};

static inline vf pairwise_logit(vf dot, vm positive, const Row& row, const Col& col, const Uniforms& uniforms) {
  return (splat(uniforms.u0) * dot) + splat(uniforms.u1);
}

static inline vf pairwise_value(vf dot, vf logit, vm positive, const Row& row, const Col& col, const Uniforms& uniforms) {
  return splat(uniforms.u2) * (vsoftplus((positive ? (-logit) : logit)));
}

#pragma GCC diagnostic pop

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

// Arguments of `stats`, in order.
struct Stats {
  Arguments next;
  const float* query_panels = next.take<const float*>();
  const float* key_panels = next.take<const float*>();
  int rows = next.take<int>();
  int cols = next.take<int>();
  int row0 = next.take<int>();
  int col0 = next.take<int>();
  const int32_t* positive = next.take<const int32_t*>();
  const float* positive_logit = next.take<const float*>();
  const float* guide_tile = next.take<const float*>();
  float offset = next.take<float>();
  Uniforms uniforms = next.take<Uniforms>();
  int row_pitch = next.take<int>();
  int col_pitch = next.take<int>();
  float* row_partial_max = next.take<float*>();
  float* row_partial_sum = next.take<float*>();
  float* row_partial_extra = next.take<float*>();
  float* col_partial_max = next.take<float*>();
  float* col_partial_sum = next.take<float*>();
  float* col_partial_extra = next.take<float*>();
  float* scalar_partial = next.take<float*>();
  int threads = next.take<int>();
};

// kLanes pairs of a register tile: what there is to know of them before anything is summed.
struct Pairs {
  vf dot, logit;
  vm positive;
  vm inside;                  // the matrix
  vm row_counts, col_counts;  // for the row's softmax, for the columns'
};

// The columns of a register tile.
struct Columns {
  int first;  // in the chunk
  Col at[kVectors];
  vm inside[kVectors];
};

template <typename Chunk>
static inline Columns columns_at(const Chunk& chunk, int j) {
  Columns cols;
  cols.first = j;
  for (int v = 0; v < kVectors; ++v) {
    cols.at[v] = col_at(chunk, chunk.col0, j + v * kLanes, chunk.cols);
    cols.inside[v] = indices(j + v * kLanes) < chunk.cols;
  }
  return cols;
}

// Whether a register tile from row i of the chunk on needs no look at its pairs: all are inside the matrix and count for both
// sides, and none is a positive.
template <typename Chunk>
static inline bool is_plain(const Chunk& chunk, int i, const Columns& cols) {
  if (i + kRegisterRows > chunk.rows || cols.first + kRegisterCols > chunk.cols) return false;
  const int distance = chunk.col0 + cols.first - chunk.row0 - i;
  if (distance < kRegisterRows && -distance < kRegisterCols) return false;
  return true;
}

// Vector v of the columns, in the chunk's row i. Of pairs in a plain tile nothing is asked.
template <bool kPlain, typename Chunk>
static inline Pairs pairs_at(const Chunk& chunk, vf dot, [[maybe_unused]] int i, const Row& row, const Columns& cols, int v) {
  const Uniforms& uniforms = chunk.uniforms;
  const Col& col = cols.at[v];
  Pairs pairs;
  pairs.dot = dot;
  pairs.inside = kPlain ? splat(-1) : cols.inside[v];
  pairs.positive = vm{};
  if constexpr (!kPlain) {
    pairs.positive = col.index == row.index;
    pairs.positive &= pairs.inside;
  }
  // All kernels evaluate the same function of the dot as it would be stored: their logits agree.
  pairs.logit = rounded(pairwise_logit(rounded(dot), pairs.positive, row, col, uniforms));
  pairs.row_counts = pairs.col_counts = pairs.inside;
  return pairs;
}

// What is summed of a block's rows while its tiles are walked, and of one tile's columns while its rows are.
struct RowSums {
  double pairs;
};

struct ColSums {
};

// The epilogue: from dots to logits to sums. A tile's sums are made apart and then added to the block's: rounding errors of
// equal terms do not pile up. `block_row`: the tile's first row in the block.
template <bool kPlain>
[[gnu::always_inline]] static inline void add_tile(const Stats& chunk, int i, [[maybe_unused]] int block_row, const Columns& cols,
                                                   vf (&tile)[kRegisterRows][kVectors], [[maybe_unused]] RowSums& row_sums,
                                                   [[maybe_unused]] ColSums& col_sums) {
  const int tile_rows = kPlain ? kRegisterRows : least(kRegisterRows, chunk.rows - i);
  vf values = {};
  for (int r = 0; r < tile_rows; ++r) {
    const Row row = row_at(chunk, chunk.row0, i + r);
    for (int v = 0; v < kVectors; ++v) {
      const Pairs pairs = pairs_at<kPlain>(chunk, tile[r][v], i + r, row, cols, v);
      const vf value = only(
          pairs.inside, pairwise_value(pairs.dot, pairs.logit, pairs.positive, row, cols.at[v], chunk.uniforms));
      values += value;
    }
  }
  row_sums.pairs += horizontal_sum(values);
}

// Away from the main loop: most tiles are plain.
[[gnu::noinline]] static void add_general_tile(const Stats& chunk, int i, int block_row, const Columns& cols,
                                               vf (&tile)[kRegisterRows][kVectors], RowSums& row_sums, ColSums& col_sums) {
  add_tile<false>(chunk, i, block_row, cols, tile, row_sums, col_sums);
}

// One thread's task: the logits of a block, and what is summed of them.
static void stats_block(const Stats& chunk, int row_tile, int col_tile, [[maybe_unused]] int tile_index) {
  const int first_row = row_tile * kBlockRows, end_row = least(first_row + kBlockRows, chunk.rows);
  const int first_col = col_tile * kBlockCols, end_col = least(first_col + kBlockCols, chunk.cols);
  RowSums row_sums = {};
  for (int j = first_col; j < end_col; j += kRegisterCols) {
    const float* keys = chunk.key_panels + (int64_t)j * kSteps;
    const Columns cols = columns_at(chunk, j);
    ColSums col_sums = {};
    for (int i = first_row; i < end_row; i += kRegisterRows) {
      // The main loop.
      vf tile[kRegisterRows][kVectors];
      dot_tile(chunk.query_panels + (int64_t)i * kSteps, keys, tile);
      if (is_plain(chunk, i, cols)) add_tile<true>(chunk, i, i - first_row, cols, tile, row_sums, col_sums);
      else add_general_tile(chunk, i, i - first_row, cols, tile, row_sums, col_sums);
    }
    [[maybe_unused]] const int tile_cols = least(kRegisterCols, end_col - j);
  }
  for (int k = 0; k < kScalars; ++k) chunk.scalar_partial[(int64_t)tile_index * kScalars + k] = k == 0 ? (float)row_sums.pairs : 0.0f;
}

}  // namespace

// Statistics of a chunk of logits: partial sums of each row per column tile, of each column per row tile.
extern "C" void stats(void* const* args) {
  const Stats chunk{Arguments(args)};
  const int row_tiles = ceil_div(chunk.rows, kBlockRows), col_tiles = ceil_div(chunk.cols, kBlockCols);
#pragma omp parallel for schedule(dynamic) num_threads(chunk.threads)
  for (int tile = 0; tile < row_tiles * col_tiles; ++tile) stats_block(chunk, tile / col_tiles, tile % col_tiles, tile);
}
