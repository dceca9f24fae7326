// Emitted by infinitile 0.2.0: do not edit.
// SPDX-License-Identifier: Apache-2.0
//
// loss       clip
// logit      exp(params.logScale) * dot
// inputs     bf16, depth 512
// targets    x86-64-v4, sm_90a

#ifndef INFINITILE_CLIP_H
#define INFINITILE_CLIP_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define INFINITILE_CLIP_API __attribute__((visibility("default")))
#else
#define INFINITILE_CLIP_API
#endif

/*
 * Loss `clip` and its exact gradients, for embeddings of 512 numbers of type bf16.
 *
 * Every function returns a status, INFINITILE_CLIP_OK or an error, whose message the thread that called finds by
 * infinitile_clip_last_error(). The caller owns all memory: on the CPU pointers are the host's, on a GPU those of the handle's device.
 * A call takes no other memory than its workspace. A handle serves one call at a time; calls on different handles may run at once.
 */

/* Of this header; infinitile_clip_abi_version() is the library's. Another number is another layout of the structs below. */
#define INFINITILE_CLIP_ABI_VERSION 3

#define INFINITILE_CLIP_DIM 512

typedef enum infinitile_clip_status {
  INFINITILE_CLIP_OK = 0,
  /* A pointer, size, stride or type is wrong. */
  INFINITILE_CLIP_ERROR_ARGUMENT = 1,
  /* The workspace is too small. */
  INFINITILE_CLIP_ERROR_WORKSPACE = 2,
  /* A value is: an embedding that is not finite, a parameter, an index. */
  INFINITILE_CLIP_ERROR_VALUE = 3,
  /* A row or column has no positive, or nothing that counts, and the loss refuses it. */
  INFINITILE_CLIP_ERROR_POSITIVES = 4,
  /* A sum of exponentials has left the range of fp32. */
  INFINITILE_CLIP_ERROR_RANGE = 5,
  /* There is no such device, no driver, or it has failed. */
  INFINITILE_CLIP_ERROR_DEVICE = 6
} infinitile_clip_status;

typedef enum infinitile_clip_type {
  INFINITILE_CLIP_F32 = 1,
  INFINITILE_CLIP_BF16 = 2,
  INFINITILE_CLIP_F16 = 3
} infinitile_clip_type;

/* The type of the embeddings that this library takes. */
#define INFINITILE_CLIP_TYPE INFINITILE_CLIP_BF16

/* A row-major matrix of embeddings. `stride`: elements from a row to the next, `cols` at the least. */
typedef struct infinitile_clip_matrix {
  const void *data;
  int64_t rows;
  int64_t cols;
  int64_t stride;
  infinitile_clip_type type;
} infinitile_clip_matrix;

/* A row-major matrix of fp32 numbers to be written, likewise. */
typedef struct infinitile_clip_output {
  float *data;
  int64_t rows;
  int64_t cols;
  int64_t stride;
} infinitile_clip_output;

/* The learned scalars, or their gradients. */
typedef struct infinitile_clip_params {
  double logScale;
} infinitile_clip_params;

/* Where learned scalars, or their gradients, lie in memory of the handle's device: a number of fp32 each. */
typedef struct infinitile_clip_param_places {
  float *logScale;
} infinitile_clip_param_places;

/* What the loss is of. */
typedef struct infinitile_clip_inputs {
  /* Queries [N, 512]. */
  infinitile_clip_matrix queries;
  /* Keys [M, 512]. */
  infinitile_clip_matrix keys;
  /* The learned scalars. */
  infinitile_clip_params params;
} infinitile_clip_inputs;

/* Gradients of the loss: embeddings' are written to the caller's memory, those of learned scalars into the struct. After an error they may hold anything. */
typedef struct infinitile_clip_gradients {
  /* Of the queries, as many rows of 512. */
  infinitile_clip_output queries;
  /* Of the keys, as many rows of 512. */
  infinitile_clip_output keys;
  /* Of the learned scalars. */
  infinitile_clip_params params;
} infinitile_clip_gradients;

/* Where infinitile_clip_enqueue() writes its numbers, in fp32. */
typedef struct infinitile_clip_results {
  float *loss;
  /* Their gradients. */
  infinitile_clip_param_places params;
} infinitile_clip_results;

/* A gradient times a number: `count` numbers of `from`, to as many of type INFINITILE_CLIP_F32 or INFINITILE_CLIP_TYPE. */
typedef struct infinitile_clip_product {
  const float *from;
  void *to;
  int64_t count;
  infinitile_clip_type type;
} infinitile_clip_product;

