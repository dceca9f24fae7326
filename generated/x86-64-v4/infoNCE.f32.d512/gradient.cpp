// Emitted by infinitile 0.2.0: do not edit.
// SPDX-License-Identifier: Apache-2.0
//
// loss       infoNCE
// logit      exp(params.logScale) * dot
// terms      row softmax: lse - positiveLogit, weight 1, mean
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

struct PairGradient {
  vf dot;
  vf scalars[kScalars];
};

static inline PairGradient pairwise_backward(vf dot, vf logit, vf softmax, vm positive, const Row& row, const Col& col, const Uniforms& uniforms) {
  const vf gradient = softmax;
  return {gradient * splat(uniforms.u0), {splat(0.0f), gradient * logit}};
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

// G lies in panels of kPanel columns: [column / kPanel][row][column % kPanel], a panel `pitch` rows high. Both products read
// it in place: kPanel is a multiple of the register tile's rows and of its columns.
constexpr int kPanel = 96;
static_assert(kPanel % kRegisterRows == 0 && kPanel % kRegisterCols == 0, "register tiles do not straddle panels of G");

static inline int64_t gradient_offset(int row, int col, int pitch) {
  return ((int64_t)(col / kPanel) * pitch + row) * kPanel + col % kPanel;
}

// Arguments of `gradient`, in order.
struct Gradient {
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
  const float* row_scale = next.take<const float*>();
  const float* row_pull = next.take<const float*>();
  const float* row_mean_pull = next.take<const float*>();
  const float* col_scale = next.take<const float*>();
  const float* col_pull = next.take<const float*>();
  const float* col_mean_pull = next.take<const float*>();
  int gradient_pitch = next.take<int>();
  float gradient_scale = next.take<float>();
  float* gradient_tile = next.take<float*>();
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
  // Where a positive decides its softmax, errors of its logit then cancel between the sum of exponentials and the loss.
  if constexpr (!kPlain) pairs.logit = pairs.positive ? splat(chunk.positive_logit[i]) : pairs.logit;
  pairs.row_counts = pairs.col_counts = pairs.inside;
  return pairs;
}

// What a row's (a column's) softmax puts into G: e^(s - max) times `scale` where the pair counts; `pull` at positives.
struct Share {
  vf scale;
  vf pull;
};

static inline Share row_share_at(const Gradient& chunk, int i) {
  Share share = {};
  share.scale = splat(chunk.row_scale[i]);
  share.pull = splat(chunk.row_pull[i]);
  return share;
}

// The softmax terms' part of dL/ds.
static inline vf softmax_share([[maybe_unused]] const Gradient& chunk, const Pairs& pairs, const Share& row) {
  const vf e = softmax_exp(pairs.logit - chunk.offset);
  vf softmax = only(pairs.row_counts, e * row.scale);
  softmax += only(pairs.positive, row.pull);
  return softmax;
}

// The epilogue: logits, the softmax's share of their derivatives, and the chain rule.
template <bool kPlain>
[[gnu::always_inline]] static inline void differentiate_tile(const Gradient& chunk, int i, const Columns& cols,
                                                             const vf (&tile)[kRegisterRows][kVectors], double (&scalars)[kScalars]) {
  const int tile_rows = kPlain ? kRegisterRows : least(kRegisterRows, chunk.rows - i);
  vf tile_scalars[kScalars] = {};
  for (int r = 0; r < tile_rows; ++r) {
    const Row row = row_at(chunk, chunk.row0, i + r);
    const Share row_share = row_share_at(chunk, i + r);
    float* to = chunk.gradient_tile + gradient_offset(i + r, cols.first, chunk.gradient_pitch);
    for (int v = 0; v < kVectors; ++v) {
      const Pairs pairs = pairs_at<kPlain>(chunk, tile[r][v], i + r, row, cols, v);
      const vf softmax = softmax_share(chunk, pairs, row_share);
      const PairGradient pair =
          pairwise_backward(pairs.dot, pairs.logit, softmax, pairs.positive, row, cols.at[v], chunk.uniforms);
      store(to + v * kLanes, pair.dot * chunk.gradient_scale);
      for (int k = 0; k < kScalars; ++k) tile_scalars[k] += only(pairs.inside, pair.scalars[k]);
    }
  }
  for (int k = 0; k < kScalars; ++k) scalars[k] += horizontal_sum(tile_scalars[k]);
}

// Away from the main loop: most tiles are plain.
[[gnu::noinline]] static void differentiate_general_tile(const Gradient& chunk, int i, const Columns& cols,
                                                         const vf (&tile)[kRegisterRows][kVectors], double (&scalars)[kScalars]) {
  differentiate_tile<false>(chunk, i, cols, tile, scalars);
}

// One thread's task: the block's logits again, and from them G, the loss's derivative with respect to each dot.
static void gradient_block(const Gradient& chunk, int row_tile, int col_tile, int tile_index) {
  const int first_row = row_tile * kBlockRows, end_row = least(first_row + kBlockRows, chunk.rows);
  const int first_col = col_tile * kBlockCols, end_col = least(first_col + kBlockCols, chunk.cols);
  double scalars[kScalars] = {};
  for (int j = first_col; j < end_col; j += kRegisterCols) {
    const float* keys = chunk.key_panels + (int64_t)j * kSteps;
    const Columns cols = columns_at(chunk, j);
    for (int i = first_row; i < end_row; i += kRegisterRows) {
      // The main loop. Meanwhile the lines that G goes to come into reach.
      float* tile_out = chunk.gradient_tile + gradient_offset(i, j, chunk.gradient_pitch);
      for (int r = 0; r < kRegisterRows; ++r)
        for (int c = 0; c < kRegisterCols; c += kLine) __builtin_prefetch(tile_out + r * kPanel + c, 1);
      vf tile[kRegisterRows][kVectors];
      dot_tile(chunk.query_panels + (int64_t)i * kSteps, keys, tile);
      if (is_plain(chunk, i, cols)) differentiate_tile<true>(chunk, i, cols, tile, scalars);
      else differentiate_general_tile(chunk, i, cols, tile, scalars);
    }
  }
  for (int k = 0; k < kScalars; ++k) chunk.scalar_partial[(int64_t)tile_index * kScalars + k] = (float)scalars[k];
}

}  // namespace

// G of a chunk of logits, and each tile's share of the gradients of the parameters.
extern "C" void gradient(void* const* args) {
  const Gradient chunk{Arguments(args)};
  const int row_tiles = ceil_div(chunk.rows, kBlockRows), col_tiles = ceil_div(chunk.cols, kBlockCols);
#pragma omp parallel for schedule(dynamic) num_threads(chunk.threads)
  for (int tile = 0; tile < row_tiles * col_tiles; ++tile) gradient_block(chunk, tile / col_tiles, tile % col_tiles, tile);
}
