// Emitted by infinitile 0.2.0: do not edit.
// SPDX-License-Identifier: Apache-2.0
//
// loss       infoNCE
// logit      exp(params.logScale) * dot
// terms      row softmax: lse - positiveLogit, weight 1, mean
// softmax    bounded
// inputs     bf16, depth 512
// target     sm_90a
// tile       block 128 x 128, depth 64, stages 6, cluster 2, panel resident, consumers in turns

/*
stats: the exponentials' sums over each tile's rows and columns, for one chunk of the matrix.

One block per multiprocessor walks its share of the tiles. Warp group 2 copies operands to shared memory; the others
multiply a tile's dots by tensor cores, then have the loss on each logit.
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

// A warp group's tile, the k-step, and what a block's warp groups do: 2 multiply, one copies.
constexpr int kBlockRows = 128;
constexpr int kBlockCols = 128;
constexpr int kBlockDepth = 64;  // 128 bytes of 16-bit elements: a row of the swizzle
constexpr int kStages = 6;  // k-steps of operands in flight
constexpr int kGroup = 128;  // threads of a warp group
constexpr int kConsumers = 2;
constexpr int kThreads = (kConsumers + 1) * kGroup;
constexpr int kProducerRegisters = 40;
constexpr int kConsumerRegisters = 232;

constexpr int kTilesN = kBlockCols / 8;  // 8-column tiles of a warp group's sums

// The operands in memory, [row][plane][kDepthPadded].
constexpr int kDepth = 512;

static_assert(kBlockRows % 64 == 0 && kBlockCols % 32 == 0 && kBlockCols <= 256, "whole wgmma tiles, and whole groups of 32 columns");
static_assert(kThreads * 168 <= 65536 && kProducerRegisters + kConsumers * kConsumerRegisters <= 3 * 168, "the registers are there");

constexpr int kSegments = 1;
__device__ __forceinline__ int planeOfA(int) { return 0; }
__device__ __forceinline__ int planeOfB(int) { return 0; }

// Hopper's machinery, a function each: barriers in shared memory, copies of tiles, products of warp groups.

/** Where a matrix lies and which tiles of it are copied, as the copy engine reads it. */
struct alignas(64) TensorMap {
  unsigned long long words[16];
};

/** A barrier's phase ends when `arrivals` have arrived and all bytes expected are there. */
__device__ __forceinline__ void initBarrier(unsigned barrier, int arrivals) {
  asm volatile("mbarrier.init.shared::cta.b64 [%0], %1;" ::"r"(barrier), "r"(arrivals) : "memory");
}

/** Shows initialised barriers to the copy engine, and to the other blocks of the cluster. */
__device__ __forceinline__ void publishBarriers() { asm volatile("fence.mbarrier_init.release.cluster;" ::: "memory"); }

__device__ __forceinline__ void arrive(unsigned barrier) { asm volatile("mbarrier.arrive.shared::cta.b64 _, [%0];" ::"r"(barrier) : "memory"); }

/** Arrives, and lets the phase wait for copies of that many bytes. */
__device__ __forceinline__ void arriveExpecting(unsigned barrier, int bytes) {
  asm volatile("mbarrier.arrive.expect_tx.shared::cta.b64 _, [%0], %1;" ::"r"(barrier), "r"(bytes) : "memory");
}

/** Waits for the end of a phase: the first has parity 0. */
__device__ __forceinline__ void awaitPhase(unsigned barrier, unsigned parity) {
  asm volatile(
      "{\n"
      ".reg .pred done;\n"
      "AGAIN:\n"
      "mbarrier.try_wait.parity.shared::cta.b64 done, [%0], %1;\n"
      "@done bra DONE;\n"
      "bra AGAIN;\n"
      "DONE:\n"
      "}" ::"r"(barrier),
      "r"(parity)
      : "memory");
}

/** Starts the copy of one tile; `barrier` counts its bytes. Beyond the matrix stand zeros. */
__device__ __forceinline__ void copyTile(unsigned to, const TensorMap& map, int col, int plane, int row, unsigned barrier) {
  asm volatile("cp.async.bulk.tensor.3d.shared::cluster.global.mbarrier::complete_tx::bytes [%0], [%1, {%3, %4, %5}], [%2];" ::"r"(to),
               "l"(reinterpret_cast<unsigned long long>(&map)), "r"(barrier), "r"(col), "r"(plane), "r"(row)
               : "memory");
}

