#pragma once

#include <string>

namespace infinitile {

/** What the thread of MPI looks after. It alone calls these methods. */
class Activity {
 public:
  enum class State {
    /** It waits for no one. */
    idle,
    waiting,
    /** Something came or went since the last look. */
    moved,
    done,
  };

  virtual ~Activity() = default;
  Activity() = default;
  Activity(const Activity&) = delete;
  Activity& operator=(const Activity&) = delete;

  /** Looks, and never blocks. What it throws ends the group for all ranks. */
  virtual State poll() = 0;
  /** The group is lost: nothing that it waits for will come. It is not polled again. */
  virtual void fail(const std::string& reason) = 0;
};

}  // namespace infinitile
