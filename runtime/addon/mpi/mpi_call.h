#pragma once

#include <mpi.h>

#include <cstddef>
#include <string>

namespace infinitile {

/** Throws a runtime_error with MPI's own text unless a call of MPI went well. `call`: its name. */
void check(int status, const char* call);

/** Bytes as the count of one message, which MPI holds in an int. */
int countOf(std::size_t bytes);

}  // namespace infinitile
