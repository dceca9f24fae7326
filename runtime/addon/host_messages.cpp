#include "host_messages.h"

#include <algorithm>
#include <exception>
#include <stdexcept>
#include <string>
#include <utility>

namespace infinitile {

namespace {

std::shared_ptr<HostTransport> onHost(const std::shared_ptr<Transport>& transport) {
  auto host = std::dynamic_pointer_cast<HostTransport>(transport);
  if (!host) throw std::invalid_argument("the transport carries memory of GPUs, not of the host");
  return host;
}

}  // namespace

HostMessages::~HostMessages() {
  const std::atomic<bool> closed{true};
  for (const Started& started : started_) {
    HostTransport& transport = *started.transport;
    transport.abort("rank " + std::to_string(transport.rank()) + " was closed with messages on their way");
    try {
      // Until a join has ended, the messages' memory is the transport's.
      transport.join(closed);
    } catch (const std::exception&) {
      // The reason of above: nobody is left to be told.
    }
  }
}

void HostMessages::start(const Exchange& exchange) {
  const std::shared_ptr<HostTransport> transport = onHost(exchange.transport);
  auto started = std::find_if(started_.begin(), started_.end(), [&](const Started& one) { return one.transport == transport; });
  if (started == started_.end()) started = started_.insert(started_.end(), {transport, {}});
  std::vector<HostTransport::Piece> pieces;
  pieces.reserve(exchange.messages.size());
  for (const Message& message : exchange.messages) {
    started->buffers.push_back(message.buffer);
    pieces.push_back({message.send, message.peer, reinterpret_cast<void*>(message.buffer->address() + message.offset), message.bytes,
                      nullptr, message.buffer});
  }
  transport->start(std::move(pieces), exchange.step);
}

void HostMessages::join(const Join& join, const std::atomic<bool>& cancelled) {
  const auto started = std::find_if(started_.begin(), started_.end(), [&](const Started& one) { return one.transport == join.transport; });
  if (started == started_.end()) return;
  // Whether it returns or throws: the memory is free afterwards.
  const Started joined = std::move(*started);
  started_.erase(started);
  joined.transport->join(cancelled);
}

}  // namespace infinitile
