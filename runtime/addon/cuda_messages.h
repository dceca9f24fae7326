#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <vector>

#include "command_list.h"
#include "cuda_transport.h"

namespace infinitile {

/** Messages that a GPU has started, with their transports and their memory. Within the context, on the device's thread. */
class CudaMessages {
 public:
  explicit CudaMessages(std::shared_ptr<const CudaContext> context) : context_(std::move(context)) {}
  /** Aborts what was started and is not joined, and waits until the GPU has let go of all. */
  ~CudaMessages();
  CudaMessages(const CudaMessages&) = delete;
  CudaMessages& operator=(const CudaMessages&) = delete;

  void start(const Exchange& exchange, cuda::Stream compute, const std::atomic<bool>& cancelled);
  void join(const Join& join, cuda::Stream compute, const std::atomic<bool>& cancelled);
  /**
   * As CudaStream::wait, but throws when messages cannot come to their end. Then those that were joined are over, and their memory is
   * theirs no longer.
   */
  cuda::Result wait(const CudaStream& compute, std::chrono::milliseconds patience, const std::atomic<bool>& cancelled);
  /** After a failure: until messages are done or given up. The GPU may then be waited for: no rank keeps it. */
  void calm();

 private:
  /** Of one transport. */
  struct Entry {
    std::shared_ptr<Transport> transport;
    std::shared_ptr<CudaTransport> carrier;
    std::vector<std::shared_ptr<Buffer>> started;
    std::vector<std::shared_ptr<Buffer>> joined;
    bool underWay() const { return !started.empty() || !joined.empty(); }
  };
  Entry& entryOf(const std::shared_ptr<Transport>& transport);
  std::shared_ptr<CudaTransport> carrierOf(const std::shared_ptr<Transport>& transport) const;
  bool underWay() const;

  std::shared_ptr<const CudaContext> context_;
  std::vector<Entry> entries_;
};

}  // namespace infinitile
