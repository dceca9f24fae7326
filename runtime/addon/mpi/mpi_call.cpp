#include "mpi_call.h"

#include <limits>
#include <stdexcept>

namespace infinitile {

void check(int status, const char* call) {
  if (status == MPI_SUCCESS) return;
  char text[MPI_MAX_ERROR_STRING];
  int length = 0;
  const bool told = MPI_Error_string(status, text, &length) == MPI_SUCCESS;
  throw std::runtime_error(std::string(call) + ": " +
                           (told ? std::string(text, static_cast<std::size_t>(length)) : "error " + std::to_string(status)));
}

int countOf(std::size_t bytes) {
  if (bytes > static_cast<std::size_t>(std::numeric_limits<int>::max()))
    throw std::length_error("one message of MPI holds 2^31 - 1 bytes at most, not " + std::to_string(bytes));
  return static_cast<int>(bytes);
}

}  // namespace infinitile
