// Emitted by infinitile 0.2.0: do not edit.
// SPDX-License-Identifier: Apache-2.0
//
// inputs     bf16, depth 512
// target     sm_80
// tile       block 128 x 256, depth 32, stages 4, group 16
//            register 64 x 64
//            instruction mma.m16n8k16

/*
accumulate: the products of one chunk of the matrix, added to the fp32 gradients.

    accumulateQueries    dQ += G K
    accumulateKeys       dK += G^T Q
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

constexpr int kGradientPlanes = 1;
constexpr int kColTiles = (kDepth + kBlockCols - 1) / kBlockCols;  // of an output, whose columns are the depth
constexpr int kABytes = 2 * kBlockRows * kBlockDepth;
constexpr int kSharedBytes = 98304;
static_assert(kSharedBytes >= kPipelineBytes, "the ring fits");

/**
 * A = G, or G read by columns (`kTransposed`), from its corner at the output's first row; B = keys or queries, from the
 * output's first column. `rowsLeft` output rows and `colsLeft` padded output columns exist; the sum runs over `length`.
 */
template <bool kTransposed>
struct GradientOperands {
  static constexpr int kARows = kTransposed ? kBlockDepth : kBlockRows;
  static constexpr int kACols = kTransposed ? kBlockRows : kBlockDepth;
  static constexpr int kARowBytes = 2 * kACols;
  static constexpr int kBRowBytes = 2 * kBlockCols;

  TileCopy<kARows, kACols, Rows::Sequential> a;
  TileCopy<kBlockDepth, kBlockCols, Rows::Sequential> b;
  unsigned aOffset;
  unsigned bOffset;

  __device__ __forceinline__ GradientOperands(const Element* gradient, int gradientPitch, const Element* vectors, int rowsLeft, int colsLeft, int length,
                                              const WarpPlace& warp)
      : a(gradient + planeOfA(0) * (gradientPitch / kGradientPlanes), gradientPitch, kTransposed ? length : rowsLeft, kTransposed ? rowsLeft : length),
        b(vectors + planeOfB(0) * kDepthPadded, kOperandPitch, length, colsLeft) {
    const int lane = warp.lane;
    // Matrices of A: rows 0-7 and 8-15 of k 0-7, then of k 8-15.
    if (kTransposed) {
      aOffset = chunkOffset<kACols / kChunk, Rows::Sequential>(lane / 16 * 8 + lane % 8, warp.row / kChunk + lane / 8 % 2);
    } else {
      aOffset = chunkOffset<kACols / kChunk, Rows::Sequential>(warp.row + lane % 16, lane / 16);
    }
    // Matrices of B: k 0-7 and 8-15 of one column tile, then of the next.
    bOffset = kABytes + chunkOffset<kBlockCols / kChunk, Rows::Sequential>(lane % 16, warp.col / kChunk + lane / 16);
  }

  __device__ __forceinline__ void moveA(int by) {
    if (kTransposed) {
      a.moveDown(by);
    } else {
      a.moveAlong(by);
    }
  }

  __device__ __forceinline__ void copyNext(unsigned stage) {
    a.start(stage);
    b.start(stage + kABytes);
    moveA(kBlockDepth);
    b.moveDown(kBlockDepth);
  }

  /** Steps along a row of chunks change bits of the chunk's number that the lane leaves 0; steps down add rows. */
  __device__ __forceinline__ void load(unsigned stage, int k, Fragments& to) const {
#pragma unroll
    for (int m = 0; m < kTilesM; ++m) {
      if (kTransposed) {
        loadMatricesTransposed(stage + (aOffset ^ (m * 2 * kChunkBytes)) + k * 16 * kARowBytes, to.a[m][0], to.a[m][1], to.a[m][2], to.a[m][3]);
      } else {
        loadMatrices(stage + (aOffset ^ (k * 2 * kChunkBytes)) + m * 16 * kARowBytes, to.a[m][0], to.a[m][1], to.a[m][2], to.a[m][3]);
      }
    }
#pragma unroll
    for (int n = 0; n < kTilesN; n += 2)
      loadMatricesTransposed(stage + (bOffset ^ (n * kChunkBytes)) + k * 16 * kBRowBytes, to.b[n][0], to.b[n][1], to.b[n + 1][0], to.b[n + 1][1]);
  }
};

