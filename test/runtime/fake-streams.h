// Streams without a GPU, for libraries that take its place in tests: what a stream is given is done as soon as it can be, which is at
// once unless something before it waits for another stream, or takes its time.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <utility>

namespace fake {

/** Whether it is done; asked again until it is. */
using Work = std::function<bool()>;

struct Stream {
  std::deque<Work> work;
};

/** What was recorded last; nothing is reached at once. */
struct Event {
  std::shared_ptr<bool> reached = std::make_shared<bool>(true);
};

/** Of everything that several threads touch. */
inline std::recursive_mutex mutex;
using Lock = std::lock_guard<std::recursive_mutex>;
inline std::set<Stream*> streams;

/** Does what can be done. */
inline void proceed() {
  for (bool moved = true; moved;) {
    moved = false;
    for (Stream* stream : streams)
      for (; !stream->work.empty() && stream->work.front()(); moved = true) stream->work.pop_front();
  }
}

/** Null: done at once. */
inline void give(void* stream, Work work) {
  const Lock lock(mutex);
  if (!stream) return void(work());
  static_cast<Stream*>(stream)->work.push_back(std::move(work));
  proceed();
}

inline bool idle(const Stream& stream) {
  proceed();
  return stream.work.empty();
}

inline bool allIdle() {
  const Lock lock(mutex);
  proceed();
  for (const Stream* stream : streams)
    if (!stream->work.empty()) return false;
  return true;
}

}  // namespace fake
