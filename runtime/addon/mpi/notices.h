#pragma once

#include <mpi.h>

#include <array>
#include <optional>
#include <string>
#include <vector>

namespace infinitile {

/** What ranks tell each other when one fails. The thread of MPI. */
class Notices {
 public:
  struct Notice {
    int from;
    std::string reason;
  };

  /** Listens on messages of this tag. */
  Notices(MPI_Comm comm, int tag);
  Notices(const Notices&) = delete;
  Notices& operator=(const Notices&) = delete;

  /** The one that came first; later ones are not looked at. Own ones move on with each look. */
  std::optional<Notice> poll();
  /** Tells all other ranks. Once. */
  void tell(const std::string& reason, int rank, int ranks);
  /** No notice can come any more. */
  void stop();

 private:
  MPI_Comm comm_;
  int tag_;
  MPI_Request receive_ = MPI_REQUEST_NULL;
  std::array<char, 2048> incoming_{};
  std::string outgoing_;
  std::vector<MPI_Request> sends_;
};

}  // namespace infinitile
