// Emitted by infinitile 0.2.0: do not edit.
// SPDX-License-Identifier: Apache-2.0
//
// loss       clip
// logit      exp(params.logScale) * dot
// inputs     bf16, depth 512
// targets    x86-64-v4, sm_90a

/* Node-API over infinitile_clip.h. Whoever calls it is `index.js`, which has looked at what it gives. */

#include "infinitile_clip.h"

#include <node_api.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <dlfcn.h>

#include "failure.h"
#include "gpu.h"
#include "inputs.h"
#include "half.h"
#include "kernel.h"
#include "open.h"
#include "call.h"
#include "run.h"

/* target(handle) */
static napi_value target(napi_env env, napi_callback_info info) {
  size_t count = 1;
  napi_value handle, name;
  void* kernel;
  if (napi_get_cb_info(env, info, &count, &handle, NULL, NULL) != napi_ok || count < 1) return thrown(env);
  if (napi_get_value_external(env, handle, &kernel) != napi_ok) return thrown(env);
  if (napi_create_string_utf8(env, infinitile_clip_target(((Kernel*)kernel)->handle), NAPI_AUTO_LENGTH, &name) != napi_ok) return thrown(env);
  return name;
}

/* close(handle), once. */
static napi_value close_handle(napi_env env, napi_callback_info info) {
  size_t count = 1;
  napi_value handle;
  void* kernel;
  if (napi_get_cb_info(env, info, &count, &handle, NULL, NULL) != napi_ok || count < 1) return thrown(env);
  if (napi_get_value_external(env, handle, &kernel) != napi_ok) return thrown(env);
  close_kernel(kernel);
  return NULL;
}

NAPI_MODULE_INIT() {
  const napi_property_descriptor functions[] = {
      {"open", NULL, open_handle, NULL, NULL, NULL, napi_default, NULL},
      {"run", NULL, run, NULL, NULL, NULL, napi_default, NULL},
      {"target", NULL, target, NULL, NULL, NULL, napi_default, NULL},
      {"close", NULL, close_handle, NULL, NULL, NULL, napi_default, NULL},
  };
  if (napi_define_properties(env, exports, sizeof functions / sizeof *functions, functions) != napi_ok) return thrown(env);
  return exports;
}
