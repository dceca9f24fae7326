// Emitted by infinitile 0.2.0: do not edit.
// SPDX-License-Identifier: Apache-2.0
//
// loss       clip
// logit      exp(params.logScale) * dot
// inputs     bf16, depth 512
// targets    x86-64-v4, sm_90a

/* The host: a launch is a call, memory is memory. */

static int enter_cpu(infinitile_clip* handle) {
  (void)handle;
  return 0;
}

static void leave_cpu(infinitile_clip* handle) { (void)handle; }

static int check_on_cpu(infinitile_clip* handle, const char* name, const void* at, int element_bytes) {
  (void)handle;
  if ((uintptr_t)at % (uintptr_t)element_bytes == 0) return 0;
  return fail(INFINITILE_CLIP_ERROR_ARGUMENT, "%s is not aligned: its address must be a multiple of %d", name, element_bytes);
}

static int check_stream_on_cpu(void* stream) {
  if (stream == NULL) return 0;
  return fail(INFINITILE_CLIP_ERROR_ARGUMENT, "stream is given: a handle of the CPU takes NULL");
}

static int launch_on_cpu(Run* run, const Kernel* kernel, int64_t grid, void** args) {
  (void)run, (void)grid;
  kernel->host(args);
  return 0;
}

static int fill_on_cpu(Run* run, void* at, uint32_t pattern, int64_t words) {
  (void)run;
  uint32_t* to = at;
  for (int64_t i = 0; i < words; ++i) to[i] = pattern;
  return 0;
}

static int copy_on_cpu(Run* run, void* to, int64_t to_pitch, const void* from, int64_t from_pitch, int64_t row_bytes, int64_t rows) {
  (void)run;
  for (int64_t row = 0; row < rows; ++row) memcpy((char*)to + row * to_pitch, (const char*)from + row * from_pitch, (size_t)row_bytes);
  return 0;
}

static int move_on_cpu(Run* run, void* to, const void* from, int64_t bytes) {
  (void)run;
  memcpy(to, from, (size_t)bytes);
  return 0;
}

static int read_all_on_cpu(Run* run, const Reading* readings, int count) {
  (void)run;
  for (int i = 0; i < count; ++i) memcpy(readings[i].to, readings[i].from, (size_t)readings[i].bytes);
  return 0;
}

static int tiles_on_cpu(Run* run, TensorMap* map, void* at, const int64_t* sizes) {
  (void)run, (void)map, (void)at, (void)sizes;
  return fail(INFINITILE_CLIP_ERROR_DEVICE, "tensor maps are for a GPU's copy engine");
}

static const Device cpu_device = {
    .enter = enter_cpu,
    .leave = leave_cpu,
    .check = check_on_cpu,
    .alignment = 1,
    .check_stream = check_stream_on_cpu,
    .launch = launch_on_cpu,
    .fill = fill_on_cpu,
    .copy = copy_on_cpu,
    .read = move_on_cpu,
    .write = move_on_cpu,
    .read_all = read_all_on_cpu,
    .tiles = tiles_on_cpu,
};
