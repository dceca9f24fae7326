// Emitted by infinitile 0.2.0: do not edit.
// SPDX-License-Identifier: Apache-2.0
//
// loss       clip
// logit      exp(params.logScale) * dot
// inputs     bf16, depth 512
// targets    x86-64-v4, sm_90a

/* The part of the CUDA driver that is used; libcuda is opened when a GPU is asked for. */

typedef int CudaResult;
typedef struct CudaContext* CudaContext;
typedef struct CudaModule* CudaModule;
typedef struct CudaFunction* CudaFunction;
typedef struct CudaStream* CudaStream;
typedef struct CudaEvent* CudaEvent;
typedef unsigned long long CudaPointer;

enum {
  cuda_error_not_found = 500,
  cuda_attribute_multiprocessors = 16,
  cuda_attribute_major = 75,
  cuda_attribute_minor = 76,
  cuda_function_shared_bytes = 8,
  cuda_pointer_memory = 2,
  cuda_pointer_ordinal = 9,
  cuda_memory_device = 2,
  cuda_event_without_time = 2,
  cuda_map_uint16 = 1,
  cuda_map_swizzle_64_bytes = 2,
  cuda_map_swizzle_128_bytes = 3,
  cuda_map_promote_256_bytes = 3
};

/* The driver's CUDA_MEMCPY2D: rows between memories, pitches in bytes. */
typedef struct CudaCopy {
  size_t from_x, from_y;
  int from_memory;
  const void* from_host;
  CudaPointer from;
  void* from_array;
  size_t from_pitch;
  size_t to_x, to_y;
  int to_memory;
  void* to_host;
  CudaPointer to;
  void* to_array;
  size_t to_pitch;
  size_t row_bytes, rows;
} CudaCopy;

/* X(field, symbol, parameters) */
#define CUDA_FUNCTIONS(X)                                                                                                \
  X(init, "cuInit", (unsigned flags))                                                                                    \
  X(error_name, "cuGetErrorName", (CudaResult result, const char** name))                                                \
  X(error_text, "cuGetErrorString", (CudaResult result, const char** text))                                              \
  X(device_count, "cuDeviceGetCount", (int* count))                                                                      \
  X(device_get, "cuDeviceGet", (int* device, int ordinal))                                                               \
  X(device_name, "cuDeviceGetName", (char* name, int length, int device))                                                \
  X(device_attribute, "cuDeviceGetAttribute", (int* value, int attribute, int device))                                   \
  X(context_retain, "cuDevicePrimaryCtxRetain", (CudaContext * context, int device))                                     \
  X(context_release, "cuDevicePrimaryCtxRelease_v2", (int device))                                                       \
  X(context_push, "cuCtxPushCurrent_v2", (CudaContext context))                                                          \
  X(context_pop, "cuCtxPopCurrent_v2", (CudaContext * context))                                                          \
  X(module_load, "cuModuleLoadData", (CudaModule * module, const void* image))                                           \
  X(module_unload, "cuModuleUnload", (CudaModule module))                                                                \
  X(module_function, "cuModuleGetFunction", (CudaFunction * function, CudaModule module, const char* name))              \
  X(function_set, "cuFuncSetAttribute", (CudaFunction function, int attribute, int value))                               \
  X(launch, "cuLaunchKernel",                                                                                            \
    (CudaFunction function, unsigned grid_x, unsigned grid_y, unsigned grid_z, unsigned block_x, unsigned block_y,       \
     unsigned block_z, unsigned shared_bytes, CudaStream stream, void** args, void** extra))                             \
  X(fill, "cuMemsetD32Async", (CudaPointer at, unsigned pattern, size_t words, CudaStream stream))                       \
  X(copy, "cuMemcpyDtoDAsync_v2", (CudaPointer to, CudaPointer from, size_t bytes, CudaStream stream))                    \
  X(copy_rows, "cuMemcpy2DAsync_v2", (const CudaCopy* copy, CudaStream stream))                                          \
  X(read, "cuMemcpyDtoHAsync_v2", (void* to, CudaPointer from, size_t bytes, CudaStream stream))                         \
  X(write, "cuMemcpyHtoDAsync_v2", (CudaPointer to, const void* from, size_t bytes, CudaStream stream))                  \
  X(wait, "cuStreamSynchronize", (CudaStream stream))                                                                    \
  X(event_create, "cuEventCreate", (CudaEvent * event, unsigned flags))                                                  \
  X(event_record, "cuEventRecord", (CudaEvent event, CudaStream stream))                                                 \
  X(event_wait, "cuEventSynchronize", (CudaEvent event))                                                                 \
  X(event_destroy, "cuEventDestroy_v2", (CudaEvent event))                                                               \
  X(context_wait, "cuCtxSynchronize", (void))                                                                            \
  X(host_allocate, "cuMemAllocHost_v2", (void** memory, size_t bytes))                                                   \
  X(host_free, "cuMemFreeHost", (void* memory))                                                                          \
  X(pointer_attribute, "cuPointerGetAttribute", (void* value, int attribute, CudaPointer pointer))

