// A CUDA driver without a GPU, for tests of exported libraries: memory is the host's, and what is launched, filled and loaded is written
// to the file FAKE_CUDA_LOG. FAKE_CUDA_KERNELS names, a kernel a line, the kinds of its arguments: p(ointer), i32, f32, t(ensor map),
// u(niforms, of so many bytes as follow it). The kernel that looks at inputs finds norms of 1 and nothing wrong, those of softmax terms that
// they add nothing; all others do nothing.
// FAKE_CUDA_CAPABILITY is the GPU's, such as 90. FAKE_CUDA_RANGE tells, of one forward walk after the other, whether a sum leaves the
// range of fp32: `+` of one that does. FAKE_CUDA_FAILS is a stream and a number: of what that stream is told, the command of this number
// fails. Of the calls that enter the context, the one of the number FAKE_CUDA_ENTERS does. A failure is written down too.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <map>
#include <sstream>
#include <string>

namespace {

constexpr int failure = 719;

struct Kernel {
  std::string name;
  std::string kinds;
};
std::map<std::string, Kernel> kernels;
int context = 0;

std::FILE* log() {
  static std::FILE* file = std::fopen(std::getenv("FAKE_CUDA_LOG"), "w");
  return file;
}

const std::map<std::string, std::string>& kinds() {
  static const std::map<std::string, std::string> known = [] {
    std::map<std::string, std::string> read;
    std::ifstream file(std::getenv("FAKE_CUDA_KERNELS"));
    for (std::string name, text; file >> name >> text;) read[name] = text;
    return read;
  }();
  return known;
}

template <class T>
T value(const void* from) {
  T copy;
  std::memcpy(&copy, from, sizeof copy);
  return copy;
}

void writeArgument(char kind, const void* at, int bytes) {
  if (kind == 'p') std::fprintf(log(), " p%llu", value<unsigned long long>(at));
  if (kind == 'i') std::fprintf(log(), " i%d", value<int>(at));
  if (kind == 'f') std::fprintf(log(), " f%.9g", value<float>(at));
  if (kind == 't') {
    const auto* words = static_cast<const std::uint64_t*>(at);
    std::fprintf(log(), " t%llu", static_cast<unsigned long long>(words[0]));
    for (int i = 1; i < 10; ++i) std::fprintf(log(), ",%llu", static_cast<unsigned long long>(words[i]));
  }
  if (kind == 'u') {
    std::fprintf(log(), " u");
    for (int i = 0; i < bytes / 4; ++i) std::fprintf(log(), "%s%.9g", i == 0 ? "" : ",", value<float>(static_cast<const float*>(at) + i));
  }
}

bool leavesRange() {
  static const char* next = std::getenv("FAKE_CUDA_RANGE");
  return next != nullptr && *next != '\0' && *next++ == '+';
}

// Counts down to what fails. Once: what comes after it would work.
bool failsNow(unsigned long long& left) {
  if (left == 0 || --left > 0) return false;
  std::fprintf(log(), "fail\n");
  return true;
}

bool fails(const void* stream) {
  static const char* given = std::getenv("FAKE_CUDA_FAILS");
  static char* end = nullptr;
  static const auto broken = given == nullptr ? 0 : std::strtoull(given, &end, 10);
  static auto left = given == nullptr ? 0 : std::strtoull(end, nullptr, 10);
  return reinterpret_cast<std::uintptr_t>(stream) == broken && failsNow(left);
}

// A stream that is not the default one is told.
int endCommand(const void* stream) {
  if (stream != nullptr) std::fprintf(log(), " @%llu", static_cast<unsigned long long>(reinterpret_cast<std::uintptr_t>(stream)));
  return std::fprintf(log(), "\n"), 0;
}

}  // namespace

#define EXPORT extern "C" __attribute__((visibility("default")))

