#pragma once

#include <memory>
#include <string>
#include <vector>

#include "cuda_transport.h"
#include "local_transport.h"

namespace infinitile {

/**
 * Between GPUs of one process, or devices that share one: the receiver's GPU copies from the sender's memory. Of a message that has been
 * sent before it is awaited, the copy runs beside what is computed until the join.
 */
class CudaLocalTransport final : public CudaTransport {
 public:
  CudaLocalTransport(std::shared_ptr<const CudaContext> context, std::shared_ptr<LocalTransport> transport)
      : CudaTransport(std::move(context)), transport_(std::move(transport)) {
    transport_->end().hurry();
  }

  void start(const std::vector<Message>& messages, const std::string& step, cuda::Stream compute,
             const std::atomic<bool>& cancelled) override;
  void join(cuda::Stream compute, const std::atomic<bool>& cancelled) override;
  void check(const std::atomic<bool>& cancelled) override;

 private:
  void take(const Message& message, LocalPost& post);

  /** One that no message holds: the driver takes as long to make one as to copy. */
  std::shared_ptr<CudaEvent> unusedEvent();

  std::shared_ptr<LocalTransport> transport_;
  std::string step_;
  std::vector<std::shared_ptr<CudaEvent>> events_;
  /** What the messages of the step have been copied after. */
  std::shared_ptr<CudaEvent> copied_;
  /** What the messages' stream waits for already. */
  std::shared_ptr<const CudaEvent> followed_;
};

}  // namespace infinitile
