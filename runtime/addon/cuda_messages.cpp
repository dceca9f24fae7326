#include "cuda_messages.h"

#include <algorithm>
#include <exception>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>

#include "cuda_local_transport.h"
#include "cuda_staged_transport.h"

namespace infinitile {

namespace {

using Time = std::chrono::steady_clock;

/** Between two looks, once a wait is long. */
constexpr std::chrono::microseconds kGlance{50};

}  // namespace

CudaMessages::~CudaMessages() {
  const std::atomic<bool> closed{true};
  for (const Entry& entry : entries_) {
    if (!entry.underWay()) continue;
    entry.transport->abort("rank " + std::to_string(entry.transport->rank()) + " was closed with messages on their way");
    try {
      entry.carrier->join(nullptr, closed);
    } catch (const std::exception&) {
      // The reason of above: nobody is left to be told.
    }
  }
  context_->driver().contextSynchronize();
}

void CudaMessages::start(const Exchange& exchange, cuda::Stream compute, const std::atomic<bool>& cancelled) {
  Entry& entry = entryOf(exchange.transport);
  for (const Message& message : exchange.messages) entry.started.push_back(message.buffer);
  entry.carrier->start(exchange.messages, exchange.step, compute, cancelled);
}

void CudaMessages::join(const Join& join, cuda::Stream compute, const std::atomic<bool>& cancelled) {
  Entry& entry = entryOf(join.transport);
  entry.joined.insert(entry.joined.end(), entry.started.begin(), entry.started.end());
  entry.started.clear();
  entry.carrier->join(compute, cancelled);
}

cuda::Result CudaMessages::wait(const CudaStream& compute, std::chrono::milliseconds patience, const std::atomic<bool>& cancelled) {
  const Time::time_point sleepAt = Time::now() + patience;
  cuda::Result result = cuda::kErrorNotReady;
  while (underWay()) {
    result = context_->driver().streamQuery(compute.handle());
    if (result != cuda::kErrorNotReady) break;
    for (const Entry& entry : entries_)
      if (entry.underWay()) entry.carrier->check(cancelled);
    if (Time::now() >= sleepAt) std::this_thread::sleep_for(kGlance);
  }
  if (result == cuda::kErrorNotReady) result = compute.wait(context_->driver(), patience);
  for (Entry& entry : entries_) entry.joined.clear();
  return result;
}

void CudaMessages::calm() {
  const std::atomic<bool> cancelled{false};
  for (Entry& entry : entries_) {
    try {
      while (!entry.carrier->idle()) {
        entry.carrier->check(cancelled);
        std::this_thread::sleep_for(kGlance);
      }
    } catch (const std::exception&) {
      // Given up: that lets the GPU end what it has. What failed first is told.
    }
  }
}

CudaMessages::Entry& CudaMessages::entryOf(const std::shared_ptr<Transport>& transport) {
  const auto entry = std::find_if(entries_.begin(), entries_.end(), [&](const Entry& one) { return one.transport == transport; });
  if (entry != entries_.end()) return *entry;
  entries_.push_back({transport, carrierOf(transport), {}, {}});
  return entries_.back();
}

std::shared_ptr<CudaTransport> CudaMessages::carrierOf(const std::shared_ptr<Transport>& transport) const {
  if (auto carrier = std::dynamic_pointer_cast<CudaTransport>(transport)) {
    if (carrier->context().handle() != context_->handle()) throw std::invalid_argument("the transport carries messages of another GPU");
    return carrier;
  }
  if (auto local = std::dynamic_pointer_cast<LocalTransport>(transport)) return std::make_shared<CudaLocalTransport>(context_, std::move(local));
  return std::make_shared<CudaStagedTransport>(context_, std::dynamic_pointer_cast<HostTransport>(transport));
}

bool CudaMessages::underWay() const {
  return std::any_of(entries_.begin(), entries_.end(), [](const Entry& entry) { return entry.underWay(); });
}

}  // namespace infinitile
