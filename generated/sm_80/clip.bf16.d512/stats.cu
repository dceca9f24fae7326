// Emitted by infinitile 0.2.0: do not edit.
// SPDX-License-Identifier: Apache-2.0
//
// loss       clip
// logit      exp(params.logScale) * dot
// terms      row softmax: lse - positiveLogit, weight 0.5, mean
//            column softmax: lse - positiveLogit, weight 0.5, mean
// softmax    bounded
// inputs     bf16, depth 512
// target     sm_80
// tile       block 128 x 256, depth 32, stages 4, group 16
//            register 64 x 64
//            instruction mma.m16n8k16

/*
stats: the exponentials' sums over each tile's rows and columns, for one chunk of the matrix.
One block per tile: S = Q K^T by tensor cores, then the loss on each logit, then partial sums to memory.
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

// The block's tile, the k-step, and the part of one warp.
constexpr int kBlockRows = 128;
constexpr int kBlockCols = 256;
constexpr int kBlockDepth = 32;
constexpr int kStages = 4;  // k-steps of operands in flight
constexpr int kWarpRows = 64;
constexpr int kWarpCols = 64;
constexpr int kWarpsAlongRows = kBlockRows / kWarpRows;
constexpr int kWarpsAlongCols = kBlockCols / kWarpCols;
constexpr int kWarps = kWarpsAlongRows * kWarpsAlongCols;
constexpr int kThreads = 32 * kWarps;

// mma.m16n8k16 tiles of a warp.
constexpr int kTilesM = kWarpRows / 16;
constexpr int kTilesN = kWarpCols / 8;
constexpr int kTilesK = kBlockDepth / 16;

// The operands in memory, [row][plane][kDepthPadded].
constexpr int kDepth = 512;
constexpr int kDepthPadded = (kDepth + 7) / 8 * 8;  // whole 16-byte chunks
constexpr int kPlanes = 1;
constexpr int kOperandPitch = kPlanes * kDepthPadded;

constexpr int kStageBytes = 2 * (kBlockRows + kBlockCols) * kBlockDepth;
constexpr int kPipelineBytes = kStages * kStageBytes;

static_assert(kBlockRows % kWarpRows == 0 && kBlockCols % kWarpCols == 0, "warps share the block evenly");
static_assert(kWarpRows % 16 == 0 && kWarpCols % 32 == 0, "a warp's part is whole tiles, and whole groups of 32 columns");
static_assert(kTilesK % 2 == 0, "fragments alternate between two sets, evenly in a k-step");
static_assert(kStages >= 2, "one k-step is read while the next arrives");

// Tiles in shared memory are rows of 16-byte chunks. Chunks are exchanged within a row (a XOR by bits of the row number), so
// that the eight rows that one 8 x 8 matrix is loaded from lie in eight different bank groups.
constexpr int kChunk = 8;  // elements
constexpr int kChunkBytes = 16;

/** Which rows one matrix is loaded from: eight in sequence, or two of every eight in 32 (`Interleaved`). */
enum class Rows { Sequential, Interleaved };

template <unsigned kChunks, Rows kRows>
__device__ __forceinline__ unsigned chunkOffset(unsigned row, unsigned chunk) {
  constexpr unsigned kRowsPerLine = kChunks >= 8 ? 1 : 8 / kChunks;  // rows in the 128 bytes that all banks hold
  constexpr unsigned kMask = kChunks >= 8 ? 7 : kChunks - 1;
  static_assert(kRows == Rows::Sequential || kChunks >= 4, "interleaved rows are at least 64 bytes");
  const unsigned sequential = row / kRowsPerLine;
  const unsigned interleaved = kChunks >= 8 ? row / 8 % 4 * 2 + row % 2 : row / 8;
  const unsigned turn = (kRows == Rows::Interleaved ? interleaved : sequential) & kMask;
  return (row * kChunks + (chunk ^ turn)) * kChunkBytes;
}

