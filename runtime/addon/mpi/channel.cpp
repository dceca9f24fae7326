#include "channel.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "../errors.h"
#include "mpi_call.h"

namespace infinitile {

namespace {

/**
 * The most that one call is given. MPI counts in ints; several parts are on their way at once, where MPI sends each piecemeal; and each
 * that arrives shows that the other rank lives.
 */
constexpr std::size_t kPart = std::size_t{1} << 20;

/** Nobody tells of a device that is closed, or that time is up: whoever waits looks by itself. */
constexpr std::chrono::milliseconds kGlance{5};

std::string rankText(int rank) { return "rank " + std::to_string(rank); }

std::string bytesText(const HostTransport::Piece& piece) { return std::to_string(piece.bytes) + " bytes"; }

void requireBytes(const MPI_Status& status, std::size_t bytes) {
  int count = 0;
  check(MPI_Get_count(&status, MPI_BYTE, &count), "MPI_Get_count");
  if (count != countOf(bytes)) throw std::length_error("it sends " + std::to_string(count) + " bytes");
}

}  // namespace

void Channel::start(std::vector<Piece> pieces, const std::string& step) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (failure_) throw TransportFailure(rankText(rank_) + ", " + step + ": " + *failure_);
  for (const Piece& piece : pieces) {
    std::size_t at = 0;
    do {
      Piece part = piece;
      part.data = static_cast<unsigned char*>(piece.data) + at;
      part.bytes = std::min(kPart, piece.bytes - at);
      at += part.bytes;
      transfers_.push_back({std::move(part), step});
    } while (at < piece.bytes);
  }
}

void Channel::join(const std::atomic<bool>& cancelled) {
  std::unique_lock<std::mutex> lock(mutex_);
  patience_.moved();
  while (!failure_ && !transfers_.empty()) {
    const Transfer& first = transfers_.front();
    const Piece& piece = first.piece;
    if (cancelled) {
      failure_ = placeOf(first) + "its device was closed while it waited for " + rankText(piece.peer);
      throw std::runtime_error(*failure_);
    }
    if (patience_.over())
      failure_ = placeOf(first) + rankText(piece.peer) + (piece.send ? " has not taken " : " has not sent ") + bytesText(piece) + " for " +
                 patience_.text();
    else
      changed_.wait_for(lock, kGlance);
  }
  if (failure_) throw TransportFailure(*failure_);
}

void Channel::close() {
  const std::lock_guard<std::mutex> lock(mutex_);
  closed_ = true;
}

Activity::State Channel::poll() {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (failure_) return State::idle;
  try {
    const bool begun = begin();
    const bool ended = settle();
    if (!begun && !ended) return !transfers_.empty() ? State::waiting : closed_ ? State::done : State::idle;
  } catch (const std::exception& error) {
    failure_ = error.what();
    changed_.notify_all();
    throw;
  }
  patience_.moved();
  if (transfers_.empty()) changed_.notify_all();
  return State::moved;
}

void Channel::fail(const std::string& reason) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (failure_) return;
  failure_ = transfers_.empty() ? reason
                                : placeOf(transfers_.front()) + "waiting for " + rankText(transfers_.front().piece.peer) + ": " + reason;
  changed_.notify_all();
}

template <class Work>
void Channel::naming(const Transfer& transfer, Work work) const {
  const Piece& piece = transfer.piece;
  try {
    work();
  } catch (const std::exception& error) {
    throw TransportFailure(placeOf(transfer) + (piece.send ? "sending " : "receiving ") + bytesText(piece) + (piece.send ? " to " : " of ") +
                           rankText(piece.peer) + ": " + error.what());
  }
}

bool Channel::begin() {
  bool begun = false;
  // What is sent begins in the order of the starts: only so it arrives in that order.
  bool held = false;
  for (Transfer& transfer : transfers_) {
    const Piece& piece = transfer.piece;
    if (transfer.begun || (piece.send && held)) continue;
    naming(transfer, [&] {
      held = piece.send && piece.ready && !piece.ready();
      if (held) return;
      const int count = countOf(piece.bytes);
      if (piece.send)
        check(MPI_Isend(piece.data, count, MPI_BYTE, piece.peer, tag_, comm_, &transfer.request), "MPI_Isend");
      else
        check(MPI_Irecv(piece.data, count, MPI_BYTE, piece.peer, tag_, comm_, &transfer.request), "MPI_Irecv");
      transfer.begun = begun = true;
    });
  }
  return begun;
}

bool Channel::settle() {
  std::vector<MPI_Request> requests;
  for (const Transfer& transfer : transfers_) requests.push_back(transfer.request);
  std::vector<int> indices(requests.size());
  std::vector<MPI_Status> statuses(requests.size());
  int count = 0;
  const int result = MPI_Testsome(static_cast<int>(requests.size()), requests.data(), &count, indices.data(), statuses.data());
  if (result != MPI_ERR_IN_STATUS) check(result, "MPI_Testsome");
  // Where nothing has begun.
  if (count == MPI_UNDEFINED) return false;
  for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i) {
    Transfer& transfer = transfers_[static_cast<std::size_t>(indices[i])];
    naming(transfer, [&] {
      if (result == MPI_ERR_IN_STATUS) check(statuses[i].MPI_ERROR, "MPI_Testsome");
      if (!transfer.piece.send) requireBytes(statuses[i], transfer.piece.bytes);
    });
    transfer.ended = true;
  }
  for (std::size_t i = 0; i < requests.size(); ++i) transfers_[i].request = requests[i];
  transfers_.erase(std::remove_if(transfers_.begin(), transfers_.end(), [](const Transfer& transfer) { return transfer.ended; }),
                   transfers_.end());
  return count > 0;
}

std::string Channel::placeOf(const Transfer& transfer) const { return rankText(rank_) + ", " + transfer.step + ": "; }

}  // namespace infinitile
