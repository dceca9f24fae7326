#pragma once

#include <napi.h>

#include <memory>
#include <string>
#include <thread>

#include "nvrtc.h"

namespace infinitile {

/** One compilation, on a thread of its own: NVRTC compiles as many at once as there are cores, libuv's pool has four threads for everybody. */
class NvrtcWorker final {
 public:
  static Napi::Promise start(Napi::Env env, std::shared_ptr<const Nvrtc> nvrtc, Nvrtc::Request request);

  NvrtcWorker(const NvrtcWorker&) = delete;
  NvrtcWorker& operator=(const NvrtcWorker&) = delete;

 private:
  static void settle(Napi::Env env, Napi::Function, NvrtcWorker* self, void*);
  using Signal = Napi::TypedThreadSafeFunction<NvrtcWorker, void, &NvrtcWorker::settle>;

  NvrtcWorker(Napi::Env env, std::shared_ptr<const Nvrtc> nvrtc, Nvrtc::Request request);

  static void onEnvironmentEnd(void* self);
  void compile();
  Napi::Value result(Napi::Env env) const;

  Napi::Env env_;
  Napi::Promise::Deferred deferred_;
  std::shared_ptr<const Nvrtc> nvrtc_;
  Nvrtc::Request request_;
  Nvrtc::Output output_;
  std::string error_;
  bool failed_ = false;
  Signal signal_;
  std::thread thread_;
};

}  // namespace infinitile
