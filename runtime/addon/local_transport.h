#pragma once

#include <memory>
#include <string>
#include <vector>

#include "local_end.h"
#include "transport.h"

namespace infinitile {

/** Between the devices of one process: whoever receives copies from the sender's memory. */
class LocalTransport final : public HostTransport {
 public:
  LocalTransport(std::shared_ptr<LocalGroup> group, int rank) : HostTransport(rank, group->ranks()), end_(std::move(group), rank) {}

  void start(std::vector<Piece> pieces, const std::string& step) override;
  void join(const std::atomic<bool>& cancelled) override { end_.join(cancelled); }
  void abort(const std::string& reason) override { end_.lose(reason); }

  /** For those who move messages in other ways. */
  LocalEnd& end() { return end_; }
  /** Sends through the end, and counts. */
  void send(std::shared_ptr<LocalPost> post);

 private:
  LocalEnd end_;
};

}  // namespace infinitile
