#pragma once

#include <atomic>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "local_group.h"

namespace infinitile {

/** One rank's end of a group: what it has sent, and what it waits for. The thread of the rank's device, but for `lose`. */
class LocalEnd {
 public:
  /** Copies a message, or has it copied. Without the mutex; while it runs, the sender leaves the message where it is. */
  using Take = std::function<void(LocalPost& post)>;

  LocalEnd(std::shared_ptr<LocalGroup> group, int rank)
      : group_(std::move(group)), rank_(rank), awaited_(static_cast<std::size_t>(group_->ranks())) {}

  int rank() const { return rank_; }
  /** From now on waits look out before they sleep: for a thread that computes nothing itself. */
  void hurry() { hurries_ = true; }
  /** Throws where the group is lost. */
  void require(const std::string& step);
  void send(std::shared_ptr<LocalPost> post);
  void receive(int from, std::size_t bytes, const std::string& step, Take take);
  /** Takes what has arrived. */
  void glance();
  /**
   * Waits until everything that was sent and is awaited has been taken. Throws as HostTransport::join does; no other rank takes
   * anything then. What throws loses the group.
   */
  void join(const std::atomic<bool>& cancelled);
  /** What the last join found taken by other ranks. */
  const std::vector<std::shared_ptr<LocalPost>>& taken() const { return taken_; }
  /** Any thread. */
  void lose(const std::string& reason);

 private:
  using Lock = std::unique_lock<std::mutex>;
  struct Awaited {
    std::size_t bytes;
    std::string step;
    Take take;
  };

  void takeArrived(Lock& lock);
  void take(int from, const Awaited& awaited, LocalPost& post, Lock& lock);
  void collectTaken();
  std::size_t pending() const;
  void await(const std::atomic<bool>& cancelled, Lock& lock);
  void waitForChange(Lock& lock);
  /** The group is lost for what the rank waits for first. */
  [[noreturn]] void giveUp(const std::atomic<bool>& cancelled);
  void withdraw(Lock& lock);
  [[noreturn]] void fail(const std::string& reason);

  std::shared_ptr<LocalGroup> group_;
  int rank_;
  bool hurries_ = false;
  /** By the rank they come from: messages of one rank come in order. */
  std::vector<std::deque<Awaited>> awaited_;
  std::vector<std::shared_ptr<LocalPost>> sent_;
  std::vector<std::shared_ptr<LocalPost>> taken_;
};

}  // namespace infinitile