/* NULL where the driver is older than the function. */
#define CUDA_OPTIONAL_FUNCTIONS(X)                                                                                       \
  X(map_tiles, "cuTensorMapEncodeTiled",                                                                                 \
    (void* map, int type, uint32_t rank, void* at, const uint64_t* sizes, const uint64_t* pitches, const uint32_t* box,  \
     const uint32_t* strides, int interleave, int swizzle, int promotion, int beyond))

typedef struct CudaDriver {
  void* library;
#define CUDA_FIELD(field, symbol, parameters) CudaResult(*field) parameters;
  CUDA_FUNCTIONS(CUDA_FIELD)
  CUDA_OPTIONAL_FUNCTIONS(CUDA_FIELD)
#undef CUDA_FIELD
} CudaDriver;

/* What the driver says of a call that failed. */
static int cuda_failed(const CudaDriver* driver, CudaResult result, const char* what) {
  if (result == 0) return 0;
  const char *name = NULL, *text = NULL;
  if (driver->error_name(result, &name) != 0 || name == NULL) name = "an unknown error";
  if (driver->error_text(result, &text) != 0 || text == NULL) text = "the driver does not say more";
  return fail(INFINITILE_CLIP_ERROR_DEVICE, "%s: %s: %s", what, name, text);
}

/* A function's address as a pointer to it, which ISO C has no cast for. */
static int find_symbol(void* library, const char* symbol, void* field, size_t bytes) {
  void* address = dlsym(library, symbol);
  memcpy(field, &address, bytes);
  return address != NULL;
}

static int open_driver(CudaDriver* driver) {
  static const char* const names[] = {"libcuda.so.1", "libcuda.so", "/usr/lib/wsl/lib/libcuda.so.1"};
  char reason[256] = "";
  for (size_t i = 0; i < sizeof names / sizeof *names && driver->library == NULL; ++i) {
    driver->library = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);
    const char* said = driver->library == NULL && i == 0 ? dlerror() : NULL;
    if (said != NULL) snprintf(reason, sizeof reason, "%s", said);
  }
  if (driver->library == NULL)
    return fail(INFINITILE_CLIP_ERROR_DEVICE, "there is no CUDA driver (%s): NVIDIA's driver brings libcuda.so.1; infinitile_clip_create_cpu() needs none", reason);
#define CUDA_LOAD(field, symbol, parameters)                                                      \
  if (!find_symbol(driver->library, symbol, &driver->field, sizeof driver->field))                \
    return fail(INFINITILE_CLIP_ERROR_DEVICE, "the CUDA driver has no %s: it is too old", symbol);
  CUDA_FUNCTIONS(CUDA_LOAD)
#undef CUDA_LOAD
#define CUDA_LOAD(field, symbol, parameters) find_symbol(driver->library, symbol, &driver->field, sizeof driver->field);
  CUDA_OPTIONAL_FUNCTIONS(CUDA_LOAD)
#undef CUDA_LOAD
  return cuda_failed(driver, driver->init(0), "the CUDA driver does not start");
}
