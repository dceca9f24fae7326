/* An exported library on several threads: each with a handle of its own, then all with one. */
#include <infinitile_clip.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { n = 260, dim = INFINITILE_CLIP_DIM, thread_count = 4, rounds = 12 };

typedef struct Job {
  infinitile_clip *handle;
  float *d_queries, *d_keys;
  double loss;
  int served, refused, wrong;
} Job;

static float queries[n * dim], keys[n * dim];

static infinitile_clip_matrix matrix(const float *data) {
  infinitile_clip_matrix x = {NULL, n, dim, dim, INFINITILE_CLIP_F32};
  x.data = data;
  return x;
}

static infinitile_clip_output output(float *data) {
  infinitile_clip_output x = {NULL, n, dim, dim};
  x.data = data;
  return x;
}

static void *work(void *argument) {
  Job *job = argument;
  infinitile_clip_inputs inputs;
  infinitile_clip_gradients gradients;
  const size_t bytes = infinitile_clip_workspace_bytes(job->handle, n, n);
  void *workspace = malloc(bytes);
  int i;
  inputs.queries = matrix(queries);
  inputs.keys = matrix(keys);
  inputs.params.logScale = 2;
  gradients.queries = output(job->d_queries);
  gradients.keys = output(job->d_keys);
  for (i = 0; i < rounds; ++i) {
    const int status = infinitile_clip_forward_backward(job->handle, &inputs, workspace, bytes, NULL, &job->loss, &gradients);
    if (status == INFINITILE_CLIP_OK) ++job->served;
    else if (strstr(infinitile_clip_last_error(), "in use") != NULL) ++job->refused;
    else ++job->wrong;
  }
  free(workspace);
  return NULL;
}

static void run(Job *jobs) {
  pthread_t threads[thread_count];
  int i;
  for (i = 0; i < thread_count; ++i)
    if (pthread_create(&threads[i], NULL, work, &jobs[i]) != 0) exit(2);
  for (i = 0; i < thread_count; ++i) pthread_join(threads[i], NULL);
}

int main(void) {
  Job jobs[thread_count];
  int i, same = 1, served = 0, refused = 0, wrong = 0;
  for (i = 0; i < n * dim; ++i) {
    queries[i] = (float)(i * 7 % 23 - 11) / 40;
    keys[i] = (float)(i * 5 % 19 - 9) / 40;
  }
  memset(jobs, 0, sizeof jobs);
  for (i = 0; i < thread_count; ++i) {
    if (infinitile_clip_create_cpu(2, &jobs[i].handle) != INFINITILE_CLIP_OK) return 2;
    jobs[i].d_queries = malloc(sizeof queries);
    jobs[i].d_keys = malloc(sizeof keys);
  }
  run(jobs);
  for (i = 0; i < thread_count; ++i)
    same = same && jobs[i].served == rounds && jobs[i].loss == jobs[0].loss && memcmp(jobs[i].d_queries, jobs[0].d_queries, sizeof queries) == 0 &&
           memcmp(jobs[i].d_keys, jobs[0].d_keys, sizeof keys) == 0;
  puts(same ? "the same bits from every thread" : "other bits");

  for (i = 1; i < thread_count; ++i) {
    infinitile_clip_destroy(jobs[i].handle);
    jobs[i].handle = jobs[0].handle;
  }
  for (i = 0; i < thread_count; ++i) jobs[i].served = 0;
  run(jobs);
  for (i = 0; i < thread_count; ++i) {
    served += jobs[i].served;
    refused += jobs[i].refused;
    wrong += jobs[i].wrong;
  }
  puts(wrong == 0 && served > 0 && served + refused == thread_count * rounds ? "a handle in use says so" : "calls failed otherwise");
  infinitile_clip_destroy(jobs[0].handle);
  for (i = 0; i < thread_count; ++i) free(jobs[i].d_queries), free(jobs[i].d_keys);
  return 0;
}
