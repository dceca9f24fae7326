#include "work_queue.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <stdexcept>
#include <utility>

#include "errors.h"
#include "transport_object.h"

namespace infinitile {

namespace {

Napi::Value toJavaScript(Napi::Env env, const WorkQueue::Result& result) {
  if (const double* number = std::get_if<double>(&result)) return Napi::Number::New(env, *number);
  if (const auto* transport = std::get_if<std::shared_ptr<Transport>>(&result)) return TransportObject::create(env, *transport);
  const auto* numbers = std::get_if<std::vector<double>>(&result);
  if (numbers == nullptr) return env.Undefined();
  Napi::Float64Array array = Napi::Float64Array::New(env, numbers->size());
  std::copy(numbers->begin(), numbers->end(), array.Data());
  return array;
}

using Time = std::chrono::steady_clock;

/**
 * Lists that follow each other closely, as those of training steps do, come sooner than a sleeping thread is woken; and the main
 * thread, which sends them, may have to be woken first.
 */
constexpr std::chrono::milliseconds kPatience{1};

/** Looks out for work for a while, the mutex free meanwhile. */
void lookOut(std::atomic<bool>& noticed, std::unique_lock<std::mutex>& lock) {
  noticed = false;
  lock.unlock();
  const Time::time_point sleepAt = Time::now() + kPatience;
  while (!noticed && Time::now() < sleepAt) std::this_thread::yield();
  lock.lock();
}

}  // namespace

struct WorkQueue::Task {
  explicit Task(Napi::Env env) : deferred(Napi::Promise::Deferred::New(env)) {}

  Work work;
  Napi::Promise::Deferred deferred;
  std::vector<Napi::ObjectReference> keep;
  Result result;
  std::string error;
  /** The error's `code`, where it has one. */
  const char* code = nullptr;
  bool failed = false;
};

/** What both threads, and calls that are on their way between them, hold. */
struct WorkQueue::Shared {
  struct Entry {
    /** Null for a disposal. */
    std::unique_ptr<Task> task;
    std::shared_ptr<void> resource;
  };

  std::mutex mutex;
  std::condition_variable changed;
  std::deque<Entry> entries;
  std::vector<std::unique_ptr<Task>> done;
  bool busy = false;
  bool stopping = false;
  /** The thread has something to look at, told without the mutex. */
  std::atomic<bool> noticed{false};
  std::atomic<bool> cancelled{false};

