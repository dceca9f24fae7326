#include "cuda_staged_transport.h"

#include <utility>

namespace infinitile {

CudaStagedTransport::~CudaStagedTransport() {
  // Blocks are freed once nothing is copied from or to them.
  const CudaContext::Scope scope(*context_);
  if (scope.entered()) stream_.wait(driver());
}

void CudaStagedTransport::start(const std::vector<Message>& messages, const std::string& step, cuda::Stream compute,
                                const std::atomic<bool>&) {
  followCompute(compute);
  std::vector<HostTransport::Piece> pieces;
  pieces.reserve(messages.size());
  for (const Message& message : messages) {
    const Staged staged{message, memory_.take(message.bytes)};
    HostTransport::Piece piece{message.send, message.peer, staged.block->data(), message.bytes, nullptr, staged.block};
    if (message.send)
      piece.ready = [context = context_, there = stage(staged)] {
        const CudaContext::Scope scope(*context);
        scope.require();
        return there->reached();
      };
    started_.push_back(staged);
    pieces.push_back(std::move(piece));
  }
  transport_->start(std::move(pieces), step);
}

std::shared_ptr<CudaEvent> CudaStagedTransport::stage(const Staged& staged) {
  const auto& [message, block] = staged;
  if (message.bytes > 0)
    driver().check(driver().memcpyToHost(block->data(), message.buffer->address() + message.offset, message.bytes, stream_.handle()),
                   "copying a message of " + std::to_string(message.bytes) + " bytes to the host");
  auto there = std::make_shared<CudaEvent>(context_);
  there->record(stream_.handle());
  return there;
}

void CudaStagedTransport::join(cuda::Stream compute, const std::atomic<bool>& cancelled) {
  const std::vector<Staged> joined = std::exchange(started_, {});
  transport_->join(cancelled);
  const auto landed = std::make_shared<CudaEvent>(context_);
  for (const auto& [message, block] : joined) {
    if (message.send || message.bytes == 0) continue;
    driver().check(driver().memcpyToDevice(message.buffer->address() + message.offset, block->data(), message.bytes, stream_.handle()),
                   "copying a message of " + std::to_string(message.bytes) + " bytes from the host");
  }
  landed->record(stream_.handle());
  for (const auto& [message, block] : joined) memory_.giveBack(block, message.send ? nullptr : landed);
  holdBackCompute(compute);
}

}  // namespace infinitile
