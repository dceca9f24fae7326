#pragma once

#include <stdexcept>

namespace infinitile {

/** Thrown by `Device::allocate` alone: memory that waits in the queue to be freed may help. */
class OutOfMemory : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/** A message between ranks that has not come or gone: another rank has failed, or been silent for too long. */
class TransportFailure : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace infinitile
