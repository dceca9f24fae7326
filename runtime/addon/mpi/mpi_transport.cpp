#include "mpi_transport.h"

#include <exception>
#include <utility>

namespace infinitile {

MpiTransport::MpiTransport(std::shared_ptr<MpiThread> thread, std::shared_ptr<Group> group, int tag, std::chrono::milliseconds patience)
    : HostTransport(group->place().rank, group->place().ranks),
      thread_(std::move(thread)),
      group_(std::move(group)),
      channel_(std::make_shared<Channel>(rank(), group_->data(), tag, patience)) {
  thread_->post([group = group_, channel = channel_] { group->add(channel); });
}

MpiTransport::~MpiTransport() { channel_->close(); }

void MpiTransport::start(std::vector<Piece> pieces, const std::string& step) {
  for (const Piece& piece : pieces)
    if (piece.send) countSent(piece.peer, piece.bytes);
  channel_->start(std::move(pieces), step);
  thread_->wake();
}

void MpiTransport::join(const std::atomic<bool>& cancelled) {
  try {
    channel_->join(cancelled);
  } catch (const std::exception& error) {
    abort(error.what());
    throw;
  }
}

void MpiTransport::abort(const std::string& reason) {
  channel_->fail(reason);
  thread_->post([group = group_, reason] { group->fail(reason); });
}

}  // namespace infinitile
