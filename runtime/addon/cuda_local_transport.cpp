#include "cuda_local_transport.h"

#include <exception>
#include <stdexcept>
#include <utility>

namespace infinitile {

void CudaLocalTransport::start(const std::vector<Message>& messages, const std::string& step, cuda::Stream compute,
                               const std::atomic<bool>&) {
  step_ = step;
  transport_->end().require(step);
  followCompute(compute);
  const auto written = std::make_shared<CudaEvent>(context_);
  written->record(compute);
  for (const Message& message : messages) {
    if (message.send) {
      auto post = std::make_shared<LocalPost>();
      post->data = reinterpret_cast<const void*>(message.buffer->address() + message.offset);
      post->bytes = message.bytes;
      post->to = message.peer;
      post->step = step;
      post->written = written;
      transport_->send(std::move(post));
    } else {
      transport_->end().receive(message.peer, message.bytes, step, [this, message](LocalPost& post) { take(message, post); });
    }
  }
  transport_->end().glance();
}

void CudaLocalTransport::take(const Message& message, LocalPost& post) {
  if (!post.written) throw std::runtime_error("ranks of one process are either all on GPUs or all on the CPU");
  post.written->holdBack(stream_.handle());
  if (post.bytes > 0)
    driver().check(driver().memcpyAny(message.buffer->address() + message.offset, reinterpret_cast<cuda::DevicePointer>(post.data),
                                      post.bytes, stream_.handle()),
                   "copying a message of " + std::to_string(post.bytes) + " bytes");
  auto copied = std::make_shared<CudaEvent>(context_);
  copied->record(stream_.handle());
  post.copied = std::move(copied);
}

void CudaLocalTransport::join(cuda::Stream compute, const std::atomic<bool>& cancelled) {
  try {
    transport_->end().join(cancelled);
  } catch (const std::exception&) {
    for (const std::shared_ptr<LocalPost>& post : transport_->end().taken())
      if (post->copied) post->copied->wait();
    throw;
  }
  // A rank that could not take a message has none to show for it, and loses the group.
  for (const std::shared_ptr<LocalPost>& post : transport_->end().taken())
    if (post->copied) post->copied->holdBack(compute);
  holdBackCompute(compute);
}

void CudaLocalTransport::check(const std::atomic<bool>&) { transport_->end().require(step_); }

}  // namespace infinitile
