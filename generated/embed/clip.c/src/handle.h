// Emitted by infinitile 0.2.0: do not edit.
// SPDX-License-Identifier: Apache-2.0
//
// loss       clip
// logit      exp(params.logScale) * dot
// inputs     bf16, depth 512
// targets    x86-64-v4, sm_90a

/* A device in use. */

typedef struct Target {
  const char* name;
  int64_t default_workspace;
  Plans alone, ring;
  /* A CPU's. */
  bool (*runs_here)(void);
} Target;

struct infinitile_clip {
  const Target* target;
  const Device* device;
  int64_t workers;
  atomic_flag busy;
  /* Whether the last attempt with a fixed offset has kept its sums in range. */
  bool keeps_range;
  struct Cuda* cuda;
};

static infinitile_clip* new_handle(const Target* target, const Device* device) {
  infinitile_clip* handle = calloc(1, sizeof *handle);
  if (handle == NULL) return NULL;
  handle->target = target;
  handle->device = device;
  atomic_flag_clear(&handle->busy);
  return handle;
}
