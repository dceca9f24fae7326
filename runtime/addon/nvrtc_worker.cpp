#include "nvrtc_worker.h"

#include <cstring>
#include <exception>
#include <utility>

namespace infinitile {

NvrtcWorker::NvrtcWorker(Napi::Env env, std::shared_ptr<const Nvrtc> nvrtc, Nvrtc::Request request)
    : env_(env),
      deferred_(Napi::Promise::Deferred::New(env)),
      nvrtc_(std::move(nvrtc)),
      request_(std::move(request)),
      signal_(Signal::New(
          env, "infinitile nvrtc", 0, 1, this, [](Napi::Env, void*, NvrtcWorker* self) { delete self; },
          static_cast<void*>(nullptr))),
      thread_([this] { compile(); }) {
  // Hooks run last in, first out: the thread ends before the signal does.
  napi_add_env_cleanup_hook(env_, onEnvironmentEnd, this);
}

Napi::Promise NvrtcWorker::start(Napi::Env env, std::shared_ptr<const Nvrtc> nvrtc, Nvrtc::Request request) {
  // Deleted with its signal, when it has settled its promise.
  const auto* worker = new NvrtcWorker(env, std::move(nvrtc), std::move(request));
  return worker->deferred_.Promise();
}

void NvrtcWorker::compile() {
  try {
    output_ = nvrtc_->compile(request_);
  } catch (const std::exception& error) {
    failed_ = true;
    error_ = error.what();
  }
  signal_.NonBlockingCall();
}

void NvrtcWorker::onEnvironmentEnd(void* self) {
  auto* worker = static_cast<NvrtcWorker*>(self);
  worker->thread_.join();
  worker->signal_.Release();
}

void NvrtcWorker::settle(Napi::Env env, Napi::Function, NvrtcWorker* self, void*) {
  // As the environment ends, a call that was on its way arrives without one: nobody waits for the promise.
  if (static_cast<napi_env>(env) == nullptr) return;
  napi_remove_env_cleanup_hook(env, onEnvironmentEnd, self);
  self->thread_.join();
  if (self->failed_)
    self->deferred_.Reject(Napi::Error::New(env, self->error_).Value());
  else
    self->deferred_.Resolve(self->result(env));
  self->signal_.Release();
}

Napi::Value NvrtcWorker::result(Napi::Env env) const {
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
  return result;
}

}  // namespace infinitile
