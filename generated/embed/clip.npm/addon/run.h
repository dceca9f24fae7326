// Emitted by infinitile 0.2.0: do not edit.
// SPDX-License-Identifier: Apache-2.0
//
// loss       clip
// logit      exp(params.logScale) * dot
// inputs     bf16, depth 512
// targets    x86-64-v4, sm_90a

/*
 * run(handle, arrays, params, outputs): a promise of the loss and of its derivatives by the learned scalars. `outputs`: places for the
 * gradients, or undefined. Calls of a handle follow each other.
 */

static void free_call(napi_env env, Call* call) {
  if (call->work != NULL) napi_delete_async_work(env, call->work);
  if (call->handle != NULL) napi_delete_reference(env, call->handle);
  if (call->arrays != NULL) napi_delete_reference(env, call->arrays);
  free(call->staging);
  free(call);
}

/* [loss, derivatives ...] */
static napi_status results_of(napi_env env, const Call* call, napi_value* results) {
  double values[1 + param_count] = {call->loss};
  take_params(&call->gradients, values + 1);
  napi_status status = napi_create_array(env, results);
  for (uint32_t i = 0; i < 1 + param_count && status == napi_ok; ++i) {
    napi_value value;
    status = napi_create_double(env, values[i], &value);
    if (status == napi_ok) status = napi_set_element(env, *results, i, value);
  }
  return status;
}

static void settle(napi_env env, Call* call) {
  napi_value results;
  if (call->failure.status == 0 && results_of(env, call, &results) != napi_ok) fail(&call->failure, INFINITILE_CLIP_ERROR_DEVICE, "Node-API has failed to make the results");
  if (call->failure.status == 0) napi_resolve_deferred(env, call->deferred, results);
  else reject(env, call->deferred, &call->failure);
}

/* The next one takes its turn; after the last, what was closed meanwhile is released. */
static void complete_call(napi_env env, napi_status status, void* data) {
  (void)status;
  Call* call = data;
  Kernel* kernel = call->kernel;
  for (;;) {
    kernel->first = call->next;
    settle(env, call);
    free_call(env, call);
    call = kernel->first;
    if (call == NULL || napi_queue_async_work(env, call->work) == napi_ok) break;
    fail(&call->failure, INFINITILE_CLIP_ERROR_DEVICE, "Node has failed to start the run");
  }
  if (kernel->first == NULL && kernel->closed) release_kernel(kernel);
}

static bool take_arrays(napi_env env, napi_value arrays, Call* call) {
  const void* data[array_count];
  bool rounds[array_count];
  for (uint32_t i = 0; i < array_count; ++i) {
    napi_value array;
    napi_typedarray_type type;
    size_t length;
    void* at;
    if (napi_get_element(env, arrays, i, &array) != napi_ok) return false;
    if (napi_get_typedarray_info(env, array, &type, &length, &at, NULL, NULL) != napi_ok) return false;
    call->layout.count[i] = (int64_t)length;
    data[i] = at;
    rounds[i] = element_bytes[i] == 2 && type == napi_float32_array;
  }
  lay_out(&call->layout);
  call->staging = malloc(call->layout.bytes);
  if (call->staging == NULL) {
    napi_throw_error(env, "DEVICE", "there is no memory for copies of the inputs");
    return false;
  }
  for (int i = 0; i < array_count; ++i) {
    char* to = call->staging + call->layout.offset[i];
    if (rounds[i]) round_to_half(to, data[i], (size_t)call->layout.count[i]);
    else memcpy(to, data[i], element_bytes[i] * (size_t)call->layout.count[i]);
  }
  return true;
}

static bool take_values(napi_env env, napi_value params, Call* call) {
  double values[param_count + 1] = {0};
  for (int i = 0; i < param_count; ++i) {
    napi_value value;
    if (napi_get_element(env, params, (uint32_t)i, &value) != napi_ok || napi_get_value_double(env, value, &values[i]) != napi_ok) return false;
  }
  give_params(&call->inputs, values);
  return true;
}

/* `index.js` alone has these arrays until the run is over: nobody moves their memory meanwhile. */
static bool take_outputs(napi_env env, napi_value outputs, Call* call) {
  napi_valuetype given;
  if (napi_typeof(env, outputs, &given) != napi_ok) return false;
  call->wants_gradients = given == napi_object;
  if (!call->wants_gradients) return true;
  for (uint32_t i = 0; i < output_count; ++i) {
    napi_value array;
    napi_typedarray_type type;
    size_t length;
    void* at;
    if (napi_get_element(env, outputs, i, &array) != napi_ok) return false;
    if (napi_get_typedarray_info(env, array, &type, &length, &at, NULL, NULL) != napi_ok) return false;
    call->outputs[i] = at;
    call->output_numbers[i] = (int64_t)length;
  }
  return napi_create_reference(env, outputs, 1, &call->arrays) == napi_ok;
}

static bool start_call(napi_env env, napi_value handle, Call* call, napi_value* promise) {
  napi_value name;
  if (napi_create_reference(env, handle, 1, &call->handle) != napi_ok) return false;
  if (napi_create_string_utf8(env, "infinitile_clip.run", NAPI_AUTO_LENGTH, &name) != napi_ok) return false;
  if (napi_create_async_work(env, NULL, name, execute_call, complete_call, call, &call->work) != napi_ok) return false;
  if (napi_create_promise(env, &call->deferred, promise) != napi_ok) return false;
  Kernel* kernel = call->kernel;
  if (kernel->first == NULL) {
    if (napi_queue_async_work(env, call->work) != napi_ok) return false;
    kernel->first = call;
  } else {
    kernel->last->next = call;
  }
  kernel->last = call;
  return true;
}

static napi_value run(napi_env env, napi_callback_info info) {
  size_t count = 4;
  napi_value args[4], promise;
  void* kernel;
  if (napi_get_cb_info(env, info, &count, args, NULL, NULL) != napi_ok || napi_get_value_external(env, args[0], &kernel) != napi_ok) return thrown(env);
  Call* call = calloc(1, sizeof *call);
  if (call == NULL) return thrown(env);
  call->kernel = kernel;
  if (take_arrays(env, args[1], call) && take_values(env, args[2], call) && take_outputs(env, args[3], call) && start_call(env, args[0], call, &promise)) return promise;
  free_call(env, call);
  return thrown(env);
}
