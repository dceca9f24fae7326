// Emitted by infinitile 0.2.0: do not edit.
// SPDX-License-Identifier: Apache-2.0
//
// inputs     bf16, depth 512
// target     sm_90a
// tile       block 128 x 256, depth 64, stages 4, cluster 2

/*
accumulate: the products of one chunk of the matrix, added to the fp32 gradients, in one launch.

    dQ += G K
    dK += G^T Q

A block makes tiles of an output, one after the other: 2 warp groups multiply 64 of its rows each, a third copies, and goes on to
the next tile while they add. The blocks of a cluster have tiles below each other, and share what they read of the vectors.
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
constexpr int kBlockCols = 256;
constexpr int kBlockDepth = 64;  // 128 bytes of 16-bit elements: a row of the swizzle
constexpr int kStages = 4;  // k-steps of operands in flight
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

/** An operand across the sum (MN-major): blocks of 64 numbers, `kBlockBytes` apart, each kBlockDepth rows of the swizzle long. */
constexpr int kBlockBytes = kBlockDepth * kRowBytes;
__device__ __forceinline__ unsigned long long describeAcross(unsigned address) {
  return 1ull << 62 | static_cast<unsigned long long>(kAtomBytes >> 4) << 32 | static_cast<unsigned long long>(kBlockBytes >> 4) << 16 | (address & 0x3ffff) >> 4;
}

/** Sums of a thread. [n][2 h + b] of lane 4 g + t of warp w: row 16 w + 8 h + g of its warp group's 64, column 8 n + 2 t + b. */
using Accumulators = float[kTilesN][4];

/** A k16 step of G K. Under way when this returns; `add`: to the sums that are there. */
__device__ __forceinline__ void multiplyQueriesAsync(float (&d)[32][4], unsigned long long a, unsigned long long b, bool add) {
  asm volatile(
      "{\n"
      ".reg .pred add;\n"
      "setp.ne.b32 add, %130, 0;\n"
      "wgmma.mma_async.sync.aligned.m64n256k16.f32.bf16.bf16 {"
        "%0, %1, %2, %3, %4, %5, %6, %7, "
        "%8, %9, %10, %11, %12, %13, %14, %15, "
        "%16, %17, %18, %19, %20, %21, %22, %23, "
        "%24, %25, %26, %27, %28, %29, %30, %31, "
        "%32, %33, %34, %35, %36, %37, %38, %39, "
        "%40, %41, %42, %43, %44, %45, %46, %47, "
        "%48, %49, %50, %51, %52, %53, %54, %55, "
        "%56, %57, %58, %59, %60, %61, %62, %63, "
        "%64, %65, %66, %67, %68, %69, %70, %71, "
        "%72, %73, %74, %75, %76, %77, %78, %79, "
        "%80, %81, %82, %83, %84, %85, %86, %87, "
        "%88, %89, %90, %91, %92, %93, %94, %95, "
        "%96, %97, %98, %99, %100, %101, %102, %103, "
        "%104, %105, %106, %107, %108, %109, %110, %111, "
        "%112, %113, %114, %115, %116, %117, %118, %119, "
        "%120, %121, %122, %123, %124, %125, %126, %127"
        "}, %128, %129, add, 1, 1, 0, 1;\n"
      "}"
      :
        "+f"(d[0][0]), "+f"(d[0][1]), "+f"(d[0][2]), "+f"(d[0][3]), "+f"(d[1][0]), "+f"(d[1][1]), "+f"(d[1][2]), "+f"(d[1][3]),
        "+f"(d[2][0]), "+f"(d[2][1]), "+f"(d[2][2]), "+f"(d[2][3]), "+f"(d[3][0]), "+f"(d[3][1]), "+f"(d[3][2]), "+f"(d[3][3]),
        "+f"(d[4][0]), "+f"(d[4][1]), "+f"(d[4][2]), "+f"(d[4][3]), "+f"(d[5][0]), "+f"(d[5][1]), "+f"(d[5][2]), "+f"(d[5][3]),
        "+f"(d[6][0]), "+f"(d[6][1]), "+f"(d[6][2]), "+f"(d[6][3]), "+f"(d[7][0]), "+f"(d[7][1]), "+f"(d[7][2]), "+f"(d[7][3]),
        "+f"(d[8][0]), "+f"(d[8][1]), "+f"(d[8][2]), "+f"(d[8][3]), "+f"(d[9][0]), "+f"(d[9][1]), "+f"(d[9][2]), "+f"(d[9][3]),
        "+f"(d[10][0]), "+f"(d[10][1]), "+f"(d[10][2]), "+f"(d[10][3]), "+f"(d[11][0]), "+f"(d[11][1]), "+f"(d[11][2]), "+f"(d[11][3]),
        "+f"(d[12][0]), "+f"(d[12][1]), "+f"(d[12][2]), "+f"(d[12][3]), "+f"(d[13][0]), "+f"(d[13][1]), "+f"(d[13][2]), "+f"(d[13][3]),
        "+f"(d[14][0]), "+f"(d[14][1]), "+f"(d[14][2]), "+f"(d[14][3]), "+f"(d[15][0]), "+f"(d[15][1]), "+f"(d[15][2]), "+f"(d[15][3]),
        "+f"(d[16][0]), "+f"(d[16][1]), "+f"(d[16][2]), "+f"(d[16][3]), "+f"(d[17][0]), "+f"(d[17][1]), "+f"(d[17][2]), "+f"(d[17][3]),
        "+f"(d[18][0]), "+f"(d[18][1]), "+f"(d[18][2]), "+f"(d[18][3]), "+f"(d[19][0]), "+f"(d[19][1]), "+f"(d[19][2]), "+f"(d[19][3]),
        "+f"(d[20][0]), "+f"(d[20][1]), "+f"(d[20][2]), "+f"(d[20][3]), "+f"(d[21][0]), "+f"(d[21][1]), "+f"(d[21][2]), "+f"(d[21][3]),
        "+f"(d[22][0]), "+f"(d[22][1]), "+f"(d[22][2]), "+f"(d[22][3]), "+f"(d[23][0]), "+f"(d[23][1]), "+f"(d[23][2]), "+f"(d[23][3]),
        "+f"(d[24][0]), "+f"(d[24][1]), "+f"(d[24][2]), "+f"(d[24][3]), "+f"(d[25][0]), "+f"(d[25][1]), "+f"(d[25][2]), "+f"(d[25][3]),
        "+f"(d[26][0]), "+f"(d[26][1]), "+f"(d[26][2]), "+f"(d[26][3]), "+f"(d[27][0]), "+f"(d[27][1]), "+f"(d[27][2]), "+f"(d[27][3]),
        "+f"(d[28][0]), "+f"(d[28][1]), "+f"(d[28][2]), "+f"(d[28][3]), "+f"(d[29][0]), "+f"(d[29][1]), "+f"(d[29][2]), "+f"(d[29][3]),
        "+f"(d[30][0]), "+f"(d[30][1]), "+f"(d[30][2]), "+f"(d[30][3]), "+f"(d[31][0]), "+f"(d[31][1]), "+f"(d[31][2]), "+f"(d[31][3])
      : "l"(a), "l"(b), "r"(static_cast<int>(add)));
}

