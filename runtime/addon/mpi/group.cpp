#include "group.h"

#include <unistd.h>

#include <algorithm>
#include <exception>
#include <iterator>
#include <stdexcept>
#include <thread>
#include <utility>

#include "mpi_call.h"

namespace infinitile {

namespace {

constexpr int kNoticeTag = 0;

/** How long ranks that have heard of a failure may still live. */
constexpr std::chrono::seconds kLastWords{1};

std::string libraryText() {
  char text[MPI_MAX_LIBRARY_VERSION_STRING];
  int length = 0;
  check(MPI_Get_library_version(text, &length), "MPI_Get_library_version");
  const std::string whole(text, static_cast<std::size_t>(length));
  return whole.substr(0, whole.find_first_of(",\n"));
}

/** A communicator of our own, so that nobody's messages are taken for ours, whose errors come back to the caller. */
MPI_Comm duplicateWorld() {
  MPI_Comm comm = MPI_COMM_NULL;
  check(MPI_Comm_dup(MPI_COMM_WORLD, &comm), "MPI_Comm_dup");
  check(MPI_Comm_set_errhandler(comm, MPI_ERRORS_RETURN), "MPI_Comm_set_errhandler");
  return comm;
}

std::vector<Group::Seat> seatsOf(MPI_Comm comm, int ranks) {
  Group::Seat own;
  MPI_Comm node = MPI_COMM_NULL;
  check(MPI_Comm_split_type(comm, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &node), "MPI_Comm_split_type");
  check(MPI_Comm_rank(node, &own.localRank), "MPI_Comm_rank");
  check(MPI_Comm_size(node, &own.localRanks), "MPI_Comm_size");
  check(MPI_Comm_free(&node), "MPI_Comm_free");
  std::vector<Group::Seat> seats(static_cast<std::size_t>(ranks));
  check(MPI_Allgather(&own, countOf(sizeof own), MPI_BYTE, seats.data(), countOf(sizeof own), MPI_BYTE, comm), "MPI_Allgather");
  return seats;
}

}  // namespace

const Group::Place& Group::start(std::function<void(const std::string& reason)> onLost) {
  int started = 0;
  check(MPI_Initialized(&started), "MPI_Initialized");
  if (started != 0) throw std::runtime_error("it was started in this process before, and starts once in the life of a process");
  int provided = MPI_THREAD_SINGLE;
  check(MPI_Init_thread(nullptr, nullptr, MPI_THREAD_FUNNELED, &provided), "MPI_Init_thread");
  if (provided < MPI_THREAD_FUNNELED) throw std::runtime_error("this MPI was built for processes of one thread");
  check(MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN), "MPI_Comm_set_errhandler");
  control_ = duplicateWorld();
  data_ = duplicateWorld();

  check(MPI_Comm_rank(control_, &place_.rank), "MPI_Comm_rank");
  check(MPI_Comm_size(control_, &place_.ranks), "MPI_Comm_size");
  place_.seats = seatsOf(control_, place_.ranks);
  place_.library = libraryText();
  onLost_ = std::move(onLost);
  notices_.emplace(control_, kNoticeTag);
  return place_;
}

void Group::add(std::shared_ptr<Activity> activity) {
  if (lost_)
    activity->fail(*lost_);
  else
    activities_.push_back(std::move(activity));
}

Activity::State Group::poll() {
  if (!notices_) return Activity::State::idle;
  Activity::State all = Activity::State::idle;
  try {
    listen();
    if (lost_) return all;
    for (auto next = activities_.begin(); next != activities_.end();) {
      const Activity::State state = (*next)->poll();
      next = state == Activity::State::done ? activities_.erase(next) : std::next(next);
      all = std::max(all, std::min(state, Activity::State::moved));
    }
  } catch (const std::exception& error) {
    fail(error.what());
  }
  return all;
}

/** Others have told already what a rank hears: it does not tell it again. */
void Group::listen() {
  const std::optional<Notices::Notice> notice = notices_->poll();
  if (notice && !lost_) lose("rank " + std::to_string(notice->from) + " has failed: " + notice->reason);
}

void Group::fail(const std::string& reason) {
  if (lost_ || !notices_) return;
  lose(reason);
  try {
    notices_->tell(reason, place_.rank, place_.ranks);
  } catch (const std::exception&) {
    // Whom the notice does not reach, the time limit does.
  }
}

void Group::lose(const std::string& reason) {
  lost_ = reason;
  lostAt_ = Time::now();
  // They stay here: MPI goes on to use the memory of their messages.
  for (const std::shared_ptr<Activity>& activity : activities_) activity->fail(reason);
  onLost_(reason);
}

void Group::kill(int code) {
  if (notices_ && lost_) {
    try {
      do {
        notices_->poll();
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
      } while (Time::now() < lostAt_ + kLastWords);
    } catch (const std::exception&) {
      // Then they are ended untold.
    }
  }
  if (notices_) MPI_Abort(control_, code);
  _exit(code);
}

void Group::end() {
  if (!notices_) return;
  notices_->stop();
  notices_.reset();
  activities_.clear();
  check(MPI_Finalize(), "MPI_Finalize");
}

}  // namespace infinitile