/** Starts the copy of one tile from shared memory, by one thread; what lies beyond the matrix is left out. */
__device__ __forceinline__ void copyTileBack(const TensorMap& map, unsigned from, int col, int plane, int row) {
  asm volatile("cp.async.bulk.tensor.3d.global.shared::cta.bulk_group [%0, {%2, %3, %4}], [%1];" ::"l"(reinterpret_cast<unsigned long long>(&map)), "r"(from), "r"(col),
               "r"(plane), "r"(row)
               : "memory");
}

__device__ __forceinline__ void commitCopiesBack() { asm volatile("cp.async.bulk.commit_group;" ::: "memory"); }

/** Waits until at most `kPending` of this thread's groups of copies have still to read shared memory. */
template <int kPending>
__device__ __forceinline__ void awaitCopiesBack() {
  asm volatile("cp.async.bulk.wait_group.read %0;" ::"n"(kPending) : "memory");
}

/** Shows what threads wrote to shared memory to the copy engine. */
__device__ __forceinline__ void publishWrites() { asm volatile("fence.proxy.async.shared::cta;" ::: "memory"); }

/** Four 8 x 8 matrices of 16-bit elements: lanes 8 i .. 8 i + 7 give the addresses of matrix i's rows. */
__device__ __forceinline__ void storeMatrices(unsigned address, const unsigned (&matrices)[4]) {
  asm volatile("stmatrix.sync.aligned.m8n8.x4.shared.b16 [%0], {%1, %2, %3, %4};" ::"r"(address), "r"(matrices[0]), "r"(matrices[1]), "r"(matrices[2]), "r"(matrices[3]) : "memory");
}

/** A warp group and the tensor cores take turns at its sums: before its first product, and after it has touched them itself. */
__device__ __forceinline__ void fenceProducts() { asm volatile("wgmma.fence.sync.aligned;" ::: "memory"); }

__device__ __forceinline__ void commitProducts() { asm volatile("wgmma.commit_group.sync.aligned;" ::: "memory"); }

/** Waits until at most `kPending` of the warp group's committed groups of products are under way. */
template <int kPending>
__device__ __forceinline__ void awaitProducts() {
  asm volatile("wgmma.wait_group.sync.aligned %0;" ::"n"(kPending) : "memory");
}

/** Threads that take part in a named barrier wait for each other; `passTurn` arrives and does not wait. */
__device__ __forceinline__ void awaitTurn(int barrier, int threads) { asm volatile("bar.sync %0, %1;" ::"r"(barrier), "r"(threads) : "memory"); }

__device__ __forceinline__ void passTurn(int barrier, int threads) { asm volatile("bar.arrive %0, %1;" ::"r"(barrier), "r"(threads) : "memory"); }

/** Registers move from the warp groups that need few to those that hold sums. */
template <int kRegisters>
__device__ __forceinline__ void keepRegisters() {
  asm volatile("setmaxnreg.dec.sync.aligned.u32 %0;" ::"n"(kRegisters));
}

template <int kRegisters>
__device__ __forceinline__ void takeRegisters() {
  asm volatile("setmaxnreg.inc.sync.aligned.u32 %0;" ::"n"(kRegisters));
}

/** Tiles in shared memory are rows of 128 bytes, 8 of which make an atom whose 16-byte chunks are exchanged (128-byte swizzle). */
constexpr int kRowBytes = 128;
constexpr int kAtomBytes = 8 * kRowBytes;

/** Describes to the tensor cores an operand whose rows run along the sum (K-major): atoms follow each other down the rows. */
__device__ __forceinline__ unsigned long long describeAlong(unsigned address) {
  return 1ull << 62 | static_cast<unsigned long long>(kAtomBytes >> 4) << 32 | 1ull << 16 | (address & 0x3ffff) >> 4;
}

/** Blocks of a cluster work side by side and share copies. */
constexpr int kCluster = 2;

/** This block's number in its cluster. */
__device__ __forceinline__ int rankInCluster() {
  int rank;
  asm volatile("mov.u32 %0, %%cluster_ctarank;" : "=r"(rank));
  return rank;
}

/** All threads of the cluster's blocks wait for each other. */
__device__ __forceinline__ void meetCluster() {
  __syncwarp();
  asm volatile("barrier.cluster.arrive.aligned;\nbarrier.cluster.wait.aligned;" ::: "memory");
}

