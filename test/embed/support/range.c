/* Calls a library again and again with the same inputs. `case.h` says which library and what it is given. */
#include "case.h"

#include "case_memory.h"

int main(void) {
  LIBRARY_HANDLE *handle;
  LIBRARY(inputs) inputs;
  LIBRARY(gradients) gradients;
  LIBRARY(results) results;
  PARAM_PLACES
  float *numbers;
  double loss = 0;
  size_t bytes;
  void *workspace;
  int call;

  check(CREATE(&handle));
  memset(&inputs, 0, sizeof inputs);
  memset(&gradients, 0, sizeof gradients);
  GIVE_INPUTS
  numbers = (float *)spoiled(NULL, sizeof(float) * (1 + PARAM_COUNT));
  PLACE_NUMBERS
  bytes = LIBRARY(workspace_bytes)(handle, QUERIES, KEYS);
  workspace = spoiled(NULL, bytes);
  for (call = 0; call < 5; ++call) {
#ifdef QUEUED
    check(LIBRARY(enqueue)(handle, &inputs, PARAMS_AT workspace, bytes, NULL, &results, &gradients));
#else
    check(LIBRARY(forward_backward)(handle, &inputs, workspace, bytes, NULL, &loss, &gradients));
#endif
  }
  (void)loss, (void)results, (void)params;
  LIBRARY(destroy)(handle);
  return 0;
}
