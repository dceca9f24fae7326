#include "host_module.h"

#include <dlfcn.h>

#include <stdexcept>

#include "elf_file.h"

namespace infinitile {

namespace {

/**
 * An OpenMP runtime keeps a pool of threads that wait inside its code. It comes with the first module that uses it and
 * must not go with the last, or those threads wake up in unmapped memory.
 */
void keepOpenMp(void* module) {
  Dl_info info{};
  void* symbol = dlsym(module, "omp_get_max_threads");
  if (symbol && dladdr(symbol, &info) != 0 && info.dli_fname)
    static_cast<void>(dlopen(info.dli_fname, RTLD_NOW | RTLD_NOLOAD | RTLD_NODELETE));
}

}  // namespace

HostModule::HostModule(const std::string& path) : path_(path) {
  if (path.find('/') == std::string::npos)
    throw std::invalid_argument("'" + path + "' is not a path: a host module is loaded by its path, never searched for");
  refuseTruncatedElf(path);
  handle_ = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!handle_) {
    const char* reason = dlerror();
    throw std::runtime_error(reason ? reason : path + ": cannot be loaded");
  }
  keepOpenMp(handle_);
}

HostModule::~HostModule() { dlclose(handle_); }

Kernel& HostModule::require(const std::string& name) {
  const auto found = kernels_.find(name);
  if (found != kernels_.end()) return found->second;
  void* function = dlsym(handle_, name.c_str());
  if (!function) throw std::runtime_error(path_ + " has no function '" + name + "'");
  Kernel kernel;
  kernel.name = name;
  kernel.function = function;
  return kernels_.emplace(name, std::move(kernel)).first->second;
}

}  // namespace infinitile
