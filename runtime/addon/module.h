#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace infinitile {

/** A kernel of a module. Lives as long as the module. */
struct Kernel {
  std::string name;
  void* function = nullptr;
  /** CUDA: the bytes of dynamic shared memory the kernel may use so far. Touched by the device's thread alone. */
  unsigned sharedBytesAllowed = 48 * 1024;
  /** CUDA: sizes of the parameters, where the driver can tell them. */
  bool parametersKnown = false;
  std::vector<std::size_t> parameterBytes;
};

/** Loaded code, unloaded with the object. Pending commands share its ownership. */
class Module {
 public:
  virtual ~Module() = default;
  Module(const Module&) = delete;
  Module& operator=(const Module&) = delete;

  /** The kernel of that name. Throws when there is none. Main thread. */
  virtual Kernel& require(const std::string& name) = 0;

 protected:
  Module() = default;
};

}  // namespace infinitile
