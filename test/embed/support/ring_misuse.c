/* Ways to call the ring of an exported library wrongly, and what it says: two ranks of one process. The loss has an index map. */
#include <infinitile_info_nce_ring.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define N 20
#define M 30
#define D INFINITILE_INFO_NCE_DIM

typedef struct Rank {
  float queries[N * D], keys[M * D], d_queries[N * D], d_keys[M * D];
  int32_t positives[N];
  infinitile_info_nce_inputs inputs;
  infinitile_info_nce_gradients gradients;
  infinitile_info_nce_ring *ring;
  void *workspace;
  char *message;
} Rank;

static Rank ranks[2];
static infinitile_info_nce *handle;
static int64_t queries[] = {N, N}, keys[] = {M, M};
static infinitile_info_nce_ring_group group;
static size_t workspace_bytes;

static void reset(void) {
  int rank, i;
  group.rank = 0;
  group.ranks = 2;
  group.queries = queries;
  group.keys = keys;
  queries[0] = queries[1] = N;
  keys[0] = keys[1] = M;
  for (rank = 0; rank < 2; ++rank) {
    Rank *own = &ranks[rank];
    for (i = 0; i < N * D; ++i) own->queries[i] = (float)(i % 7) / 7;
    for (i = 0; i < M * D; ++i) own->keys[i] = (float)(i % 5) / 5;
    for (i = 0; i < N; ++i) own->positives[i] = i + rank * N;
    own->inputs.queries.data = own->queries;
    own->inputs.keys.data = own->keys;
    own->inputs.queries.rows = own->gradients.queries.rows = N;
    own->inputs.keys.rows = own->gradients.keys.rows = M;
    own->inputs.queries.cols = own->inputs.keys.cols = own->gradients.queries.cols = own->gradients.keys.cols = D;
    own->inputs.queries.stride = own->inputs.keys.stride = own->gradients.queries.stride = own->gradients.keys.stride = D;
    own->inputs.queries.type = own->inputs.keys.type = INFINITILE_INFO_NCE_TYPE;
    own->inputs.positives.data = own->positives;
    own->inputs.positives.count = N;
    own->inputs.params.logScale = 1;
    own->gradients.queries.data = own->d_queries;
    own->gradients.keys.data = own->d_keys;
  }
}

static void tell(const char *what, int status) { printf("%s: %d%s%s\n", what, status, status == 0 ? "" : ": ", status == 0 ? "" : infinitile_info_nce_last_error()); }

static int begin(int rank) {
  Rank *own = &ranks[rank];
  infinitile_info_nce_ring_destroy(own->ring);
  own->ring = NULL;
  group.rank = rank;
  return infinitile_info_nce_ring_begin(handle, &group, &own->inputs, own->workspace, workspace_bytes, NULL, &own->gradients, &own->ring);
}

