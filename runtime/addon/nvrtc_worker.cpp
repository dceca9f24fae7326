#include "nvrtc_worker.h"

#include <cstring>
#include <utility>

namespace infinitile {

NvrtcWorker::NvrtcWorker(Napi::Env env, std::shared_ptr<const Nvrtc> nvrtc, Nvrtc::Request request)
    : AsyncWorker(env, "infinitile nvrtc"),
      deferred_(Napi::Promise::Deferred::New(env)),
      nvrtc_(std::move(nvrtc)),
      request_(std::move(request)) {}

Napi::Promise NvrtcWorker::start(Napi::Env env, std::shared_ptr<const Nvrtc> nvrtc, Nvrtc::Request request) {
  // Deletes itself when it has settled its promise.
  auto* worker = new NvrtcWorker(env, std::move(nvrtc), std::move(request));
  const Napi::Promise promise = worker->deferred_.Promise();
  worker->Queue();
  return promise;
}

void NvrtcWorker::Execute() { output_ = nvrtc_->compile(request_); }

void NvrtcWorker::OnOK() {
  const Napi::Env env = Env();
  const Napi::HandleScope scope(env);
  Napi::Object result = Napi::Object::New(env);
  if (output_.cubin.empty()) {
    result.Set("cubin", env.Null());
  } else {
    auto cubin = Napi::Uint8Array::New(env, output_.cubin.size());
    std::memcpy(cubin.Data(), output_.cubin.data(), output_.cubin.size());
    result.Set("cubin", cubin);
  }
  if (output_.ptx.empty())
    result.Set("ptx", env.Null());
  else
    result.Set("ptx", output_.ptx);
  result.Set("log", output_.log);
  deferred_.Resolve(result);
}

void NvrtcWorker::OnError(const Napi::Error& error) {
  const Napi::HandleScope scope(Env());
  deferred_.Reject(error.Value());
}

}  // namespace infinitile