/** Arrives at the barrier that lies at the same place in another block's memory. */
__device__ __forceinline__ void arriveAt(unsigned barrier, int rank) {
  asm volatile(
      "{\n"
      ".reg .b32 remote;\n"
      "mapa.shared::cluster.u32 remote, %0, %1;\n"
      "mbarrier.arrive.shared::cluster.b64 _, [remote];\n"
      "}" ::"r"(barrier),
      "r"(rank)
      : "memory");
}

/** Starts the copy of one tile to the same place in every block of the cluster; each one's barrier counts the bytes. */
__device__ __forceinline__ void copyTileToAll(unsigned to, const TensorMap& map, int col, int plane, int row, unsigned barrier) {
  asm volatile(
      "cp.async.bulk.tensor.3d.shared::cluster.global.mbarrier::complete_tx::bytes.multicast::cluster [%0], [%1, {%3, %4, %5}], [%2], %6;" ::"r"(to),
      "l"(reinterpret_cast<unsigned long long>(&map)), "r"(barrier), "r"(col), "r"(plane), "r"(row), "h"(static_cast<unsigned short>((1 << kCluster) - 1))
      : "memory");
}

constexpr int kTilesM = kBlockRows / 64;  // products, one below the other

/** Sums of a thread. [m][n][2 h + b] of lane 4 g + t of warp w: row 64 m + 16 w + 8 h + g, column 8 n + 2 t + b. */
using Accumulators = float[kTilesM][kTilesN][4];

/** 64 x 128 sums of a k16 step: of queries by keys. Under way when this returns; `add`: to the sums that are there. */
__device__ __forceinline__ void multiplyAsync(float (&d)[16][4], unsigned long long a, unsigned long long b, bool add) {
  asm volatile(
      "{\n"
      ".reg .pred add;\n"
      "setp.ne.b32 add, %66, 0;\n"
      "wgmma.mma_async.sync.aligned.m64n128k16.f32.bf16.bf16 {"
        "%0, %1, %2, %3, %4, %5, %6, %7, "
        "%8, %9, %10, %11, %12, %13, %14, %15, "
        "%16, %17, %18, %19, %20, %21, %22, %23, "
        "%24, %25, %26, %27, %28, %29, %30, %31, "
        "%32, %33, %34, %35, %36, %37, %38, %39, "
        "%40, %41, %42, %43, %44, %45, %46, %47, "
        "%48, %49, %50, %51, %52, %53, %54, %55, "
        "%56, %57, %58, %59, %60, %61, %62, %63"
        "}, %64, %65, add, 1, 1, 0, 0;\n"
      "}"
      :
        "+f"(d[0][0]), "+f"(d[0][1]), "+f"(d[0][2]), "+f"(d[0][3]), "+f"(d[1][0]), "+f"(d[1][1]), "+f"(d[1][2]), "+f"(d[1][3]),
        "+f"(d[2][0]), "+f"(d[2][1]), "+f"(d[2][2]), "+f"(d[2][3]), "+f"(d[3][0]), "+f"(d[3][1]), "+f"(d[3][2]), "+f"(d[3][3]),
        "+f"(d[4][0]), "+f"(d[4][1]), "+f"(d[4][2]), "+f"(d[4][3]), "+f"(d[5][0]), "+f"(d[5][1]), "+f"(d[5][2]), "+f"(d[5][3]),
        "+f"(d[6][0]), "+f"(d[6][1]), "+f"(d[6][2]), "+f"(d[6][3]), "+f"(d[7][0]), "+f"(d[7][1]), "+f"(d[7][2]), "+f"(d[7][3]),
        "+f"(d[8][0]), "+f"(d[8][1]), "+f"(d[8][2]), "+f"(d[8][3]), "+f"(d[9][0]), "+f"(d[9][1]), "+f"(d[9][2]), "+f"(d[9][3]),
        "+f"(d[10][0]), "+f"(d[10][1]), "+f"(d[10][2]), "+f"(d[10][3]), "+f"(d[11][0]), "+f"(d[11][1]), "+f"(d[11][2]), "+f"(d[11][3]),
        "+f"(d[12][0]), "+f"(d[12][1]), "+f"(d[12][2]), "+f"(d[12][3]), "+f"(d[13][0]), "+f"(d[13][1]), "+f"(d[13][2]), "+f"(d[13][3]),
        "+f"(d[14][0]), "+f"(d[14][1]), "+f"(d[14][2]), "+f"(d[14][3]), "+f"(d[15][0]), "+f"(d[15][1]), "+f"(d[15][2]), "+f"(d[15][3])
      : "l"(a), "l"(b), "r"(static_cast<int>(add)));
}