/** Starts a 16-byte copy to shared memory; zeros, and no access to memory, unless the source exists. */
__device__ __forceinline__ void startCopy(unsigned shared, const Element* source, bool exists) {
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(shared), "l"(source), "r"(exists ? kChunkBytes : 0));
}

__device__ __forceinline__ void commitCopies() { asm volatile("cp.async.commit_group;"); }

/** Waits until at most `kPending` of this thread's groups of copies are under way. */
template <int kPending>
__device__ __forceinline__ void awaitCopies() {
  asm volatile("cp.async.wait_group %0;" ::"n"(kPending) : "memory");
}

/**
 * This thread's part in copying kTileRows x kTileCols tiles of a row-major matrix, one after the other. `rowsLeft` and
 * `colsLeft` are what the matrix has from the tile's corner on; chunks that begin beyond become zeros.
 */
template <int kTileRows, int kTileCols, Rows kRows>
struct TileCopy {
  static constexpr int kChunks = kTileCols / kChunk;
  static constexpr int kRowsPerPass = kThreads / kChunks;
  static constexpr int kPasses = (kTileRows + kRowsPerPass - 1) / kRowsPerPass;
  static_assert(kThreads % kChunks == 0, "a pass copies whole rows");

  const Element* source;  // this thread's first chunk
  int pitch;
  int rowsLeft;  // from that chunk on
  int colsLeft;

  __device__ __forceinline__ TileCopy(const Element* corner, int pitch, int rowsLeft, int colsLeft)
      : source(corner + static_cast<int>(threadIdx.x / kChunks) * static_cast<long long>(pitch) + threadIdx.x % kChunks * kChunk),
        pitch(pitch),
        rowsLeft(rowsLeft - static_cast<int>(threadIdx.x / kChunks)),
        colsLeft(colsLeft - static_cast<int>(threadIdx.x % kChunks) * kChunk) {}

  __device__ __forceinline__ void start(unsigned shared) const {
    const unsigned row = threadIdx.x / kChunks;
#pragma unroll
    for (int pass = 0; pass < kPasses; ++pass) {
      if (kTileRows % kRowsPerPass != 0 && row + pass * kRowsPerPass >= kTileRows) break;
      const unsigned to = shared + chunkOffset<kChunks, kRows>(row + pass * kRowsPerPass, threadIdx.x % kChunks);
      startCopy(to, source + pass * kRowsPerPass * static_cast<long long>(pitch), rowsLeft > pass * kRowsPerPass && colsLeft > 0);
    }
  }

  /** To another tile in the same rows, or in the same columns. */
  __device__ __forceinline__ void moveAlong(int cols) {
    source += cols;
    colsLeft -= cols;
  }
  __device__ __forceinline__ void moveDown(int rows) {
    source += rows * static_cast<long long>(pitch);
    rowsLeft -= rows;
  }
};

struct WarpPlace {
  int lane;
  int row;  // of the warp's part in the block's tile
  int col;
};

__device__ __forceinline__ WarpPlace placeOfWarp() {
  const int warp = threadIdx.x / 32;
  return {static_cast<int>(threadIdx.x % 32), warp / kWarpsAlongCols * kWarpRows, warp % kWarpsAlongCols * kWarpCols};
}

/** Sums of a warp's part. [m][n][2h + b] of lane 4g + t: row 16 m + 8 h + g, column 2 t + b of the n-th column tile. */
using Accumulators = float[kTilesM][kTilesN][4];

/** One k16 step of both operands, as mma.m16n8k16 wants them. */
struct Fragments {
  unsigned a[kTilesM][4];
  unsigned b[kTilesN][2];
};

/** Four 8 x 8 matrices: lanes 8 i .. 8 i + 7 give the addresses of matrix i's rows. */
__device__ __forceinline__ void loadMatrices(unsigned address, unsigned& m0, unsigned& m1, unsigned& m2, unsigned& m3) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];" : "=r"(m0), "=r"(m1), "=r"(m2), "=r"(m3) : "r"(address));
}

/** The same, each matrix transposed. */
__device__ __forceinline__ void loadMatricesTransposed(unsigned address, unsigned& m0, unsigned& m1, unsigned& m2, unsigned& m3) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];" : "=r"(m0), "=r"(m1), "=r"(m2), "=r"(m3) : "r"(address));
}

