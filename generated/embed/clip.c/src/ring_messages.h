// Emitted by infinitile 0.2.0: do not edit.
// SPDX-License-Identifier: Apache-2.0
//
// loss       clip
// logit      exp(params.logScale) * dot
// inputs     bf16, depth 512
// targets    x86-64-v4, sm_90a

/* What travels: keys with what belongs to them, and the sums of their columns. A message is its parts, each aligned. */

static int64_t part_bytes(const Run* run, const Part* part, int shard) {
  const Shape s = tile_shape(run, shard);
  return run->plan->count(part->buffer, &s) * part->element_bytes;
}

static int64_t message_bytes(const Run* run, const Part* parts, int count, int shard) {
  int64_t bytes = 0;
  for (int i = 0; i < count; ++i) bytes += placed(part_bytes(run, &parts[i], shard));
  return bytes;
}

static int64_t largest_message_bytes(const Run* run, const Part* parts, int count) {
  int64_t most = 0;
  for (int shard = 0; shard < run->shards.ranks; ++shard) most = greatest(most, message_bytes(run, parts, count, shard));
  return most;
}

static int check_message(Run* run, const char* name, const void* message, int parts) {
  if (parts == 0) return 0;
  if (message == NULL) return fail(INFINITILE_CLIP_ERROR_ARGUMENT, "%s is NULL: a message is needed, see infinitile_clip_ring_message_bytes()", name);
  if ((uintptr_t)message % 16 != 0) return fail(INFINITILE_CLIP_ERROR_ARGUMENT, "%s is not aligned: its address must be a multiple of 16", name);
  return run->handle->device->check(run->handle, name, message, 4);
}

/* The walks then find the buffers of columns in a message. */
static void bind_message(Run* run, const Part* parts, int count, int shard, const void* message) {
  char* at = (char*)(uintptr_t)message;
  for (int i = 0; i < count; ++i) {
    run->address[parts[i].buffer] = at;
    run->bytes[parts[i].buffer] = part_bytes(run, &parts[i], shard);
    at += placed(run->bytes[parts[i].buffer]);
  }
}

/* And here what a tile gives on its own. */
static void bind_tile_sums(Run* run, const Part* parts, int count, int shard) {
  for (int i = 0; i < count; ++i) {
    run->address[parts[i].buffer] = run->address[parts[i].tile];
    run->bytes[parts[i].buffer] = part_bytes(run, &parts[i], shard);
  }
}

static int copy_bytes(Run* run, void* to, const void* from, int64_t bytes) {
  return bytes == 0 ? 0 : run->handle->device->copy(run, to, bytes, from, bytes, bytes, 1);
}

/* Where a part lies that is at home: columns of a stack are a range of it. */
static char* home_of(const Run* run, const Part* part, int64_t bytes) {
  const int64_t row_bytes = run->own.m == 0 ? 0 : bytes / run->own.m;
  return run->address[part->source] + (part->source == part->buffer ? 0 : run->own.col_start * row_bytes);
}

static int pack_own(Run* run, const Part* parts, int count, void* message) {
  char* at = message;
  for (int i = 0; i < count; ++i) {
    const int64_t bytes = part_bytes(run, &parts[i], run->shards.rank);
    const int status = copy_bytes(run, at, home_of(run, &parts[i], bytes), bytes);
    if (status != 0) return status;
    at += placed(bytes);
  }
  return 0;
}

/* Sums that have come home; those without a place of their own are read where they are. */
static int unpack_own(Run* run, const Part* parts, int count, const void* message) {
  char* at = (char*)(uintptr_t)message;
  for (int i = 0; i < count; ++i) {
    const int64_t bytes = part_bytes(run, &parts[i], run->shards.rank);
    if (parts[i].source < 0) {
      run->address[parts[i].buffer] = at;
    } else {
      const int status = copy_bytes(run, run->address[parts[i].source], at, bytes);
      if (status != 0) return status;
    }
    at += placed(bytes);
  }
  return 0;
}
