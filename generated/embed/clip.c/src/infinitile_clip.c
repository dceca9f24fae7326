// Emitted by infinitile 0.2.0: do not edit.
// SPDX-License-Identifier: Apache-2.0
//
// loss       clip
// logit      exp(params.logScale) * dot
// inputs     bf16, depth 512
// targets    x86-64-v4, sm_90a

#define _GNU_SOURCE
#include "infinitile_clip_ring.h"

#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <omp.h>
#include <dlfcn.h>

#ifdef __FAST_MATH__
#error "NaN and infinities are told apart here: compile without -ffast-math"
#endif

/* Of the thread's last call that failed. */
static _Thread_local char last_error[1024];

/* Keeps the message, and returns the status. */
__attribute__((format(printf, 2, 3))) static int fail(int status, const char* format, ...) {
  va_list values;
  va_start(values, format);
  vsnprintf(last_error, sizeof last_error, format, values);
  va_end(values);
  return status;
}

#include "plans.h"
#include "run.h"
#include "handle.h"
#include "bind.h"
#include "bounds.h"
#include "shards.h"
#include "shares.h"
#include "loss.h"
#include "cpu.h"
#include "driver.h"
#include "cuda.h"
#if defined(__x86_64__)
#include "plan_x86_64_v4_bounded.h"
#include "plan_x86_64_v4_running.h"
#include "plan_x86_64_v4_ring_bounded.h"
#include "plan_x86_64_v4_ring_running.h"
#endif
#include "plan_sm_90a_bounded.h"
#include "plan_sm_90a_running.h"
#include "plan_sm_90a_ring_bounded.h"
#include "plan_sm_90a_ring_running.h"
#include "targets.h"
#include "cuda_handle.h"
#include "check.h"
#include "readings.h"
#include "layout.h"
#include "positives.h"
#include "survey.h"
#include "step.h"

int infinitile_clip_abi_version(void) { return INFINITILE_CLIP_ABI_VERSION; }

const char* infinitile_clip_kernels_version(void) { return "6c4607564392552a37dc6adafef09e08ad28ed024922c43ba85bc4bb15265c1d"; }

const char* infinitile_clip_last_error(void) { return last_error; }

int infinitile_clip_create_cpu(int threads, infinitile_clip** handle) {
  if (handle == NULL) return fail(INFINITILE_CLIP_ERROR_ARGUMENT, "handle is NULL: a place for the handle is needed");
  *handle = NULL;
  if (threads < 0 || threads > 4096) return fail(INFINITILE_CLIP_ERROR_ARGUMENT, "threads is %d: 0 for one a core, or up to 4096", threads);
  for (const Target* target = cpu_targets; target->name != NULL; ++target) {
    if (!target->runs_here()) continue;
    infinitile_clip* made = new_handle(target, &cpu_device);
    if (made == NULL) return fail(INFINITILE_CLIP_ERROR_DEVICE, "no memory for a handle");
    made->workers = threads > 0 ? threads : omp_get_num_procs();
    *handle = made;
    return INFINITILE_CLIP_OK;
  }
  return fail(INFINITILE_CLIP_ERROR_DEVICE, "this CPU runs none of the targets of this library: x86-64-v4");
}

int infinitile_clip_create_cuda(int ordinal, infinitile_clip** handle) {
  if (handle == NULL) return fail(INFINITILE_CLIP_ERROR_ARGUMENT, "handle is NULL: a place for the handle is needed");
  *handle = NULL;
  return create_cuda(ordinal, handle);
}

void infinitile_clip_destroy(infinitile_clip* handle) {
  if (handle == NULL) return;
  destroy_cuda(handle);
  free(handle);
}

const char* infinitile_clip_target(const infinitile_clip* handle) { return handle == NULL ? "" : handle->target->name; }

#include "calls.h"
#include "multiply.h"
#include "ring_state.h"
#include "ring_messages.h"
#include "ring_tiles.h"
#include "ring_tell.h"
#include "ring_hear.h"
#include "ring_begin.h"
#include "ring.h"
