#pragma once

#include <optional>
#include <string>

#include "nccl_api.h"

namespace infinitile {

/** NCCL, opened at run time. */
class NcclLibrary : public nccl::Functions {
 public:
  /** The library at `path`, or the first on the loader's path. Throws with what was looked for and what failed. */
  explicit NcclLibrary(const std::optional<std::string>& path);

  const std::string& path() const { return path_; }
  /** `2.30.4` */
  const std::string& version() const { return version_; }
  nccl::UniqueId createId() const;
  /** What a result means, and what NCCL last said of it. The communicator may be null. */
  std::string explain(nccl::Result result, nccl::Comm comm) const;

 private:
  std::string path_;
  std::string version_;
};

}  // namespace infinitile