/** A k16 step of G^T Q. Under way when this returns; `add`: to the sums that are there. */
__device__ __forceinline__ void multiplyKeysAsync(float (&d)[32][4], unsigned long long a, unsigned long long b, bool add) {
  asm volatile(
      "{\n"
      ".reg .pred add;\n"
      "setp.ne.b32 add, %130, 0;\n"
      "wgmma.mma_async.sync.aligned.m64n256k16.f32.bf16.bf16 {"
        "%0, %1, %2, %3, %4, %5, %6, %7, "
        "%8, %9, %10, %11, %12, %13, %14, %15, "
        "%16, %17, %18, %19, %20, %21, %22, %23, "
        "%24, %25, %26, %27, %28, %29, %30, %31, "
        "%32, %33, %34, %35, %36, %37, %38, %39, "
        "%40, %41, %42, %43, %44, %45, %46, %47, "
        "%48, %49, %50, %51, %52, %53, %54, %55, "
        "%56, %57, %58, %59, %60, %61, %62, %63, "
        "%64, %65, %66, %67, %68, %69, %70, %71, "
        "%72, %73, %74, %75, %76, %77, %78, %79, "
        "%80, %81, %82, %83, %84, %85, %86, %87, "
        "%88, %89, %90, %91, %92, %93, %94, %95, "
        "%96, %97, %98, %99, %100, %101, %102, %103, "
        "%104, %105, %106, %107, %108, %109, %110, %111, "
        "%112, %113, %114, %115, %116, %117, %118, %119, "
        "%120, %121, %122, %123, %124, %125, %126, %127"
        "}, %128, %129, add, 1, 1, 1, 1;\n"
      "}"
      :
        "+f"(d[0][0]), "+f"(d[0][1]), "+f"(d[0][2]), "+f"(d[0][3]), "+f"(d[1][0]), "+f"(d[1][1]), "+f"(d[1][2]), "+f"(d[1][3]),
        "+f"(d[2][0]), "+f"(d[2][1]), "+f"(d[2][2]), "+f"(d[2][3]), "+f"(d[3][0]), "+f"(d[3][1]), "+f"(d[3][2]), "+f"(d[3][3]),
        "+f"(d[4][0]), "+f"(d[4][1]), "+f"(d[4][2]), "+f"(d[4][3]), "+f"(d[5][0]), "+f"(d[5][1]), "+f"(d[5][2]), "+f"(d[5][3]),
        "+f"(d[6][0]), "+f"(d[6][1]), "+f"(d[6][2]), "+f"(d[6][3]), "+f"(d[7][0]), "+f"(d[7][1]), "+f"(d[7][2]), "+f"(d[7][3]),
        "+f"(d[8][0]), "+f"(d[8][1]), "+f"(d[8][2]), "+f"(d[8][3]), "+f"(d[9][0]), "+f"(d[9][1]), "+f"(d[9][2]), "+f"(d[9][3]),
        "+f"(d[10][0]), "+f"(d[10][1]), "+f"(d[10][2]), "+f"(d[10][3]), "+f"(d[11][0]), "+f"(d[11][1]), "+f"(d[11][2]), "+f"(d[11][3]),
        "+f"(d[12][0]), "+f"(d[12][1]), "+f"(d[12][2]), "+f"(d[12][3]), "+f"(d[13][0]), "+f"(d[13][1]), "+f"(d[13][2]), "+f"(d[13][3]),
        "+f"(d[14][0]), "+f"(d[14][1]), "+f"(d[14][2]), "+f"(d[14][3]), "+f"(d[15][0]), "+f"(d[15][1]), "+f"(d[15][2]), "+f"(d[15][3]),
        "+f"(d[16][0]), "+f"(d[16][1]), "+f"(d[16][2]), "+f"(d[16][3]), "+f"(d[17][0]), "+f"(d[17][1]), "+f"(d[17][2]), "+f"(d[17][3]),
        "+f"(d[18][0]), "+f"(d[18][1]), "+f"(d[18][2]), "+f"(d[18][3]), "+f"(d[19][0]), "+f"(d[19][1]), "+f"(d[19][2]), "+f"(d[19][3]),
        "+f"(d[20][0]), "+f"(d[20][1]), "+f"(d[20][2]), "+f"(d[20][3]), "+f"(d[21][0]), "+f"(d[21][1]), "+f"(d[21][2]), "+f"(d[21][3]),
        "+f"(d[22][0]), "+f"(d[22][1]), "+f"(d[22][2]), "+f"(d[22][3]), "+f"(d[23][0]), "+f"(d[23][1]), "+f"(d[23][2]), "+f"(d[23][3]),
        "+f"(d[24][0]), "+f"(d[24][1]), "+f"(d[24][2]), "+f"(d[24][3]), "+f"(d[25][0]), "+f"(d[25][1]), "+f"(d[25][2]), "+f"(d[25][3]),
        "+f"(d[26][0]), "+f"(d[26][1]), "+f"(d[26][2]), "+f"(d[26][3]), "+f"(d[27][0]), "+f"(d[27][1]), "+f"(d[27][2]), "+f"(d[27][3]),
        "+f"(d[28][0]), "+f"(d[28][1]), "+f"(d[28][2]), "+f"(d[28][3]), "+f"(d[29][0]), "+f"(d[29][1]), "+f"(d[29][2]), "+f"(d[29][3]),
        "+f"(d[30][0]), "+f"(d[30][1]), "+f"(d[30][2]), "+f"(d[30][3]), "+f"(d[31][0]), "+f"(d[31][1]), "+f"(d[31][2]), "+f"(d[31][3])
      : "l"(a), "l"(b), "r"(static_cast<int>(add)));
}

