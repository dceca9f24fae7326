#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace infinitile {

class CudaEvent;

/** A message on its way from one rank of a process to another. Its state is guarded by the group's mutex; the rest stays as it is, but for what its taker adds. */
struct LocalPost {
  /** Where it lies with the sender. */
  const void* data = nullptr;
  std::size_t bytes = 0;
  int to = 0;
  std::string step;
  /** Whether it is there yet. Empty: it is. */
  std::function<bool()> ready;
  /** Of memory of a GPU, what it is there after; and then, once it has been taken, what it has been copied after. */
  std::shared_ptr<const CudaEvent> written;
  std::shared_ptr<const CudaEvent> copied;

  enum class State { waiting, beingTaken, taken };
  State state = State::waiting;
};

/** What the ranks of one process share. */
class LocalGroup {
 public:
  using Mailbox = std::deque<std::shared_ptr<LocalPost>>;

  LocalGroup(int ranks, std::chrono::milliseconds patience)
      : ranks_(ranks), patience_(patience), mailboxes_(static_cast<std::size_t>(ranks) * static_cast<std::size_t>(ranks)) {}

  int ranks() const { return ranks_; }
  std::chrono::milliseconds patience() const { return patience_; }

  std::mutex mutex;
  /** A message has been sent or taken, or the group is lost. */
  std::condition_variable changed;
  /** How often, for those who look without the mutex. */
  std::atomic<std::uint64_t> changes{0};

  /** With the mutex: messages that nobody has taken, in the order they were sent. */
  Mailbox& mailbox(int from, int to) { return mailboxes_[static_cast<std::size_t>(from * ranks_ + to)]; }
  const std::optional<std::string>& lost() const { return lost_; }
  /** Tells all ranks. The first reason counts. */
  void lose(const std::string& reason) {
    if (!lost_) lost_ = reason;
    tell();
  }
  /** With the mutex: something has changed. */
  void tell() {
    ++changes;
    changed.notify_all();
  }

 private:
  int ranks_;
  std::chrono::milliseconds patience_;
  std::vector<Mailbox> mailboxes_;
  std::optional<std::string> lost_;
};

}  // namespace infinitile
