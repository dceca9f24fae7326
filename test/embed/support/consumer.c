/* A program that uses an exported library, in what C99 and C++17 have in common. `case.h` says which library and what it is given. */
#include "case.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *load(const char *name, size_t bytes) {
  FILE *file = fopen(name, "rb");
  void *data = malloc(bytes);
  if (file == NULL || data == NULL || fread(data, 1, bytes, file) != bytes) {
    fprintf(stderr, "%s cannot be read\n", name);
    exit(2);
  }
  fclose(file);
  return data;
}

static void save(const char *name, const void *data, size_t bytes) {
  FILE *file = fopen(name, "wb");
  if (file == NULL || fwrite(data, 1, bytes, file) != bytes || fclose(file) != 0) exit(2);
}

static void check(int status) {
  if (status == 0) return;
  fprintf(stderr, "status %d: %s\n", status, LIBRARY(last_error)());
  exit(1);
}

static LIBRARY(matrix) matrix(const char *name, int64_t rows, int64_t cols) {
  LIBRARY(matrix) x;
  x.data = load(name, (size_t)(rows * cols) * ELEMENT_BYTES);
  x.rows = rows;
  x.cols = cols;
  x.stride = cols;
  x.type = TYPE;
  return x;
}

static LIBRARY(output) output(int64_t rows) {
  LIBRARY(output) x;
  x.data = (float *)malloc((size_t)(rows * DIM) * sizeof(float));
  x.rows = rows;
  x.cols = DIM;
  x.stride = DIM;
  return x;
}

static void save_output(const char *name, LIBRARY(output) x) { save(name, x.data, (size_t)(x.rows * DIM) * sizeof(float)); }

int main(void) {
  LIBRARY_HANDLE *handle;
  LIBRARY(inputs) inputs;
  LIBRARY(gradients) gradients;
  LIBRARY(state) state;
  double values[2 + 2 * PARAM_COUNT + 1];
  size_t bytes;
  void *workspace;

  check(CREATE(&handle));
  memset(&inputs, 0, sizeof inputs);
  memset(&gradients, 0, sizeof gradients);
  GIVE_INPUTS
  bytes = LIBRARY(workspace_bytes)(handle, QUERIES, KEYS) - (size_t)WORKSPACE_LESS;
  workspace = malloc(bytes);
  memset(workspace, 0xff, bytes);

  check(LIBRARY(forward_backward)(handle, &inputs, workspace, bytes, NULL, &values[0], &gradients));
  GIVE_PARAMS(values + 2)
  SAVE_GRADIENTS("both")
  memset(workspace, 0xff, bytes);
  check(LIBRARY(forward)(handle, &inputs, workspace, bytes, NULL, &values[1], &state));
  check(LIBRARY(backward)(handle, &inputs, &state, NULL, &gradients));
  GIVE_PARAMS(values + 2 + PARAM_COUNT)
  SAVE_GRADIENTS("apart")
  save("values.bin", values, sizeof(double) * (2 + 2 * PARAM_COUNT));
  printf("%s\n", LIBRARY(target)(handle));
  LIBRARY(destroy)(handle);
  return 0;
}
