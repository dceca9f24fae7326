#pragma once

#include <cstddef>
#include <cstdint>

/**
 * The part of the CUDA driver API and of NVRTC that is used, declared here so that building needs no CUDA. Both libraries
 * are opened at run time; their C interfaces are stable (a function that changes gets a new suffix, such as _v2).
 */
namespace infinitile::cuda {

using Result = int;
using Device = int;
using DevicePointer = unsigned long long;
using Context = struct ContextHandle*;
using Module = struct ModuleHandle*;
using Function = struct FunctionHandle*;
using Stream = struct StreamHandle*;
using Event = struct EventHandle*;
using Graph = struct GraphHandle*;
using GraphNode = struct GraphNodeHandle*;
using GraphExec = struct GraphExecHandle*;

constexpr Result kSuccess = 0;
constexpr Result kErrorOutOfMemory = 2;
constexpr Result kErrorNotFound = 500;
constexpr Result kErrorNotReady = 600;

// CUdevice_attribute
constexpr int kAttributeMultiprocessorCount = 16;
constexpr int kAttributeComputeMajor = 75;
constexpr int kAttributeComputeMinor = 76;
constexpr int kAttributeSharedBytesPerBlockOptin = 97;

// CUfunction_attribute
constexpr int kFunctionMaxDynamicSharedBytes = 8;

// CUstream_flags, CUevent_flags
constexpr unsigned kStreamNonBlocking = 1;
constexpr unsigned kEventDefault = 0;
constexpr unsigned kEventBlockingSync = 1;
constexpr unsigned kEventDisableTiming = 2;

// CUtensorMapDataType, -Interleave, -Swizzle, -L2promotion, -FloatOOBfill
constexpr int kTensorMapUint16 = 1;
constexpr int kTensorMapNoInterleave = 0;
constexpr int kTensorMapSwizzle64Bytes = 2;
constexpr int kTensorMapSwizzle128Bytes = 3;
constexpr int kTensorMapPromote256Bytes = 3;
constexpr int kTensorMapZerosBeyond = 0;

// CUmemorytype
constexpr int kMemoryHost = 1;
constexpr int kMemoryDevice = 2;

// CUjit_option
constexpr int kJitErrorLogBuffer = 5;
constexpr int kJitErrorLogBufferSizeBytes = 6;

/** CUDA_KERNEL_NODE_PARAMS_v2. */
struct KernelNodeParams {
  Function function = nullptr;
  unsigned gridX = 1, gridY = 1, gridZ = 1;
  unsigned blockX = 1, blockY = 1, blockZ = 1;
  unsigned sharedBytes = 0;
  void** arguments = nullptr;
  void** extra = nullptr;
  /** Used where there is no function. */
  void* kernel = nullptr;
  Context context = nullptr;
};
static_assert(sizeof(KernelNodeParams) == 72);

/** CUDA_MEMSET_NODE_PARAMS. The pitch is that of several rows. */
struct MemsetNodeParams {
  DevicePointer target = 0;
  std::size_t pitch = 0;
  unsigned value = 0;
  unsigned elementBytes = 0;
  std::size_t elements = 0;
  std::size_t rows = 1;
};
static_assert(sizeof(MemsetNodeParams) == 40);

/** One end of a copy, as CUDA_MEMCPY3D has it: the memory's kind says which of the addresses counts. */
struct CopyEnd {
  std::size_t x = 0, y = 0, z = 0, level = 0;
  int memory = 0;
  const void* host = nullptr;
  DevicePointer device = 0;
  void* array = nullptr;
  void* reserved = nullptr;
  std::size_t pitch = 0;
  std::size_t height = 0;
};

/** CUDA_MEMCPY3D. */
struct CopyParams {
  CopyEnd source;
  CopyEnd target;
  std::size_t bytes = 0;
  std::size_t rows = 1;
  std::size_t planes = 1;
};
static_assert(sizeof(CopyParams) == 200);

/** X(field, symbol, parameters): functions that return a Result. */
#define INFINITILE_CUDA_FUNCTIONS(X)                                                                                     \
  X(init, "cuInit", (unsigned flags))                                                                                    \
  X(driverGetVersion, "cuDriverGetVersion", (int* version))                                                              \
  X(getErrorName, "cuGetErrorName", (Result error, const char** name))                                                   \
  X(getErrorString, "cuGetErrorString", (Result error, const char** text))                                               \
  X(deviceGetCount, "cuDeviceGetCount", (int* count))                                                                    \
  X(deviceGet, "cuDeviceGet", (Device * device, int ordinal))                                                            \
  X(deviceGetName, "cuDeviceGetName", (char* name, int length, Device device))                                           \
  X(deviceGetAttribute, "cuDeviceGetAttribute", (int* value, int attribute, Device device))                              \
  X(deviceTotalMem, "cuDeviceTotalMem_v2", (std::size_t * bytes, Device device))                                         \
  X(primaryContextRetain, "cuDevicePrimaryCtxRetain", (Context * context, Device device))                                \
  X(primaryContextRelease, "cuDevicePrimaryCtxRelease_v2", (Device device))                                              \
  X(contextPush, "cuCtxPushCurrent_v2", (Context context))                                                               \
  X(contextPop, "cuCtxPopCurrent_v2", (Context * context))                                                               \
  X(contextSynchronize, "cuCtxSynchronize", ())                                                                          \
  X(memGetInfo, "cuMemGetInfo_v2", (std::size_t * free, std::size_t* total))                                             \
  X(memAlloc, "cuMemAlloc_v2", (DevicePointer * pointer, std::size_t bytes))                                             \
  X(memFree, "cuMemFree_v2", (DevicePointer pointer))                                                                    \
  X(hostAlloc, "cuMemHostAlloc", (void** pointer, std::size_t bytes, unsigned flags))                                     \
  X(hostFree, "cuMemFreeHost", (void* pointer))                                                                          \
  X(memcpyToDevice, "cuMemcpyHtoDAsync_v2",                                                                              \
    (DevicePointer target, const void* source, std::size_t bytes, Stream stream))                                        \
  X(memcpyToHost, "cuMemcpyDtoHAsync_v2", (void* target, DevicePointer source, std::size_t bytes, Stream stream))        \
  X(memcpyAny, "cuMemcpyAsync", (DevicePointer target, DevicePointer source, std::size_t bytes, Stream stream))          \
  X(memset32, "cuMemsetD32Async", (DevicePointer target, unsigned pattern, std::size_t words, Stream stream))            \
  X(streamCreate, "cuStreamCreate", (Stream * stream, unsigned flags))                                                   \
  X(streamDestroy, "cuStreamDestroy_v2", (Stream stream))                                                                \
  X(streamQuery, "cuStreamQuery", (Stream stream))                                                                       \
  X(streamWaitEvent, "cuStreamWaitEvent", (Stream stream, Event event, unsigned flags))                                  \
  X(eventCreate, "cuEventCreate", (Event * event, unsigned flags))                                                       \
  X(eventDestroy, "cuEventDestroy_v2", (Event event))                                                                    \
  X(eventRecord, "cuEventRecord", (Event event, Stream stream))                                                          \
  X(eventQuery, "cuEventQuery", (Event event))                                                                           \
  X(eventSynchronize, "cuEventSynchronize", (Event event))                                                               \
  X(eventElapsedTime, "cuEventElapsedTime", (float* milliseconds, Event begin, Event end))                               \
  X(moduleLoadDataEx, "cuModuleLoadDataEx",                                                                              \
    (Module * module, const void* image, unsigned optionCount, int* options, void** values))                             \
  X(moduleUnload, "cuModuleUnload", (Module module))                                                                     \
  X(moduleGetFunction, "cuModuleGetFunction", (Function * function, Module module, const char* name))                    \
  X(functionSetAttribute, "cuFuncSetAttribute", (Function function, int attribute, int value))                           \
  X(launchKernel, "cuLaunchKernel",                                                                                      \
    (Function function, unsigned gridX, unsigned gridY, unsigned gridZ, unsigned blockX, unsigned blockY,                \
     unsigned blockZ, unsigned sharedBytes, Stream stream, void** arguments, void** extra))

/** Likewise, null where the driver is older than the function. */
#define INFINITILE_CUDA_OPTIONAL_FUNCTIONS(X)                                                                           \
  X(functionGetParameter, "cuFuncGetParamInfo",                                                                         \
    (Function function, std::size_t index, std::size_t* offset, std::size_t* bytes))                                    \
  X(graphCreate, "cuGraphCreate", (Graph * graph, unsigned flags))                                                      \
  X(graphDestroy, "cuGraphDestroy", (Graph graph))                                                                      \
  X(graphAddKernel, "cuGraphAddKernelNode_v2",                                                                          \
    (GraphNode * node, Graph graph, const GraphNode* after, std::size_t afterCount, const KernelNodeParams* params))    \
  X(graphAddMemset, "cuGraphAddMemsetNode",                                                                             \
    (GraphNode * node, Graph graph, const GraphNode* after, std::size_t afterCount, const MemsetNodeParams* params,     \
     Context context))                                                                                                  \
  X(graphAddCopy, "cuGraphAddMemcpyNode",                                                                               \
    (GraphNode * node, Graph graph, const GraphNode* after, std::size_t afterCount, const CopyParams* params,           \
     Context context))                                                                                                  \
  X(graphAddEventRecord, "cuGraphAddEventRecordNode",                                                                   \
    (GraphNode * node, Graph graph, const GraphNode* after, std::size_t afterCount, Event event))                       \
  X(graphInstantiate, "cuGraphInstantiateWithFlags", (GraphExec * exec, Graph graph, unsigned long long flags))         \
  X(graphExecDestroy, "cuGraphExecDestroy", (GraphExec exec))                                                           \
  X(graphExecSetKernel, "cuGraphExecKernelNodeSetParams_v2",                                                            \
    (GraphExec exec, GraphNode node, const KernelNodeParams* params))                                                   \
  X(graphLaunch, "cuGraphLaunch", (GraphExec exec, Stream stream))                                                      \
  X(tensorMapEncodeTiled, "cuTensorMapEncodeTiled",                                                                     \
    (void* map, int dataType, std::uint32_t rank, void* address, const std::uint64_t* sizes,                            \
     const std::uint64_t* pitches, const std::uint32_t* box, const std::uint32_t* elementStrides, int interleave,        \
     int swizzle, int promotion, int beyond))

struct DriverFunctions {
#define INFINITILE_FIELD(field, symbol, parameters) Result(*field) parameters = nullptr;
  INFINITILE_CUDA_FUNCTIONS(INFINITILE_FIELD)
  INFINITILE_CUDA_OPTIONAL_FUNCTIONS(INFINITILE_FIELD)
#undef INFINITILE_FIELD
};

using NvrtcResult = int;
using NvrtcProgram = struct NvrtcProgramHandle*;

constexpr NvrtcResult kNvrtcErrorBuiltinOperationFailure = 7;

/** X(field, symbol, parameters): functions that return an NvrtcResult. */
#define INFINITILE_NVRTC_FUNCTIONS(X)                                                                       \
  X(version, "nvrtcVersion", (int* major, int* minor))                                                      \
  X(createProgram, "nvrtcCreateProgram",                                                                    \
    (NvrtcProgram * program, const char* source, const char* name, int headerCount, const char* const* headers, \
     const char* const* headerNames))                                                                       \
  X(destroyProgram, "nvrtcDestroyProgram", (NvrtcProgram * program))                                        \
  X(compileProgram, "nvrtcCompileProgram", (NvrtcProgram program, int optionCount, const char* const* options)) \
  X(getLogSize, "nvrtcGetProgramLogSize", (NvrtcProgram program, std::size_t* bytes))                       \
  X(getLog, "nvrtcGetProgramLog", (NvrtcProgram program, char* log))                                        \
  X(getPtxSize, "nvrtcGetPTXSize", (NvrtcProgram program, std::size_t* bytes))                              \
  X(getPtx, "nvrtcGetPTX", (NvrtcProgram program, char* ptx))                                               \
  X(getCubinSize, "nvrtcGetCUBINSize", (NvrtcProgram program, std::size_t* bytes))                          \
  X(getCubin, "nvrtcGetCUBIN", (NvrtcProgram program, char* cubin))

struct NvrtcFunctions {
#define INFINITILE_FIELD(field, symbol, parameters) NvrtcResult(*field) parameters = nullptr;
  INFINITILE_NVRTC_FUNCTIONS(INFINITILE_FIELD)
#undef INFINITILE_FIELD
  const char* (*getErrorString)(NvrtcResult) = nullptr;
};

}  // namespace infinitile::cuda
