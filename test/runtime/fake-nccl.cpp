// NCCL without a GPU, for the ranks of one process, over the streams of device-fake-driver.cpp: a group's sends and receives are done
// when its stream comes to them. FAKE_NCCL_FAILS: `init`, `send`, or `later`, when messages are on their way.
#include <cstdlib>
#include <cstring>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "fake-streams.h"

/** Of the driver's library. */
void fakeStreamGive(void* stream, fake::Work work) asm("fakeStreamGive");

namespace {

constexpr int kSystemError = 2, kInvalidArgument = 4, kRemoteError = 6, kInProgress = 7;

struct Id {
  char bytes[128];
};

struct Config {
  std::size_t size;
  unsigned magic, version;
  int blocking;
};

struct World {
  int joined = 0;
  int ranks = 0;
  std::map<std::pair<int, int>, std::deque<std::vector<char>>> mailboxes;
};

struct Comm {
  std::shared_ptr<World> world;
  int rank = 0;
  int asked = 0;
  bool lost = false;
  bool aborted = false;
};

struct Call {
  bool send;
  void* data;
  std::size_t bytes;
  int peer;
  Comm* comm;
  void* stream;
};

std::recursive_mutex mutex;
using Lock = std::lock_guard<std::recursive_mutex>;
std::map<int, std::shared_ptr<World>> worlds;
thread_local std::vector<Call> calls;

bool fails(const char* when) {
  const char* told = std::getenv("FAKE_NCCL_FAILS");
  return told && std::strcmp(told, when) == 0;
}

/** Sends, and takes what has come; whether nothing is left. */
bool perform(std::vector<Call>& left) {
  const Lock lock(mutex);
  std::vector<Call> blocked;
  for (const Call& call : left) {
    if (call.comm->aborted) continue;
    World& world = *call.comm->world;
    const char* const data = static_cast<const char*>(call.data);
    auto& mailbox = call.send ? world.mailboxes[{call.comm->rank, call.peer}] : world.mailboxes[{call.peer, call.comm->rank}];
    if (call.send) {
      mailbox.emplace_back(data, data + call.bytes);
    } else if (mailbox.empty()) {
      blocked.push_back(call);
    } else {
      std::memcpy(call.data, mailbox.front().data(), call.bytes);
      mailbox.pop_front();
    }
  }
  left = blocked;
  return left.empty();
}

}  // namespace

#define EXPORT extern "C" __attribute__((visibility("default")))

EXPORT int ncclGetVersion(int* version) { return *version = 23004, 0; }
EXPORT const char* ncclGetErrorString(int result) {
  return result == kRemoteError ? "remote process exited" : result == kSystemError ? "unhandled system error" : "invalid argument";
}
EXPORT const char* ncclGetLastError(void*) { return "told in words"; }
EXPORT int ncclGetUniqueId(Id* id) {
  static int made = 0;
  std::memset(id, 0, sizeof *id);
  id->bytes[127] = static_cast<char>(++made);
  return 0;
}
EXPORT int ncclCommInitRankConfig(Comm** comm, int ranks, Id id, int rank, const Config* config) {
  if (config->size != sizeof *config || config->magic != 0xcafebeef || config->blocking != 0) return kInvalidArgument;
  if (fails("init")) return kSystemError;
  const Lock lock(mutex);
  std::shared_ptr<World>& world = worlds[id.bytes[127]];
  if (!world) world = std::make_shared<World>();
  world->ranks = ranks;
  world->joined += 1;
  *comm = new Comm{world, rank};
  return kInProgress;
}
/** What goes on is asked for twice. */
EXPORT int ncclCommGetAsyncError(Comm* comm, int* result) {
  const Lock lock(mutex);
  const bool busy = comm->world->joined < comm->world->ranks || ++comm->asked % 2 == 1;
  return *result = comm->lost ? kRemoteError : busy ? kInProgress : 0, 0;
}
/** Kept: what it had on a stream refers to it. */
EXPORT int ncclCommAbort(Comm* comm) {
  const Lock lock(mutex);
  return comm->aborted = true, 0;
}

EXPORT int ncclGroupStart() { return calls.clear(), 0; }
EXPORT int ncclSend(void* data, std::size_t count, int, int peer, Comm* comm, void* stream) {
  if (fails("send")) return kInvalidArgument;
  return calls.push_back({true, data, count, peer, comm, stream}), 0;
}
EXPORT int ncclRecv(void* data, std::size_t count, int, int peer, Comm* comm, void* stream) {
  return calls.push_back({false, data, count, peer, comm, stream}), 0;
}
EXPORT int ncclGroupEnd() {
  if (calls.empty()) return 0;
  Comm& comm = *calls.front().comm;
  comm.lost = fails("later");
  if (comm.lost)
    fakeStreamGive(calls.front().stream, [&comm] { return comm.aborted; });
  else
    fakeStreamGive(calls.front().stream, [left = calls]() mutable { return perform(left); });
  return comm.lost ? 0 : kInProgress;
}