__device__ __forceinline__ void multiplyTile(float (&c)[4], const unsigned (&a)[4], const unsigned (&b)[2]) {
  asm volatile(
      "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
      : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}

__device__ __forceinline__ void multiplyFragments(Accumulators& sums, const Fragments& fragments) {
#pragma unroll
  for (int m = 0; m < kTilesM; ++m) {
#pragma unroll
    for (int i = 0; i < kTilesN; ++i) {
      const int n = m % 2 == 0 ? i : kTilesN - 1 - i;  // back and forth: neighbours share an operand
      multiplyTile(sums[m][n], fragments.a[m], fragments.b[n]);
    }
  }
}

/**
 * sums += A B over `steps` k-steps. `Operands` starts the copies of one k-step after the other (`copyNext`) and loads the
 * fragments of a k16 step from a stage that has arrived (`load`). Stages form a ring: while one is multiplied, the
 * kStages - 1 after it are under way. The ring is free when this returns.
 */
template <typename Operands>
__device__ __forceinline__ void multiply(Operands& operands, int steps, unsigned ring, Accumulators& sums) {
#pragma unroll
  for (int stage = 0; stage < kStages - 1; ++stage) {
    if (stage < steps) operands.copyNext(ring + stage * kStageBytes);
    commitCopies();
  }
  // A known number of steps would let the compiler unroll, and run out of registers, where there are few.
  asm("" : "+r"(steps));
  unsigned reading = ring;
  unsigned writing = ring + (kStages - 1) * kStageBytes;
  awaitCopies<kStages - 2>();
  __syncthreads();
  Fragments fragments[2];
  operands.load(reading, 0, fragments[0]);

#pragma unroll 1
  for (int step = 0; step < steps; ++step) {
#pragma unroll
    for (int k = 0; k < kTilesK; ++k) {
      if (k == kTilesK - 1) {
        // The next stage has arrived for everyone, and nobody reads this one any more.
        awaitCopies<kStages - 2>();
        __syncthreads();
        reading = reading == ring + (kStages - 1) * kStageBytes ? ring : reading + kStageBytes;
      }
      operands.load(reading, (k + 1) % kTilesK, fragments[(k + 1) % 2]);
      if (k == 0) {
        if (step + kStages - 1 < steps) operands.copyNext(writing);
        commitCopies();
        writing = writing == ring + (kStages - 1) * kStageBytes ? ring : writing + kStageBytes;
      }
      multiplyFragments(sums, fragments[k % 2]);
    }
  }
  awaitCopies<0>();
  __syncthreads();
}

constexpr int kSegments = 1;
__device__ __forceinline__ int planeOfA(int) { return 0; }
__device__ __forceinline__ int planeOfB(int) { return 0; }

// S = Q K^T, one tile of the chunk per block.
constexpr int kRowChunks = kBlockDepth / kChunk;
constexpr int kRowBytes = kRowChunks * kChunkBytes;
constexpr int kABytes = kBlockRows * kRowBytes;
constexpr int kDepthSteps = (kDepthPadded + kBlockDepth - 1) / kBlockDepth;

/** A thread holds, of every 32 columns, 8 neighbours: [m][4 p + v / 2][2 h + v % 2] is column 32 p + 8 t + v. */
constexpr int kColGroups = kWarpCols / 32;
constexpr int kGroupCols = 8;

struct SimilarityOperands {
  TileCopy<kBlockRows, kBlockDepth, Rows::Sequential> a;
  TileCopy<kBlockCols, kBlockDepth, Rows::Interleaved> b;
  unsigned aOffset;
  unsigned bOffset;

  /** The operands are at the tile's first row and column, of which `rowsLeft` and `colsLeft` exist. */
  __device__ __forceinline__ SimilarityOperands(const Element* queries, const Element* keys, int rowsLeft, int colsLeft, const WarpPlace& warp)
      : a(queries + planeOfA(0) * kDepthPadded, kOperandPitch, rowsLeft, kDepthPadded),
        b(keys + planeOfB(0) * kDepthPadded, kOperandPitch, colsLeft, kDepthPadded) {
    const int lane = warp.lane;
    // Matrices of A: rows 0-7 and 8-15 of k 0-7, then of k 8-15.
    aOffset = chunkOffset<kRowChunks, Rows::Sequential>(warp.row + lane % 16, lane / 16);
    // Matrices of B: k 0-7 and 8-15 of one column tile, then of the next. Row 2 t + b of column tile 4 p + j is column
    // 32 p + 8 t + 2 j + b, which gives each thread neighbouring columns.
    const int row = lane % 8 / 2 * 8 + lane / 16 * 2 + lane % 2;
    bOffset = kABytes + chunkOffset<kRowChunks, Rows::Interleaved>(warp.col + row, lane / 8 % 2);
  }

  __device__ __forceinline__ void copyNext(unsigned stage) {
    a.start(stage);
    b.start(stage + kABytes);
    a.moveAlong(kBlockDepth);
    b.moveAlong(kBlockDepth);
  }

  /** A k16 step is two chunks: one bit of the chunk's number is the lane's, the others are the step's. */
  __device__ __forceinline__ void load(unsigned stage, int k, Fragments& to) const {
    const unsigned aAddress = stage + (aOffset ^ (k * 2 * kChunkBytes));
    const unsigned bAddress = stage + (bOffset ^ (k * 2 * kChunkBytes));
#pragma unroll
    for (int m = 0; m < kTilesM; ++m) loadMatrices(aAddress + m * 16 * kRowBytes, to.a[m][0], to.a[m][1], to.a[m][2], to.a[m][3]);
#pragma unroll
    for (int n = 0; n < kTilesN; n += 2)
      loadMatrices(bAddress + (n / 4 * 32 + n % 4 * 2) * kRowBytes, to.b[n][0], to.b[n][1], to.b[n + 1][0], to.b[n + 1][1]);
  }
};

/** The block's tile. `kGroup` row tiles are visited before the next column tile, so that operands are met again in L2. */
constexpr int kGroup = 16;

struct Tile {
  int row;  // tile numbers
  int col;
};

__device__ __forceinline__ Tile tileOfBlock(int rowTiles, int colTiles) {
  const int block = blockIdx.x;
  const int perGroup = kGroup * colTiles;
  const int firstRow = block / perGroup * kGroup;
  const int height = min(kGroup, rowTiles - firstRow);
  const int within = block % perGroup;
  return {firstRow + within % height, within / height};
}

constexpr float kLog2E = 1.44269504f;

/** 2^x; 0 for -inf. */
__device__ __forceinline__ float powerOfTwo(float x) {
  float result;
  asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(result) : "f"(x));
  return result;
}

