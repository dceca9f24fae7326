#pragma once

#include <mpi.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "../transport.h"
#include "activity.h"
#include "patience.h"

namespace infinitile {

/**
 * The messages of one transport: the thread of its device starts them and waits, the thread of MPI sends and receives. What has been
 * given to MPI keeps its memory until it is through, whoever has stopped waiting for it.
 */
class Channel final : public Activity {
 public:
  using Piece = HostTransport::Piece;

  Channel(int rank, MPI_Comm comm, int tag, std::chrono::milliseconds patience)
      : rank_(rank), comm_(comm), tag_(tag), patience_(patience) {}

  /** Throws where the channel has failed. */
  void start(std::vector<Piece> pieces, const std::string& step);
  /** As HostTransport::join. What throws has failed the channel. */
  void join(const std::atomic<bool>& cancelled);
  /** No more messages: the thread of MPI looks after those on their way and then no longer. */
  void close();

  State poll() override;
  void fail(const std::string& reason) override;

 private:
  /** A piece, or a part of one. */
  struct Transfer {
    Piece piece;
    std::string step;
    MPI_Request request = MPI_REQUEST_NULL;
    bool begun = false;
    bool ended = false;
  };

  /** Whether any transfer began. */
  bool begin();
  /** Whether any has ended. */
  bool settle();
  std::string placeOf(const Transfer& transfer) const;
  /** What `work` throws, with the transfer it is about. */
  template <class Work>
  void naming(const Transfer& transfer, Work work) const;

  const int rank_;
  const MPI_Comm comm_;
  const int tag_;

  /** Guards what follows. */
  std::mutex mutex_;
  std::condition_variable changed_;
  /** In the order they were started. */
  std::deque<Transfer> transfers_;
  Patience patience_;
  std::optional<std::string> failure_;
  bool closed_ = false;
};

}  // namespace infinitile