/** Nothing reads the sums before the products that are awaited have ended. */
__device__ __forceinline__ void settle(Accumulators& sums) {
#pragma unroll
  for (int m = 0; m < kTilesM; ++m) {
#pragma unroll
    for (int n = 0; n < kTilesN; ++n) {
#pragma unroll
      for (int i = 0; i < 4; ++i) asm volatile("" : "+f"(sums[m][n][i])::"memory");
    }
  }
}

// S = Q K^T. A panel of keys stays in shared memory while tiles of queries stream past.
constexpr int kDepthPadded = (kDepth + 7) / 8 * 8;  // whole 16-byte chunks
constexpr int kDepthSteps = (kDepthPadded + kBlockDepth - 1) / kBlockDepth;
constexpr int kSteps = kSegments * kDepthSteps;  // k-steps of a tile
constexpr int kQueryBytes = kBlockRows * kRowBytes;
// The consumers take turns: every other tile is one's own. A stage holds a k-step of queries, or of keys that stream.
constexpr int kPanelCols = kBlockCols;
constexpr int kReaders = 1;  // of a stage, in each block
constexpr int kKeyBytes = kPanelCols * kRowBytes;
constexpr int kResidentSteps = 8;
constexpr int kStreamedSteps = kSteps - kResidentSteps;
constexpr int kPanelBytes = kResidentSteps * kKeyBytes;
constexpr int kStageBytes = kStreamedSteps > 0 && kKeyBytes > kQueryBytes ? kKeyBytes : kQueryBytes;

/** The keys' k-steps that stream lie evenly among the others; how many of them come before the k-th. */
__device__ __forceinline__ constexpr int streamedBefore(int k) { return k * kStreamedSteps / kSteps; }
__device__ __forceinline__ constexpr bool isStreamed(int k) { return streamedBefore(k + 1) > streamedBefore(k); }
__device__ __forceinline__ constexpr int residentAt(int k) { return (k - streamedBefore(k)) * kKeyBytes; }

constexpr int kRingAt = kPanelBytes;
constexpr int kOutputAt = kRingAt + kStages * kStageBytes;
constexpr int kOutputBytes = 0;  // of all warps, what they have to write
constexpr int kFullAt = kOutputAt + kOutputBytes;
constexpr int kEmptyAt = kFullAt + kStages * 8;
constexpr int kScalarsAt = (kEmptyAt + kStages * 8 + 15) / 16 * 16;
constexpr int kSharedBytes = 229600;
static_assert(kSharedBytes >= kScalarsAt, "panel, ring and barriers fit");

/** Tiles that follow each other down the rows of a panel of columns. */
struct Sweep {
  int panelStep;
  int firstRowStep;
  int tiles;

  __device__ __forceinline__ int firstRow(int tile) const { return (firstRowStep + tile) * kBlockRows; }
  __device__ __forceinline__ int panelCol() const { return (panelStep * kCluster + rankInCluster()) * kPanelCols; }
  __device__ __forceinline__ int firstCol(int) const { return panelCol(); }
};

/**
 * The tiles of a chunk that a cluster has, by its own count: sweep after sweep. Clusters have whole panels, and go down them abreast: the
 * L2 cache then holds the keys, and the few queries that all are at. Panels that do not go round lie in a line, one after the other, that
 * clusters share evenly. A cluster's blocks take panels that follow each other, and share their queries.
 */
struct Walk {
  int rowSteps;
  int panelSteps;  // of kCluster panels
  int rounds;  // of whole panels
  int wholeTiles;
  int firstInLine;  // of the line's tiles, after the whole panels
  int lineTiles;  // of all clusters
  int tiles;

  __device__ __forceinline__ Sweep sweepAt(int tile) const {
    if (tile < wholeTiles) return {clusterNumber() + tile / rowSteps * clusters(), 0, rowSteps};
    const int panelStep = rounds * clusters() + inLine(tile) / rowSteps;
    const int first = inLine(tile) % rowSteps;
    return {panelStep, first, min(rowSteps - first, tiles - tile)};
  }