/**
 * Whether a tile has positives. Its dots come from the tensor cores, whose sums are truncated; a positive's logit is replaced
 * by the fp32 one that the loss counts, so that what is subtracted is what was added.
 */
__device__ __forceinline__ bool tileHasPositives(int row, int col) {
  return row < col + kBlockCols && col < row + kBlockRows;
}

struct Sum {
  __device__ __forceinline__ float operator()(float a, float b) const { return a + b; }
};

struct Larger {
  __device__ __forceinline__ float operator()(float a, float b) const { return fmaxf(a, b); }
};

/** Combines the 4 lanes that share a row of the accumulators. */
template <typename Combine>
__device__ __forceinline__ float overQuad(float value, Combine combine) {
  value = combine(value, __shfl_xor_sync(0xffffffffu, value, 1));
  return combine(value, __shfl_xor_sync(0xffffffffu, value, 2));
}

/** Combines the 8 lanes that share a column. */
template <typename Combine>
__device__ __forceinline__ float overRows(float value, Combine combine) {
  value = combine(value, __shfl_xor_sync(0xffffffffu, value, 4));
  value = combine(value, __shfl_xor_sync(0xffffffffu, value, 8));
  return combine(value, __shfl_xor_sync(0xffffffffu, value, 16));
}

/**
 * Adds the v-th of 8 terms to the terms before it, in pairs, pairs of pairs, and so on; partial[2] is the sum after the last.
 * A running sum of many equal terms would round the same way every time.
 */
