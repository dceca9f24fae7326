#pragma once

#include <memory>
#include <string>
#include <vector>

#include "cuda_pinned_memory.h"
#include "cuda_transport.h"

namespace infinitile {

/** Messages of a GPU over a transport between hosts: through page-locked memory. */
class CudaStagedTransport final : public CudaTransport {
 public:
  CudaStagedTransport(std::shared_ptr<const CudaContext> context, std::shared_ptr<HostTransport> transport)
      : CudaTransport(context), transport_(std::move(transport)), memory_(std::move(context)) {}
  ~CudaStagedTransport() override;

  void start(const std::vector<Message>& messages, const std::string& step, cuda::Stream compute,
             const std::atomic<bool>& cancelled) override;
  void join(cuda::Stream compute, const std::atomic<bool>& cancelled) override;
  /** Nothing on the GPU waits for another rank: `join` has done so. */
  void check(const std::atomic<bool>&) override {}

 private:
  /** A message, and its memory of the host. */
  struct Staged {
    Message message;
    std::shared_ptr<PinnedBlock> block;
  };
  /** Copies what is sent to its block, which is there once the event is reached. */
  std::shared_ptr<CudaEvent> stage(const Staged& staged);

  std::shared_ptr<HostTransport> transport_;
  PinnedMemory memory_;
  std::vector<Staged> started_;
};

}  // namespace infinitile