  /** The clusters that have part in a tile's panel: how many before this one, and whether it is the last. */
  __device__ __forceinline__ int clustersBefore(int tile) const { return tile < wholeTiles ? 0 : clusterNumber() - clusterInLine(inLine(tile) / rowSteps * rowSteps); }
  __device__ __forceinline__ bool isLast(int tile) const { return tile < wholeTiles || clusterNumber() == clusterInLine((inLine(tile) / rowSteps + 1) * rowSteps - 1); }

  __device__ __forceinline__ int inLine(int tile) const { return firstInLine + tile - wholeTiles; }
  __device__ __forceinline__ int clusterInLine(long long of) const { return static_cast<int>(((of + 1) * clusters() - 1) / lineTiles); }
  static __device__ __forceinline__ int clusters() { return gridDim.x / kCluster; }
  static __device__ __forceinline__ int clusterNumber() { return blockIdx.x / kCluster; }
};

constexpr int kTileStep = kConsumers;

/** A consumer's first tile of the sweep that begins at a tile. */
__device__ __forceinline__ int firstOf(int begin, int consumer) { return begin % kConsumers != consumer; }

/** Worked out anew for every panel: registers are worth more. */
__device__ __forceinline__ Walk walkOfBlock(int rows, int cols) {
  asm volatile("" : "+r"(rows));
  const int rowSteps = (rows + kBlockRows - 1) / kBlockRows;
  const int panelSteps = (cols + kCluster * kPanelCols - 1) / (kCluster * kPanelCols);
  const int clusters = Walk::clusters();
  const int cluster = Walk::clusterNumber();
  // Few panels that are left are shared together with one round more.
  const int left = panelSteps % clusters;
  const int rounds = max(panelSteps / clusters + (left == 0 || 2 * left >= clusters ? 0 : -1), 0);
  const int wholeTiles = (rounds * clusters <= panelSteps || cluster < left ? rounds : rounds - 1) * rowSteps;
  const long long lineTiles = static_cast<long long>(max(panelSteps - rounds * clusters, 0)) * rowSteps;
  const int firstInLine = static_cast<int>(lineTiles * cluster / clusters);
  return {
      rowSteps,
      panelSteps,
      rounds,
      wholeTiles,
      firstInLine,
      static_cast<int>(lineTiles),
      wholeTiles + static_cast<int>(lineTiles * (cluster + 1) / clusters) - firstInLine,
  };
}

/** A place in the ring: k-steps go round it, stage after stage. */
struct Place {
  unsigned stage;
  unsigned parity;  // of the phase of its barriers

  __device__ __forceinline__ void next() {
    if (++stage == kStages) {
      stage = 0;
      parity ^= 1;
    }
  }
};

__device__ __forceinline__ Place placeOf(unsigned step) { return {step % kStages, step / kStages & 1}; }

/** Addresses in shared memory. */
__device__ __forceinline__ unsigned stageAt(unsigned memory, unsigned stage) { return memory + kRingAt + stage * kStageBytes; }
__device__ __forceinline__ unsigned fullAt(unsigned memory, unsigned stage) { return memory + kFullAt + stage * 8; }
__device__ __forceinline__ unsigned emptyAt(unsigned memory, unsigned stage) { return memory + kEmptyAt + stage * 8; }

__device__ __forceinline__ void initRing(unsigned memory) {
  if (threadIdx.x == 0) {
    for (int stage = 0; stage < kStages; ++stage) {
      initBarrier(fullAt(memory, stage), 1);
      initBarrier(emptyAt(memory, stage), kCluster * kReaders);
    }
    publishBarriers();
  }
  __syncthreads();
  meetCluster();
}

/** A consumer has read a stage. */
__device__ __forceinline__ void release(unsigned memory, unsigned stage) {
  if (threadIdx.x % kGroup < kCluster) arriveAt(emptyAt(memory, stage), threadIdx.x % kGroup);
}

/** The warp group's number, the same for all threads of a warp as the compiler can see. */
__device__ __forceinline__ int groupOfThread() { return __shfl_sync(0xffffffffu, static_cast<int>(threadIdx.x) / kGroup, 0); }

/** Starts the products of a k-step. */
__device__ __forceinline__ void multiplyStep(Accumulators& sums, unsigned long long queries, unsigned long long keys, int k) {
  fenceProducts();
#pragma unroll
  for (int k16 = 0; k16 < kBlockDepth / 16; ++k16) {
#pragma unroll
    for (int m = 0; m < kTilesM; ++m) multiplyAsync(sums[m], queries + m * (64 * kRowBytes >> 4) + k16 * 2, keys + k16 * 2, k + k16 > 0);
  }
  commitProducts();
}

