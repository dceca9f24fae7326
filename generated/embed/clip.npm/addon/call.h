// Emitted by infinitile 0.2.0: do not edit.
// SPDX-License-Identifier: Apache-2.0
//
// loss       clip
// logit      exp(params.logScale) * dot
// inputs     bf16, depth 512
// targets    x86-64-v4, sm_90a

/* One run, from copied inputs to gradients in the caller's arrays. */

typedef struct Call {
  Kernel* kernel;
  napi_async_work work;
  napi_deferred deferred;
  /* What has to live until the run is over: the kernel's handle, and the arrays for gradients. */
  napi_ref handle, arrays;
  Layout layout;
  /* Copies of the inputs. */
  char* staging;
  infinitile_clip_inputs inputs;
  infinitile_clip_gradients gradients;
  bool wants_gradients;
  float* outputs[output_count];
  int64_t output_numbers[output_count];
  double loss;
  Failure failure;
  struct Call* next;
} Call;

/* Where `at` points is the device's memory. */
static int compute(Call* call, char* inputs, float* const* outputs, char* workspace, size_t bytes) {
  point_inputs(&call->inputs, &call->layout, inputs);
  if (!call->wants_gradients) return said(&call->failure, infinitile_clip_forward(call->kernel->handle, &call->inputs, workspace, bytes, NULL, &call->loss, NULL));
  point_outputs(&call->gradients, outputs, call->output_numbers);
  return said(&call->failure, infinitile_clip_forward_backward(call->kernel->handle, &call->inputs, workspace, bytes, NULL, &call->loss, &call->gradients));
}

static int compute_on_cpu(Call* call, size_t workspace_bytes) {
  const int status = reserve(call->kernel, workspace_bytes, &call->failure);
  return status == 0 ? compute(call, call->staging, call->outputs, call->kernel->memory, workspace_bytes) : status;
}

static int compute_in_context(Call* call, size_t workspace_bytes) {
  Kernel* kernel = call->kernel;
  const Gpu* gpu = &kernel->gpu;
  size_t end = call->layout.bytes, offsets[output_count] = {0};
  for (int i = 0; i < output_count; ++i) {
    offsets[i] = end;
    end += aligned(sizeof(float) * (size_t)call->output_numbers[i]);
  }
  int status = reserve(kernel, end + workspace_bytes, &call->failure);
  if (status != 0) return status;
  status = gpu_failed(&call->failure, gpu, gpu->write((CudaPointer)(uintptr_t)kernel->memory, call->staging, call->layout.bytes), "a copy of inputs to the GPU");
  if (status != 0) return status;
  float* outputs[output_count];
  for (int i = 0; i < output_count; ++i) outputs[i] = (float*)(void*)(kernel->memory + offsets[i]);
  status = compute(call, kernel->memory, outputs, kernel->memory + end, workspace_bytes);
  for (int i = 0; i < output_count && status == 0 && call->wants_gradients; ++i) {
    const CudaResult result = gpu->read(call->outputs[i], (CudaPointer)(uintptr_t)outputs[i], sizeof(float) * (size_t)call->output_numbers[i]);
    status = gpu_failed(&call->failure, gpu, result, "a copy of gradients from the GPU");
  }
  return status;
}

static int compute_on_gpu(Call* call, size_t workspace_bytes) {
  const Gpu* gpu = &call->kernel->gpu;
  int status = gpu_failed(&call->failure, gpu, gpu->context_push(gpu->context), "the GPU's context");
  if (status != 0) return status;
  status = compute_in_context(call, workspace_bytes);
  void* popped;
  gpu->context_pop(&popped);
  return status;
}

static void execute_call(napi_env env, void* data) {
  (void)env;
  Call* call = data;
  const size_t bytes = infinitile_clip_workspace_bytes(call->kernel->handle, query_count(&call->layout), key_count(&call->layout));
  if (bytes == 0) {
    said(&call->failure, INFINITILE_CLIP_ERROR_ARGUMENT);
    return;
  }
  if (call->kernel->on_gpu) compute_on_gpu(call, bytes);
  else compute_on_cpu(call, bytes);
}
