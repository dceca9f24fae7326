#pragma once

#include <mpi.h>

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "activity.h"
#include "group.h"
#include "patience.h"

namespace infinitile {

/** Bytes of every rank to every rank. Not by a collective of MPI: that cannot tell which rank is missing. */
class Gather final : public Activity {
 public:
  using Bytes = std::vector<unsigned char>;
  struct Request {
    Bytes bytes;
    std::chrono::milliseconds patience;
    /** What is waited for, for errors. */
    std::string what;
    /** The thread of MPI calls one of them, once. */
    std::function<void(std::vector<Bytes>)> gathered;
    std::function<void(const std::string& reason)> failed;
  };

  /** `tag`: of this gather, the same on every rank. */
  Gather(const Group& group, int tag, Request request);

  State poll() override;
  void fail(const std::string& reason) override { request_.failed(reason); }

 private:
  /** The first time: sends. */
  bool begin();
  /** Whether a message has come that was not there yet. */
  bool takeArrival();
  bool settle(std::vector<MPI_Request>& requests);
  [[noreturn]] void giveUp() const;

  int rank_;
  MPI_Comm comm_;
  int tag_;
  Request request_;
  Patience patience_;
  bool begun_ = false;
  /** By rank. */
  std::vector<Bytes> results_;
  std::vector<bool> arrived_;
  std::vector<MPI_Request> sends_;
  std::vector<MPI_Request> receives_;
};

}  // namespace infinitile