/** output += sums, 16 rows of this warp's part at a time: all reads are under way before the first write. */
template <bool kEdge>
__device__ __forceinline__ void addPart(const Accumulators& sums, const WarpPlace& warp, float* output, int rowsLeft, int colsLeft) {
  const int row = warp.row + warp.lane / 4;
  const int col = warp.col + warp.lane % 4 * 2;
  float* const first = output + static_cast<long long>(row) * kDepth + col;
#pragma unroll
  for (int m = 0; m < kTilesM; ++m) {
    float2 values[2][kTilesN];
#pragma unroll
    for (int h = 0; h < 2; ++h) {
#pragma unroll
      for (int n = 0; n < kTilesN; ++n) {
        if (kEdge && (row + m * 16 + h * 8 >= rowsLeft || col + n * 8 >= colsLeft)) continue;
        values[h][n] = *reinterpret_cast<const float2*>(first + (m * 16 + h * 8) * kDepth + n * 8);
      }
    }
#pragma unroll
    for (int h = 0; h < 2; ++h) {
#pragma unroll
      for (int n = 0; n < kTilesN; ++n) {
        if (kEdge && (row + m * 16 + h * 8 >= rowsLeft || col + n * 8 >= colsLeft)) continue;
        values[h][n].x += sums[m][n][h * 2];
        values[h][n].y += sums[m][n][h * 2 + 1];
        *reinterpret_cast<float2*>(first + (m * 16 + h * 8) * kDepth + n * 8) = values[h][n];
      }
    }
  }
}

/** One tile of output += A B, with B `length` rows long. Tiles of the same rows of A run side by side and share them in L2. */
template <bool kTransposed>
__device__ __forceinline__ void accumulate(const Element* gradient, int gradientPitch, const Element* vectors, float* output, int outputRows, int length) {
  extern __shared__ __align__(128) unsigned char shared[];
  const int firstRow = static_cast<int>(blockIdx.x) / kColTiles * kBlockRows;
  const int firstCol = static_cast<int>(blockIdx.x) % kColTiles * kBlockCols;
  const WarpPlace warp = placeOfWarp();
  const int rowsLeft = outputRows - firstRow;
  const int colsLeft = kDepth - firstCol;

  GradientOperands<kTransposed> operands(gradient + (kTransposed ? firstRow : static_cast<long long>(firstRow) * gradientPitch), gradientPitch, vectors + firstCol, rowsLeft,
                                         kDepthPadded - firstCol, length, warp);
  Accumulators sums = {};
  const int steps = kSegments * ((length + kBlockDepth - 1) / kBlockDepth);
  multiply(operands, steps, static_cast<unsigned>(__cvta_generic_to_shared(shared)), sums);

  float* const corner = output + static_cast<long long>(firstRow) * kDepth + firstCol;
  if (rowsLeft >= kBlockRows && colsLeft >= kBlockCols) {
    addPart<false>(sums, warp, corner, rowsLeft, colsLeft);
  } else {
    addPart<true>(sums, warp, corner, rowsLeft, colsLeft);
  }
}

extern "C" __global__ void __launch_bounds__(kThreads) accumulateQueries(
    int rows,
    int cols,
    const Element* __restrict__ gradientTile,
    int gradientPitch,
    const Element* __restrict__ keys,
    float* __restrict__ dQueries) {
  accumulate<false>(gradientTile, gradientPitch, keys, dQueries, rows, cols);
}

extern "C" __global__ void __launch_bounds__(kThreads) accumulateKeys(
    int rows,
    int cols,
    const Element* __restrict__ gradientTile,
    int gradientPitch,
    const Element* __restrict__ queries,
    float* __restrict__ dKeys) {
  accumulate<true>(gradientTile, gradientPitch, queries, dKeys, cols, rows);
}
