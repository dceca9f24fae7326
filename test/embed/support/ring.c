/*
 * Ranks of one process share a loss by an exported library: each has a handle, a ring and memory of its own, and messages are copied from
 * one to the next. `case.h` says which library, how many ranks, and what each is given; results go to files of each rank. Where a rank
 * fails all go on until the rings are done, and tell what they have heard last.
 */
#include "case.h"

#include "case_memory.h"

#define NEXT(rank) (((rank) + 1) % RANKS)

typedef struct Rank {
  LIBRARY_HANDLE *handle;
  LIBRARY(inputs) inputs;
  LIBRARY(gradients) gradients;
  LIBRARY(ring) * ring;
  void *workspace;
  /* A message that is used and passed on, and one that arrives. */
  char *keys[2], *sums[2];
  /* What has failed last; empty where nothing has. */
  char failure[512];
} Rank;

static Rank ranks[RANKS];
static const int64_t query_counts[] = QUERY_COUNTS, key_counts[] = KEY_COUNTS;

/* A rank's file. */
static const char *path(int rank, const char *name) {
  static char found[64];
  snprintf(found, sizeof found, "%d.%s.bin", rank, name);
  return found;
}

static void note(int rank, int status) {
  if (status != 0) snprintf(ranks[rank].failure, sizeof ranks[rank].failure, "%d: %s", status, LIBRARY(last_error)());
}

/* Ranks of several processes would wait for each other forever. */
static void require_same(const char *what, int rank, size_t mine, size_t first) {
  if (mine == first) return;
  fprintf(stderr, "%s: %zu on rank %d and %zu on rank 0\n", what, mine, rank, first);
  exit(4);
}

static LIBRARY(ring_phase) next_phase(void) {
  const LIBRARY(ring_phase) phase = LIBRARY(ring_next)(ranks[0].ring);
  int rank;
  for (rank = 1; rank < RANKS; ++rank) require_same("phase", rank, (size_t)LIBRARY(ring_next)(ranks[rank].ring), (size_t)phase);
  return phase;
}

static void share(void) {
  const size_t bytes = LIBRARY(ring_share_bytes)(ranks[0].ring);
  char *all = malloc(bytes * RANKS);
  int rank;
  for (rank = 1; rank < RANKS; ++rank) require_same("bytes of a share", rank, LIBRARY(ring_share_bytes)(ranks[rank].ring), bytes);
  for (rank = 0; rank < RANKS; ++rank) note(rank, LIBRARY(ring_share)(ranks[rank].ring, all + (size_t)rank * bytes));
  for (rank = 0; rank < RANKS; ++rank) note(rank, LIBRARY(ring_agree)(ranks[rank].ring, all));
  free(all);
}

static size_t bytes_of(LIBRARY(ring_message) message, int shard) {
  const size_t bytes = LIBRARY(ring_message_bytes)(ranks[0].ring, message, shard);
  int rank;
  for (rank = 1; rank < RANKS; ++rank) require_same("bytes of a message", rank, LIBRARY(ring_message_bytes)(ranks[rank].ring, message, shard), bytes);
  return bytes;
}

static void allocate_messages(void) {
  int rank, i;
  for (rank = 0; rank < RANKS; ++rank)
    for (i = 0; i < 2; ++i) {
      ranks[rank].keys[i] = realloc(ranks[rank].keys[i], bytes_of(RING_KEYS, RING_LARGEST) + 1);
      ranks[rank].sums[i] = realloc(ranks[rank].sums[i], bytes_of(RING_SUMS, RING_LARGEST) + 1);
    }
}