/* What a backward call has to know of the forward call before it; the caller keeps it, and the workspace as it is, meanwhile. */
typedef struct infinitile_clip_state {
  uint64_t words[12];
} infinitile_clip_state;

/* A device, ready to compute. */
typedef struct infinitile_clip infinitile_clip;

INFINITILE_CLIP_API int infinitile_clip_abi_version(void);

/* The SHA-256 of the kernels' sources. */
INFINITILE_CLIP_API const char *infinitile_clip_kernels_version(void);

/* Why the last call of this thread that failed did. */
INFINITILE_CLIP_API const char *infinitile_clip_last_error(void);

/* The CPU, by the best of the targets in the library that it runs. `threads`: 0 is one for each core that the process may use. */
INFINITILE_CLIP_API int infinitile_clip_create_cpu(int threads, infinitile_clip **handle);

/* The GPU of this place in the CUDA driver's list. libcuda is opened now, and not before. */
INFINITILE_CLIP_API int infinitile_clip_create_cuda(int ordinal, infinitile_clip **handle);

/* NULL is allowed. */
INFINITILE_CLIP_API void infinitile_clip_destroy(infinitile_clip *handle);

/* The target in use, such as x86-64-v4. */
INFINITILE_CLIP_API const char *infinitile_clip_target(const infinitile_clip *handle);

/*
 * Bytes of the workspace that serves this many embeddings best: with fewer, calls walk in smaller chunks, down to one block. 0 where
 * the numbers are refused.
 */
INFINITILE_CLIP_API size_t infinitile_clip_workspace_bytes(infinitile_clip *handle, int64_t queries, int64_t keys);

/*
 * The same for these inputs and, unless it is NULL, these gradients. Rows that lie apart, and on a GPU what is not aligned to 16 bytes,
 * take a place in the workspace beside: this counts it.
 */
INFINITILE_CLIP_API size_t infinitile_clip_workspace_bytes_for(infinitile_clip *handle, const infinitile_clip_inputs *inputs, const infinitile_clip_gradients *gradients);

/*
 * The loss. `stream`: a CUstream (cudaStream_t) on a GPU, which the call waits for; NULL is the default stream, and what the CPU takes.
 * `state`: for a backward call; NULL where there will be none.
 */
INFINITILE_CLIP_API int infinitile_clip_forward(
    infinitile_clip *handle, const infinitile_clip_inputs *inputs, void *workspace, size_t workspace_bytes, void *stream,
    double *loss, infinitile_clip_state *state);

/* The gradients, after a forward call with the same inputs and workspace. On a GPU the call waits for the stream. */
INFINITILE_CLIP_API int infinitile_clip_backward(
    infinitile_clip *handle, const infinitile_clip_inputs *inputs, const infinitile_clip_state *state, void *stream,
    infinitile_clip_gradients *gradients);

/* Both. Faster than one after the other where the loss can make them in one walk. */
INFINITILE_CLIP_API int infinitile_clip_forward_backward(
    infinitile_clip *handle, const infinitile_clip_inputs *inputs, void *workspace, size_t workspace_bytes, void *stream,
    double *loss, infinitile_clip_gradients *gradients);

/*
 * The same for callers that go on while a GPU computes: all numbers are written to its memory, and the call returns when what is left to
 * do is queued on the stream and nothing can go wrong any more. It waits for the look at the inputs and, of a softmax, for the sums of
 * the forward walk; where one walk makes all, or a number could overflow fp32, it waits for all. Until the stream is done, inputs, workspace, results and
 * gradients stay where they are. After an error nothing is queued.
 *
 * `params`: learned scalars that lie on the device, with NULL for those that the inputs have; NULL where these have all.
 * `gradients`: NULL for the loss alone; those of learned scalars go to the results.
 */
INFINITILE_CLIP_API int infinitile_clip_enqueue(
    infinitile_clip *handle, const infinitile_clip_inputs *inputs, const infinitile_clip_param_places *params, void *workspace,
    size_t workspace_bytes, void *stream, const infinitile_clip_results *results, const infinitile_clip_gradients *gradients);

/*
 * What autograd makes of gradients: each times the derivative by the loss, a number of fp32 on the handle's device, and rounded to the type
 * of an argument. On a GPU it is queued, and nothing is waited for. `to` may be `from` in fp32 alone.
 */
INFINITILE_CLIP_API int infinitile_clip_multiply(infinitile_clip *handle, const float *factor, const infinitile_clip_product *products, int count, void *stream);

#ifdef __cplusplus
}
#endif

#endif
