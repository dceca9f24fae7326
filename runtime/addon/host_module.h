#pragma once

#include <map>
#include <string>

#include "module.h"

namespace infinitile {

/** A shared object with functions `extern "C" void name(void* const* arguments)`. */
class HostModule final : public Module {
 public:
  using Function = void (*)(void* const*);

  explicit HostModule(const std::string& path);
  ~HostModule() override;

  Kernel& require(const std::string& name) override;

 private:
  std::string path_;
  void* handle_ = nullptr;
  std::map<std::string, Kernel> kernels_;
};

}  // namespace infinitile
