// Emitted by infinitile 0.2.0: do not edit.
// SPDX-License-Identifier: Apache-2.0
//
// loss       clip
// logit      exp(params.logScale) * dot
// inputs     bf16, depth 512
// targets    x86-64-v4, sm_90a

/* Memory of a GPU, through the driver that the library has opened. */

typedef int CudaResult;
typedef unsigned long long CudaPointer;

/* X(field, symbol, parameters) */
#define GPU_FUNCTIONS(X)                                                                     \
  X(error_name, "cuGetErrorName", (CudaResult result, const char** name))                    \
  X(device_get, "cuDeviceGet", (int* device, int ordinal))                                   \
  X(context_retain, "cuDevicePrimaryCtxRetain", (void** context, int device))                \
  X(context_release, "cuDevicePrimaryCtxRelease_v2", (int device))                           \
  X(context_push, "cuCtxPushCurrent_v2", (void* context))                                    \
  X(context_pop, "cuCtxPopCurrent_v2", (void** context))                                     \
  X(allocate, "cuMemAlloc_v2", (CudaPointer* at, size_t bytes))                              \
  X(release, "cuMemFree_v2", (CudaPointer at))                                               \
  X(write, "cuMemcpyHtoD_v2", (CudaPointer to, const void* from, size_t bytes))              \
  X(read, "cuMemcpyDtoH_v2", (void* to, CudaPointer from, size_t bytes))

typedef struct Gpu {
#define GPU_FIELD(field, symbol, parameters) CudaResult(*field) parameters;
  GPU_FUNCTIONS(GPU_FIELD)
#undef GPU_FIELD
  int device;
  void* context;
} Gpu;

static int gpu_failed(Failure* failure, const Gpu* gpu, CudaResult result, const char* what) {
  if (result == 0) return 0;
  const char* name = NULL;
  if (gpu->error_name(result, &name) != 0 || name == NULL) name = "an unknown error";
  return fail(failure, INFINITILE_CLIP_ERROR_DEVICE, "%s: %s", what, name);
}

/* After infinitile_clip_create_cuda(), which says what is wrong with the driver, the GPU and its context. */
static int open_gpu(Gpu* gpu, int ordinal, Failure* failure) {
  static const char* const names[] = {"libcuda.so.1", "libcuda.so", "/usr/lib/wsl/lib/libcuda.so.1"};
  void* library = NULL;
  for (size_t i = 0; i < sizeof names / sizeof *names && library == NULL; ++i) library = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);
  if (library == NULL) return fail(failure, INFINITILE_CLIP_ERROR_DEVICE, "there is no CUDA driver: NVIDIA's driver brings libcuda.so.1");
  /* A function's address as a pointer to it, which ISO C has no cast for. */
#define GPU_LOAD(field, symbol, parameters)                                                                              \
  {                                                                                                                      \
    void* address = dlsym(library, symbol);                                                                              \
    if (address == NULL) return fail(failure, INFINITILE_CLIP_ERROR_DEVICE, "the CUDA driver has no %s: it is too old", symbol); \
    memcpy(&gpu->field, &address, sizeof address);                                                                       \
  }
  GPU_FUNCTIONS(GPU_LOAD)
#undef GPU_LOAD
  CudaResult result = gpu->device_get(&gpu->device, ordinal);
  if (result == 0) result = gpu->context_retain(&gpu->context, gpu->device);
  return gpu_failed(failure, gpu, result, "the GPU's context");
}

/* NULL for memory that there is not enough of. */
static void* allocate_on_gpu(const Gpu* gpu, size_t bytes) {
  CudaPointer at = 0;
  return gpu->allocate(&at, bytes) == 0 ? (void*)(uintptr_t)at : NULL;
}

static void release_on_gpu(const Gpu* gpu, void* at) {
  void* popped;
  if (at == NULL || gpu->context_push(gpu->context) != 0) return;
  gpu->release((CudaPointer)(uintptr_t)at);
  gpu->context_pop(&popped);
}

static void close_gpu(const Gpu* gpu) {
  if (gpu->context != NULL) gpu->context_release(gpu->device);
}