static void go_round(void) {
  int rank, step;
  allocate_messages();
  for (rank = 0; rank < RANKS; ++rank) note(rank, LIBRARY(ring_keys)(ranks[rank].ring, ranks[rank].keys[0]));
  for (step = 0; step <= RANKS; ++step) {
    for (rank = 0; rank < RANKS && step < RANKS; ++rank) note(rank, LIBRARY(ring_step)(ranks[rank].ring, (rank - step + RANKS) % RANKS, ranks[rank].keys[step % 2]));
    for (rank = 0; rank < RANKS; ++rank) {
      const int now = (rank - step + RANKS) % RANKS, last = (rank - step + 1 + RANKS) % RANKS;
      if (step < RANKS - 1) memcpy(ranks[NEXT(rank)].keys[(step + 1) % 2], ranks[rank].keys[step % 2], bytes_of(RING_KEYS, now));
      if (step > 0) memcpy(ranks[NEXT(rank)].sums[step % 2], ranks[rank].sums[(step - 1) % 2], bytes_of(RING_SUMS, last));
    }
    for (rank = 0; rank < RANKS && step < RANKS; ++rank) note(rank, LIBRARY(ring_merge)(ranks[rank].ring, (rank - step + RANKS) % RANKS, ranks[rank].sums[step % 2]));
  }
  for (rank = 0; rank < RANKS; ++rank) note(rank, LIBRARY(ring_end)(ranks[rank].ring, ranks[rank].sums[RANKS % 2]));
}

static void require_success(void) {
  int rank, failed = 0;
  for (rank = 0; rank < RANKS; ++rank) failed |= ranks[rank].failure[0] != '\0';
  for (rank = 0; rank < RANKS && failed; ++rank) fprintf(stderr, "rank %d has status %s\n", rank, ranks[rank].failure[0] == '\0' ? "0" : ranks[rank].failure);
  if (failed) exit(1);
}

/* Until the rings are done; how many passes it took. */
static int run(void) {
  int passes = 0;
  for (;;) switch (next_phase()) {
      case RING_DONE: require_success(); return passes;
      case RING_SHARE: share(); break;
      case RING_PASS: go_round(); ++passes; break;
    }
}

static void begin(int rank, int with_gradients) {
  Rank *own = &ranks[rank];
  const LIBRARY(ring_group) group = {rank, RANKS, query_counts, key_counts};
  const size_t bytes = LIBRARY(ring_workspace_bytes)(own->handle, &group, &own->inputs, &own->gradients);
  LIBRARY(ring_destroy)(own->ring);
  free(own->workspace);
  own->workspace = spoiled(NULL, bytes);
  check(LIBRARY(ring_begin)(own->handle, &group, &own->inputs, own->workspace, bytes, STREAM(rank), with_gradients ? &own->gradients : NULL, &own->ring));
}

/* `when.name`: of a rank's results. */
static const char *path_when(int rank, const char *when, const char *name) {
  static char joined[32];
  snprintf(joined, sizeof joined, "%s.%s", when, name);
  return path(rank, joined);
}

static void save_results(const char *when) {
  int rank;
  for (rank = 0; rank < RANKS; ++rank) {
    const LIBRARY(gradients) gradients = ranks[rank].gradients;
    double values[1 + PARAM_COUNT];
    check(LIBRARY(ring_loss)(ranks[rank].ring, values));
    GIVE_PARAMS(values + 1)
    save(path_when(rank, when, "values"), values, sizeof values);
    SAVE_GRADIENTS
  }
}

int main(void) {
  int rank, passes, apart;
  for (rank = 0; rank < RANKS; ++rank) {
    LIBRARY(inputs) inputs;
    LIBRARY(gradients) gradients;
    memset(&inputs, 0, sizeof inputs);
    memset(&gradients, 0, sizeof gradients);
    check(CREATE(&ranks[rank].handle));
    GIVE_INPUTS
    ranks[rank].inputs = inputs;
    ranks[rank].gradients = gradients;
    begin(rank, 1);
  }
  passes = run();
  save_results("both");
  for (rank = 0; rank < RANKS; ++rank) begin(rank, 0);
  apart = run();
  for (rank = 0; rank < RANKS; ++rank) note(rank, LIBRARY(ring_backward)(ranks[rank].ring, STREAM(rank), &ranks[rank].gradients));
  apart += run();
  save_results("apart");
  printf("%d %d\n", passes, apart);
  for (rank = 0; rank < RANKS; ++rank) {
    LIBRARY(ring_destroy)(ranks[rank].ring);
    LIBRARY(destroy)(ranks[rank].handle);
  }
  return 0;
}
