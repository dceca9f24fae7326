// Emitted by infinitile 0.2.0: do not edit.
// SPDX-License-Identifier: Apache-2.0
//
// loss       clip
// logit      exp(params.logScale) * dot
// inputs     bf16, depth 512
// targets    x86-64-v4, sm_90a

/* open(onGpu, number): a promise of a handle, made on a thread of its own: a GPU takes its time. */

typedef struct Opening {
  napi_async_work work;
  napi_deferred deferred;
  bool on_gpu;
  /* Of the GPU, or of threads. */
  int32_t number;
  Kernel* kernel;
  Failure failure;
} Opening;

static void execute_opening(napi_env env, void* data) {
  (void)env;
  Opening* opening = data;
  Kernel* kernel = opening->kernel;
  Failure* failure = &opening->failure;
  if (said(failure, opening->on_gpu ? infinitile_clip_create_cuda(opening->number, &kernel->handle) : infinitile_clip_create_cpu(opening->number, &kernel->handle)) != 0) return;
  kernel->on_gpu = opening->on_gpu;
  if (opening->on_gpu) open_gpu(&kernel->gpu, opening->number, failure);
}

static void complete_opening(napi_env env, napi_status status, void* data) {
  (void)status;
  Opening* opening = data;
  napi_value handle;
  if (opening->failure.status == 0 && napi_create_external(env, opening->kernel, finalize_kernel, NULL, &handle) == napi_ok) {
    napi_resolve_deferred(env, opening->deferred, handle);
  } else {
    if (opening->failure.status == 0) fail(&opening->failure, INFINITILE_CLIP_ERROR_DEVICE, "Node-API has failed to make a handle");
    reject(env, opening->deferred, &opening->failure);
    finalize_kernel(env, opening->kernel, NULL);
  }
  napi_delete_async_work(env, opening->work);
  free(opening);
}

static bool start_opening(napi_env env, Opening* opening, napi_value* promise) {
  napi_value name;
  if (napi_create_string_utf8(env, "infinitile_clip.open", NAPI_AUTO_LENGTH, &name) != napi_ok) return false;
  if (napi_create_async_work(env, NULL, name, execute_opening, complete_opening, opening, &opening->work) != napi_ok) return false;
  if (napi_create_promise(env, &opening->deferred, promise) == napi_ok && napi_queue_async_work(env, opening->work) == napi_ok) return true;
  napi_delete_async_work(env, opening->work);
  return false;
}

static napi_value open_handle(napi_env env, napi_callback_info info) {
  size_t count = 2;
  napi_value args[2], promise;
  bool on_gpu;
  int32_t number;
  if (napi_get_cb_info(env, info, &count, args, NULL, NULL) != napi_ok || count < 2) return thrown(env);
  if (napi_get_value_bool(env, args[0], &on_gpu) != napi_ok || napi_get_value_int32(env, args[1], &number) != napi_ok) return thrown(env);
  Opening* opening = calloc(1, sizeof *opening);
  Kernel* kernel = calloc(1, sizeof *kernel);
  if (opening != NULL && kernel != NULL) {
    opening->on_gpu = on_gpu;
    opening->number = number;
    opening->kernel = kernel;
    if (start_opening(env, opening, &promise)) return promise;
  }
  free(opening);
  free(kernel);
  return thrown(env);
}
