// Emitted by infinitile 0.2.0: do not edit.
// SPDX-License-Identifier: Apache-2.0
//
// loss       clip
// logit      exp(params.logScale) * dot
// inputs     bf16, depth 512
// targets    x86-64-v4, sm_90a

/* A GPU: memory and launches go through the driver, on the caller's stream. */

/* A compiled source file. */
typedef struct Image {
  const uint64_t* cubin;
  /* For GPUs that the cubin is not for; NULL where there are none. */
  const uint64_t* ptx;
} Image;

/* A kernel of a target: where it is, and the shared memory that it has to be allowed. */
typedef struct KernelPlace {
  const char* name;
  int image;
  int shared_bytes;
} KernelPlace;

typedef struct CudaTarget {
  Target target;
  int major, minor;
  /* Whether GPUs of other capabilities do not run it. */
  bool exactly;
  const Image* images;
  int image_count;
  const KernelPlace* kernels;
  int kernel_count;
} CudaTarget;

/* Of page-locked memory: for copies that are waited for, and behind it for what is asked and waited for later. */
enum { staging_bytes = 1 << 20, asked_bytes = 8232 };

typedef struct Cuda {
  CudaDriver driver;
  int ordinal;
  int device;
  CudaContext context;
  /* Page-locked. */
  char* staging;
  /* Behind what was asked last. */
  CudaEvent asked;
  CudaModule modules[11];
  CudaFunction functions[23];
} Cuda;

static int enter_cuda(infinitile_clip* handle) {
  return cuda_failed(&handle->cuda->driver, handle->cuda->driver.context_push(handle->cuda->context), "the GPU's context");
}

static void leave_cuda(infinitile_clip* handle) {
  CudaContext popped;
  handle->cuda->driver.context_pop(&popped);
}

static int check_on_cuda(infinitile_clip* handle, const char* name, const void* at, int element_bytes) {
  if ((uintptr_t)at % (uintptr_t)element_bytes != 0) return fail(INFINITILE_CLIP_ERROR_ARGUMENT, "%s is not aligned: its address must be a multiple of %d", name, element_bytes);
  const CudaDriver* driver = &handle->cuda->driver;
  const CudaPointer pointer = (CudaPointer)(uintptr_t)at;
  int memory = 0, ordinal = -1;
  if (driver->pointer_attribute(&memory, cuda_pointer_memory, pointer) != 0 || memory != cuda_memory_device)
    return fail(INFINITILE_CLIP_ERROR_ARGUMENT, "%s is no memory of a GPU: a handle of a GPU takes its own", name);
  if (driver->pointer_attribute(&ordinal, cuda_pointer_ordinal, pointer) == 0 && ordinal != handle->cuda->ordinal)
    return fail(INFINITILE_CLIP_ERROR_ARGUMENT, "%s is memory of GPU %d: the handle is for GPU %d", name, ordinal, handle->cuda->ordinal);
  return 0;
}

static int check_stream_on_cuda(void* stream) {
  (void)stream;
  return 0;
}

static int launch_on_cuda(Run* run, const Kernel* kernel, int64_t grid, void** args) {
  const Cuda* cuda = run->handle->cuda;
  const CudaResult result = cuda->driver.launch(cuda->functions[kernel->place], (unsigned)grid, 1, 1, (unsigned)kernel->threads, 1, 1,
                                                (unsigned)kernel->shared_bytes, (CudaStream)run->stream, args, NULL);
  return result == 0 ? 0 : cuda_failed(&cuda->driver, result, ((const CudaTarget*)run->handle->target)->kernels[kernel->place].name);
}

static int fill_on_cuda(Run* run, void* at, uint32_t pattern, int64_t words) {
  if (words == 0) return 0;
  const CudaDriver* driver = &run->handle->cuda->driver;
  return cuda_failed(driver, driver->fill((CudaPointer)(uintptr_t)at, pattern, (size_t)words, (CudaStream)run->stream), "a fill");
}

static int copy_on_cuda(Run* run, void* to, int64_t to_pitch, const void* from, int64_t from_pitch, int64_t row_bytes, int64_t rows) {
  const CudaDriver* driver = &run->handle->cuda->driver;
  const CudaPointer target = (CudaPointer)(uintptr_t)to, source = (CudaPointer)(uintptr_t)from;
  if (rows == 1 || (to_pitch == row_bytes && from_pitch == row_bytes))
    return cuda_failed(driver, driver->copy(target, source, (size_t)(rows * row_bytes), (CudaStream)run->stream), "a copy on the GPU");
  const CudaCopy copy = {
      .from_memory = cuda_memory_device, .from = source, .from_pitch = (size_t)from_pitch,
      .to_memory = cuda_memory_device, .to = target, .to_pitch = (size_t)to_pitch,
      .row_bytes = (size_t)row_bytes, .rows = (size_t)rows,
  };
  return cuda_failed(driver, driver->copy_rows(&copy, (CudaStream)run->stream), "a copy of rows on the GPU");
}

