#pragma once

#include <optional>
#include <string>
#include <vector>

namespace infinitile {

/** A library opened at run time. Stays open: drivers and compilers do not survive being unloaded. */
class SharedLibrary {
 public:
  enum class Scope { local, global };

  /** Opens the first of `candidates` that opens. Throws with every candidate's own message when none does. */
  static SharedLibrary openFirst(const std::string& what, const std::vector<std::string>& candidates);
  static std::optional<SharedLibrary> tryOpen(const std::string& name, Scope scope, std::string& error);

  /** Null when the library has no such symbol. */
  void* find(const char* symbol) const;
  /** Throws when the library has no such symbol. */
  void* require(const char* symbol) const;
  /** The file, found through one of its symbols; the name it was opened by where the loader cannot tell. */
  std::string path(const char* symbol) const;

 private:
  SharedLibrary(std::string name, void* handle) : name_(std::move(name)), handle_(handle) {}
  std::string name_;
  void* handle_;
};

}  // namespace infinitile
