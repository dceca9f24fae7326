// What CUDA sources need to run on the host: threads of a block as fibers, one at a time, in order; tensor cores, ldmatrix and
// cp.async as plain loops. Bank conflicts, races and speed are beyond it; indices, layouts and arithmetic are not.
#pragma once

#include <ucontext.h>

#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <vector>

#define __global__
#define __device__
#define __forceinline__ inline
#define __launch_bounds__(...)
#define __align__(n) alignas(n)
#define __shared__ static

struct uint4 {
  unsigned x, y, z, w;
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

/** Lanes of a warp, or threads of a block, that meet: the last to arrive does what is to be done for all. */
struct Meeting {
  int expected = 0;
  int arrived = 0;
  long generation = 0;
  std::vector<void*> operands;
};

constexpr std::size_t kStackBytes = 256 << 10;
constexpr int kWarp = 32;

struct Block {
  std::vector<ucontext_t> fibers;
  std::vector<char> stacks;
  std::vector<bool> done;
  ucontext_t scheduler;
  std::function<void()> body;
  std::vector<Meeting> warps;
  Meeting all;
  unsigned char* shared = nullptr;
};

inline Block block;
inline Index threadIndex{0};
inline Index blockIndex{0};

inline void yield() { swapcontext(&block.fibers[threadIndex.x], &block.scheduler); }

inline void meet(Meeting& meeting, int place, void* operand, const std::function<void(void**)>& act) {
  meeting.operands[static_cast<std::size_t>(place)] = operand;
  if (++meeting.arrived == meeting.expected) {
    meeting.arrived = 0;
    act(meeting.operands.data());
    ++meeting.generation;
    return;
  }
  const long generation = meeting.generation;
  while (meeting.generation == generation) yield();
}

template <typename Act>
void meetWarp(void* operand, Act act) {
  meet(block.warps[threadIndex.x / kWarp], static_cast<int>(threadIndex.x % kWarp), operand, act);
}

template <typename Act>
void meetBlock(void* operand, Act act) {
  meet(block.all, static_cast<int>(threadIndex.x), operand, act);
}

inline void fiber() {
  block.body();
  block.done[threadIndex.x] = true;
  yield();
}

/** Shared memory holds what no kernel may read before it writes: NaNs. Its end is followed by a page that nothing may touch. */
inline void launch(int grid, int threads, int sharedBytes, std::function<void()> body) {
  block.body = std::move(body);
  block.fibers.resize(static_cast<std::size_t>(threads));
  block.stacks.resize(kStackBytes * static_cast<std::size_t>(threads));
  std::vector<unsigned char> memory(static_cast<std::size_t>(sharedBytes) + 4096 + 128);
  block.shared = memory.data() + (128 - reinterpret_cast<std::uintptr_t>(memory.data()) % 128);
  for (int b = 0; b < grid; ++b) {
    std::memset(block.shared, 0xff, static_cast<std::size_t>(sharedBytes) + 4096 - 128);
    block.warps.assign(static_cast<std::size_t>(threads / kWarp), Meeting{kWarp, 0, 0, std::vector<void*>(kWarp)});
    block.all = Meeting{threads, 0, 0, std::vector<void*>(static_cast<std::size_t>(threads))};
    block.done.assign(static_cast<std::size_t>(threads), false);
    blockIndex.x = static_cast<unsigned>(b);
    for (int t = 0; t < threads; ++t) {
      ucontext_t& context = block.fibers[static_cast<std::size_t>(t)];
      getcontext(&context);
      context.uc_stack.ss_sp = block.stacks.data() + kStackBytes * static_cast<std::size_t>(t);
      context.uc_stack.ss_size = kStackBytes;
      context.uc_link = nullptr;
      makecontext(&context, fiber, 0);
    }
    for (int left = threads; left > 0;) {
      left = 0;
      for (int t = 0; t < threads; ++t) {
        if (block.done[static_cast<std::size_t>(t)]) continue;
        ++left;
        threadIndex.x = static_cast<unsigned>(t);
        swapcontext(&block.scheduler, &block.fibers[static_cast<std::size_t>(t)]);
      }
    }
    for (int i = sharedBytes; i < sharedBytes + 2048; ++i)
      if (block.shared[i] != 0xff) std::abort();  // written beyond the shared memory asked for
  }
  block.body = nullptr;
}

inline unsigned char* sharedAt(unsigned address) { return block.shared + address; }

/** cp.async of 16 bytes, done at once. */
inline void copyChunk(unsigned to, const void* from, bool exists) {
  if (exists)
    std::memcpy(sharedAt(to), from, 16);
  else
    std::memset(sharedAt(to), 0, 16);
}

/** Matrix i's rows begin at the addresses of lanes 8 i .. 8 i + 7; lane 4 g + t gets columns 2 t and 2 t + 1 of row g. */
inline void loadMatrices(unsigned address, unsigned (&to)[4], bool transposed) {
  struct Operand {
    unsigned address;
    unsigned* to;
  } own{address, to};
  meetWarp(&own, [transposed](void** lanes) {
    for (int matrix = 0; matrix < 4; ++matrix) {
      unsigned short values[8][8];
      for (int row = 0; row < 8; ++row) std::memcpy(values[row], sharedAt(static_cast<Operand*>(lanes[matrix * 8 + row])->address), 16);
      for (int lane = 0; lane < kWarp; ++lane) {
        const int g = lane / 4;
        const int t = lane % 4;
        const unsigned low = transposed ? values[2 * t][g] : values[g][2 * t];
        const unsigned high = transposed ? values[2 * t + 1][g] : values[g][2 * t + 1];
        static_cast<Operand*>(lanes[lane])->to[matrix] = low | high << 16;
      }
    }
  });
}

/** mma.m16n8k16, with fp64 sums. */
template <typename Widen>
void multiplyTile(float (&c)[4], const unsigned (&a)[4], const unsigned (&b)[2], Widen widen) {
  struct Operand {
    float* c;
    const unsigned* a;
    const unsigned* b;
  } own{c, a, b};
  meetWarp(&own, [widen](void** lanes) {
    const auto half = [&](unsigned pair, int i) { return static_cast<double>(widen(static_cast<unsigned short>(pair >> (16 * i)))); };
    double matrixA[16][16];
    double matrixB[16][8];
    for (int lane = 0; lane < kWarp; ++lane) {
      const Operand& operand = *static_cast<Operand*>(lanes[lane]);
      const int g = lane / 4;
      const int t = lane % 4;
      for (int i = 0; i < 2; ++i) {
        matrixA[g][2 * t + i] = half(operand.a[0], i);
        matrixA[g + 8][2 * t + i] = half(operand.a[1], i);
        matrixA[g][2 * t + 8 + i] = half(operand.a[2], i);
        matrixA[g + 8][2 * t + 8 + i] = half(operand.a[3], i);
        matrixB[2 * t + i][g] = half(operand.b[0], i);
        matrixB[2 * t + 8 + i][g] = half(operand.b[1], i);
      }
    }
    for (int lane = 0; lane < kWarp; ++lane) {
      const Operand& operand = *static_cast<Operand*>(lanes[lane]);
      for (int i = 0; i < 4; ++i) {
        const int row = lane / 4 + i / 2 * 8;
        const int col = lane % 4 * 2 + i % 2;
        double sum = operand.c[i];
        for (int k = 0; k < 16; ++k) sum += matrixA[row][k] * matrixB[k][col];
        operand.c[i] = static_cast<float>(sum);
      }
    }
  });
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

inline void __syncthreads() {
  emulator::meetBlock(nullptr, [](void**) {});
}
inline void __syncwarp() {
  emulator::meetWarp(nullptr, [](void**) {});
}
inline bool __syncthreads_or(bool value) {
  struct Vote {
    bool own, any;
  } vote{value, false};
  emulator::meetBlock(&vote, [](void** votes) {
    bool any = false;
    for (int i = 0; i < emulator::block.all.expected; ++i) any |= static_cast<Vote*>(votes[i])->own;
    for (int i = 0; i < emulator::block.all.expected; ++i) static_cast<Vote*>(votes[i])->any = any;
  });
  return vote.any;
}
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
Value __shfl_xor_sync(unsigned, Value value, int distance) {
  struct Exchange {
    Value own, other;
    int distance;
  } exchange{value, value, distance};
  emulator::meetWarp(&exchange, [](void** lanes) {
    for (int i = 0; i < emulator::kWarp; ++i) {
      Exchange& to = *static_cast<Exchange*>(lanes[i]);
      to.other = static_cast<Exchange*>(lanes[i ^ to.distance])->own;
    }
  });
  return exchange.other;
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
