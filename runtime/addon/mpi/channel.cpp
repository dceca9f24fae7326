#include "channel.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "../errors.h"
#include "mpi_call.h"

namespace infinitile {

namespace {

/** The most that one call is given. MPI counts in ints; and the time limit is for a part, not for the whole of a long message. */
constexpr std::size_t kPart = std::size_t{64} << 20;

/** Nobody tells of a device that is closed, or that time is up: whoever waits looks by itself. */
constexpr std::chrono::milliseconds kGlance{5};

std::string rankText(int rank) { return "rank " + std::to_string(rank); }

std::string bytesText(const HostTransport::Piece& piece) { return std::to_string(piece.bytes) + " bytes"; }

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
    if (!move()) return !transfers_.empty() ? State::waiting : closed_ ? State::done : State::idle;
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
  failure_ = transfers_.empty() ? rankText(rank_) + ": " + reason
                                : placeOf(transfers_.front()) + "waiting for " + rankText(transfers_.front().piece.peer) + ": " + reason;
  changed_.notify_all();
}

bool Channel::move() {
  bool moved = false;
  // What is sent begins in the order of the starts: only so it arrives in that order.
  bool held = false;
  for (auto next = transfers_.begin(); next != transfers_.end();) {
    Transfer& transfer = *next;
    const Piece& piece = transfer.piece;
    try {
      if (!transfer.begun) {
        if (piece.send && !held) held = piece.ready && !piece.ready();
        if (piece.send && held) {
          ++next;
          continue;
        }
        begin(transfer);
        moved = true;
      }
      if (over(transfer)) {
        next = transfers_.erase(next);
        moved = true;
      } else {
        ++next;
      }
    } catch (const std::exception& error) {
      throw TransportFailure(placeOf(transfer) + (piece.send ? "sending " : "receiving ") + bytesText(piece) + (piece.send ? " to " : " of ") +
                             rankText(piece.peer) + ": " + error.what());
    }
  }
  return moved;
}

void Channel::begin(Transfer& transfer) const {
  const Piece& piece = transfer.piece;
  const int count = countOf(piece.bytes);
  if (piece.send)
    check(MPI_Isend(piece.data, count, MPI_BYTE, piece.peer, tag_, comm_, &transfer.request), "MPI_Isend");
  else
    check(MPI_Irecv(piece.data, count, MPI_BYTE, piece.peer, tag_, comm_, &transfer.request), "MPI_Irecv");
  transfer.begun = true;
}

bool Channel::over(Transfer& transfer) const {
  int flag = 0;
  MPI_Status status;
  check(MPI_Test(&transfer.request, &flag, &status), "MPI_Test");
  if (flag == 0 || transfer.piece.send) return flag != 0;
  int count = 0;
  check(MPI_Get_count(&status, MPI_BYTE, &count), "MPI_Get_count");
  if (count != countOf(transfer.piece.bytes)) throw std::length_error("it sends " + std::to_string(count) + " bytes");
  return true;
}

std::string Channel::placeOf(const Transfer& transfer) const { return rankText(rank_) + ", " + transfer.step + ": "; }

}  // namespace infinitile
