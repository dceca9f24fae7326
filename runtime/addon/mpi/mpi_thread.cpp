#include "mpi_thread.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <utility>

namespace infinitile {

namespace {

using std::chrono::microseconds;

/** Pauses between two looks. An idle rank looks too: connections and news from others come in by its own calls alone. */
constexpr microseconds kShortest{20};
constexpr microseconds kLongest{500};
constexpr microseconds kIdle{10'000};

/** A message that MPI sends piecemeal moves with each look, unseen: for so long after the last move pauses stay short. */
constexpr std::chrono::milliseconds kLively{5};

/** How long to pause after each look. */
class Pace {
 public:
  microseconds after(Activity::State state) {
    if (state == Activity::State::idle) return kIdle;
    const Time::time_point now = Time::now();
    if (state == Activity::State::moved) movedAt_ = now;
    pause_ = now - movedAt_ < kLively ? kShortest : std::min(2 * pause_, kLongest);
    return pause_;
  }

 private:
  using Time = std::chrono::steady_clock;

  Time::time_point movedAt_ = Time::now();
  microseconds pause_ = kShortest;
};

/** Work that has begun, MPI_Init for one, has so long to end when the thread is stopped. */
constexpr std::chrono::milliseconds kFarewell{100};

}  // namespace

struct MpiThread::Shared {
  explicit Shared(Look given) : look(std::move(given)) {}

  Look look;
  std::mutex mutex;
  std::condition_variable changed;
  std::deque<Work> works;
  bool stopping = false;
  bool ended = false;
};

MpiThread::MpiThread(Look look) : shared_(std::make_shared<Shared>(std::move(look))) {
  thread_ = std::thread([shared = shared_] { run(*shared); });
}

MpiThread::~MpiThread() { stop(); }

void MpiThread::post(Work work) {
  {
    const std::lock_guard<std::mutex> lock(shared_->mutex);
    if (shared_->stopping) return;
    shared_->works.push_back(std::move(work));
  }
  shared_->changed.notify_all();
}

void MpiThread::stop() {
  if (!thread_.joinable()) return;
  bool ended = false;
  {
    std::unique_lock<std::mutex> lock(shared_->mutex);
    shared_->stopping = true;
    shared_->changed.notify_all();
    ended = shared_->changed.wait_for(lock, kFarewell, [this] { return shared_->ended; });
  }
  if (ended)
    thread_.join();
  else
    thread_.detach();
}

void MpiThread::run(Shared& shared) {
  Pace pace;
  std::unique_lock<std::mutex> lock(shared.mutex);
  while (!shared.stopping) {
    std::deque<Work> works;
    works.swap(shared.works);
    lock.unlock();
    for (const Work& work : works) work();
    works.clear();
    const microseconds pause = pace.after(shared.look());
    lock.lock();
    shared.changed.wait_for(lock, pause, [&shared] { return shared.stopping || !shared.works.empty(); });
  }
  shared.ended = true;
  shared.changed.notify_all();
}

}  // namespace infinitile
