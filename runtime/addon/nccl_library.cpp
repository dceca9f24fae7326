#include "nccl_library.h"

#include <stdexcept>
#include <vector>

#include "shared_library.h"

namespace infinitile {

namespace {

const std::vector<std::string> kCandidates = {"libnccl.so.2", "libnccl.so"};

template <class Function>
void load(Function& function, void* address) {
  function = reinterpret_cast<Function>(address);
}

/** 23004 is 2.30.4. */
std::string versionText(int version) {
  return std::to_string(version / 10000) + "." + std::to_string(version % 10000 / 100) + "." + std::to_string(version % 100);
}

}  // namespace

NcclLibrary::NcclLibrary(const std::optional<std::string>& path) {
  const SharedLibrary library = SharedLibrary::openFirst("NCCL", path ? std::vector<std::string>{*path} : kCandidates);
#define INFINITILE_LOAD(field, symbol, parameters) load(field, library.require(symbol));
  INFINITILE_NCCL_FUNCTIONS(INFINITILE_LOAD)
#undef INFINITILE_LOAD
  load(getErrorString, library.require("ncclGetErrorString"));
  load(getLastError, library.require("ncclGetLastError"));
  path_ = library.path("ncclGetVersion");
  int version = 0;
  const nccl::Result result = getVersion(&version);
  if (result != nccl::kSuccess) throw std::runtime_error("asking NCCL for its version: " + explain(result, nullptr));
  version_ = versionText(version);
}

nccl::UniqueId NcclLibrary::createId() const {
  nccl::UniqueId id{};
  const nccl::Result result = getUniqueId(&id);
  if (result != nccl::kSuccess) throw std::runtime_error("making the id of a group for NCCL: " + explain(result, nullptr));
  return id;
}

std::string NcclLibrary::explain(nccl::Result result, nccl::Comm comm) const {
  const char* const meaning = getErrorString(result);
  const char* const last = getLastError(comm);
  std::string text = meaning ? meaning : "NCCL error " + std::to_string(result);
  if (last && *last) text += " (" + std::string(last) + ")";
  return text;
}

}  // namespace infinitile
