#include "notices.h"

#include "mpi_call.h"

namespace infinitile {

Notices::Notices(MPI_Comm comm, int tag) : comm_(comm), tag_(tag) {
  check(MPI_Irecv(incoming_.data(), countOf(incoming_.size()), MPI_CHAR, MPI_ANY_SOURCE, tag_, comm_, &receive_), "MPI_Irecv");
}

std::optional<Notices::Notice> Notices::poll() {
  int flag = 0;
  check(MPI_Testall(static_cast<int>(sends_.size()), sends_.data(), &flag, MPI_STATUSES_IGNORE), "MPI_Testall");
  if (receive_ == MPI_REQUEST_NULL) return std::nullopt;
  MPI_Status status;
  check(MPI_Test(&receive_, &flag, &status), "MPI_Test");
  if (flag == 0) return std::nullopt;
  int length = 0;
  check(MPI_Get_count(&status, MPI_CHAR, &length), "MPI_Get_count");
  return Notice{status.MPI_SOURCE, std::string(incoming_.data(), static_cast<std::size_t>(length))};
}

void Notices::tell(const std::string& reason, int rank, int ranks) {
  outgoing_ = reason.substr(0, incoming_.size());
  for (int peer = 0; peer < ranks; ++peer) {
    if (peer == rank) continue;
    MPI_Request request = MPI_REQUEST_NULL;
    check(MPI_Isend(outgoing_.data(), countOf(outgoing_.size()), MPI_CHAR, peer, tag_, comm_, &request), "MPI_Isend");
    sends_.push_back(request);
  }
}

void Notices::stop() {
  if (receive_ == MPI_REQUEST_NULL) return;
  check(MPI_Cancel(&receive_), "MPI_Cancel");
  check(MPI_Wait(&receive_, MPI_STATUS_IGNORE), "MPI_Wait");
}

}  // namespace infinitile