static int read_on_cuda(Run* run, void* to, const void* from, int64_t bytes) {
  const Cuda* cuda = run->handle->cuda;
  for (int64_t done = 0; done < bytes; done += staging_bytes) {
    const size_t some = (size_t)least(staging_bytes, bytes - done);
    CudaResult result = cuda->driver.read(cuda->staging, (CudaPointer)(uintptr_t)from + (CudaPointer)done, some, (CudaStream)run->stream);
    if (result == 0) result = cuda->driver.wait((CudaStream)run->stream);
    if (result != 0) return cuda_failed(&cuda->driver, result, "a copy from the GPU, or a kernel before it");
    memcpy((char*)to + done, cuda->staging, some);
  }
  return 0;
}

static int write_on_cuda(Run* run, void* to, const void* from, int64_t bytes) {
  const Cuda* cuda = run->handle->cuda;
  for (int64_t done = 0; done < bytes; done += staging_bytes) {
    const size_t some = (size_t)least(staging_bytes, bytes - done);
    memcpy(cuda->staging, (const char*)from + done, some);
    CudaResult result = cuda->driver.write((CudaPointer)(uintptr_t)to + (CudaPointer)done, cuda->staging, some, (CudaStream)run->stream);
    if (result == 0) result = cuda->driver.wait((CudaStream)run->stream);
    if (result != 0) return cuda_failed(&cuda->driver, result, "a copy to the GPU, or a kernel before it");
  }
  return 0;
}

static void settle_on_cuda(Run* run) { run->handle->cuda->driver.wait((CudaStream)run->stream); }

static int read_all_on_cuda(Run* run, const Reading* readings, int count) {
  const Cuda* cuda = run->handle->cuda;
  CudaResult result = 0;
  int64_t at = 0;
  for (int i = 0; i < count && result == 0; at += readings[i++].bytes)
    result = cuda->driver.read(cuda->staging + at, (CudaPointer)(uintptr_t)readings[i].from, (size_t)readings[i].bytes, (CudaStream)run->stream);
  if (result == 0) result = cuda->driver.wait((CudaStream)run->stream);
  if (result != 0) return cuda_failed(&cuda->driver, result, "a copy from the GPU, or a kernel before it");
  at = 0;
  for (int i = 0; i < count; at += readings[i++].bytes) memcpy(readings[i].to, cuda->staging + at, (size_t)readings[i].bytes);
  return 0;
}

static char* asked_of(const Cuda* cuda) { return cuda->staging + staging_bytes; }

static int ask_on_cuda(Run* run, const void* from, int64_t bytes) {
  const Cuda* cuda = run->handle->cuda;
  CudaResult result = cuda->driver.read(asked_of(cuda), (CudaPointer)(uintptr_t)from, (size_t)bytes, (CudaStream)run->stream);
  if (result == 0) result = cuda->driver.event_record(cuda->asked, (CudaStream)run->stream);
  return cuda_failed(&cuda->driver, result, "a copy from the GPU");
}

static int answer_on_cuda(Run* run, void* to, int64_t bytes) {
  const Cuda* cuda = run->handle->cuda;
  const CudaResult result = cuda->driver.event_wait(cuda->asked);
  if (result != 0) return cuda_failed(&cuda->driver, result, "a copy from the GPU, or a kernel before it");
  memcpy(to, asked_of(cuda), (size_t)bytes);
  return 0;
}

/* `sizes`: rows, columns, planes, pitch and plane pitch in elements of 16 bits, rows and columns of a tile. */
static int tiles_on_cuda(Run* run, TensorMap* map, void* at, const int64_t* sizes) {
  const CudaDriver* driver = &run->handle->cuda->driver;
  if (driver->map_tiles == NULL) return fail(INFINITILE_CLIP_ERROR_DEVICE, "the CUDA driver is too old for tensor maps: they need one for CUDA 12.0 or later");
  const uint64_t extents[] = {(uint64_t)sizes[1], (uint64_t)sizes[2], (uint64_t)sizes[0]};
  const uint64_t pitches[] = {(uint64_t)sizes[4] * 2, (uint64_t)sizes[3] * 2};
  const uint32_t box[] = {(uint32_t)sizes[6], 1, (uint32_t)sizes[5]}, strides[] = {1, 1, 1};
  /* The swizzle is as wide as the tile. */
  const int swizzle = sizes[6] * 2 == 128 ? cuda_map_swizzle_128_bytes : cuda_map_swizzle_64_bytes;
  const CudaResult result = driver->map_tiles(map, cuda_map_uint16, 3, at, extents, pitches, box, strides, 0, swizzle, cuda_map_promote_256_bytes, 0);
  return cuda_failed(driver, result, "a tensor map");
}

static const Device cuda_device = {
    .queues = true,
    .enter = enter_cuda,
    .leave = leave_cuda,
    .check = check_on_cuda,
    .alignment = 16,
    .check_stream = check_stream_on_cuda,
    .launch = launch_on_cuda,
    .fill = fill_on_cuda,
    .copy = copy_on_cuda,
    .read = read_on_cuda,
    .write = write_on_cuda,
    .read_all = read_all_on_cuda,
    .ask = ask_on_cuda,
    .answer = answer_on_cuda,
    .settle = settle_on_cuda,
    .tiles = tiles_on_cuda,
};
