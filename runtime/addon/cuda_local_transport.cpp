#include "cuda_local_transport.h"

#include <exception>
#include <stdexcept>
#include <utility>

namespace infinitile {

void CudaLocalTransport::start(const std::vector<Message>& messages, const std::string& step, cuda::Stream compute,
                               const std::atomic<bool>&) {
  step_ = step;
  transport_->end().require(step);
  copied_ = unusedEvent();
  const std::shared_ptr<CudaEvent> written = unusedEvent();
  written->record(compute);
  written->holdBack(stream_.handle());
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
  if (post.written != followed_) post.written->holdBack(stream_.handle());
  followed_ = post.written;
  const cuda::DevicePointer from = reinterpret_cast<cuda::DevicePointer>(post.data);
  const cuda::DevicePointer to = message.buffer->address() + message.offset;
  // What both ranks have in one place has only to be there.
  if (post.bytes > 0 && from != to)
    driver().check(driver().memcpyAny(to, from, post.bytes, stream_.handle()), "copying a message of " + std::to_string(post.bytes) + " bytes");
  // A sender that sees it waits for the copies so far, its own among them.
  copied_->record(stream_.handle());
  post.copied = copied_;
}

std::shared_ptr<CudaEvent> CudaLocalTransport::unusedEvent() {
  for (const std::shared_ptr<CudaEvent>& event : events_)
    if (event.use_count() == 1) return event;
  return events_.emplace_back(std::make_shared<CudaEvent>(context_));
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
  const CudaEvent* heldBack = nullptr;
  for (const std::shared_ptr<LocalPost>& post : transport_->end().taken()) {
    if (post->copied && post->copied.get() != heldBack) post->copied->holdBack(compute);
    heldBack = post->copied.get();
  }
  followed_ = nullptr;
  holdBackCompute(compute);
}

void CudaLocalTransport::check(const std::atomic<bool>&) { transport_->end().require(step_); }

}  // namespace infinitile