__device__ __forceinline__ void addInPairs(float (&partial)[3], int v, float term) {
  if (v % 2 == 0) {
    partial[0] = term;
    return;
  }
  const float pair = partial[0] + term;
  if (v % 4 == 1) {
    partial[1] = pair;
    return;
  }
  const float four = partial[1] + pair;
  partial[2] = v == 3 ? four : partial[2] + four;
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

__device__ __forceinline__ float pairwise_logit(float dot, bool positive, const Row& row, const Col& col, const Uniforms& uniforms) {
  return uniforms.u0 * dot;
}

/** The chunk and the loss, as the epilogue needs them; pointers are at the tile's first row or column. */
struct Epilogue {
  int rowsLeft;
  int colsLeft;
  int row;  // numbers of the tile's first row and column
  int col;
  float exponentOffset;  // base 2
  const float* positiveLogit;
};

/** What pairs read of the tile's rows and columns; brought to shared memory where pairs are tested one by one. */
struct Places {
  float positiveLogit[kBlockRows];
};

/** Copies to shared memory; beyond the matrix stands `beyond`. */
template <typename Value>
__device__ __forceinline__ void bring(Value* to, const Value* from, int count, int left, Value beyond) {
  for (int i = threadIdx.x; i < count; i += kThreads) to[i] = i < left ? from[i] : beyond;
}

__device__ __forceinline__ void bringPlaces(Places& places, const Epilogue& tile) {
  bring(places.positiveLogit, tile.positiveLogit, kBlockRows, tile.rowsLeft, 0.0f);
}

__device__ __forceinline__ Row rowAt(const Epilogue& tile, const Places& places, int row) {
  Row result = rowNumbered(tile.row + row);
  return result;
}

__device__ __forceinline__ Col colAt(const Epilogue& tile, const Places& places, int col) {
  Col result = colNumbered(tile.col + col);
  return result;
}

/**
 * A thread's sums in 32 of its columns, where pairs are tested one by one. Memory has addresses as registers have not: one copy
 * of the loss's code serves every row, and the registers are free for what that code keeps.
 */
struct Stage {
  float4 quads[2 * kTilesM][2][kThreads];
};

/** Puts there the sums of group p. A thread reads what it wrote itself. */
template <int p>
__device__ __forceinline__ void stageGroup(Stage& stage, const Accumulators& sums) {
#pragma unroll
  for (int m = 0; m < kTilesM; ++m) {
#pragma unroll
    for (int h = 0; h < 2; ++h) {
#pragma unroll
      for (int half = 0; half < 2; ++half) {
        constexpr int n = p * 4;
        stage.quads[m * 2 + h][half][threadIdx.x] = {sums[m][n + half * 2][h * 2], sums[m][n + half * 2][h * 2 + 1], sums[m][n + half * 2 + 1][h * 2],
                                                     sums[m][n + half * 2 + 1][h * 2 + 1]};
      }
    }
  }
}

/** Row 8 r + g of the warp's part, columns 8 t .. 8 t + 7 of the group that is there. */
__device__ __forceinline__ void loadStaged(const Stage& stage, int r, float (&dots)[kGroupCols]) {
#pragma unroll
  for (int half = 0; half < 2; ++half) {
    const float4 quad = stage.quads[r][half][threadIdx.x];
    dots[half * 4] = quad.x;
    dots[half * 4 + 1] = quad.y;
    dots[half * 4 + 2] = quad.z;
    dots[half * 4 + 3] = quad.w;
  }
}

/** After group p: the next one's sums. */
template <int next = 1>
__device__ __forceinline__ void stageNext(Stage& stage, const Accumulators& sums, int p) {
  if constexpr (next < kColGroups) {
    if (next == p + 1) {
      stageGroup<next>(stage, sums);
    } else {
      stageNext<next + 1>(stage, sums, p);
    }
  }
}

/** Each warp's share of the tile's sums. */
struct Partials {
  float rowSum[kWarpsAlongCols][kBlockRows];
  float colSum[kWarpsAlongRows][kBlockCols];
};

/** What the epilogue keeps in the ring's memory once the ring is free. */
struct Shared {
  Partials partials;
  Places places;
  Stage stage;
};
constexpr int kSharedBytes = 98304;
static_assert(kSharedBytes >= kPipelineBytes, "the ring fits");
static_assert(kSharedBytes >= static_cast<int>(sizeof(Shared)), "what the epilogue keeps fits");

/** Sums of this warp's part of a tile that lies inside the matrix and has no masked pair and no positive. `sums` holds dots and is used up. */
__device__ __forceinline__ void sumPlain(Accumulators& sums, const WarpPlace& warp, const Epilogue& tile, const Uniforms& uniforms, Partials& partials) {
  const int g = warp.lane / 4;
  const int t = warp.lane % 4;
  const int firstCol = warp.col + t * kGroupCols;
  float colSum[kColGroups][kGroupCols] = {};
#pragma unroll
  for (int m = 0; m < kTilesM; ++m) {
#pragma unroll
    for (int h = 0; h < 2; ++h) {
      const int row = warp.row + m * 16 + h * 8 + g;
      const Row rowPlace = rowNumbered(tile.row + row);
      float rowSum = 0.0f;
#pragma unroll
      for (int p = 0; p < kColGroups; ++p) {
        float rowTerms[3];
#pragma unroll
        for (int v = 0; v < kGroupCols; ++v) {
          const Col colPlace = colNumbered(tile.col + firstCol + p * 32 + v);
          float& entry = sums[m][p * 4 + v / 2][h * 2 + v % 2];
          const float logit = pairwise_logit(entry, false, rowPlace, colPlace, uniforms);
          // One exponential serves both directions.
          const float e = powerOfTwo(fmaf(logit, kLog2E, -tile.exponentOffset));
          addInPairs(rowTerms, v, e);
          colSum[p][v] += e;
        }
        rowSum += rowTerms[2];
      }
      rowSum = overQuad(rowSum, Sum());
      if (t == 0) partials.rowSum[warp.col / kWarpCols][row] = rowSum;
    }
  }
#pragma unroll
  for (int p = 0; p < kColGroups; ++p) {
#pragma unroll
    for (int v = 0; v < kGroupCols; ++v) {
      const float sum = overRows(colSum[p][v], Sum());
      if (g == 0) partials.colSum[warp.row / kWarpRows][firstCol + p * 32 + v] = sum;
    }
  }
}

/**
 * Sums of this warp's part of any tile: each pair is asked whether it is in the matrix, positive, and counts.
 */
__device__ __forceinline__ void sumGeneral(const Accumulators& sums, const WarpPlace& warp, const Epilogue& tile, const Uniforms& uniforms, Shared& shared) {
  Partials& partials = shared.partials;
  Places& places = shared.places;
  Stage& stage = shared.stage;
  const int g = warp.lane / 4;
  const int t = warp.lane % 4;
  const int along = warp.col / kWarpCols;
  bringPlaces(places, tile);
  stageGroup<0>(stage, sums);
  __syncthreads();
#pragma unroll 1
  for (int p = 0; p < kColGroups; ++p) {
    const int groupCol = warp.col + p * 32 + t * kGroupCols;
    float colSum[kGroupCols] = {};
#pragma unroll 1
    for (int r = 0; r < 2 * kTilesM; ++r) {
      const int row = warp.row + r * 8 + g;
      const bool rowInside = row < tile.rowsLeft;
      const Row rowPlace = rowAt(tile, places, row);
      float dots[kGroupCols];
      loadStaged(stage, r, dots);
      const float positiveLogit = places.positiveLogit[row];
      float rowTerms[3];
#pragma unroll
      for (int v = 0; v < kGroupCols; ++v) {
        const int col = groupCol + v;
        const bool inside = rowInside && col < tile.colsLeft;
        const Col colPlace = colAt(tile, places, col);
        const bool positive = inside && tile.row + row == tile.col + col;
        const float dot = dots[v];
        float logit = pairwise_logit(dot, positive, rowPlace, colPlace, uniforms);
        if (positive) logit = positiveLogit;
        const bool rowCounts = inside;
        const bool colCounts = inside;
        // One exponential serves both directions.
        const float power = powerOfTwo(fmaf(logit, kLog2E, -tile.exponentOffset));
        addInPairs(rowTerms, v, rowCounts ? power : 0.0f);
        colSum[v] += colCounts ? power : 0.0f;
      }
      const float rowSum = overQuad(rowTerms[2], Sum());
      if (t == 0) partials.rowSum[along][row] = p > 0 ? partials.rowSum[along][row] + rowSum : rowSum;
    }
#pragma unroll
    for (int v = 0; v < kGroupCols; ++v) {
      const float sum = overRows(colSum[v], Sum());
      if (g == 0) partials.colSum[warp.row / kWarpRows][groupCol + v] = sum;
    }
    stageNext(stage, sums, p);
  }
}

extern "C" __global__ void __launch_bounds__(kThreads) stats(
    int rows,
    int cols,
    int row0,
    int col0,
    const Element* __restrict__ queries,
    const Element* __restrict__ keys,
    const float* __restrict__ positiveLogit,
    float offset,
    const Uniforms uniforms,
    int rowPitch,
    float* __restrict__ rowPartialSum,
    int colPitch,
    float* __restrict__ colPartialSum) {
  extern __shared__ __align__(128) unsigned char memory[];
  const int rowTiles = (rows + kBlockRows - 1) / kBlockRows;
  const int colTiles = (cols + kBlockCols - 1) / kBlockCols;
  const Tile at = tileOfBlock(rowTiles, colTiles);
  const int firstRow = at.row * kBlockRows;
  const int firstCol = at.col * kBlockCols;
  const WarpPlace warp = placeOfWarp();

  // Dots.
  SimilarityOperands operands(queries + static_cast<long long>(firstRow) * kOperandPitch, keys + static_cast<long long>(firstCol) * kOperandPitch,
                              rows - firstRow, cols - firstCol, warp);
  Accumulators sums = {};
  multiply(operands, kSegments * kDepthSteps, static_cast<unsigned>(__cvta_generic_to_shared(memory)), sums);

  // The loss.
  const Epilogue tile = {
      rows - firstRow,
      cols - firstCol,
      row0 + firstRow,
      col0 + firstCol,
      offset * kLog2E,
      positiveLogit + firstRow,
  };
  const bool positives = tileHasPositives(tile.row, tile.col);
  const bool whole = tile.rowsLeft >= kBlockRows && tile.colsLeft >= kBlockCols;
  const bool plain = whole && !positives;
  Shared& shared = *reinterpret_cast<Shared*>(memory);
  Partials& partials = shared.partials;
  if (plain) {
    sumPlain(sums, warp, tile, uniforms, partials);
  } else {
    sumGeneral(sums, warp, tile, uniforms, shared);
  }
  __syncthreads();

  // Partial sums, one of each row per column tile, one of each column per row tile.
  for (int i = threadIdx.x; i < min(kBlockRows, tile.rowsLeft); i += kThreads) {
    const long long to = static_cast<long long>(at.col) * rowPitch + firstRow + i;
    float sum = 0.0f;
#pragma unroll
    for (int w = 0; w < kWarpsAlongCols; ++w) sum += partials.rowSum[w][i];
    rowPartialSum[to] = sum;
  }
  for (int i = threadIdx.x; i < min(kBlockCols, tile.colsLeft); i += kThreads) {
    const long long to = static_cast<long long>(at.row) * colPitch + firstCol + i;
    float sum = 0.0f;
#pragma unroll
    for (int w = 0; w < kWarpsAlongRows; ++w) sum += partials.colSum[w][i];
    colPartialSum[to] = sum;
  }
}
