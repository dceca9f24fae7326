#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cuda_api.h"
#include "shared_library.h"

namespace infinitile {

/** NVIDIA's run-time compiler. Any thread may compile. */
class Nvrtc {
 public:
  struct Request {
    std::string name;
    std::string source;
    std::vector<std::string> options;
  };
  struct Output {
    /** Empty when the architecture is a virtual one. */
    std::string cubin;
    std::string ptx;
    std::string log;
  };

  /**
   * Opens the library at `path`, or the first on the loader's path, and its builtins: at `builtins`, or beside the library,
   * or on the loader's path. Throws when a path given does not open.
   */
  Nvrtc(const std::optional<std::string>& path, const std::optional<std::string>& builtins);

  const std::string& path() const { return path_; }
  /** Absent when they were not found; NVRTC may still find them by itself. */
  const std::optional<std::string>& builtins() const { return builtins_; }
  int major() const { return major_; }
  int minor() const { return minor_; }

  /** Throws with the whole log. */
  Output compile(const Request& request) const;

 private:
  class Program;
  std::string builtinsName() const;
  void openBuiltins(const std::optional<std::string>& builtins);
  void check(cuda::NvrtcResult result, const std::string& what) const;

  cuda::NvrtcFunctions functions_;
  std::string path_;
  std::optional<std::string> builtins_;
  int major_ = 0;
  int minor_ = 0;
};

}  // namespace infinitile
