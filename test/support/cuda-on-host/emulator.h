// What CUDA sources need to run on the host (emulator.cpp): kernels are compiled often, so this is short.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <cstring>

#define __global__
#define __device__
#define __forceinline__ inline
#define __launch_bounds__(...)
#define __align__(n) alignas(n)
#define __shared__ static

struct uint4 {
  unsigned x, y, z, w;
};
struct alignas(8) uint2 {
  unsigned x, y;
};
struct float2 {
  float x, y;
};
struct alignas(16) float4 {
  float x, y, z, w;
};

namespace emulator {

struct Index {
  unsigned x;
};

constexpr int kWarp = 32;

extern Index threadIndex;
extern Index blockIndex;
extern Index gridSize;

/** Address 0 of the block's shared memory, and where its own begins. */
unsigned char* sharedBase();
unsigned char* shared();
unsigned rankInCluster();

/** Threads that meet: the last to arrive does what is to be done for all, given what each has brought. */
using Act = void (*)(void** operands);
void meetWarp(void* operand, Act act);
void meetBlock(void* operand, Act act);
void meetCluster();
bool anyInBlock(bool own);
bool anyInGroup(bool own);

/** Ampere: cp.async of 16 bytes, ldmatrix, mma.m16n8k16. */
void copyChunk(unsigned to, const void* from, bool exists);
void loadMatrices(unsigned address, unsigned (&to)[4], bool transposed);
void multiplyTile(float (&c)[4], const unsigned (&a)[4], const unsigned (&b)[2], bool half);

/** Hopper: barriers, bulk copies of tiles, wgmma. */
void initBarrier(unsigned address, int count);
void arrive(unsigned address, long bytes);
void arriveAtRank(unsigned address, int rank);
void awaitPhase(unsigned address, unsigned parity);
void arriveAtNamed(int number, int threads, bool waits);
void copyTile(unsigned to, const void* map, int col, int plane, int row, unsigned barrier, bool toAll);
void copyTileBack(const void* map, unsigned from, int col, int plane, int row);
void commitCopiesBack();
void awaitCopiesBack(int pending);
void storeMatrices(unsigned address, const unsigned (&from)[4]);
void multiplyAsync(float* sums, int cols, unsigned long long a, unsigned long long b, bool add, bool acrossA, bool acrossB, bool half);
void commitProducts();
void awaitProducts(int pending);

void launch(int grid, int threads, int sharedBytes, int seed, int clusterSize, void (*body)(const void*), const void* captured);

template <typename Body>
void launch(int grid, int threads, int sharedBytes, int seed, int clusterSize, const Body& body) {
  launch(grid, threads, sharedBytes, seed, clusterSize, [](const void* captured) { (*static_cast<const Body*>(captured))(); }, &body);
}

/** A TensorMap as the kernel has it: the test's device gives its address in an argument of its own. */
template <typename Map>
Map tensorMap(const void* words, const void* pointer) {
  Map map;
  std::memcpy(&map, words, sizeof map);
  std::memcpy(&map, pointer, sizeof(void*));
  return map;
}

template <typename To, typename From>
To bits(From from) {
  To to;
  static_assert(sizeof to == sizeof from, "of one size");
  std::memcpy(&to, &from, sizeof to);
  return to;
}

/** Rounds to nearest, ties to even. */
inline unsigned toBf16(float value) {
  const unsigned word = bits<unsigned>(value);
  return value != value ? 0x7fc0u : (word + 0x7fffu + (word >> 16 & 1u)) >> 16;
}

inline float fromBf16(unsigned short value) { return bits<float>(static_cast<unsigned>(value) << 16); }

inline float fromHalf(unsigned short half) { return static_cast<float>(bits<_Float16>(half)); }
inline unsigned toHalf(float value) { return bits<unsigned short>(static_cast<_Float16>(value)); }

}  // namespace emulator

#define threadIdx emulator::threadIndex
#define blockIdx emulator::blockIndex
#define gridDim emulator::gridSize

inline void __syncthreads() {
  emulator::meetBlock(nullptr, [](void**) {});
}
inline void __syncwarp() {
  emulator::meetWarp(nullptr, [](void**) {});
}
inline bool __syncthreads_or(bool value) { return emulator::anyInBlock(value); }
inline bool __all_sync(unsigned, bool value) {
  struct Vote {
    bool own, all;
  } vote{value, false};
  emulator::meetWarp(&vote, [](void** votes) {
    bool all = true;
    for (int i = 0; i < emulator::kWarp; ++i) all &= static_cast<Vote*>(votes[i])->own;
    for (int i = 0; i < emulator::kWarp; ++i) static_cast<Vote*>(votes[i])->all = all;
  });
  return vote.all;
}
template <typename Value>
Value __shfl_sync(unsigned, Value value, int lane) {
  struct Exchange {
    Value own, other;
    int lane;
  } exchange{value, value, lane};
  emulator::meetWarp(&exchange, [](void** lanes) {
    for (int i = 0; i < emulator::kWarp; ++i) {
      Exchange& to = *static_cast<Exchange*>(lanes[i]);
      to.other = static_cast<Exchange*>(lanes[to.lane % emulator::kWarp])->own;
    }
  });
  return exchange.other;
}
template <typename Value>
Value __shfl_xor_sync(unsigned all, Value value, int distance) {
  return __shfl_sync(all, value, static_cast<int>(threadIdx.x % emulator::kWarp) ^ distance);
}

inline float __uint_as_float(unsigned value) { return emulator::bits<float>(value); }
inline float __int_as_float(int value) { return emulator::bits<float>(value); }
inline double __longlong_as_double(long long value) { return emulator::bits<double>(value); }
inline float __fdividef(float a, float b) { return a / b; }
inline int atomicMin(int* at, int value) {
  const int before = *at;
  *at = value < before ? value : before;
  return before;
}
template <typename Value>
Value min(Value a, Value b) {
  return b < a ? b : a;
}
template <typename Value>
Value max(Value a, Value b) {
  return a < b ? b : a;
}
using std::exp;
using std::fabs;
using std::log;
