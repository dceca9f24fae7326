/* What programs of the tests share: files in and out, rows STRIDE_MORE elements further apart than they are long. C99 and C++17. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *load(const char *name, size_t bytes) {
  FILE *file = fopen(name, "rb");
  void *data = malloc(bytes + 1);
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
  const int64_t stride = cols + STRIDE_MORE, row_bytes = cols * ELEMENT_BYTES, pitch = stride * ELEMENT_BYTES;
  char *from = (char *)load(name, (size_t)(rows * row_bytes)), *data = (char *)malloc((size_t)(rows * pitch));
  LIBRARY(matrix) x;
  int64_t row;
  memset(data, 0xff, (size_t)(rows * pitch));
  for (row = 0; row < rows; ++row) memcpy(data + row * pitch, from + row * row_bytes, (size_t)row_bytes);
  free(from);
  x.data = data;
  x.rows = rows;
  x.cols = cols;
  x.stride = stride;
  x.type = TYPE;
  return x;
}

static LIBRARY(output) output(int64_t rows) {
  LIBRARY(output) x;
  x.rows = rows;
  x.cols = DIM;
  x.stride = DIM + STRIDE_MORE;
  x.data = (float *)calloc((size_t)(rows * x.stride), sizeof(float));
  return x;
}

/* What lies between rows has stayed as it was. */
static void save_output(const char *name, LIBRARY(output) x) {
  float *rows = (float *)malloc((size_t)(x.rows * DIM) * sizeof(float));
  int64_t row, beyond;
  for (row = 0; row < x.rows; ++row) {
    memcpy(rows + row * DIM, x.data + row * x.stride, DIM * sizeof(float));
    for (beyond = DIM; beyond < x.stride; ++beyond)
      if (x.data[row * x.stride + beyond] != 0) exit(3);
  }
  save(name, rows, (size_t)(x.rows * DIM) * sizeof(float));
  free(rows);
}
