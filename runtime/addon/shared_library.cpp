#include "shared_library.h"

#include <dlfcn.h>

#include <stdexcept>

namespace infinitile {

std::optional<SharedLibrary> SharedLibrary::tryOpen(const std::string& name, Scope scope, std::string& error) {
  void* handle = dlopen(name.c_str(), RTLD_NOW | (scope == Scope::global ? RTLD_GLOBAL : RTLD_LOCAL));
  if (handle) return SharedLibrary(name, handle);
  const char* reason = dlerror();
  error = reason ? reason : "cannot open " + name;
  return std::nullopt;
}

SharedLibrary SharedLibrary::openFirst(const std::string& what, const std::vector<std::string>& candidates) {
  std::string reasons;
  for (const std::string& candidate : candidates) {
    std::string error;
    if (std::optional<SharedLibrary> library = tryOpen(candidate, Scope::local, error)) return *library;
    reasons += "\n  " + error;
  }
  throw std::runtime_error("cannot open " + what + ":" + reasons);
}

void* SharedLibrary::find(const char* symbol) const { return dlsym(handle_, symbol); }

void* SharedLibrary::require(const char* symbol) const {
  if (void* address = find(symbol)) return address;
  throw std::runtime_error(name_ + " has no " + symbol + ": it is too old, or not the library that its name says");
}

std::string SharedLibrary::path(const char* symbol) const {
  Dl_info info{};
  void* address = find(symbol);
  if (address && dladdr(address, &info) != 0 && info.dli_fname) return info.dli_fname;
  return name_;
}

}  // namespace infinitile
