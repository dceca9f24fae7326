// Emitted by infinitile 0.2.0: do not edit.
// SPDX-License-Identifier: Apache-2.0
//
// loss       clip
// logit      exp(params.logScale) * dot
// inputs     bf16, depth 512
// targets    x86-64-v4, sm_90a

#ifndef INFINITILE_CLIP_RING_H
#define INFINITILE_CLIP_RING_H

#include "infinitile_clip.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Loss `clip` over the rows of several ranks together, each with a handle of its own and a part of the rows. The caller owns the
 * communication, of three kinds: shares, which all ranks gather, and keys and sums, which go from each rank to the next. Every rank does
 *
 *   infinitile_clip_ring_begin(..., &ring);
 *   while ((phase = infinitile_clip_ring_next(ring)) != INFINITILE_CLIP_RING_DONE) {
 *     if (phase == INFINITILE_CLIP_RING_SHARE) {
 *       infinitile_clip_ring_share(ring, mine);
 *       all = mine of rank 0, mine of rank 1, ...
 *       infinitile_clip_ring_agree(ring, all);
 *     } else {
 *       infinitile_clip_ring_keys(ring, keys);
 *       for (step = 0; step < ranks; ++step) {
 *         shard = (rank - step + ranks) % ranks;
 *         start sending keys (not in the last step) and the sums of the last step (not in the first) to rank + 1
 *         start receiving the next keys and sums from rank - 1
 *         infinitile_clip_ring_step(ring, shard, keys);
 *         wait for the messages
 *         infinitile_clip_ring_merge(ring, shard, sums);
 *       }
 *       send sums to rank + 1, whose they are, and receive one's own
 *       infinitile_clip_ring_end(ring, sums);
 *     }
 *   }
 *   infinitile_clip_ring_loss(ring, &loss);
 *
 * All ranks get the same loss and the same gradients of parameters; each has the gradients of its own rows. The same group gives the same
 * bits, however messages travel. Shares are in the host's memory, messages in that of the handle's device. On a GPU functions wait for
 * the stream where a share is made or heard, and only launch otherwise: messages that do not follow the stream have to wait for it.
 *
 * What fails on one rank, in infinitile_clip_ring_begin() and infinitile_clip_ring_backward() too where they have a ring, is told to all with its
 * next share: infinitile_clip_ring_agree() then fails on every rank, and the ring is done. Before that it may fail on one rank alone, as its
 * device cannot begin what comes next. Until all have heard, the rank goes on as infinitile_clip_ring_next() says: its steps fail, and messages
 * that others wait for, infinitile_clip_ring_end() and the share may not be left out.
 */

/* Who has which rows; the same on all ranks, but for `rank`. */
typedef struct infinitile_clip_ring_group {
  int rank;
  int ranks;
  /* How many each rank has. */
  const int64_t *queries;
  /* How many each rank has. */
  const int64_t *keys;
} infinitile_clip_ring_group;

typedef enum infinitile_clip_ring_phase {
  INFINITILE_CLIP_RING_DONE = 0,
  /* All ranks gather a share of each. */
  INFINITILE_CLIP_RING_SHARE = 1,
  /* Keys go round, and the sums of their columns with them. */
  INFINITILE_CLIP_RING_PASS = 2
} infinitile_clip_ring_phase;

typedef enum infinitile_clip_ring_message {
  /* Embeddings of a rank's columns, and what belongs to them. */
  INFINITILE_CLIP_RING_KEYS = 0,
  /* What rows have given to the columns so far. */
  INFINITILE_CLIP_RING_SUMS = 1
} infinitile_clip_ring_message;

/* A rank's part of the work; its handle stays at least as long. */
typedef struct infinitile_clip_ring infinitile_clip_ring;

/*
 * Bytes of the workspace that serves best. `inputs`, `gradients`: whose rows lie apart, or NULL: see infinitile_clip_workspace_bytes_for().
 * 0 where the group or they are refused.
 */
INFINITILE_CLIP_API size_t infinitile_clip_ring_workspace_bytes(
    infinitile_clip *handle, const infinitile_clip_ring_group *group, const infinitile_clip_inputs *inputs, const infinitile_clip_gradients *gradients);

/*
 * `inputs`: the rank's own rows; they, the workspace and the gradients stay where they are until the
 * ring is done. `gradients`: NULL for the loss alone, after which infinitile_clip_ring_backward() may ask for them.
 */
INFINITILE_CLIP_API int infinitile_clip_ring_begin(
    infinitile_clip *handle, const infinitile_clip_ring_group *group, const infinitile_clip_inputs *inputs, void *workspace, size_t workspace_bytes,
    void *stream, infinitile_clip_gradients *gradients, infinitile_clip_ring **ring);

/* What the ring waits for: the same on all ranks. */
INFINITILE_CLIP_API infinitile_clip_ring_phase infinitile_clip_ring_next(const infinitile_clip_ring *ring);

/* Bytes of a share, the same on all ranks; 0 where none is at hand. It may be another number each time. */
INFINITILE_CLIP_API size_t infinitile_clip_ring_share_bytes(const infinitile_clip_ring *ring);

/* Writes the rank's share. */
INFINITILE_CLIP_API int infinitile_clip_ring_share(infinitile_clip_ring *ring, void *mine);

/* Takes the shares of all ranks, one behind the other. Also where it fails, infinitile_clip_ring_next() tells what is next. */
INFINITILE_CLIP_API int infinitile_clip_ring_agree(infinitile_clip_ring *ring, const void *all);

/* In the place of a shard: the largest of all. */
#define INFINITILE_CLIP_RING_LARGEST (-1)

/* Bytes of a message of the pass at hand, for the columns of a rank: 0 where none travels. Its address is a multiple of 16. */
INFINITILE_CLIP_API size_t infinitile_clip_ring_message_bytes(const infinitile_clip_ring *ring, infinitile_clip_ring_message message, int shard);

/* Writes the keys of the rank's own columns. */
INFINITILE_CLIP_API int infinitile_clip_ring_keys(infinitile_clip_ring *ring, void *keys);

/* Computes the rank's rows with the columns of a rank, which `keys` are of; sums that are on their way may arrive meanwhile. */
INFINITILE_CLIP_API int infinitile_clip_ring_step(infinitile_clip_ring *ring, int shard, const void *keys);

/* Adds what the step has given to these columns to their sums; those of the rank's own columns it begins, whatever the message holds. */
INFINITILE_CLIP_API int infinitile_clip_ring_merge(infinitile_clip_ring *ring, int shard, void *sums);

/* Ends a pass, with the sums of the rank's own columns complete. */
INFINITILE_CLIP_API int infinitile_clip_ring_end(infinitile_clip_ring *ring, const void *sums);

/* The loss of all ranks' rows together, when the ring is done. */
INFINITILE_CLIP_API int infinitile_clip_ring_loss(const infinitile_clip_ring *ring, double *loss);

/* After a ring without gradients: passes for them begin. Those of embeddings are complete when the ring is done, and so are the params. */
INFINITILE_CLIP_API int infinitile_clip_ring_backward(infinitile_clip_ring *ring, void *stream, infinitile_clip_gradients *gradients);

/* At any time; NULL is allowed. The handle is left as it is. */
INFINITILE_CLIP_API void infinitile_clip_ring_destroy(infinitile_clip_ring *ring);

#ifdef __cplusplus
}
#endif

#endif
