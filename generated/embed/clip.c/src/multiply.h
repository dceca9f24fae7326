// Emitted by infinitile 0.2.0: do not edit.
// SPDX-License-Identifier: Apache-2.0
//
// loss       clip
// logit      exp(params.logScale) * dot
// inputs     bf16, depth 512
// targets    x86-64-v4, sm_90a

/* Gradients times a number. */

static uint16_t narrow(float value) {
  uint32_t bits;
  memcpy(&bits, &value, sizeof bits);
  if (value != value) return 0x7fc0u;
  return (uint16_t)((bits + 0x7fffu + (bits >> 16 & 1u)) >> 16);
}

static int check_product(infinitile_clip* handle, const infinitile_clip_product* product) {
  if (product->count < 0) return fail(INFINITILE_CLIP_ERROR_ARGUMENT, "products.count is %" PRId64 ": 0 or more numbers are multiplied", product->count);
  if (product->count == 0) return 0;
  if (product->from == NULL || product->to == NULL) return fail(INFINITILE_CLIP_ERROR_ARGUMENT, "products.%s is NULL: an address is needed", product->from == NULL ? "from" : "to");
  if (product->type != INFINITILE_CLIP_F32 && product->type != INFINITILE_CLIP_TYPE)
    return fail(INFINITILE_CLIP_ERROR_ARGUMENT, "products.type is %s: f32 or %s is needed", name_of(product->type), name_of(INFINITILE_CLIP_TYPE));
  const int status = handle->device->check(handle, "products.from", product->from, 4);
  return status != 0 ? status : handle->device->check(handle, "products.to", product->to, (int)element_bytes_of(product->type));
}

static void multiply_here(const Run* run, float factor, const infinitile_clip_product* product) {
  float* wide = product->to;
  uint16_t* narrowed = product->to;
  (void)run;
#pragma omp parallel for num_threads((int)run->handle->workers)
  for (int64_t i = 0; i < product->count; ++i) {
    const float value = product->from[i] * factor;
    if (product->type == INFINITILE_CLIP_F32) wide[i] = value;
    else narrowed[i] = narrow(value);
  }
}

/* A launch counts in 31 bits. */
static int queue_product(Run* run, const float* factor, const infinitile_clip_product* product) {
  const Kernel* kernel = run->handle->target->alone.bounded->multiply;
  const bool grouped = product->count % 4 == 0 && ((uintptr_t)product->from | (uintptr_t)product->to) % 16 == 0;
  const int64_t width = grouped ? 4 : 1, most = 1 << 30;
  for (int64_t done = 0; done < product->count / width; done += most) {
    const int64_t some = least(most, product->count / width - done);
    const float* from = product->from + done * width;
    char* to = (char*)product->to + done * width * element_bytes_of(product->type);
    LAUNCH(*kernel, least(ceil_div(some, kernel->threads), 16 * run->handle->workers), INT(some), INT(grouped), INT(product->type != INFINITILE_CLIP_F32), &factor, &from, &to);
  }
  return 0;
}

static int multiply_within(infinitile_clip* handle, const float* factor, const infinitile_clip_product* products, int count, void* stream) {
  if (factor == NULL) return fail(INFINITILE_CLIP_ERROR_ARGUMENT, "factor is NULL: the address of a number is needed");
  if (count < 0 || (count > 0 && products == NULL)) return fail(INFINITILE_CLIP_ERROR_ARGUMENT, "products are %s, and count is %d", products == NULL ? "NULL" : "given", count);
  Run run;
  begin_run(&run, handle, stream);
  int status = handle->device->check_stream(stream);
  if (status == 0) status = handle->device->check(handle, "factor", factor, 4);
  for (int i = 0; i < count && status == 0; ++i) {
    status = check_product(handle, &products[i]);
    if (status != 0 || products[i].count == 0) continue;
    if (handle->device->queues) status = queue_product(&run, factor, &products[i]);
    else multiply_here(&run, *factor, &products[i]);
  }
  return status;
}

int infinitile_clip_multiply(infinitile_clip* handle, const float* factor, const infinitile_clip_product* products, int count, void* stream) {
  const int status = enter(handle);
  return status != 0 ? status : leave(handle, multiply_within(handle, factor, products, count, stream));
}
