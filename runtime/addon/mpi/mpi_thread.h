#pragma once

#include <functional>
#include <memory>
#include <thread>

#include "activity.h"

namespace infinitile {

/**
 * The one thread that calls MPI. It does what it is handed, and looks between that after what is on its way: again and again while
 * things move, then ever more rarely, since the ranks of a node share its cores with their kernels.
 *
 * `post` and `wake` may be called on any thread, the rest on the main thread.
 */
class MpiThread {
 public:
  using Work = std::function<void()>;
  /** What the looks of one turn found: `idle`, `waiting` or `moved`. */
  using Look = std::function<Activity::State()>;

  explicit MpiThread(Look look);
  /** Does not wait for a call that blocks: MPI_Init does, until every rank has come to it. */
  ~MpiThread();
  MpiThread(const MpiThread&) = delete;
  MpiThread& operator=(const MpiThread&) = delete;

  /** After the end: nothing. `work` does not throw. */
  void post(Work work);
  /** There is something new to look at. */
  void wake() { post([] {}); }
  void stop();

 private:
  struct Shared;
  static void run(Shared& shared);

  std::shared_ptr<Shared> shared_;
  std::thread thread_;
};

}  // namespace infinitile
