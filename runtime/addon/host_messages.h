#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "command_list.h"
#include "transport.h"

namespace infinitile {

/** Messages that the host's device has started and not joined, with their transports and their memory. The device's thread. */
class HostMessages {
 public:
  HostMessages() = default;
  /** Aborts what was started and is not joined. */
  ~HostMessages();
  HostMessages(const HostMessages&) = delete;
  HostMessages& operator=(const HostMessages&) = delete;

  void start(const Exchange& exchange);
  void join(const Join& join, const std::atomic<bool>& cancelled);

 private:
  /** Of one transport. */
  struct Started {
    std::shared_ptr<HostTransport> transport;
    std::vector<std::shared_ptr<Buffer>> buffers;
  };
  std::vector<Started> started_;
};

}  // namespace infinitile
