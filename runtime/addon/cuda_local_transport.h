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
      : CudaTransport(std::move(context)), transport_(std::move(transport)) {}

  void start(const std::vector<Message>& messages, const std::string& step, cuda::Stream compute,
             const std::atomic<bool>& cancelled) override;
  void join(cuda::Stream compute, const std::atomic<bool>& cancelled) override;
  void check(const std::atomic<bool>& cancelled) override;

 private:
  void take(const Message& message, LocalPost& post);

  std::shared_ptr<LocalTransport> transport_;
  std::string step_;
};

}  // namespace infinitile