constexpr int kColTiles = (kDepth + kBlockCols - 1) / kBlockCols;  // of an output, whose columns are the depth
constexpr int kVectorBlocks = kBlockCols / 64;
constexpr int kGradientBytes = kBlockRows * kRowBytes;
constexpr int kStageBytes = kGradientBytes + kVectorBlocks * kBlockBytes;
constexpr int kReaders = kConsumers;  // of a stage, in each block
constexpr int kRingAt = 0;
constexpr int kFullAt = kRingAt + kStages * kStageBytes;
constexpr int kEmptyAt = kFullAt + kStages * 8;
constexpr int kSharedBytes = 196672;
static_assert(kSharedBytes >= kEmptyAt + kStages * 8, "ring and barriers fit");
static_assert(kBlockRows == 64 * kConsumers && kBlockCols % 64 == 0, "a warp group has 64 rows; vectors come in blocks of 64 numbers");

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

/** output += A B, of a chunk: G or its transpose by the vectors, over `length` of them. */
struct Product {
  const TensorMap& gradientTiles;
  const TensorMap& vectorTiles;
  float* output;
  int rows;
  int length;

  /** Its tiles: steps of a cluster down the rows, across the depth first. */
  __device__ __forceinline__ int tiles() const { return (rows + kCluster * kBlockRows - 1) / (kCluster * kBlockRows) * kColTiles; }
  __device__ __forceinline__ int steps() const { return kSegments * ((length + kBlockDepth - 1) / kBlockDepth); }
};

