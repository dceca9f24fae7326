#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "cuda_event.h"
#include "cuda_stream.h"
#include "transport.h"

namespace infinitile {

/**
 * Carries one rank's messages between memories of GPUs, on a stream of its own beside the one that computes. Every method within the
 * context of the rank's GPU, on the thread of its device. Failures are TransportFailures that name rank and step; a runtime_error tells
 * that `cancelled` has turned true.
 */
class CudaTransport {
 public:
  virtual ~CudaTransport();
  CudaTransport(const CudaTransport&) = delete;
  CudaTransport& operator=(const CudaTransport&) = delete;

  /** Starts messages, after what the compute stream has so far. Their memory is theirs until the compute stream is past their join. */
  virtual void start(const std::vector<Message>& messages, const std::string& step, cuda::Stream compute,
                     const std::atomic<bool>& cancelled) = 0;
  /**
   * Lets the compute stream wait for all that was started. When it throws, no other rank reaches for the messages' memory any more; this
   * GPU may, until its streams are done.
   */
  virtual void join(cuda::Stream compute, const std::atomic<bool>& cancelled) = 0;
  /** For the host while it waits for a stream: throws when what was started cannot come to its end, and lets it end. */
  virtual void check(const std::atomic<bool>& cancelled) = 0;

  /** Whether the messages' stream has nothing left to do. */
  bool idle() const;
  const CudaContext& context() const { return *context_; }

 protected:
  explicit CudaTransport(std::shared_ptr<const CudaContext> context);
  /** What messages get from now on waits for what the compute stream has. */
  void followCompute(cuda::Stream compute);
  /** What the compute stream gets from now on waits for what messages have. */
  void holdBackCompute(cuda::Stream compute);
  const CudaDriver& driver() const { return context_->driver(); }

  std::shared_ptr<const CudaContext> context_;
  CudaStream stream_;

 private:
  CudaEvent mark_;
};

}  // namespace infinitile
