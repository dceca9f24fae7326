// Emitted by infinitile 0.2.0: do not edit.
// SPDX-License-Identifier: Apache-2.0
//
// loss       clip
// logit      exp(params.logScale) * dot
// inputs     bf16, depth 512
// targets    x86-64-v4, sm_90a

/* A device in use, and the runs that wait for it. */

struct Call;

typedef struct Kernel {
  infinitile_clip* handle;
  bool on_gpu;
  Gpu gpu;
  /* The workspace; on a GPU behind inputs and gradients. It grows, and stays until the kernel is closed. */
  char* memory;
  size_t bytes;
  /* The first of them is at work. */
  struct Call *first, *last;
  bool closed;
} Kernel;

static void release_memory(Kernel* kernel) {
  if (kernel->on_gpu) release_on_gpu(&kernel->gpu, kernel->memory);
  else free(kernel->memory);
  kernel->memory = NULL;
  kernel->bytes = 0;
}

/* On the thread that computes; on a GPU in its context. */
static int reserve(Kernel* kernel, size_t bytes, Failure* failure) {
  if (bytes <= kernel->bytes) return 0;
  release_memory(kernel);
  kernel->memory = kernel->on_gpu ? allocate_on_gpu(&kernel->gpu, bytes) : malloc(bytes);
  if (kernel->memory == NULL) return fail(failure, INFINITILE_CLIP_ERROR_DEVICE, "there are no %zu bytes of memory on the device", bytes);
  kernel->bytes = bytes;
  return 0;
}

/* Of a handle that is gone nothing is left to do. */
static void release_kernel(Kernel* kernel) {
  if (kernel->handle == NULL) return;
  release_memory(kernel);
  infinitile_clip_destroy(kernel->handle);
  kernel->handle = NULL;
  if (kernel->on_gpu) close_gpu(&kernel->gpu);
}

/* The runs that were asked for are finished. */
static void close_kernel(Kernel* kernel) {
  kernel->closed = true;
  if (kernel->first == NULL) release_kernel(kernel);
}

/* When nobody can reach it any more: runs hold on to it. */
static void finalize_kernel(napi_env env, void* data, void* hint) {
  (void)env, (void)hint;
  release_kernel(data);
  free(data);
}
