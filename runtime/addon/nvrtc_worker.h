#pragma once

#include <napi.h>

#include <memory>

#include "nvrtc.h"

namespace infinitile {

/** One compilation, on a thread of libuv's pool; NVRTC compiles concurrently. */
class NvrtcWorker final : public Napi::AsyncWorker {
 public:
  static Napi::Promise start(Napi::Env env, std::shared_ptr<const Nvrtc> nvrtc, Nvrtc::Request request);

  void Execute() override;
  void OnOK() override;
  void OnError(const Napi::Error& error) override;

 private:
  NvrtcWorker(Napi::Env env, std::shared_ptr<const Nvrtc> nvrtc, Nvrtc::Request request);

  Napi::Promise::Deferred deferred_;
  std::shared_ptr<const Nvrtc> nvrtc_;
  Nvrtc::Request request_;
  Nvrtc::Output output_;
};

}  // namespace infinitile
