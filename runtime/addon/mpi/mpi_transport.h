#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "../transport.h"
#include "channel.h"
#include "group.h"
#include "mpi_thread.h"

namespace infinitile {

/** Carries messages by MPI. A failure is the group's: the other ranks are told. */
class MpiTransport final : public HostTransport {
 public:
  /** `tag`: of this transport, the same on every rank. Made on the main thread, when MPI has started. */
  MpiTransport(std::shared_ptr<MpiThread> thread, std::shared_ptr<Group> group, int tag, std::chrono::milliseconds patience);
  ~MpiTransport() override;

  void start(std::vector<Piece> pieces, const std::string& step) override;
  void join(const std::atomic<bool>& cancelled) override;
  void abort(const std::string& reason) override;

 private:
  std::shared_ptr<MpiThread> thread_;
  std::shared_ptr<Group> group_;
  std::shared_ptr<Channel> channel_;
};

}  // namespace infinitile
