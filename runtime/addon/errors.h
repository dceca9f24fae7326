#pragma once

#include <stdexcept>

namespace infinitile {

/** Thrown by `Device::allocate` alone: memory that waits in the queue to be freed may help. */
class OutOfMemory : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/**
 * A message between ranks that has not come or gone: another rank has failed, or been silent for too long. Visible, since one addon throws
 * it and another catches it.
 */
class __attribute__((visibility("default"))) TransportFailure : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace infinitile
