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

constexpr Result kSuccess = 0;
constexpr Result kErrorOutOfMemory = 2;
constexpr Result kErrorNotFound = 500;

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

// CUtensorMapDataType, -Interleave, -Swizzle, -L2promotion, -FloatOOBfill
constexpr int kTensorMapUint16 = 1;
constexpr int kTensorMapNoInterleave = 0;
constexpr int kTensorMapSwizzle64Bytes = 2;
constexpr int kTensorMapSwizzle128Bytes = 3;
constexpr int kTensorMapPromote256Bytes = 3;
constexpr int kTensorMapZerosBeyond = 0;

// CUjit_option
constexpr int kJitErrorLogBuffer = 5;
constexpr int kJitErrorLogBufferSizeBytes = 6;

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
  X(memset32, "cuMemsetD32Async", (DevicePointer target, unsigned pattern, std::size_t words, Stream stream))            \
  X(streamCreate, "cuStreamCreate", (Stream * stream, unsigned flags))                                                   \
  X(streamDestroy, "cuStreamDestroy_v2", (Stream stream))                                                                \
  X(streamSynchronize, "cuStreamSynchronize", (Stream stream))                                                           \
  X(eventCreate, "cuEventCreate", (Event * event, unsigned flags))                                                       \
  X(eventDestroy, "cuEventDestroy_v2", (Event event))                                                                    \
  X(eventRecord, "cuEventRecord", (Event event, Stream stream))                                                          \
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
