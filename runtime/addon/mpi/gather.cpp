#include "gather.h"

#include <algorithm>
#include <utility>

#include "../errors.h"
#include "mpi_call.h"

namespace infinitile {

namespace {

/** `rank 3`, `ranks 0, 1 and 3`; of many the first. */
std::string namesOf(const std::vector<int>& ranks) {
  constexpr std::size_t kMost = 8;
  std::string text = ranks.size() == 1 ? "rank " : "ranks ";
  for (std::size_t i = 0; i < std::min(ranks.size(), kMost); ++i) {
    if (i > 0) text += i + 1 == ranks.size() ? " and " : ", ";
    text += std::to_string(ranks[i]);
  }
  return ranks.size() <= kMost ? text : text + " and " + std::to_string(ranks.size() - kMost) + " others";
}

}  // namespace

Gather::Gather(const Group& group, int tag, Request request)
    : rank_(group.place().rank),
      comm_(group.control()),
      tag_(tag),
      request_(std::move(request)),
      patience_(request_.patience),
      results_(static_cast<std::size_t>(group.place().ranks)),
      arrived_(results_.size(), false),
      sends_(results_.size(), MPI_REQUEST_NULL),
      receives_(results_.size(), MPI_REQUEST_NULL) {}

Activity::State Gather::poll() {
  bool moved = begin();
  while (takeArrival()) moved = true;
  moved = settle(receives_) || moved;
  moved = settle(sends_) || moved;
  const auto over = [](const std::vector<MPI_Request>& requests) {
    return std::all_of(requests.begin(), requests.end(), [](MPI_Request request) { return request == MPI_REQUEST_NULL; });
  };
  if (std::all_of(arrived_.begin(), arrived_.end(), [](bool one) { return one; }) && over(receives_) && over(sends_)) {
    request_.gathered(std::move(results_));
    return State::done;
  }
  if (moved) {
    patience_.moved();
    return State::moved;
  }
  if (patience_.over()) giveUp();
  return State::waiting;
}

bool Gather::begin() {
  if (std::exchange(begun_, true)) return false;
  for (std::size_t peer = 0; peer < sends_.size(); ++peer) {
    if (static_cast<int>(peer) == rank_) continue;
    check(MPI_Isend(request_.bytes.data(), countOf(request_.bytes.size()), MPI_BYTE, static_cast<int>(peer), tag_, comm_, &sends_[peer]),
          "MPI_Isend");
  }
  results_[static_cast<std::size_t>(rank_)] = request_.bytes;
  arrived_[static_cast<std::size_t>(rank_)] = true;
  return true;
}

bool Gather::takeArrival() {
  int flag = 0;
  MPI_Message message = MPI_MESSAGE_NULL;
  MPI_Status status;
  check(MPI_Improbe(MPI_ANY_SOURCE, tag_, comm_, &flag, &message, &status), "MPI_Improbe");
  if (flag == 0) return false;
  int count = 0;
  check(MPI_Get_count(&status, MPI_BYTE, &count), "MPI_Get_count");
  const auto from = static_cast<std::size_t>(status.MPI_SOURCE);
  results_[from].resize(static_cast<std::size_t>(count));
  check(MPI_Imrecv(results_[from].data(), count, MPI_BYTE, &message, &receives_[from]), "MPI_Imrecv");
  arrived_[from] = true;
  return true;
}

bool Gather::settle(std::vector<MPI_Request>& requests) {
  bool moved = false;
  for (MPI_Request& request : requests) {
    if (request == MPI_REQUEST_NULL) continue;
    int flag = 0;
    check(MPI_Test(&request, &flag, MPI_STATUS_IGNORE), "MPI_Test");
    moved = moved || flag != 0;
  }
  return moved;
}

void Gather::giveUp() const {
  std::vector<int> missing;
  for (std::size_t peer = 0; peer < results_.size(); ++peer)
    if (!arrived_[peer] || receives_[peer] != MPI_REQUEST_NULL || sends_[peer] != MPI_REQUEST_NULL) missing.push_back(static_cast<int>(peer));
  throw TransportFailure(namesOf(missing) + (missing.size() == 1 ? " has" : " have") + " been silent for " + patience_.text() + ", and " +
                         request_.what + " is waited for");
}

}  // namespace infinitile