constexpr int kStagesOfTile = kSteps + kStreamedSteps;
static_assert(kResidentSteps >= 0 && kResidentSteps <= kSteps, "k-steps of a panel stay, or stream");
static_assert(kStreamedSteps == 0 || kStages >= 4, "two k-steps of both operands are in use at a time");

/** The producer: one thread starts all copies, each as soon as its stage is free: at first all are. */
__device__ __forceinline__ void produce(int rows, int cols, const TensorMap& queryTiles, const TensorMap& keyTiles, unsigned memory) {
  const int tiles = walkOfBlock(rows, cols).tiles;
  Place place = placeOf(0);
  int step = 0;
  Sweep sweep;
  for (int begin = 0; begin < tiles; begin += sweep.tiles) {
    sweep = walkOfBlock(rows, cols).sweepAt(begin);
    const int col = sweep.panelCol();
    for (int tile = 0; tile < sweep.tiles; ++tile) {
      const int row = sweep.firstRow(tile);
#pragma unroll 1
      for (int k = 0; k < kSteps; ++k, ++step, place.next()) {
        const int depth = k % kDepthSteps * kBlockDepth;
        const bool stays = tile == 0 && !isStreamed(k);
        awaitPhase(emptyAt(memory, place.stage), place.parity ^ 1);
        if (kStages > kStagesOfTile && stays) {
          // The panel's slice is free when the tile before has read it, which the stage just awaited does not tell.
          for (int before = max(step - kStages + 1, 0); before <= step - kStagesOfTile; ++before) awaitPhase(emptyAt(memory, placeOf(before).stage), placeOf(before).parity);
        }
        const unsigned full = fullAt(memory, place.stage);
        arriveExpecting(full, kQueryBytes + (stays ? kKeyBytes : 0));
        // Each block brings a part of the queries to all.
        constexpr int kPartRows = kBlockRows / kCluster;
        const int part = rankInCluster() * kPartRows;
        copyTileToAll(stageAt(memory, place.stage) + part * kRowBytes, queryTiles, depth, planeOfA(k / kDepthSteps), row + part, full);
        if (stays) copyTile(memory + residentAt(k), keyTiles, depth, planeOfB(k / kDepthSteps), col, full);
        if (isStreamed(k)) {
          ++step;
          place.next();
          awaitPhase(emptyAt(memory, place.stage), place.parity ^ 1);
          arriveExpecting(fullAt(memory, place.stage), kKeyBytes);
          copyTile(stageAt(memory, place.stage), keyTiles, depth, planeOfB(k / kDepthSteps), col, fullAt(memory, place.stage));
        }
      }
    }
  }
}

/**
 * The dots of a tile. The consumers take turns at the tensor cores: while one's products run, the other is at its epilogue. A turn
 * ends when its last product is issued, and not when it has ended.
 */