__device__ __forceinline__ int firstRowOf(int tile) { return (tile / kColTiles * kCluster + rankInCluster()) * kBlockRows; }
__device__ __forceinline__ int firstColOf(int tile) { return tile % kColTiles * kBlockCols; }

/** Starts all copies of a tile's k-steps: of G (read by columns, where `kTransposed`), and of this block's share of the vectors. */
template <bool kTransposed>
__device__ __forceinline__ void produce(const Product& product, int tile, unsigned memory, Place& place) {
  const int firstRow = firstRowOf(tile);
  const int firstCol = firstColOf(tile);
  const int depthSteps = (product.length + kBlockDepth - 1) / kBlockDepth;
  for (int step = 0; step < product.steps(); ++step, place.next()) {
    const int along = step % depthSteps * kBlockDepth;
    const int segment = step / depthSteps;
    const unsigned stage = stageAt(memory, place.stage);
    const unsigned full = fullAt(memory, place.stage);
    awaitPhase(emptyAt(memory, place.stage), place.parity ^ 1);
    arriveExpecting(full, kStageBytes);
    if (kTransposed) {
      for (int block = 0; block < kBlockRows / 64; ++block) copyTile(stage + block * kBlockBytes, product.gradientTiles, firstRow + block * 64, planeOfA(segment), along, full);
    } else {
      copyTile(stage, product.gradientTiles, along, planeOfA(segment), firstRow, full);
    }
    for (int block = rankInCluster(); block < kVectorBlocks; block += kCluster) {
      copyTileToAll(stage + kGradientBytes + block * kBlockBytes, product.vectorTiles, firstCol + block * 64, planeOfB(segment), along, full);
    }
  }
}

/** The sums of this warp group's rows of a tile. */
template <bool kTransposed>
__device__ __forceinline__ void multiply(Accumulators& sums, unsigned memory, int group, int steps, Place& place) {
  const int rows = group * (kTransposed ? kBlockBytes : 64 * kRowBytes);
  unsigned before = 0;
#pragma unroll 2
  for (int step = 0; step < steps; ++step, place.next()) {
    const unsigned stage = stageAt(memory, place.stage);
    awaitPhase(fullAt(memory, place.stage), place.parity);
    const unsigned long long gradient = kTransposed ? describeAcross(stage + rows) : describeAlong(stage + rows);
    const unsigned long long vectors = describeAcross(stage + kGradientBytes);
    fenceProducts();
#pragma unroll
    for (int k16 = 0; k16 < kBlockDepth / 16; ++k16) {
      if (kTransposed) {
        multiplyKeysAsync(sums, gradient + k16 * (16 * kRowBytes >> 4), vectors + k16 * (16 * kRowBytes >> 4), step + k16 > 0);
      } else {
        multiplyQueriesAsync(sums, gradient + k16 * 2, vectors + k16 * (16 * kRowBytes >> 4), step + k16 > 0);
      }
    }
    commitProducts();
    if (step > 0) {
      awaitProducts<1>();
      release(memory, before);
    }
    before = place.stage;
  }
  awaitProducts<0>();
  release(memory, before);
#pragma unroll
  for (int n = 0; n < kTilesN; ++n) {
#pragma unroll
    for (int i = 0; i < 4; ++i) asm volatile("" : "+f"(sums[n][i])::"memory");
  }
}

/**
 * Adds to what memory holds, where it is: nothing waits for it, and the next tile's products begin. A launch adds to a number once,
 * so that the order of sums is that of launches. (Subnormal numbers become zeros.)
 */
