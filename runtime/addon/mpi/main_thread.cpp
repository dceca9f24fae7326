#include "main_thread.h"

#include <memory>
#include <utility>

namespace infinitile {

MainThread::MainThread(Napi::Env env) : signal_(Signal::New(env, "infinitile mpi", 0, 1)) { signal_.Unref(env); }

void MainThread::post(Work work) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (released_) return;
  auto owned = std::make_unique<Work>(std::move(work));
  if (signal_.NonBlockingCall(owned.get()) == napi_ok) static_cast<void>(owned.release());
}

void MainThread::opened(Napi::Env env) {
  if (open_++ == 0) signal_.Ref(env);
}

void MainThread::settled(Napi::Env env) {
  if (--open_ == 0) signal_.Unref(env);
}

void MainThread::release() {
  const std::lock_guard<std::mutex> lock(mutex_);
  released_ = true;
  signal_.Release();
}

void MainThread::run(Napi::Env env, Napi::Function, std::nullptr_t*, Work* work) {
  const std::unique_ptr<Work> owned(work);
  // As the environment ends, calls that were on their way arrive without one.
  if (static_cast<napi_env>(env) != nullptr) (*owned)(env);
}

}  // namespace infinitile
