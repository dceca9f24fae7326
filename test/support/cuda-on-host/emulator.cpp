// CUDA on the host: threads as fibers, one at a time, in an order that a seed decides; tensor cores, ldmatrix, cp.async, bulk
// copies of tiles, barriers and wgmma as plain loops. Copies and products of Hopper end late or early, as the seed says. Bank
// conflicts, memory ordering and speed are beyond it; indices, layouts, phases and arithmetic are not.
#include "emulator.h"

#include <setjmp.h>
#include <sys/mman.h>
#include <ucontext.h>

#include <cstdio>
#include <deque>
#include <map>
#include <utility>
#include <vector>

namespace emulator {

constexpr std::size_t kStackBytes = 256 << 10;
constexpr int kGroup = 128;
/** Where a block's own shared memory begins: as on a GPU, not at 0. */
constexpr unsigned kSharedBase = 1024;

/** Threads that meet: the last to arrive does what is to be done for all. */
struct Meeting {
  int expected = 0;
  int arrived = 0;
  long generation = 0;
  std::vector<void*> operands;

  explicit Meeting(int threads = 0) : expected(threads), operands(static_cast<std::size_t>(threads)) {}
};

/** mbarrier: a phase ends when all have arrived and all bytes expected are there. */
struct Barrier {
  int count = 0;
  int pending = 0;
  long bytes = 0;  // still to come; fewer than none where a copy is ahead of who expects it
  long phase = 0;
};

/** bar.sync and bar.arrive. */
struct NamedBarrier {
  int threads = 0;
  int arrived = 0;
  long generation = 0;
  std::vector<long> arrivedIn;  // by thread: the generation, and one more
};

/** wgmma: sums of 128 threads, and where the operands are. */
struct Product {
  float* sums[kGroup];
  unsigned long long a, b;
  bool add;
  bool across[2];
  bool half;
  int cols;
};

struct WarpGroup {
  Meeting meeting{kGroup};
  std::vector<Product> open;
  std::deque<std::vector<Product>> committed;
};

struct Block {
  unsigned number = 0;
  unsigned rank = 0;
  int left = 0;  // threads
  std::vector<Meeting> warps;
  std::vector<WarpGroup> groups;
  Meeting all;
  std::map<unsigned, Barrier> barriers;
  NamedBarrier named[16];
  std::vector<unsigned char> memory;
  unsigned char* base = nullptr;  // address 0
};

/** What the test's device writes where CUDA has a CUtensorMap. */
struct CopiedMatrix {
  const unsigned short* at;
  std::int32_t rows, cols, planes, pitch, planePitch, boxRows, boxCols;
};

/** A copy from shared memory: late or early, as others are. */
struct CopyBack {
  CopiedMatrix to;
  unsigned from;
  int col, plane, row;
};

struct Thread {
  std::vector<CopyBack> openBack;
  std::deque<std::vector<CopyBack>> committedBack;
  ucontext_t start;
  jmp_buf context;
  bool started = false;
  bool done = false;
  Block* block = nullptr;
  unsigned index = 0;
  // Not to be resumed while a number is what it was.
  const long* watched = nullptr;
  long value = 0;
  const char* what = "";
  unsigned at = 0;
};

/** A copy under way. */
struct Copy {
  CopiedMatrix from;
  unsigned to, barrier;
  int col, plane, row;
  unsigned block;  // that started it
  bool toAll;
};

struct Machine {
  std::vector<Thread> threads;
  std::vector<Block> blocks;  // of the cluster at hand
  std::vector<Copy> copies;
  Meeting cluster;
  jmp_buf scheduler;
  void (*body)(const void*) = nullptr;
  const void* captured = nullptr;
  Thread* current = nullptr;
  int sharedBytes = 0;
  std::uint64_t random = 0;
};

Machine machine;
Index threadIndex{0};
Index blockIndex{0};
Index gridSize{0};

Block& block() { return *machine.current->block; }
unsigned char* sharedBase() { return block().base; }
unsigned char* shared() { return block().base + kSharedBase; }
unsigned rankInCluster() { return block().rank; }

template <typename... Values>
[[noreturn]] void fail(const char* format, Values... values) {
  std::fprintf(stderr, "emulator, block %u, thread %u: ", blockIndex.x, threadIndex.x);
  std::fprintf(stderr, format, values...);
  std::fputc('\n', stderr);
  std::abort();
}

/** 0 .. below - 1. */
unsigned draw(unsigned below) {
  machine.random = machine.random * 6364136223846793005u + 1442695040888963407u;
  return static_cast<unsigned>((machine.random >> 33) % below);
}

__attribute__((noinline)) void yield() {
  if (_setjmp(machine.current->context) == 0) _longjmp(machine.scheduler, 1);
}

/** Until a number is no longer what it was. */
void waitWhile(const long& watched, long value, const char* what, unsigned at = 0) {
  Thread& own = *machine.current;
  own.watched = &watched;
  own.value = value;
  own.what = what;
  own.at = at;
  yield();
  own.watched = nullptr;
}

template <typename Doing>
void meet(Meeting& meeting, int place, void* operand, const char* what, Doing act) {
  meeting.operands[static_cast<std::size_t>(place)] = operand;
  if (++meeting.arrived == meeting.expected) {
    meeting.arrived = 0;
    act(meeting.operands.data());
    ++meeting.generation;
    return;
  }
  waitWhile(meeting.generation, meeting.generation, what);
}

void meetWarp(void* operand, Act act) {
  meet(block().warps[threadIndex.x / kWarp], static_cast<int>(threadIndex.x % kWarp), operand, "its warp", act);
}

template <typename Doing>
void meetGroup(void* operand, const char* what, Doing act) {
  meet(block().groups[threadIndex.x / kGroup].meeting, static_cast<int>(threadIndex.x % kGroup), operand, what, act);
}

void meetBlock(void* operand, Act act) {
  meet(block().all, static_cast<int>(threadIndex.x), operand, "its block", act);
}

void meetCluster() {
  const int place = static_cast<int>(machine.current - machine.threads.data());
  meet(machine.cluster, place, nullptr, "its cluster", [](void**) {});
}

/** Runs the kernel for one block after the other. */
void fiber() {
  for (;;) {
    machine.body(machine.captured);
    if (!machine.current->openBack.empty() || !machine.current->committedBack.empty()) fail("ended before its copies from shared memory");
    machine.current->done = true;
    --machine.current->block->left;
    yield();
  }
}

__attribute__((noinline)) void resume(Thread& thread) {
  machine.current = &thread;
  threadIndex.x = thread.index;
  blockIndex.x = thread.block->number;
  if (_setjmp(machine.scheduler) != 0) return;
  if (thread.started) _longjmp(thread.context, 1);
  thread.started = true;
  setcontext(&thread.start);
}

Barrier& barrierAt(Block& of, unsigned address) {
  const auto found = of.barriers.find(address);
  if (found == of.barriers.end()) fail("there is no barrier at %u", address);
  return found->second;
}

void endPhase(Barrier& barrier, unsigned address) {
  if (barrier.pending > 0) return;
  if (barrier.bytes < 0) fail("the barrier at %u has had %ld bytes more than it expected", address, -barrier.bytes);
  if (barrier.bytes > 0) return;
  barrier.pending = barrier.count;
  ++barrier.phase;
}

void initBarrier(unsigned address, int count) {
  if (address % 8 != 0 || address < kSharedBase || address + 8 > kSharedBase + static_cast<unsigned>(machine.sharedBytes)) fail("a barrier at %u", address);
  block().barriers[address] = {count, count, 0, 0};
}

void arriveAt(Block& of, unsigned address, long bytes) {
  if (of.left == 0) fail("arrives at a barrier of block %u, which has ended", of.number);
  Barrier& barrier = barrierAt(of, address);
  if (barrier.pending == 0) fail("one arrival too many at the barrier at %u", address);
  barrier.bytes += bytes;
  --barrier.pending;
  endPhase(barrier, address);
}

void arrive(unsigned address, long bytes) { arriveAt(block(), address, bytes); }

void arriveAtRank(unsigned address, int rank) { arriveAt(machine.blocks.at(static_cast<std::size_t>(rank)), address, 0); }

void awaitPhase(unsigned address, unsigned parity) {
  const Barrier& barrier = barrierAt(block(), address);
  if (parity > 1) fail("a parity of %u", parity);
  while ((barrier.phase & 1) == static_cast<long>(parity)) waitWhile(barrier.phase, barrier.phase, "the barrier", address);
}

/** The 128-byte swizzle: 16-byte chunks exchanged by the number of their 128-byte line. */
unsigned swizzled(unsigned address) { return address ^ (address >> 3 & 0x70); }

void copyNow(const Copy& copy) {
  const CopiedMatrix& from = copy.from;
  const unsigned bytes = static_cast<unsigned>(from.boxRows) * 128;
  for (Block& to : machine.blocks) {
    if (!copy.toAll && to.number != copy.block) continue;
    if (to.left == 0) fail("a copy to block %u, which has ended", to.number);
    if (copy.to % 128 != 0 || copy.to < kSharedBase || copy.to + bytes > kSharedBase + static_cast<unsigned>(machine.sharedBytes)) fail("a copy of %u bytes to %u", bytes, copy.to);
    const auto next = to.barriers.lower_bound(copy.to);
    if (next != to.barriers.end() && next->first < copy.to + bytes) fail("a copy of %u bytes to %u, over the barrier at %u", bytes, copy.to, next->first);
    for (int r = 0; r < from.boxRows; ++r) {
      for (int c = 0; c < from.boxCols; ++c) {
        const int row = copy.row + r;
        const int col = copy.col + c;
        const bool inside = row >= 0 && row < from.rows && col >= 0 && col < from.cols && copy.plane >= 0 && copy.plane < from.planes;
        const unsigned short value = inside ? from.at[static_cast<long>(row) * from.pitch + static_cast<long>(copy.plane) * from.planePitch + col] : 0;
        std::memcpy(to.base + swizzled(copy.to + static_cast<unsigned>(r) * 128 + static_cast<unsigned>(c) * 2), &value, 2);
      }
    }
    Barrier& barrier = barrierAt(to, copy.barrier);
    barrier.bytes -= bytes;
    endPhase(barrier, copy.barrier);
  }
}

/** Starts a copy: it ends when it will. */
void copyTile(unsigned to, const void* map, int col, int plane, int row, unsigned barrier, bool toAll) {
  CopiedMatrix from;
  std::memcpy(&from, map, sizeof from);
  machine.copies.push_back({from, to, barrier, col, plane, row, blockIndex.x, toAll});
}

/** The swizzle of a box: as wide as its rows, 16-byte chunks exchanged by the number of their 128-byte line. */
unsigned swizzledBy(unsigned address, int rowBytes) { return rowBytes == 128 ? swizzled(address) : address ^ (address >> 3 & 0x30); }

void copyBackNow(const Block& block, const CopyBack& copy) {
  const CopiedMatrix& to = copy.to;
  const int rowBytes = 2 * to.boxCols;
  for (int r = 0; r < to.boxRows && copy.row + r < to.rows; ++r) {
    for (int c = 0; c < to.boxCols && copy.col + c < to.cols; ++c) {
      unsigned short* const at = const_cast<unsigned short*>(to.at) + static_cast<long>(copy.row + r) * to.pitch + static_cast<long>(copy.plane) * to.planePitch + copy.col + c;
      std::memcpy(at, block.base + swizzledBy(copy.from + static_cast<unsigned>(r * rowBytes + c * 2), rowBytes), 2);
    }
  }
}

/** Starts a copy from shared memory, which reads it now, or when it is awaited. */
void copyTileBack(const void* map, unsigned from, int col, int plane, int row) {
  CopiedMatrix to;
  std::memcpy(&to, map, sizeof to);
  if (from % 128 != 0 || from < kSharedBase || from + static_cast<unsigned>(to.boxRows * 2 * to.boxCols) > kSharedBase + static_cast<unsigned>(machine.sharedBytes)) fail("a copy from %u", from);
  if (row < 0 || col < 0 || plane < 0 || plane >= to.planes) fail("a copy to a box that begins at row %d, plane %d, column %d", row, plane, col);
  const CopyBack copy{to, from, col, plane, row};
  if (draw(2) == 0)
    copyBackNow(block(), copy);
  else
    machine.current->openBack.push_back(copy);
}

void commitCopiesBack() {
  Thread& own = *machine.current;
  own.committedBack.push_back(std::move(own.openBack));
  own.openBack.clear();
}

void awaitCopiesBack(int pending) {
  auto& committed = machine.current->committedBack;
  for (; static_cast<int>(committed.size()) > pending; committed.pop_front()) {
    for (const CopyBack& copy : committed.front()) copyBackNow(block(), copy);
  }
}

void arriveAtNamed(int number, int threads, bool waits) {
  NamedBarrier& barrier = block().named[number];
  if (barrier.arrived == 0) barrier.threads = threads;
  if (barrier.threads != threads) fail("barrier %d is of %d threads, and of %d", number, barrier.threads, threads);
  barrier.arrivedIn.resize(block().all.operands.size());
  long& arrivedIn = barrier.arrivedIn[threadIndex.x];
  if (arrivedIn == barrier.generation + 1) fail("arrives twice at barrier %d", number);
  arrivedIn = barrier.generation + 1;
  const long generation = barrier.generation;
  if (++barrier.arrived == threads) {
    barrier.arrived = 0;
    ++barrier.generation;
  } else if (waits) {
    waitWhile(barrier.generation, generation, "barrier", static_cast<unsigned>(number));
  }
}

struct Vote {
  bool own, any;
};

void count(void** votes, int threads) {
  bool any = false;
  for (int i = 0; i < threads; ++i) any |= static_cast<Vote*>(votes[i])->own;
  for (int i = 0; i < threads; ++i) static_cast<Vote*>(votes[i])->any = any;
}

bool anyInGroup(bool own) {
  Vote vote{own, false};
  meetGroup(&vote, "a vote of its warp group", [](void** votes) { count(votes, kGroup); });
  return vote.any;
}

bool anyInBlock(bool own) {
  Vote vote{own, false};
  meetBlock(&vote, [](void** votes) { count(votes, block().all.expected); });
  return vote.any;
}

float widened(unsigned short bits, bool half) { return half ? fromHalf(bits) : fromBf16(bits); }

/** Number (mn, k) of an operand, as the tensor cores find it by its descriptor. */
double operandAt(const Block& of, unsigned long long descriptor, bool across, int mn, int k, bool half) {
  const unsigned start = static_cast<unsigned>(descriptor & 0x3fff) << 4;
  const unsigned leading = static_cast<unsigned>(descriptor >> 16 & 0x3fff) << 4;
  const unsigned stride = static_cast<unsigned>(descriptor >> 32 & 0x3fff) << 4;
  const unsigned m = static_cast<unsigned>(mn);
  const unsigned d = static_cast<unsigned>(k);
  const unsigned along = m / 8 * stride + m % 8 * 128 + d * 2;
  const unsigned offset = across ? m / 64 * leading + d / 8 * stride + d % 8 * 128 + m % 64 * 2 : along;
  const unsigned address = swizzled(start + offset);
  if (address < kSharedBase || address + 2 > kSharedBase + static_cast<unsigned>(machine.sharedBytes)) fail("an operand at %u", address);
  unsigned short bits;
  std::memcpy(&bits, of.base + address, 2);
  return static_cast<double>(widened(bits, half));
}

__attribute__((optimize("O3"))) void addProduct(double* __restrict__ sums, const double* __restrict__ a, const double* __restrict__ b, int cols) {
  for (int k = 0; k < 16; ++k) {
    const double factor = a[k];
    for (int n = 0; n < cols; ++n) sums[n] += factor * b[k * 256 + n];
  }
}

/** Sums of thread t: [n][2 h + b] is row 16 (t / 32) + 8 h + t % 32 / 4, column 8 n + 2 (t % 4) + b. */
void multiplyNow(const Block& of, const Product& product) {
  static double a[64][16];
  static double b[16][256];
  static double sums[64][256];
  for (int row = 0; row < 64; ++row) {
    for (int k = 0; k < 16; ++k) a[row][k] = operandAt(of, product.a, product.across[0], row, k, product.half);
  }
  for (int k = 0; k < 16; ++k) {
    for (int col = 0; col < product.cols; ++col) b[k][col] = operandAt(of, product.b, product.across[1], col, k, product.half);
  }
  const auto eachSum = [&](auto act) {
    for (int t = 0; t < kGroup; ++t) {
      for (int i = 0; i < product.cols / 2; ++i) act(sums[t / 32 * 16 + i % 4 / 2 * 8 + t % 32 / 4][i / 4 * 8 + t % 4 * 2 + i % 2], product.sums[t][i]);
    }
  };
  eachSum([&](double& sum, float& kept) { sum = product.add ? static_cast<double>(kept) : 0.0; });
  for (int row = 0; row < 64; ++row) addProduct(sums[row], a[row], b[0], product.cols);
  eachSum([&](double& sum, float& kept) { kept = static_cast<float>(sum); });
}

/** wgmma.mma_async: by the whole warp group; done now, or when it is awaited. */
void multiplyAsync(float* sums, int cols, unsigned long long a, unsigned long long b, bool add, bool acrossA, bool acrossB, bool half) {
  Product own{{}, a, b, add, {acrossA, acrossB}, half, cols};
  own.sums[0] = sums;
  meetGroup(&own, "a product of its warp group", [](void** all) {
    Product product = *static_cast<Product*>(all[0]);
    for (int i = 0; i < kGroup; ++i) {
      const Product& other = *static_cast<Product*>(all[i]);
      if (other.a != product.a || other.b != product.b || other.add != product.add || other.cols != product.cols) fail("threads of a warp group have unlike operands");
      product.sums[i] = other.sums[0];
    }
    for (const unsigned long long descriptor : {product.a, product.b}) {
      if (descriptor >> 62 != 1 || (descriptor >> 49 & 7) != 0) fail("descriptor %llx is not of the 128-byte swizzle", descriptor);
    }
    WarpGroup& group = block().groups[threadIndex.x / kGroup];
    bool pending = !group.open.empty();
    for (const auto& products : group.committed) pending |= !products.empty();
    if (!pending && draw(2) == 0)
      multiplyNow(block(), product);
    else
      group.open.push_back(product);
  });
}

void commitProducts() {
  if (threadIndex.x % kGroup != 0) return;
  WarpGroup& group = block().groups[threadIndex.x / kGroup];
  group.committed.push_back(std::move(group.open));
  group.open.clear();
}

void awaitProducts(int pending) {
  meetGroup(nullptr, "products of its warp group", [pending](void**) {
    WarpGroup& group = block().groups[threadIndex.x / kGroup];
    for (; static_cast<int>(group.committed.size()) > pending; group.committed.pop_front()) {
      for (const Product& product : group.committed.front()) multiplyNow(block(), product);
    }
  });
}

[[noreturn]] void deadlock() {
  std::fputs("emulator: no thread can go on\n", stderr);
  const Thread* last = nullptr;
  for (const Thread& thread : machine.threads) {
    if (thread.done || (last != nullptr && last->block == thread.block && last->what == thread.what && last->at == thread.at)) continue;
    last = &thread;
    std::fprintf(stderr, "  block %u, thread %u on: waits for %s", thread.block->number, thread.index, thread.what);
    if (thread.at != 0) std::fprintf(stderr, " %u", thread.at);
    const auto barrier = thread.block->barriers.find(thread.at);
    if (barrier != thread.block->barriers.end())
      std::fprintf(stderr, " (phase %ld, %d of %d to arrive, %ld bytes to come)", barrier->second.phase, barrier->second.pending, barrier->second.count, barrier->second.bytes);
    std::fputc('\n', stderr);
  }
  std::abort();
}

/** Lets the threads of a cluster run until all have ended. Warps take turns, and now and then one sleeps. */
void schedule() {
  const std::size_t warps = machine.threads.size() / kWarp;
  std::vector<std::size_t> order(warps);
  std::vector<unsigned> asleep(warps);
  for (std::size_t w = 0; w < warps; ++w) order[w] = w;
  for (std::size_t left = machine.threads.size(); left > 0;) {
    bool moved = false;
    for (std::size_t w = warps; w > 1; --w) std::swap(order[w - 1], order[draw(static_cast<unsigned>(w))]);
    for (const std::size_t w : order) {
      for (std::size_t t = w * kWarp; t < (w + 1) * kWarp; ++t) {
        Thread& thread = machine.threads[t];
        if (thread.done || (thread.watched != nullptr && *thread.watched == thread.value)) continue;
        if (asleep[w] == 0 && draw(512) == 0) asleep[w] = 1 + draw(16);
        if (asleep[w] > 0) {
          --asleep[w];
          moved = true;
          break;
        }
        resume(thread);
        if (thread.done) --left;
        moved = true;
      }
    }
    for (std::size_t i = 0; i < machine.copies.size();) {
      if (moved && draw(2) == 0) {
        ++i;
        continue;
      }
      const Copy copy = machine.copies[i];
      machine.copies.erase(machine.copies.begin() + static_cast<std::ptrdiff_t>(i));
      copyNow(copy);
      moved = true;
    }
    if (!moved) deadlock();
  }
}

/** Shared memory holds what no kernel may read before it writes: NaNs. Its end is followed by memory that nothing may touch. */
void launch(int grid, int threads, int sharedBytes, int seed, int clusterSize, void (*body)(const void*), const void* captured) {
  if (grid % clusterSize != 0 || threads % kWarp != 0) fail("%d blocks of %d threads, in clusters of %d", grid, threads, clusterSize);
  const std::size_t count = static_cast<std::size_t>(threads * clusterSize);
  machine.body = body;
  machine.captured = captured;
  machine.sharedBytes = sharedBytes;
  machine.random = static_cast<std::uint64_t>(seed);
  gridSize.x = static_cast<unsigned>(grid);
  void* const stacks = mmap(nullptr, kStackBytes * count, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (stacks == MAP_FAILED) fail("no memory for %d stacks", static_cast<int>(count));
  const std::size_t bytes = kSharedBase + static_cast<std::size_t>(sharedBytes);
  constexpr std::size_t kBeyond = 4096;
  machine.threads = std::vector<Thread>(count);
  for (std::size_t t = 0; t < count; ++t) {
    ucontext_t& start = machine.threads[t].start;
    getcontext(&start);
    start.uc_stack.ss_sp = static_cast<char*>(stacks) + kStackBytes * t;
    start.uc_stack.ss_size = kStackBytes;
    start.uc_link = nullptr;
    makecontext(&start, fiber, 0);
  }
  for (int first = 0; first < grid; first += clusterSize) {
    machine.blocks = std::vector<Block>(static_cast<std::size_t>(clusterSize));
    machine.cluster = Meeting(static_cast<int>(count));
    for (std::size_t rank = 0; rank < machine.blocks.size(); ++rank) {
      Block& each = machine.blocks[rank];
      each.rank = static_cast<unsigned>(rank);
      each.number = static_cast<unsigned>(first) + each.rank;
      each.left = threads;
      each.warps.assign(static_cast<std::size_t>(threads / kWarp), Meeting(kWarp));
      each.groups.resize(static_cast<std::size_t>((threads + kGroup - 1) / kGroup));
      each.all = Meeting(threads);
      each.memory.assign(bytes + kBeyond + 1024, 0xff);
      each.base = each.memory.data() + (1024 - reinterpret_cast<std::uintptr_t>(each.memory.data()) % 1024);
    }
    for (std::size_t t = 0; t < count; ++t) {
      Thread& thread = machine.threads[t];
      thread.block = &machine.blocks[t / static_cast<std::size_t>(threads)];
      thread.index = static_cast<unsigned>(t % static_cast<std::size_t>(threads));
      thread.done = false;
    }
    schedule();
    for (const Block& each : machine.blocks) {
      blockIndex.x = each.number;
      for (std::size_t i = bytes; i < bytes + kBeyond - 1024; ++i)
        if (each.base[i] != 0xff) fail("wrote beyond the shared memory asked for, at %d", static_cast<int>(i));
      for (const auto& [address, barrier] : each.barriers)
        if (barrier.bytes != 0) fail("ended before %ld bytes had come to the barrier at %u", barrier.bytes, address);
      for (const WarpGroup& group : each.groups)
        if (!group.open.empty() || !group.committed.empty()) fail("ended before its products");
    }
  }
  munmap(stacks, kStackBytes * count);
}

unsigned char* sharedAt(unsigned address) { return block().base + address; }

/** cp.async of 16 bytes, done at once. */
void copyChunk(unsigned to, const void* from, bool exists) {
  if (exists)
    std::memcpy(sharedAt(to), from, 16);
  else
    std::memset(sharedAt(to), 0, 16);
}

/** Matrix i's rows begin at the addresses of lanes 8 i .. 8 i + 7; lane 4 g + t gets columns 2 t and 2 t + 1 of row g. */
void loadMatrices(unsigned address, unsigned (&to)[4], bool transposed) {
  struct Operand {
    unsigned address;
    unsigned* to;
    bool transposed;
  } own{address, to, transposed};
  meetWarp(&own, [](void** lanes) {
    const bool transposed = static_cast<Operand*>(lanes[0])->transposed;
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

void storeMatrices(unsigned address, const unsigned (&from)[4]) {
  struct Operand {
    unsigned address;
    const unsigned* from;
  } own{address, from};
  meetWarp(&own, [](void** lanes) {
    for (int matrix = 0; matrix < 4; ++matrix) {
      for (int row = 0; row < 8; ++row) {
        unsigned char* const to = sharedAt(static_cast<Operand*>(lanes[matrix * 8 + row])->address);
        for (int t = 0; t < 4; ++t) std::memcpy(to + 4 * t, &static_cast<Operand*>(lanes[4 * row + t])->from[matrix], 4);
      }
    }
  });
}

/** mma.m16n8k16, with fp64 sums. */
void multiplyTile(float (&c)[4], const unsigned (&a)[4], const unsigned (&b)[2], bool half) {
  struct Operand {
    float* c;
    const unsigned* a;
    const unsigned* b;
    bool half;
  } own{c, a, b, half};
  meetWarp(&own, [](void** lanes) {
    const bool half = static_cast<Operand*>(lanes[0])->half;
    const auto number = [half](unsigned pair, int i) { return static_cast<double>(widened(static_cast<unsigned short>(pair >> (16 * i)), half)); };
    double matrixA[16][16];
    double matrixB[16][8];
    for (int lane = 0; lane < kWarp; ++lane) {
      const Operand& operand = *static_cast<Operand*>(lanes[lane]);
      const int g = lane / 4;
      const int t = lane % 4;
      for (int i = 0; i < 2; ++i) {
        matrixA[g][2 * t + i] = number(operand.a[0], i);
        matrixA[g + 8][2 * t + i] = number(operand.a[1], i);
        matrixA[g][2 * t + 8 + i] = number(operand.a[2], i);
        matrixA[g + 8][2 * t + 8 + i] = number(operand.a[3], i);
        matrixB[2 * t + i][g] = number(operand.b[0], i);
        matrixB[2 * t + 8 + i][g] = number(operand.b[1], i);
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

}  // namespace emulator
