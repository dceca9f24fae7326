// Emitted by infinitile 0.2.0: do not edit.
// SPDX-License-Identifier: Apache-2.0
//
// loss       clip
// logit      exp(params.logScale) * dot
// inputs     bf16, depth 512
// targets    x86-64-v4, sm_90a

/* A GPU is opened: its target chosen, the kernels loaded. */

static const CudaTarget* target_for(int major, int minor) {
  const CudaTarget* found = NULL;
  for (const CudaTarget* target = cuda_targets; target->target.name != NULL; ++target) {
    const bool same = major == target->major && minor == target->minor;
    const bool later = major > target->major || (major == target->major && minor >= target->minor);
    if (target->exactly ? same : later) found = target;
  }
  return found;
}

/* A cubin serves GPUs of its own major version, from its minor on. */
static int load_kernels(Cuda* cuda, const CudaTarget* target, int major) {
  for (int i = 0; i < target->image_count; ++i) {
    const Image* image = &target->images[i];
    const uint64_t* data = major == target->major ? image->cubin : image->ptx;
    const int status = cuda_failed(&cuda->driver, cuda->driver.module_load(&cuda->modules[i], data), "the kernels cannot be loaded");
    if (status != 0) return status;
  }
  for (int i = 0; i < target->kernel_count; ++i) {
    const KernelPlace* kernel = &target->kernels[i];
    CudaResult result = cuda->driver.module_function(&cuda->functions[i], cuda->modules[kernel->image], kernel->name);
    /* More than 48 KiB have to be asked for. */
    if (result == 0 && kernel->shared_bytes > 0) result = cuda->driver.function_set(cuda->functions[i], cuda_function_shared_bytes, kernel->shared_bytes);
    if (result != 0) return cuda_failed(&cuda->driver, result, kernel->name);
  }
  return 0;
}

static int open_gpu(Cuda* cuda, int ordinal, const CudaTarget** target, int* workers) {
  int status = open_driver(&cuda->driver);
  if (status != 0) return status;
  const CudaDriver* driver = &cuda->driver;
  int count = 0, major = 0, minor = 0;
  char name[128] = "";
  status = cuda_failed(driver, driver->device_count(&count), "the list of GPUs");
  if (status != 0) return status;
  if (ordinal < 0 || ordinal >= count) return fail(INFINITILE_CLIP_ERROR_DEVICE, "there is no GPU %d: the driver lists %d", ordinal, count);
  CudaResult result = driver->device_get(&cuda->device, ordinal);
  if (result == 0) result = driver->device_name(name, sizeof name, cuda->device);
  if (result == 0) result = driver->device_attribute(&major, cuda_attribute_major, cuda->device);
  if (result == 0) result = driver->device_attribute(&minor, cuda_attribute_minor, cuda->device);
  if (result == 0) result = driver->device_attribute(workers, cuda_attribute_multiprocessors, cuda->device);
  if (result != 0) return cuda_failed(driver, result, "the GPU's attributes");
  *target = target_for(major, minor);
  if (*target == NULL)
    return fail(INFINITILE_CLIP_ERROR_DEVICE, "%s (compute capability %d.%d) runs none of the targets of this library: sm_90a", name, major, minor);
  cuda->ordinal = ordinal;
  status = cuda_failed(driver, driver->context_retain(&cuda->context, cuda->device), "the GPU's context");
  if (status != 0) return status;
  status = cuda_failed(driver, driver->context_push(cuda->context), "the GPU's context");
  if (status != 0) return status;
  status = load_kernels(cuda, *target, major);
  if (status == 0) status = cuda_failed(driver, driver->host_allocate((void**)&cuda->staging, staging_bytes + asked_bytes), "page-locked memory");
  if (status == 0) status = cuda_failed(driver, driver->event_create(&cuda->asked, cuda_event_without_time), "an event");
  CudaContext popped;
  driver->context_pop(&popped);
  return status;
}

static void close_gpu(Cuda* cuda) {
  const CudaDriver* driver = &cuda->driver;
  if (cuda->context != NULL && driver->context_push(cuda->context) == 0) {
    /* Calls may have returned before their kernels. */
    driver->context_wait();
    if (cuda->asked != NULL) driver->event_destroy(cuda->asked);
    if (cuda->staging != NULL) driver->host_free(cuda->staging);
    for (int i = 0; i < 11; ++i)
      if (cuda->modules[i] != NULL) driver->module_unload(cuda->modules[i]);
    CudaContext popped;
    driver->context_pop(&popped);
  }
  if (cuda->context != NULL) driver->context_release(cuda->device);
  /* The driver has threads of its own: its code stays. */
  free(cuda);
}

static int create_cuda(int ordinal, infinitile_clip** handle) {
  Cuda* cuda = calloc(1, sizeof *cuda);
  if (cuda == NULL) return fail(INFINITILE_CLIP_ERROR_DEVICE, "no memory for a handle");
  const CudaTarget* target = NULL;
  int workers = 0;
  const int status = open_gpu(cuda, ordinal, &target, &workers);
  infinitile_clip* made = status == 0 ? new_handle(&target->target, &cuda_device) : NULL;
  if (made == NULL) {
    close_gpu(cuda);
    return status != 0 ? status : fail(INFINITILE_CLIP_ERROR_DEVICE, "no memory for a handle");
  }
  made->cuda = cuda;
  made->workers = workers;
  *handle = made;
  return 0;
}

static void destroy_cuda(infinitile_clip* handle) {
  if (handle->cuda != NULL) close_gpu(handle->cuda);
}
