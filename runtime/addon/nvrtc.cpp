#include "nvrtc.h"

#include <stdexcept>

namespace infinitile {

namespace {

const std::vector<std::string> kCandidates = {"libnvrtc.so.13", "libnvrtc.so.12", "libnvrtc.so"};

template <class Function>
void load(Function& function, void* address) {
  function = reinterpret_cast<Function>(address);
}

std::string trimmed(std::string text) {
  while (!text.empty() && (text.back() == '\0' || text.back() == '\n' || text.back() == ' ')) text.pop_back();
  return text;
}

}  // namespace

/** A program of NVRTC's, destroyed with the object. */
class Nvrtc::Program {
 public:
  Program(const Nvrtc& nvrtc, const Request& request) : nvrtc_(nvrtc) {
    nvrtc.check(nvrtc.functions_.createProgram(&program_, request.source.c_str(), request.name.c_str(), 0, nullptr, nullptr),
                "creating the program " + request.name);
  }
  ~Program() { nvrtc_.functions_.destroyProgram(&program_); }
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  cuda::NvrtcProgram get() const { return program_; }

  using SizeOf = cuda::NvrtcResult (*)(cuda::NvrtcProgram, std::size_t*);
  using Copy = cuda::NvrtcResult (*)(cuda::NvrtcProgram, char*);
  std::string read(SizeOf sizeOf, Copy copy, const char* what) const {
    std::size_t bytes = 0;
    nvrtc_.check(sizeOf(program_, &bytes), what);
    std::string text(bytes, '\0');
    if (bytes > 0) nvrtc_.check(copy(program_, text.data()), what);
    return text;
  }

 private:
  const Nvrtc& nvrtc_;
  cuda::NvrtcProgram program_ = nullptr;
};

Nvrtc::Nvrtc(const std::optional<std::string>& path, const std::optional<std::string>& builtins) {
  const SharedLibrary library =
      SharedLibrary::openFirst("NVRTC", path ? std::vector<std::string>{*path} : kCandidates);
#define INFINITILE_LOAD(field, symbol, parameters) load(functions_.field, library.require(symbol));
  INFINITILE_NVRTC_FUNCTIONS(INFINITILE_LOAD)
#undef INFINITILE_LOAD
  load(functions_.getErrorString, library.require("nvrtcGetErrorString"));
  path_ = library.path("nvrtcVersion");
  check(functions_.version(&major_, &minor_), "asking NVRTC for its version");
  openBuiltins(builtins);
}

std::string Nvrtc::builtinsName() const {
  return "libnvrtc-builtins.so." + std::to_string(major_) + "." + std::to_string(minor_);
}

void Nvrtc::openBuiltins(const std::optional<std::string>& builtins) {
  // NVRTC asks the loader for the bare name: a library of that name that is open already serves wherever it lies.
  std::string error;
  const auto tryOpen = [&](const std::string& name) {
    if (const auto library = SharedLibrary::tryOpen(name, SharedLibrary::Scope::global, error))
      builtins_ = library->path("getArchBuiltins");
    return builtins_.has_value();
  };
  if (builtins) {
    if (!tryOpen(*builtins)) throw std::runtime_error("cannot open NVRTC's builtins: " + error);
    return;
  }
  const std::size_t slash = path_.rfind('/');
  if (slash != std::string::npos && tryOpen(path_.substr(0, slash + 1) + builtinsName())) return;
  tryOpen(builtinsName());
}

void Nvrtc::check(cuda::NvrtcResult result, const std::string& what) const {
  if (result != 0) throw std::runtime_error(what + ": " + functions_.getErrorString(result));
}

Nvrtc::Output Nvrtc::compile(const Request& request) const {
  std::vector<const char*> options;
  for (const std::string& option : request.options) options.push_back(option.c_str());

  const Program program(*this, request);
  const cuda::NvrtcResult result = functions_.compileProgram(program.get(), static_cast<int>(options.size()), options.data());
  Output output;
  output.log = trimmed(program.read(functions_.getLogSize, functions_.getLog, "reading NVRTC's log"));
  if (result != 0) {
    std::string message = "NVRTC refuses " + request.name + " (" + functions_.getErrorString(result) + ")";
    if (result == cuda::kNvrtcErrorBuiltinOperationFailure)
      message += ": " + builtinsName() + " of the same version must lie beside " + path_ + " or on the loader's path";
    throw std::runtime_error(message + "\n" + output.log);
  }
  output.cubin = program.read(functions_.getCubinSize, functions_.getCubin, "reading the cubin");
  output.ptx = trimmed(program.read(functions_.getPtxSize, functions_.getPtx, "reading the PTX"));
  return output;
}

}  // namespace infinitile
