#pragma once

#include <cstddef>

#include "cuda_api.h"

namespace infinitile::nccl {

/** The part of NCCL that is used, declared here as that of CUDA is. */

using Result = int;
using Comm = struct CommHandle*;

constexpr Result kSuccess = 0;
constexpr Result kInProgress = 7;

/** ncclDataType_t */
constexpr int kBytes = 0;

/** ncclUniqueId, which is passed by value. */
struct UniqueId {
  char bytes[128];
};

/** ncclConfig_t of NCCL 2.14, the first that had one: later versions take it as it is, and fill in the rest. */
struct Config {
  std::size_t size = sizeof(Config);
  unsigned magic = 0xcafebeef;
  unsigned version = 21400;
  int blocking = 0;
};
static_assert(sizeof(Config) == 24);

/** X(field, symbol, parameters): functions that return a Result. */
#define INFINITILE_NCCL_FUNCTIONS(X)                                                                                     \
  X(getVersion, "ncclGetVersion", (int* version))                                                                        \
  X(getUniqueId, "ncclGetUniqueId", (UniqueId * id))                                                                     \
  X(commInitRankConfig, "ncclCommInitRankConfig", (Comm * comm, int ranks, UniqueId id, int rank, Config* config))       \
  X(commAbort, "ncclCommAbort", (Comm comm))                                                                             \
  X(commGetAsyncError, "ncclCommGetAsyncError", (Comm comm, Result* error))                                              \
  X(groupStart, "ncclGroupStart", ())                                                                                    \
  X(groupEnd, "ncclGroupEnd", ())                                                                                        \
  X(send, "ncclSend", (const void* data, std::size_t count, int type, int peer, Comm comm, cuda::Stream stream))         \
  X(receive, "ncclRecv", (void* data, std::size_t count, int type, int peer, Comm comm, cuda::Stream stream))

struct Functions {
#define INFINITILE_FIELD(field, symbol, parameters) Result(*field) parameters = nullptr;
  INFINITILE_NCCL_FUNCTIONS(INFINITILE_FIELD)
#undef INFINITILE_FIELD
  const char* (*getErrorString)(Result) = nullptr;
  const char* (*getLastError)(Comm) = nullptr;
};

}  // namespace infinitile::nccl
