#include "nccl_transport.h"

#include <set>
#include <stdexcept>
#include <thread>
#include <utility>

#include "errors.h"

namespace infinitile {

namespace {

constexpr std::chrono::microseconds kGlance{50};
const std::string kJoining = "joining the group";

std::string withinText(std::chrono::milliseconds patience) { return " within " + std::to_string(patience.count()) + " ms"; }

/** `rank 1`, or `ranks 1, 2`. */
std::string peersOf(const std::vector<Message>& messages) {
  std::set<int> peers;
  for (const Message& message : messages) peers.insert(message.peer);
  std::string text;
  for (const int peer : peers) text += (text.empty() ? " " : ", ") + std::to_string(peer);
  return (peers.size() > 1 ? "ranks" : "rank") + text;
}

}  // namespace

NcclTransport::NcclTransport(std::shared_ptr<const NcclLibrary> nccl, std::shared_ptr<const CudaContext> context,
                             const NcclMembership& membership, const std::atomic<bool>& cancelled)
    : Transport(membership.rank, membership.ranks),
      CudaTransport(std::move(context)),
      nccl_(std::move(nccl)),
      patience_(membership.patience) {
  nccl::Config config;
  const nccl::Result result = nccl_->commInitRankConfig(&comm_, membership.ranks, membership.id, membership.rank, &config);
  settle(result, kJoining, "not every rank has joined", cancelled);
}

NcclTransport::~NcclTransport() {
  const CudaContext::Scope scope(*context_);
  // Destroying it in friendship would wait for the other ranks.
  if (scope.entered()) giveUp();
}

void NcclTransport::start(const std::vector<Message>& messages, const std::string& step, cuda::Stream compute,
                          const std::atomic<bool>& cancelled) {
  requireOpen(step, cancelled);
  followCompute(compute);
  Group group{step, peersOf(messages), std::make_unique<CudaEvent>(context_), std::make_unique<CudaEvent>(context_), std::nullopt};
  group.begun->record(stream_.handle());
  nccl::Result result = nccl_->groupStart();
  for (const Message& message : messages)
    if (result == nccl::kSuccess || result == nccl::kInProgress) result = enqueue(message);
  const nccl::Result ended = nccl_->groupEnd();
  settle(result == nccl::kSuccess ? ended : result, step, "no connection to " + group.peers, cancelled);
  group.done->record(stream_.handle());
  groups_.push_back(std::move(group));
}

nccl::Result NcclTransport::enqueue(const Message& message) {
  auto* const data = reinterpret_cast<void*>(message.buffer->address() + message.offset);
  if (!message.send) return nccl_->receive(data, message.bytes, nccl::kBytes, message.peer, comm_, stream_.handle());
  countSent(message.peer, message.bytes);
  return nccl_->send(data, message.bytes, nccl::kBytes, message.peer, comm_, stream_.handle());
}

void NcclTransport::join(cuda::Stream compute, const std::atomic<bool>& cancelled) {
  requireOpen(groups_.empty() ? "joining messages" : groups_.back().step, cancelled);
  holdBackCompute(compute);
}

void NcclTransport::check(const std::atomic<bool>& cancelled) {
  while (!groups_.empty() && groups_.front().done->reached()) groups_.pop_front();
  if (groups_.empty()) return;
  Group& group = groups_.front();
  requireOpen(group.step, cancelled);
  nccl::Result state = nccl::kSuccess;
  nccl_->commGetAsyncError(comm_, &state);
  if (state != nccl::kSuccess && state != nccl::kInProgress)
    fail(place(group.step) + "messages with " + group.peers + ": " + nccl_->explain(state, comm_));
  // Until then the GPU computes what comes before.
  if (!group.begun->reached()) return;
  if (!group.since) group.since = Time::now();
  if (Time::now() - *group.since >= patience_)
    fail(place(group.step) + "messages with " + group.peers + " have not passed" + withinText(patience_));
}

void NcclTransport::settle(nccl::Result result, const std::string& step, const std::string& missed, const std::atomic<bool>& cancelled) {
  const Time::time_point end = Time::now() + patience_;
  while (result == nccl::kInProgress) {
    requireOpen(step, cancelled);
    const nccl::Result asked = nccl_->commGetAsyncError(comm_, &result);
    if (asked != nccl::kSuccess) result = asked;
    if (result != nccl::kInProgress) break;
    if (Time::now() >= end) fail(place(step) + missed + withinText(patience_));
    std::this_thread::sleep_for(kGlance);
  }
  if (result != nccl::kSuccess) fail(place(step) + nccl_->explain(result, comm_));
}

void NcclTransport::requireOpen(const std::string& step, const std::atomic<bool>& cancelled) {
  if (cancelled) {
    giveUp();
    abort("its device was closed");
    throw std::runtime_error("the device was closed while rank " + std::to_string(rank()) + " had messages on their way (" + step + ")");
  }
  const std::lock_guard<std::mutex> lock(mutex_);
  if (!lost_) return;
  giveUp();
  throw TransportFailure(place(step) + *lost_);
}

void NcclTransport::abort(const std::string& reason) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (!lost_) lost_ = reason;
}

void NcclTransport::giveUp() {
  if (comm_) nccl_->commAbort(comm_);
  comm_ = nullptr;
}

void NcclTransport::fail(const std::string& reason) {
  giveUp();
  abort(reason);
  throw TransportFailure(reason);
}

}  // namespace infinitile
