/* What programs of the tests share: files in and out, rows STRIDE_MORE elements further apart than they are long. C99 and C++17. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef CASE_ON_GPU
#include <dlfcn.h>

/* The driver, as far as a program needs it that has memory of its own. */
typedef struct Driver {
  int (*init)(unsigned flags);
  int (*device)(int *device, int ordinal);
  int (*retain)(void **context, int device);
  int (*enter)(void *context);
  int (*allocate)(unsigned long long *at, size_t bytes);
  int (*write)(unsigned long long to, const void *from, size_t bytes);
  int (*read)(void *to, unsigned long long from, size_t bytes);
} Driver;

static void find(void *library, const char *name, void *function) {
  void *found = library == NULL ? NULL : dlsym(library, name);
  memcpy(function, &found, sizeof found);
  if (found != NULL) return;
  fprintf(stderr, "libcuda.so.1 has no %s\n", name);
  exit(5);
}

static void done(int status) {
  if (status == 0) return;
  fprintf(stderr, "the driver says %d\n", status);
  exit(5);
}

static const Driver *driver(void) {
  static Driver driver;
  int device;
  void *context, *library;
  if (driver.init != NULL) return &driver;
  library = dlopen("libcuda.so.1", RTLD_NOW);
  find(library, "cuInit", &driver.init);
  find(library, "cuDeviceGet", &driver.device);
  find(library, "cuDevicePrimaryCtxRetain", &driver.retain);
  find(library, "cuCtxPushCurrent_v2", &driver.enter);
  find(library, "cuMemAlloc_v2", &driver.allocate);
  find(library, "cuMemcpyHtoD_v2", &driver.write);
  find(library, "cuMemcpyDtoH_v2", &driver.read);
  done(driver.init(0));
  done(driver.device(&device, 0));
  done(driver.retain(&context, device));
  done(driver.enter(context));
  return &driver;
}

static void write_device(void *to, const void *from, size_t bytes) {
  done(driver()->write((uintptr_t)to, from, bytes));
}

/* Takes memory of the host's where the library computes. */
static void *on_device(void *memory, size_t bytes) {
  unsigned long long at;
  done(driver()->allocate(&at, bytes));
  write_device((void *)(uintptr_t)at, memory, bytes);
  free(memory);
  return (void *)(uintptr_t)at;
}

/* A copy that the host can read. */
static void *on_host(const void *memory, size_t bytes) {
  void *copy = malloc(bytes);
  done(driver()->read(copy, (uintptr_t)memory, bytes));
  return copy;
}
#else
static void write_device(void *to, const void *from, size_t bytes) {
  memcpy(to, from, bytes);
}

static void *on_device(void *memory, size_t bytes) {
  (void)bytes;
  return memory;
}

static void *on_host(const void *memory, size_t bytes) {
  return memcpy(malloc(bytes), memory, bytes);
}
#endif

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

/* Memory with what no call should read; `memory` is as large already, or NULL. */
static void *spoiled(void *memory, size_t bytes) {
  void *spoil = memset(malloc(bytes), 0xff, bytes);
  if (memory == NULL) return on_device(spoil, bytes);
  write_device(memory, spoil, bytes);
  free(spoil);
  return memory;
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
  x.data = on_device(data, (size_t)(rows * pitch));
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
  x.data = (float *)on_device(calloc((size_t)(rows * x.stride), sizeof(float)), (size_t)(rows * x.stride) * sizeof(float));
  return x;
}

/* What lies between rows has stayed as it was. */
static void save_output(const char *name, LIBRARY(output) x) {
  float *rows = (float *)malloc((size_t)(x.rows * DIM) * sizeof(float)), *data = (float *)on_host(x.data, (size_t)(x.rows * x.stride) * sizeof(float));
  int64_t row, beyond;
  for (row = 0; row < x.rows; ++row) {
    memcpy(rows + row * DIM, data + row * x.stride, DIM * sizeof(float));
    for (beyond = DIM; beyond < x.stride; ++beyond)
      if (data[row * x.stride + beyond] != 0) exit(3);
  }
  save(name, rows, (size_t)(x.rows * DIM) * sizeof(float));
  free(rows);
  free(data);
}

static void clear_output(LIBRARY(output) x) {
  const size_t bytes = (size_t)(x.rows * x.stride) * sizeof(float);
  void *zeros = calloc(bytes, 1);
  write_device(x.data, zeros, bytes);
  free(zeros);
}

/* A number where the library computes; NULL where fp32 does not hold it. */
static float *placed(double value) {
  float *at = (float *)malloc(sizeof *at);
  *at = (float)value;
  if (*at == value) return (float *)on_device(at, sizeof *at);
  free(at);
  return NULL;
}

static void save_numbers(const char *name, const float *at, size_t count) {
  void *numbers = on_host(at, count * sizeof *at);
  save(name, numbers, count * sizeof *at);
  free(numbers);
}

static size_t element_bytes(LIBRARY(type) type) {
  return type == LIBRARY_F32 ? sizeof(float) : 2;
}

/* Of a gradient's numbers from one on, with a place behind as many numbers. */
static LIBRARY(product) product(LIBRARY(output) x, int64_t from, LIBRARY(type) type) {
  LIBRARY(product) one;
  char *to;
  one.from = x.data + from;
  one.count = x.rows * x.stride - from;
  one.type = type;
  to = (char *)spoiled(NULL, (size_t)(one.count + from) * element_bytes(type));
  one.to = to + (size_t)from * element_bytes(type);
  return one;
}

static void save_product(const char *name, LIBRARY(product) one) {
  const size_t bytes = (size_t)one.count * element_bytes(one.type);
  void *numbers = on_host(one.to, bytes);
  save(name, numbers, bytes);
  free(numbers);
}