  Signal signal;
  /** Main thread: promises not yet settled. */
  std::size_t open = 0;
};

Napi::Value WorkQueue::toError(Napi::Env env, const Task& task) {
  const Napi::Error error = Napi::Error::New(env, task.error);
  if (task.code) error.Set("code", task.code);
  return error.Value();
}

WorkQueue::WorkQueue(Napi::Env env) : env_(env), shared_(std::make_shared<Shared>()) {
  shared_->signal = Signal::New(
      env, "infinitile device", 0, 1, new std::shared_ptr<Shared>(shared_),
      [](Napi::Env, void*, std::shared_ptr<Shared>* shared) { delete shared; }, static_cast<void*>(nullptr));
  shared_->signal.Unref(env);
  thread_ = std::thread([shared = shared_.get()] { work(*shared); });
  // Hooks run last in, first out: the thread ends before the signal does.
  napi_add_env_cleanup_hook(env_, onEnvironmentEnd, this);
}

WorkQueue::~WorkQueue() {
  if (!thread_.joinable()) return;
  napi_remove_env_cleanup_hook(env_, onEnvironmentEnd, this);
  stop();
}

void WorkQueue::onEnvironmentEnd(void* self) { static_cast<WorkQueue*>(self)->stop(); }

void WorkQueue::stop() {
  cancel();
  {
    const std::lock_guard<std::mutex> lock(shared_->mutex);
    shared_->stopping = true;
    shared_->noticed = true;
  }
  shared_->changed.notify_all();
  thread_.join();
  shared_->signal.Release();
  // Only the end of the environment finds any: nobody is left to settle them for.
  shared_->done.clear();
}

void WorkQueue::cancel() { shared_->cancelled = true; }

bool WorkQueue::idle() const {
  const std::lock_guard<std::mutex> lock(shared_->mutex);
  return !shared_->busy && shared_->entries.empty();
}

void WorkQueue::drain() {
  std::unique_lock<std::mutex> lock(shared_->mutex);
  shared_->changed.wait(lock, [this] { return !shared_->busy && shared_->entries.empty(); });
}

Napi::Promise WorkQueue::submit(Napi::Env env, Work work, std::vector<Napi::ObjectReference> keep) {
  auto task = std::make_unique<Task>(env);
  task->work = std::move(work);
  task->keep = std::move(keep);
  const Napi::Promise promise = task->deferred.Promise();
  if (shared_->open++ == 0) shared_->signal.Ref(env);
  {
    const std::lock_guard<std::mutex> lock(shared_->mutex);
    shared_->entries.push_back({std::move(task), nullptr});
    shared_->noticed = true;
  }
  shared_->changed.notify_all();
  return promise;
}

void WorkQueue::dispose(std::shared_ptr<void> resource) {
  // Without a thread (the environment is ending) there is no work either.
  if (!thread_.joinable() || idle()) return;
  {
    const std::lock_guard<std::mutex> lock(shared_->mutex);
    shared_->entries.push_back({nullptr, std::move(resource)});
    shared_->noticed = true;
  }
  shared_->changed.notify_all();
}

void WorkQueue::work(Shared& shared) {
  std::unique_lock<std::mutex> lock(shared.mutex);
  for (;;) {
    const auto awaited = [&shared] { return shared.stopping || !shared.entries.empty(); };
    if (!awaited()) lookOut(shared.noticed, lock);
    shared.changed.wait(lock, awaited);
    if (shared.entries.empty()) return;
    Shared::Entry entry = std::move(shared.entries.front());
    shared.entries.pop_front();
    shared.busy = true;
    lock.unlock();

    if (entry.task) {
      Task& task = *entry.task;
      try {
        if (shared.cancelled) throw std::runtime_error("the device was closed before this began");
        task.result = task.work(shared.cancelled);
      } catch (const TransportFailure& error) {
        task.failed = true;
        task.error = error.what();
        task.code = "TRANSPORT";
      } catch (const std::exception& error) {
        task.failed = true;
        task.error = error.what();
      } catch (...) {
        task.failed = true;
        task.error = "an exception of unknown type";
      }
      // Buffers freed in the meantime go now, before the promise settles.
      task.work = nullptr;
    }
    entry.resource.reset();

    lock.lock();
    shared.busy = false;
    const bool settles = entry.task != nullptr;
    if (settles) shared.done.push_back(std::move(entry.task));
    shared.changed.notify_all();
    if (!settles) continue;
    // Without the mutex: the main thread takes it as soon as it hears of this.
    lock.unlock();
    shared.signal.NonBlockingCall();
    lock.lock();
  }
}

void WorkQueue::settle(Napi::Env env, Napi::Function, std::shared_ptr<Shared>* context, void*) {
  // As the environment ends, calls that were on their way arrive without one, and after the context is gone. Nobody waits for
  // the promises; stop() has let go of the tasks.
  if (static_cast<napi_env>(env) == nullptr) return;
  const std::shared_ptr<Shared> shared = *context;
  std::vector<std::unique_ptr<Task>> done;
  {
    const std::lock_guard<std::mutex> lock(shared->mutex);
    done.swap(shared->done);
  }
  for (const std::unique_ptr<Task>& task : done) {
    if (task->failed)
      task->deferred.Reject(toError(env, *task));
    else
      task->deferred.Resolve(toJavaScript(env, task->result));
    if (--shared->open == 0) shared->signal.Unref(env);
  }
}

}  // namespace infinitile
