#pragma once

#include <napi.h>

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <variant>
#include <vector>

namespace infinitile {

class Transport;

/**
 * One thread that does a device's work, one task after another, and settles their promises on the main thread. One thread
 * for a device's life also means one OpenMP pool. The event loop stays alive while a promise is open, and only then.
 *
 * Every method belongs to the main thread. A queue is closed by its destructor or, before that, by the end of the environment.
 */
class WorkQueue {
 public:
  /** What the promise resolves with: nothing, a number, a Float64Array, or a NativeTransport. */
  using Result = std::variant<std::monostate, double, std::vector<double>, std::shared_ptr<Transport>>;
  /** Runs on the queue's thread and is destroyed there. Its argument turns true when the queue is closed. */
  using Work = std::function<Result(const std::atomic<bool>& cancelled)>;

  explicit WorkQueue(Napi::Env env);
  ~WorkQueue();
  WorkQueue(const WorkQueue&) = delete;
  WorkQueue& operator=(const WorkQueue&) = delete;

  /** `keep` stays alive until the promise settles. */
  Napi::Promise submit(Napi::Env env, Work work, std::vector<Napi::ObjectReference> keep);
  /** Drops a resource once the work queued before it is done; at once when there is none. */
  void dispose(std::shared_ptr<void> resource);
  /** Waits until everything queued so far is done. Settles nothing. */
  void drain();
  bool idle() const;
  /** Work that has not begun is rejected; what runs is asked to stop. Disposals still happen. */
  void cancel();

 private:
  struct Task;
  struct Shared;
  static Napi::Value toError(Napi::Env env, const Task& task);
  static void settle(Napi::Env env, Napi::Function callback, std::shared_ptr<Shared>* shared, void* data);
  using Signal = Napi::TypedThreadSafeFunction<std::shared_ptr<Shared>, void, &WorkQueue::settle>;
  static void work(Shared& shared);
  static void onEnvironmentEnd(void* self);
  void stop();

  napi_env env_;
  std::shared_ptr<Shared> shared_;
  std::thread thread_;
};

}  // namespace infinitile
