// Emitted by infinitile 0.2.0: do not edit.
// SPDX-License-Identifier: Apache-2.0
//
// loss       clip
// logit      exp(params.logScale) * dot
// inputs     bf16, depth 512
// targets    x86-64-v4, sm_90a

/* The targets of the library. */

#if defined(__x86_64__)
static bool x86_64_v4_runs_here(void) {
  __builtin_cpu_init();
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") && true;
}
#endif

/* The most capable first. */
static const Target cpu_targets[] = {
#if defined(__x86_64__)
    {.name = "x86-64-v4", .default_workspace = 268435456, .alone = { &x86_64_v4_bounded_plan, &x86_64_v4_running_plan }, .ring = { &x86_64_v4_ring_bounded_plan, &x86_64_v4_ring_running_plan }, .runs_here = x86_64_v4_runs_here},
#endif
    {.name = NULL},
};

extern const uint64_t infinitile_clip_sm_90a_stats_cubin[];
extern const uint64_t infinitile_clip_sm_90a_gradient_cubin[];
extern const uint64_t infinitile_clip_sm_90a_accumulate_cubin[];
extern const uint64_t infinitile_clip_sm_90a_positives_cubin[];
extern const uint64_t infinitile_clip_sm_90a_terms_cubin[];
extern const uint64_t infinitile_clip_sm_90a_vectors_cubin[];
extern const uint64_t infinitile_clip_sm_90a_stats_running_cubin[];
extern const uint64_t infinitile_clip_sm_90a_gradient_running_cubin[];
extern const uint64_t infinitile_clip_sm_90a_positives_running_cubin[];
extern const uint64_t infinitile_clip_sm_90a_terms_running_cubin[];
extern const uint64_t infinitile_clip_sm_90a_vectors_running_cubin[];

static const Image sm_90a_images[] = {
    { infinitile_clip_sm_90a_stats_cubin, NULL },
    { infinitile_clip_sm_90a_gradient_cubin, NULL },
    { infinitile_clip_sm_90a_accumulate_cubin, NULL },
    { infinitile_clip_sm_90a_positives_cubin, NULL },
    { infinitile_clip_sm_90a_terms_cubin, NULL },
    { infinitile_clip_sm_90a_vectors_cubin, NULL },
    { infinitile_clip_sm_90a_stats_running_cubin, NULL },
    { infinitile_clip_sm_90a_gradient_running_cubin, NULL },
    { infinitile_clip_sm_90a_positives_running_cubin, NULL },
    { infinitile_clip_sm_90a_terms_running_cubin, NULL },
    { infinitile_clip_sm_90a_vectors_running_cubin, NULL },
};

static const KernelPlace sm_90a_kernels[] = {
    { "norms", 5, 0 },
    { "positives", 3, 0 },
    { "merge", 5, 0 },
    { "rowTerms", 4, 0 },
    { "colTerms", 4, 0 },
    { "reduceScalars", 5, 0 },
    { "stats", 0, 229600 },
    { "gradient", 1, 229568 },
    { "accumulate", 2, 196672 },
    { "results", 5, 0 },
    { "multiply", 5, 0 },
    { "norms", 10, 0 },
    { "positives", 8, 0 },
    { "merge", 10, 0 },
    { "rowTerms", 9, 0 },
    { "colTerms", 9, 0 },
    { "reduceScalars", 10, 0 },
    { "stats", 6, 229600 },
    { "gradient", 7, 229568 },
    { "results", 10, 0 },
    { "multiply", 10, 0 },
    { "add", 5, 0 },
    { "add", 10, 0 },
};

static const CudaTarget cuda_targets[] = {
    {
        .target = {.name = "sm_90a", .default_workspace = 1073741824, .alone = { &sm_90a_bounded_plan, &sm_90a_running_plan }, .ring = { &sm_90a_ring_bounded_plan, &sm_90a_ring_running_plan } },
        .major = 9,
        .minor = 0,
        .exactly = true,
        .images = sm_90a_images,
        .image_count = 11,
        .kernels = sm_90a_kernels,
        .kernel_count = 23,
    },
    {.target = {.name = NULL}},
};
