#pragma once

#include <napi.h>

#include <cstddef>
#include <functional>
#include <mutex>

namespace infinitile {

/** Brings work to JavaScript's main thread, and keeps the event loop alive while promises are open. */
class MainThread {
 public:
  using Work = std::function<void(Napi::Env)>;

  explicit MainThread(Napi::Env env);
  MainThread(const MainThread&) = delete;
  MainThread& operator=(const MainThread&) = delete;

  /** Any thread. After `release`: nothing. */
  void post(Work work);
  /** The main thread: of promises that are open. */
  void opened(Napi::Env env);
  void settled(Napi::Env env);
  /** The environment ends. Work on its way is dropped. */
  void release();

 private:
  static void run(Napi::Env env, Napi::Function, std::nullptr_t*, Work* work);
  using Signal = Napi::TypedThreadSafeFunction<std::nullptr_t, Work, &MainThread::run>;

  Signal signal_;
  std::mutex mutex_;
  /** With the mutex. */
  bool released_ = false;
  std::size_t open_ = 0;
};

}  // namespace infinitile