EXPORT int cuInit(unsigned) { return 0; }
EXPORT int cuGetErrorName(int, const char** name) { return *name = "CUDA_ERROR_OF_THE_TEST", 0; }
EXPORT int cuGetErrorString(int, const char** text) { return *text = "told in words", 0; }
EXPORT int cuDeviceGetCount(int* count) { return *count = 1, 0; }
EXPORT int cuDeviceGet(int* device, int ordinal) { return *device = ordinal, 0; }
EXPORT int cuDeviceGetName(char* name, int length, int) { return std::snprintf(name, length, "Fake GPU"), 0; }
EXPORT int cuDeviceGetAttribute(int* value, int attribute, int) {
  const int capability = std::atoi(std::getenv("FAKE_CUDA_CAPABILITY"));
  *value = attribute == 16 ? 132 : attribute == 75 ? capability / 10 : attribute == 76 ? capability % 10 : -1;
  return 0;
}
EXPORT int cuDevicePrimaryCtxRetain(void** retained, int) { return *retained = &context, 0; }
EXPORT int cuDevicePrimaryCtxRelease_v2(int) { return std::fprintf(log(), "released\n"), std::fflush(log()), 0; }
EXPORT int cuCtxPushCurrent_v2(void*) {
  static const char* given = std::getenv("FAKE_CUDA_ENTERS");
  static auto left = given == nullptr ? 0 : std::strtoull(given, nullptr, 10);
  return failsNow(left) ? failure : 0;
}
EXPORT int cuCtxPopCurrent_v2(void** popped) { return *popped = &context, 0; }
EXPORT int cuModuleLoadData(void** module, const void* image) {
  std::fprintf(log(), "load %.12s\n", static_cast<const char*>(image));
  return *module = &context, 0;
}
EXPORT int cuModuleUnload(void*) { return 0; }
EXPORT int cuModuleGetFunction(void** function, void*, const char* name) {
  const auto found = kinds().find(name);
  if (found == kinds().end()) return 500;
  Kernel& kernel = kernels[name];
  kernel = {name, found->second};
  return *function = &kernel, 0;
}
EXPORT int cuFuncSetAttribute(void* function, int attribute, int value) {
  return std::fprintf(log(), "allow %s %d %d\n", static_cast<Kernel*>(function)->name.c_str(), attribute, value), 0;
}
EXPORT int cuMemsetD32Async(unsigned long long at, unsigned pattern, std::size_t words, void* stream) {
  if (fails(stream)) return failure;
  for (std::size_t i = 0; i < words; ++i) reinterpret_cast<std::uint32_t*>(at)[i] = pattern;
  std::fprintf(log(), "fill p%llu %u %zu", at, pattern, words);
  return endCommand(stream);
}
EXPORT int cuMemcpyDtoDAsync_v2(unsigned long long to, unsigned long long from, std::size_t bytes, void* stream) {
  if (fails(stream)) return failure;
  return std::memcpy(reinterpret_cast<void*>(to), reinterpret_cast<void*>(from), bytes), 0;
}
struct Copy {
  std::size_t fromX, fromY;
  int fromMemory;
  const void* fromHost;
  unsigned long long from;
  void* fromArray;
  std::size_t fromPitch, toX, toY;
  int toMemory;
  void* toHost;
  unsigned long long to;
  void* toArray;
  std::size_t toPitch, rowBytes, rows;
};
EXPORT int cuMemcpy2DAsync_v2(const Copy* copy, void* stream) {
  if (fails(stream)) return failure;
  for (std::size_t row = 0; row < copy->rows; ++row)
    std::memcpy(reinterpret_cast<char*>(copy->to) + row * copy->toPitch, reinterpret_cast<const char*>(copy->from) + row * copy->fromPitch, copy->rowBytes);
  return copy->fromMemory == 2 && copy->toMemory == 2 ? 0 : 1;
}
EXPORT int cuMemcpyDtoHAsync_v2(void* to, unsigned long long from, std::size_t bytes, void* stream) {
  if (fails(stream)) return failure;
  return std::fprintf(log(), "look\n"), std::memcpy(to, reinterpret_cast<void*>(from), bytes), 0;
}
EXPORT int cuMemcpyHtoDAsync_v2(unsigned long long to, const void* from, std::size_t bytes, void* stream) {
  if (fails(stream)) return failure;
  return std::memcpy(reinterpret_cast<void*>(to), from, bytes), 0;
}
EXPORT int cuMemcpyDtoH_v2(void* to, unsigned long long from, std::size_t bytes) {
  return std::fprintf(log(), "read %zu\n", bytes), std::memcpy(to, reinterpret_cast<void*>(from), bytes), 0;
}
EXPORT int cuMemcpyHtoD_v2(unsigned long long to, const void* from, std::size_t bytes) {
  return std::fprintf(log(), "write %zu\n", bytes), cuMemcpyHtoDAsync_v2(to, from, bytes, nullptr);
}
EXPORT int cuMemAlloc_v2(unsigned long long* at, std::size_t bytes) {
  void* memory = std::aligned_alloc(256, (bytes + 255) / 256 * 256);
  std::fprintf(log(), "allocate\n");
  return *at = reinterpret_cast<unsigned long long>(memory), memory == nullptr ? 2 : 0;
}
EXPORT int cuMemFree_v2(unsigned long long at) { return std::fprintf(log(), "free\n"), std::free(reinterpret_cast<void*>(at)), 0; }
EXPORT int cuStreamSynchronize(void* stream) { return fails(stream) ? failure : 0; }
EXPORT int cuCtxSynchronize() { return 0; }
EXPORT int cuEventCreate(void** event, unsigned) { return *event = &context, 0; }
EXPORT int cuEventRecord(void*, void*) { return 0; }
EXPORT int cuEventSynchronize(void*) { return std::fprintf(log(), "wait\n"), 0; }
EXPORT int cuEventDestroy_v2(void*) { return 0; }
EXPORT int cuMemAllocHost_v2(void** memory, std::size_t bytes) { return *memory = std::malloc(bytes), 0; }
EXPORT int cuMemFreeHost(void* memory) { return std::free(memory), 0; }
EXPORT int cuPointerGetAttribute(void* value, int attribute, unsigned long long) {
  const int answer = attribute == 2 ? 2 : 0;
  return std::memcpy(value, &answer, sizeof answer), 0;
}
EXPORT int cuTensorMapEncodeTiled(void* map, int type, std::uint32_t rank, void* at, const std::uint64_t* sizes, const std::uint64_t* pitches,
                                  const std::uint32_t* box, const std::uint32_t*, int, int swizzle, int, int) {
  const std::uint64_t words[16] = {reinterpret_cast<std::uint64_t>(at), sizes[2], sizes[0], sizes[1], pitches[1], pitches[0], box[2], box[0],
                                   static_cast<std::uint64_t>(swizzle), static_cast<std::uint64_t>(type) * 10 + rank};
  return std::memcpy(map, words, sizeof words), 0;
}
EXPORT int cuLaunchKernel(void* function, unsigned grid, unsigned, unsigned, unsigned threads, unsigned, unsigned, unsigned shared, void* stream,
                          void** arguments, void**) {
  if (fails(stream)) return failure;
  const Kernel& kernel = *static_cast<Kernel*>(function);
  std::fprintf(log(), "launch %s %u %u %u", kernel.name.c_str(), grid, threads, shared);
  std::istringstream text(kernel.kinds);
  int i = 0;
  for (; text.peek() != EOF; ++i) {
    const char kind = static_cast<char>(text.get());
    int bytes = 0;
    if (kind == 'u') text >> bytes, text.get();
    writeArgument(kind, arguments[i], bytes);
    // Norms of 1, no bad row: the partials are its last two arguments.
    if (kernel.name != "norms" || i < 2) continue;
    for (int k = 0; k < 256; ++k) {
      if (i == 2) value<float*>(arguments[i])[k] = 1;
      else value<int*>(arguments[i])[k] = 2147483647;
    }
  }
  // The last arguments: partial losses, values, partials of the learned scalar, three flags, the range's the first.
  if (kernel.name == "rowTerms" || kernel.name == "colTerms") {
    for (const int place : {i - 6, i - 4}) std::memset(value<void*>(arguments[place]), 0, 256 * sizeof(double));
    if (kernel.name == "rowTerms" && leavesRange()) value<int*>(arguments[i - 3])[0] = 1;
  }
  return endCommand(stream);
}
