#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "buffer.h"

namespace infinitile {

/** Bytes of a device that go to another rank, or come from one. From one rank to another, messages arrive in the order they are sent. */
struct Message {
  bool send = false;
  int peer = 0;
  std::shared_ptr<Buffer> buffer;
  std::size_t offset = 0;
  std::size_t bytes = 0;
};

/**
 * Carries one rank's messages. What it has started goes on beside the work of the rank's device, until it is joined.
 *
 * `abort` and `sentBytes` may be called on any thread; the rest belongs to the thread of the rank's device.
 */
class Transport {
 public:
  virtual ~Transport() = default;
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;

  int rank() const { return rank_; }
  int ranks() const { return static_cast<int>(sentBytes_.size()); }
  /** Bytes that were sent so far to a rank: what was started counts. */
  std::uint64_t sentBytes(int peer) const { return sentBytes_[static_cast<std::size_t>(peer)]; }
  /** Ends what is on its way, and what is started later, with a TransportFailure of this reason. Again: nothing. */
  virtual void abort(const std::string& reason) = 0;

 protected:
  Transport(int rank, int ranks) : rank_(rank), sentBytes_(static_cast<std::size_t>(ranks)) {}
  void countSent(int peer, std::size_t bytes) { sentBytes_[static_cast<std::size_t>(peer)] += bytes; }

 private:
  int rank_;
  std::vector<std::atomic<std::uint64_t>> sentBytes_;
};

/** Between memories of hosts: a GPU's messages go through staging memory. */
class HostTransport : public Transport {
 public:
  struct Piece {
    bool send = false;
    int peer = 0;
    void* data = nullptr;
    std::size_t bytes = 0;
    /** Of what is sent: whether it is there yet. Empty: it is. May be called on any thread. */
    std::function<bool()> ready;
    /** A share in the memory, for a transport that cannot take back what is on its way. */
    std::shared_ptr<const void> owner;
  };

  /** Starts messages; their memory is theirs until they are joined. `step`: for errors, such as "forward pass, step 3". */
  virtual void start(std::vector<Piece> pieces, const std::string& step) = 0;
  /**
   * Waits until all that was started is done. Throws a TransportFailure that names this rank, the one it waits for and the step when
   * nothing has moved for the time limit or the transport was aborted, and a runtime_error when `cancelled` turns true.
   * Returned or thrown, it leaves the messages' memory alone, unless it holds a share in it; after an abort it does so soon.
   */
  virtual void join(const std::atomic<bool>& cancelled) = 0;

 protected:
  using Transport::Transport;
};

}  // namespace infinitile