/* One member of a group given another value. */
#define WRONG_GROUP(member, value)           \
  do {                                       \
    member = value;                          \
    tell(#member " = " #value, begin(0)); \
    reset();                                 \
  } while (0)

/* What both ranks agree on. */
static void agree(const char *what) {
  const size_t bytes = infinitile_info_nce_ring_share_bytes(ranks[0].ring);
  char *all = malloc(2 * bytes);
  int rank;
  for (rank = 0; rank < 2; ++rank) infinitile_info_nce_ring_share(ranks[rank].ring, all + rank * bytes);
  for (rank = 0; rank < 2; ++rank) tell(what, infinitile_info_nce_ring_agree(ranks[rank].ring, all));
  free(all);
}

/* A pass of both, whose sums nobody looks at; what fails is told by the share. */
static void go_round(void) {
  static char sums[1 << 16];
  int rank, step;
  for (rank = 0; rank < 2; ++rank) infinitile_info_nce_ring_keys(ranks[rank].ring, ranks[rank].message);
  for (step = 0; step < 2; ++step)
    for (rank = 0; rank < 2; ++rank) {
      infinitile_info_nce_ring_step(ranks[rank].ring, rank ^ step, ranks[rank ^ step].message);
      infinitile_info_nce_ring_merge(ranks[rank].ring, rank ^ step, sums);
    }
  for (rank = 0; rank < 2; ++rank) infinitile_info_nce_ring_end(ranks[rank].ring, sums);
}

static void begin_both(const char *what) {
  int status = begin(0);
  if (status == 0) status = begin(1);
  if (status != 0) tell(what, status);
  agree(what);
  reset();
}

/* One rank given what cannot be: both are told. */
#define WRONG_RANK(member, value)                  \
  do {                                             \
    ranks[1].member = value;                       \
    begin_both("rank 1, " #member " = " #value); \
  } while (0)

int main(void) {
  infinitile_info_nce_ring *ring;
  double loss;
  char share[4096];
  int rank;
  reset();
  if (infinitile_info_nce_create_cpu(2, &handle) != 0) return 2;
  workspace_bytes = infinitile_info_nce_ring_workspace_bytes(handle, &group, NULL, NULL);
  for (rank = 0; rank < 2; ++rank) {
    ranks[rank].workspace = malloc(workspace_bytes);
    ranks[rank].message = malloc(1 << 16);
  }
  WRONG_GROUP(group.ranks, 0);
  WRONG_GROUP(group.queries, NULL);
  WRONG_GROUP(queries[1], 0);
  WRONG_GROUP(keys[0], (int64_t)1 << 40);
  group.rank = 2;
  tell("group.rank = 2", infinitile_info_nce_ring_begin(handle, &group, &ranks[0].inputs, ranks[0].workspace, workspace_bytes, NULL, NULL, &ring));
  reset();
  tell("no group", infinitile_info_nce_ring_begin(handle, NULL, &ranks[0].inputs, ranks[0].workspace, workspace_bytes, NULL, NULL, &ring));
  tell("no handle", infinitile_info_nce_ring_begin(NULL, &group, &ranks[0].inputs, ranks[0].workspace, workspace_bytes, NULL, NULL, &ring));
  tell("no place for the ring", infinitile_info_nce_ring_begin(handle, &group, &ranks[0].inputs, ranks[0].workspace, workspace_bytes, NULL, NULL, NULL));
  if (infinitile_info_nce_ring_workspace_bytes(handle, NULL, NULL, NULL) == 0) tell("workspace_bytes of no group", -1);

  WRONG_RANK(inputs.queries.data, NULL);
  WRONG_RANK(inputs.queries.rows, N - 1);
  WRONG_RANK(inputs.keys.stride, D - 1);
  WRONG_RANK(gradients.keys.rows, M + 1);
  WRONG_RANK(queries[5 * D + 2], INFINITY);
  WRONG_RANK(positives[3], 2 * M);
  WRONG_RANK(positives[3], -1);
  WRONG_RANK(inputs.params.logScale, 2);
  workspace_bytes -= 1 << 12;
  begin_both("a small workspace");
  workspace_bytes += 1 << 12;
  tell("begin", begin(0));
  queries[0] = N - 1;
  tell("begin with another group", begin(1));
  agree("another group");
  reset();

  begin_both("begin");
  ring = ranks[0].ring;
  tell("loss before the end", infinitile_info_nce_ring_loss(ring, &loss));
  tell("a share in a pass", infinitile_info_nce_ring_share(ring, share));
  tell("no keys", infinitile_info_nce_ring_keys(ring, NULL));
  tell("and a failed ring stays one", infinitile_info_nce_ring_keys(ring, ranks[0].message));
  begin_both("begin");
  tell("keys not aligned", infinitile_info_nce_ring_step(ranks[0].ring, 0, ranks[0].message + 4));
  begin_both("begin");
  tell("no such shard", infinitile_info_nce_ring_step(ranks[0].ring, 2, ranks[0].message));
  tell("its end", infinitile_info_nce_ring_end(ranks[0].ring, NULL));
  memset(ranks[0].message, 0, 1 << 16);
  tell("keys of the other", infinitile_info_nce_ring_keys(ranks[1].ring, ranks[1].message));
  for (rank = 1; rank >= 0; --rank) {
    tell("a step of the other", infinitile_info_nce_ring_step(ranks[1].ring, rank, ranks[rank].message));
    tell("its merge", infinitile_info_nce_ring_merge(ranks[1].ring, rank, NULL));
  }
  tell("its end", infinitile_info_nce_ring_end(ranks[1].ring, NULL));
  agree("which both are told");
  begin_both("begin");
  ring = ranks[0].ring;
  tell("keys", infinitile_info_nce_ring_keys(ring, ranks[0].message));
  tell("step", infinitile_info_nce_ring_step(ring, 0, ranks[0].message));
  tell("another step before the merge", infinitile_info_nce_ring_step(ring, 1, ranks[0].message));
  begin_both("begin");
  ring = ranks[0].ring;
  tell("keys", infinitile_info_nce_ring_keys(ring, ranks[0].message));
  tell("merge before a step", infinitile_info_nce_ring_merge(ring, 0, ranks[0].message));
  begin_both("begin");
  ring = ranks[0].ring;
  tell("keys", infinitile_info_nce_ring_keys(ring, ranks[0].message));
  tell("step", infinitile_info_nce_ring_step(ring, 0, ranks[0].message));
  tell("merge, and no sums travel", infinitile_info_nce_ring_merge(ring, 0, NULL));
  tell("the same shard again", infinitile_info_nce_ring_step(ring, 0, ranks[0].message));
  begin_both("begin");
  tell("the end before all shards", infinitile_info_nce_ring_end(ranks[0].ring, NULL));
  tell("backward of a ring with gradients", infinitile_info_nce_ring_backward(ranks[1].ring, NULL, &ranks[1].gradients));
  for (rank = 0; rank < 2; ++rank) {
    infinitile_info_nce_ring_destroy(ranks[rank].ring);
    group.rank = rank;
    tell("begin without gradients", infinitile_info_nce_ring_begin(handle, &group, &ranks[rank].inputs, ranks[rank].workspace, workspace_bytes, NULL, NULL, &ranks[rank].ring));
  }
  agree("begin without gradients");
  go_round();
  agree("forward");
  tell("loss", infinitile_info_nce_ring_loss(ranks[0].ring, &loss));
  tell("backward", infinitile_info_nce_ring_backward(ranks[0].ring, NULL, &ranks[0].gradients));
  tell("backward without gradients", infinitile_info_nce_ring_backward(ranks[1].ring, NULL, NULL));
  go_round();
  agree("which both are told");
  tell("no ring", infinitile_info_nce_ring_agree(NULL, share));
  infinitile_info_nce_ring_destroy(NULL);
  for (rank = 0; rank < 2; ++rank) {
    infinitile_info_nce_ring_destroy(ranks[rank].ring);
    free(ranks[rank].workspace);
    free(ranks[rank].message);
  }
  infinitile_info_nce_destroy(handle);
  return 0;
}
