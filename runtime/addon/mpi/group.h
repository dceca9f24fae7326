#pragma once

#include <mpi.h>

#include <chrono>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "activity.h"
#include "notices.h"

namespace infinitile {

/** The ranks that mpirun started, seen from one of them. Belongs to the thread of MPI, and is there once in a process. */
class Group {
 public:
  /** A rank's number among the ranks of its node, and how many those are. */
  struct Seat {
    int localRank = 0;
    int localRanks = 1;
  };
  struct Place {
    int rank = 0;
    int ranks = 1;
    /** By rank. */
    std::vector<Seat> seats;
    std::string library;
  };

  /** Starts MPI: blocks until every rank does. `onLost` is called with the reason, once, when a rank is lost. */
  const Place& start(std::function<void(const std::string& reason)> onLost);
  const Place& place() const { return place_; }
  /** For gathers, whose tags begin with `kFirstGather`. */
  MPI_Comm control() const { return control_; }
  static constexpr int kFirstGather = 1;
  /** For transports, each with a tag of its own. */
  MPI_Comm data() const { return data_; }

  /** Looks after it until it is done; fails it at once where the group is lost. */
  void add(std::shared_ptr<Activity> activity);
  /** One look at everything. */
  Activity::State poll();
  /** This rank cannot go on: tells the others, and loses the group. Again, or after the end: nothing. */
  void fail(const std::string& reason);
  /**
   * Ends all ranks, this one by its exit code. Where the group is lost the others know why, and have until a second after that to
   * tell it their users.
   */
  [[noreturn]] void kill(int code);
  /** Ends MPI: blocks until every rank does. */
  void end();

 private:
  using Time = std::chrono::steady_clock;

  void lose(const std::string& reason);
  void listen();

  Place place_;
  MPI_Comm control_ = MPI_COMM_NULL;
  MPI_Comm data_ = MPI_COMM_NULL;
  std::optional<Notices> notices_;
  std::list<std::shared_ptr<Activity>> activities_;
  std::function<void(const std::string& reason)> onLost_;
  std::optional<std::string> lost_;
  Time::time_point lostAt_;
};

}  // namespace infinitile
