// Emitted by infinitile 0.2.0: do not edit.
// SPDX-License-Identifier: Apache-2.0
//
// loss       clip
// logit      exp(params.logScale) * dot
// inputs     bf16, depth 512
// targets    x86-64-v4, sm_90a

/* What has failed: on a thread of its own a status and a message, on Node's thread an error or a promise that is rejected. */

typedef struct Failure {
  int status;
  char message[1024];
} Failure;

__attribute__((format(printf, 3, 4))) static int fail(Failure* failure, int status, const char* format, ...) {
  va_list values;
  va_start(values, format);
  vsnprintf(failure->message, sizeof failure->message, format, values);
  va_end(values);
  return failure->status = status;
}

/* Takes down what the library says of a call on this thread. */
static int said(Failure* failure, int status) { return status == 0 ? 0 : fail(failure, status, "%s", infinitile_clip_last_error()); }

/* Where Node-API refuses: it has thrown already, or does now. */
static napi_value thrown(napi_env env) {
  const napi_extended_error_info* info = NULL;
  const char* why = napi_get_last_error_info(env, &info) == napi_ok && info->error_message != NULL ? info->error_message : "Node-API has failed";
  bool pending = false;
  if (napi_is_exception_pending(env, &pending) == napi_ok && !pending) napi_throw_error(env, NULL, why);
  return NULL;
}

static const char* code_of(int status) {
  switch (status) {
    case INFINITILE_CLIP_ERROR_ARGUMENT: return "ARGUMENT";
    case INFINITILE_CLIP_ERROR_WORKSPACE: return "WORKSPACE";
    case INFINITILE_CLIP_ERROR_VALUE: return "VALUE";
    case INFINITILE_CLIP_ERROR_POSITIVES: return "POSITIVES";
    case INFINITILE_CLIP_ERROR_RANGE: return "RANGE";
    default: return "DEVICE";
  }
}

static void reject(napi_env env, napi_deferred deferred, const Failure* failure) {
  napi_value code, message, error;
  if (napi_create_string_utf8(env, code_of(failure->status), NAPI_AUTO_LENGTH, &code) != napi_ok) return;
  if (napi_create_string_utf8(env, failure->message, NAPI_AUTO_LENGTH, &message) != napi_ok) return;
  if (napi_create_error(env, code, message, &error) == napi_ok) napi_reject_deferred(env, deferred, error);
}