__device__ __forceinline__ void multiply(int tile, int tiles, int consumer, unsigned memory, Accumulators& sums) {
  if (tile > 0) awaitTurn(1 + consumer, kConsumers * kGroup);
  Place place = placeOf(static_cast<unsigned>(tile) * kStagesOfTile);
  unsigned before = 0;
#pragma unroll 2
  for (int k = 0; k < kSteps; ++k, place.next()) {
    awaitPhase(fullAt(memory, place.stage), place.parity);
    const unsigned long long queries = describeAlong(stageAt(memory, place.stage));
    unsigned keys = memory + residentAt(k);
    const unsigned queryStage = place.stage;
    if (isStreamed(k)) {
      place.next();
      awaitPhase(fullAt(memory, place.stage), place.parity);
      keys = stageAt(memory, place.stage);
    }
    multiplyStep(sums, queries, describeAlong(keys), k);
    if (k > 0) {
      awaitProducts<1>();
      release(memory, before);
      if (isStreamed(k - 1)) release(memory, (before + 1) % kStages);
    }
    before = queryStage;
  }
  if (tile + 1 < tiles) passTurn(2 - consumer, kConsumers * kGroup);
  awaitProducts<0>();
  settle(sums);
  release(memory, before);
  if (isStreamed(kSteps - 1)) release(memory, (before + 1) % kStages);
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
  float u1;  // 1.4426950408889634 * exp(params.logScale)
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

/** A tile and the loss, as the epilogue needs them; arrays are the chunk's, so that places in them are made when they are read. */
struct Epilogue {
  int firstRow;  // in the chunk
  int firstCol;
  int rows;  // of the chunk, and the numbers of its first row and column
  int cols;
  int row0;
  int col0;
  float exponentOffset;  // base 2
  const float* positiveLogit;

  __device__ __forceinline__ int rowsLeft() const { return rows - firstRow; }
  __device__ __forceinline__ int colsLeft() const { return cols - firstCol; }
  __device__ __forceinline__ int row() const { return row0 + firstRow; }
  __device__ __forceinline__ int col() const { return col0 + firstCol; }
};

/** A thread's first row and column in a tile. */
struct Lane {
  int row;
  int col;
};

__device__ __forceinline__ Lane laneOfThread() {
  const int thread = threadIdx.x % kGroup;
  return {thread / 32 * 16 + thread % 32 / 4, thread % 4 * 2};
}

/** Its rows, and of every 32 columns 8: [r / 2][4 p + v / 2][2 (r % 2) + v % 2] is column v of its p-th group in its r-th row. */
constexpr int kThreadRows = 2 * kTilesM;
constexpr int kColGroups = kBlockCols / 32;
constexpr int kGroupCols = 8;
__device__ __forceinline__ int rowOf(const Lane& lane, int r) { return lane.row + r / 2 * 64 + r % 2 * 8; }
__device__ __forceinline__ int columnOf(int first, int v) { return first + v / 2 * 8 + v % 2; }

/** Places of a pair; what lies beyond the matrix is not read. */
__device__ __forceinline__ Row rowAt(const Epilogue& tile, int row) {
  Row result = rowNumbered(tile.row() + row);
  return result;
}

__device__ __forceinline__ Col colAt(const Epilogue& tile, int col) {
  Col result = colNumbered(tile.col() + col);
  return result;
}

/** One of a few registers, its number known at run time only. */
template <int kCount>
__device__ __forceinline__ float numbered(const float (&values)[kCount], int number) {
  float value = values[0];
#pragma unroll
  for (int i = 1; i < kCount; ++i) value = number == i ? values[i] : value;
  return value;
}

template <int kCount>
__device__ __forceinline__ void setNumbered(float (&values)[kCount], int number, float value) {
#pragma unroll
  for (int i = 0; i < kCount; ++i) values[i] = number == i ? value : values[i];
}

/**
 * The dots of row r, group p, both known at run time only. Registers have no addresses: one of all cases is taken, so that one
 * copy of a loss's code serves every pair.
 */
template <int i = 0>
__device__ __forceinline__ void pickDots(const Accumulators& sums, int r, int p, float (&dots)[kGroupCols]) {
  if constexpr (i < kThreadRows * kColGroups) {
    if (r * kColGroups + p == i) {
      constexpr int m = i / kColGroups / 2;
      constexpr int h = i / kColGroups % 2;
      constexpr int n = i % kColGroups * 4;
#pragma unroll
      for (int v = 0; v < kGroupCols; ++v) dots[v] = sums[m][n + v / 2][h * 2 + v % 2];
    } else {
      pickDots<i + 1>(sums, r, p, dots);
    }
  }
}

/** Where the sums of a tile's rows go: arrays of the chunk, and the place of its first row in them. */
struct RowOutput {
  long long first;
  float* sum;
};

/** Sums of a tile that lies inside the matrix and has no masked pair and no positive. `sums` holds dots and is used up. */
__device__ __forceinline__ void sumPlain(Accumulators& sums, const Lane& lane, const Epilogue& tile, const Uniforms& uniforms, const RowOutput& output) {
  // The logit is linear in the dot: so is the exponent.
  const float slope = uniforms.u1;
  const float intercept = 0.0f - tile.exponentOffset;
  float rowSum[kThreadRows] = {};
#pragma unroll
  for (int p = 0; p < kColGroups; ++p) {
#pragma unroll
    for (int r = 0; r < kThreadRows; ++r) {
      float rowTerms[3];
#pragma unroll
      for (int v = 0; v < kGroupCols; ++v) {
        float& entry = sums[r / 2][p * 4 + v / 2][r % 2 * 2 + v % 2];
        // One exponential serves both directions.
        const float power = powerOfTwo(fmaf(entry, slope, intercept));
        addInPairs(rowTerms, v, power);
      }
      rowSum[r] += rowTerms[2];
    }
  }
#pragma unroll
  for (int r = 0; r < kThreadRows; ++r) {
    const float sum = overQuad(rowSum[r], Sum());
    if (lane.col == 0) {
      output.sum[output.first + rowOf(lane, r)] = sum;
    }
  }
}

/**
 * Sums of a tile by one copy of the loss's code, row by row and group by group. `kTested`: each pair is asked whether it is in the
 * matrix, positive, and counts; otherwise all are, none is, and all do.
 */
template <bool kTested>
__device__ __forceinline__ void sumInTurn(const Accumulators& sums, const Lane& lane, const Epilogue& tile, const Uniforms& uniforms, const RowOutput& output) {
#pragma unroll 1
  for (int r = 0; r < kThreadRows; ++r) {
    const int row = rowOf(lane, r);
    const bool rowInside = !kTested || row < tile.rowsLeft();
    const Row rowPlace = rowAt(tile, row);
    const float positiveLogit = kTested && rowInside ? tile.positiveLogit[tile.firstRow + row] : 0.0f;
    float rowSum = 0.0f;
#pragma unroll 1
    for (int p = 0; p < kColGroups; ++p) {
      const int groupCol = p * 32 + lane.col;
      float dots[kGroupCols];
      pickDots(sums, r, p, dots);
      float rowTerms[3];
#pragma unroll
      for (int v = 0; v < kGroupCols; ++v) {
        const int col = columnOf(groupCol, v);
        const bool inside = !kTested || (rowInside && col < tile.colsLeft());
        const Col colPlace = colAt(tile, col);
        const bool positive = kTested && inside && tile.row() + row == tile.col() + col;
        const float dot = dots[v];
        float logit = pairwise_logit(dot, positive, rowPlace, colPlace, uniforms);
        if (positive) logit = positiveLogit;
        const bool rowCounts = inside;
        // One exponential serves both directions.
        const float power = powerOfTwo(fmaf(logit, kLog2E, -tile.exponentOffset));
        addInPairs(rowTerms, v, rowCounts ? power : 0.0f);
      }
      rowSum += rowTerms[2];
    }
    const bool writes = lane.col == 0 && rowInside;
    rowSum = overQuad(rowSum, Sum());
    if (writes) {
      output.sum[output.first + row] = rowSum;
    }
  }
}

extern "C" __global__ void __cluster_dims__(kCluster, 1, 1) __launch_bounds__(kThreads, 1) stats(
    int rows,
    int cols,
    int row0,
    int col0,
    const __grid_constant__ TensorMap queryTiles,
    const __grid_constant__ TensorMap keyTiles,
    const float* __restrict__ positiveLogit,
    float offset,
    const Uniforms uniforms,
    int rowPitch,
    float* __restrict__ rowPartialSum) {
  extern __shared__ __align__(1024) unsigned char shared[];
  const unsigned memory = static_cast<unsigned>(__cvta_generic_to_shared(shared));
  initRing(memory);
  const int group = groupOfThread();
  if (group == kConsumers) {
    keepRegisters<kProducerRegisters>();
    if (threadIdx.x % kGroup == 0) produce(rows, cols, queryTiles, keyTiles, memory);
  } else {
    takeRegisters<kConsumerRegisters>();
    const int tiles = walkOfBlock(rows, cols).tiles;
    const Lane lane = laneOfThread();
    Sweep sweep;
    for (int begin = 0; begin < tiles; begin += sweep.tiles) {
      sweep = walkOfBlock(rows, cols).sweepAt(begin);
      const int firstCol = sweep.firstCol(group);
      for (int at = firstOf(begin, group); at < sweep.tiles; at += kTileStep) {
        const int firstRow = sweep.firstRow(at);
        const Epilogue tile = {
            firstRow,
            firstCol,
            rows,
            cols,
            row0,
            col0,
            offset * kLog2E,
            positiveLogit,
        };
  const bool positives = tileHasPositives(tile.row(), tile.col());
  const bool whole = tile.rowsLeft() >= kBlockRows && tile.colsLeft() >= kBlockCols;
  const bool plain = whole && !positives;
        Accumulators sums;
        multiply(begin + at, tiles, group, memory, sums);
        const RowOutput rowOutput = {
            static_cast<long long>(firstCol / kBlockCols) * rowPitch + firstRow,
            rowPartialSum,
        };
        if (plain) {
          sumPlain(sums, lane, tile, uniforms, rowOutput);
        } else {
          sumInTurn<true>(sums, lane, tile, uniforms, rowOutput);
        }
      }
    }
  }
  meetCluster();
}
