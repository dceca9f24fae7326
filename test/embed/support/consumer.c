/* A program that uses an exported library, in what C99 and C++17 have in common. `case.h` says which library and what it is given. */
#include "case.h"

#include "case_memory.h"

int main(void) {
  LIBRARY_HANDLE *handle;
  LIBRARY(inputs) inputs;
  LIBRARY(gradients) gradients;
  LIBRARY(state) state;
  LIBRARY(results) results;
  PARAM_PLACES
  double values[2 + 2 * PARAM_COUNT + 1];
  static const char *const names[] = {"product.0.bin", "product.1.bin", "product.2.bin"};
  LIBRARY(product) products[3];
  float *numbers;
  int i;
  size_t bytes;
  void *workspace;

  check(CREATE(&handle));
  memset(&inputs, 0, sizeof inputs);
  memset(&gradients, 0, sizeof gradients);
  GIVE_INPUTS
  bytes = LIBRARY(workspace_bytes_for)(handle, &inputs, &gradients) - (size_t)WORKSPACE_LESS;
  if (STRIDE_MORE == 0 && bytes + (size_t)WORKSPACE_LESS != LIBRARY(workspace_bytes)(handle, QUERIES, KEYS)) return 4;
  workspace = spoiled(NULL, bytes);

  check(LIBRARY(forward_backward)(handle, &inputs, workspace, bytes, NULL, &values[0], &gradients));
  GIVE_PARAMS(values + 2)
  SAVE_GRADIENTS("both")
  spoiled(workspace, bytes);
  check(LIBRARY(forward)(handle, &inputs, workspace, bytes, NULL, &values[1], &state));
  check(LIBRARY(backward)(handle, &inputs, &state, NULL, &gradients));
  GIVE_PARAMS(values + 2 + PARAM_COUNT)
  SAVE_GRADIENTS("apart")
  save("values.bin", values, sizeof(double) * (2 + 2 * PARAM_COUNT));

  /* All numbers on the device, with and without gradients. */
  numbers = (float *)spoiled(NULL, sizeof(float) * (1 + PARAM_COUNT));
  PLACE_NUMBERS
  CLEAR_GRADIENTS
  spoiled(workspace, bytes);
  check(LIBRARY(enqueue)(handle, &inputs, PARAMS_AT workspace, bytes, NULL, &results, &gradients));
  save_numbers("queued.numbers.bin", numbers, 1 + PARAM_COUNT);
  SAVE_GRADIENTS("queued")
  spoiled(numbers, sizeof(float));
  spoiled(workspace, bytes);
  check(LIBRARY(enqueue)(handle, &inputs, PARAMS_AT workspace, bytes, NULL, &results, NULL));
  save_numbers("queued.loss.bin", numbers, 1);

  /* The first gradient as autograd asks for it: rounded or not, and from an odd address on. */
  products[0] = product(FIRST_GRADIENT, 0, LIBRARY_F32);
  products[1] = product(FIRST_GRADIENT, 0, TYPE);
  products[2] = product(FIRST_GRADIENT, 1, TYPE);
  check(LIBRARY(multiply)(handle, placed(FACTOR), products, 3, NULL));
  for (i = 0; i < 3; ++i) save_product(names[i], products[i]);
  printf("%s\n", LIBRARY(target)(handle));
  LIBRARY(destroy)(handle);
  return 0;
}