__device__ __forceinline__ void addPairInMemory(float* to, float first, float second) {
  asm volatile("red.relaxed.gpu.global.add.v2.f32 [%0], {%1, %2};" ::"l"(to), "f"(first), "f"(second) : "memory");
}

/** output += sums, from this thread's first row and column on. */
__device__ __forceinline__ void addTo(float* output, const Accumulators& sums, int rowsLeft, int colsLeft) {
#pragma unroll
  for (int h = 0; h < 2; ++h) {
    if (8 * h >= rowsLeft) continue;
    float* const row = output + 8 * h * kDepth;
#pragma unroll
    for (int n = 0; n < kTilesN; ++n) {
      if (n * 8 < colsLeft) addPairInMemory(row + n * 8, sums[n][2 * h], sums[n][2 * h + 1]);
    }
  }
}

/** A tile of the output, by a consumer. */
template <bool kTransposed>
__device__ __forceinline__ void make(const Product& product, int tile, unsigned memory, int group, Place& place) {
  Accumulators sums;
  multiply<kTransposed>(sums, memory, group, product.steps(), place);
  const int thread = threadIdx.x % kGroup;
  const int row = firstRowOf(tile) + group * 64 + thread / 32 * 16 + thread % 32 / 4;
  const int col = firstColOf(tile) + thread % 4 * 2;
  addTo(product.output + static_cast<long long>(row) * kDepth + col, sums, product.rows - row, kDepth - col);
}

/** A tile of dQ or dK; none when there are no more. */
struct Tile {
  bool ofKeys;
  int number;
};

/**
 * The tiles that a cluster makes, in its order: those of dQ in turns, then those of dK. Clusters that have none in dQ's last round
 * make as many of dK's meanwhile as take no longer.
 */
struct Walk {
  int queryTiles;
  int keyTiles;
  int early;  // tiles of dK that such a cluster makes meanwhile

  __device__ __forceinline__ Tile at(int i) const {
    const int clusters = gridDim.x / kCluster;
    const int cluster = blockIdx.x / kCluster;
    if (i * clusters + cluster < queryTiles) return {false, i * clusters + cluster};
    const int busy = queryTiles % clusters;  // in the last round
    const int free = busy == 0 ? 0 : clusters - busy;
    int later = i - (queryTiles - cluster + clusters - 1) / clusters;
    if (cluster >= clusters - free && free > 0) {
      if (later < early) return {true, (cluster - busy) * early + later};
      later -= early;
    }
    // Clusters that were free are so first.
    return {true, free * early + (cluster - busy + clusters) % clusters + later * clusters};
  }

  __device__ __forceinline__ bool has(const Tile& tile) const { return !tile.ofKeys || tile.number < keyTiles; }
};

extern "C" __global__ void __cluster_dims__(kCluster, 1, 1) __launch_bounds__(kThreads, 1) accumulate(
    int rows,
    int cols,
    const __grid_constant__ TensorMap gradientRowTiles,
    const __grid_constant__ TensorMap keyBlocks,
    float* __restrict__ dQueries,
    const __grid_constant__ TensorMap gradientColTiles,
    const __grid_constant__ TensorMap queryBlocks,
    float* __restrict__ dKeys) {
  extern __shared__ __align__(1024) unsigned char shared[];
  const unsigned memory = static_cast<unsigned>(__cvta_generic_to_shared(shared));
  initRing(memory);
  const int group = groupOfThread();
  const Product queries = {
      gradientRowTiles,
      keyBlocks,
      dQueries,
      rows,
      cols,
  };
  const Product keys = {
      gradientColTiles,
      queryBlocks,
      dKeys,
      cols,
      rows,
  };
  const Walk walk = {queries.tiles(), keys.tiles(), queries.steps() / keys.steps()};
  Place place = placeOf(0);
  if (group == kConsumers) {
    keepRegisters<kProducerRegisters>();
    if (threadIdx.x % kGroup == 0) {
      int i = 0;
      for (Tile tile = walk.at(i); walk.has(tile); tile = walk.at(++i)) {
        if (tile.ofKeys) {
          produce<true>(keys, tile.number, memory, place);
        } else {
          produce<false>(queries, tile.number, memory, place);
        }
      }
    }
  } else {
    takeRegisters<kConsumerRegisters>();
    int i = 0;
    for (Tile tile = walk.at(i); walk.has(tile); tile = walk.at(++i)) {
      if (tile.ofKeys) {
        make<true>(keys, tile.number, memory, group, place);
      } else {
        make<false>(queries, tile.number, memory, group, place);
      }
    }
  }
  meetCluster();
}
