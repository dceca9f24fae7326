#include "local_end.h"

#include <algorithm>
#include <chrono>
#include <exception>
#include <stdexcept>
#include <thread>
#include <utility>

#include "errors.h"

namespace infinitile {

namespace {

using Time = std::chrono::steady_clock;

/** Nobody tells of a message that becomes ready, or of a device that is closed: whoever waits looks by itself. */
constexpr std::chrono::milliseconds kGlance{2};

/** So long who hurries looks out before it sleeps: waking up takes longer than most waits of threads that only feed a GPU. */
constexpr std::chrono::microseconds kHurry{500};

std::string rankText(int rank) { return "rank " + std::to_string(rank); }

std::string bytesText(std::size_t bytes) { return std::to_string(bytes) + " bytes"; }

}  // namespace

void LocalEnd::require(const std::string& step) {
  const Lock lock(group_->mutex);
  if (group_->lost()) throw TransportFailure(rankText(rank_) + ", " + step + ": " + *group_->lost());
}

void LocalEnd::send(std::shared_ptr<LocalPost> post) {
  sent_.push_back(post);
  const Lock lock(group_->mutex);
  const int to = post->to;
  group_->mailbox(rank_, to).push_back(std::move(post));
  group_->tell();
}

void LocalEnd::receive(int from, std::size_t bytes, const std::string& step, Take take) {
  awaited_[static_cast<std::size_t>(from)].push_back({bytes, step, std::move(take)});
}

void LocalEnd::glance() {
  Lock lock(group_->mutex);
  takeArrived(lock);
}

void LocalEnd::join(const std::atomic<bool>& cancelled) {
  Lock lock(group_->mutex);
  taken_.clear();
  try {
    await(cancelled, lock);
  } catch (const std::exception&) {
    withdraw(lock);
    throw;
  }
}

void LocalEnd::lose(const std::string& reason) {
  const Lock lock(group_->mutex);
  group_->lose(reason);
}

void LocalEnd::await(const std::atomic<bool>& cancelled, Lock& lock) {
  Time::time_point end = Time::now() + group_->patience();
  std::size_t before = pending();
  for (;;) {
    if (!group_->lost()) takeArrived(lock);
    collectTaken();
    const std::size_t left = pending();
    if (left == 0) return;
    if (left < before) end = Time::now() + group_->patience();
    before = left;
    if (group_->lost() || cancelled || Time::now() >= end) giveUp(cancelled);
    waitForChange(lock);
  }
}

void LocalEnd::waitForChange(Lock& lock) {
  if (hurries_) {
    const std::uint64_t seen = group_->changes;
    lock.unlock();
    const Time::time_point sleepAt = Time::now() + kHurry;
    while (group_->changes == seen && Time::now() < sleepAt) std::this_thread::yield();
    lock.lock();
    if (group_->changes != seen) return;
  }
  group_->changed.wait_for(lock, kGlance);
}

void LocalEnd::takeArrived(Lock& lock) {
  for (int from = 0; from < group_->ranks(); ++from) {
    std::deque<Awaited>& awaited = awaited_[static_cast<std::size_t>(from)];
    LocalGroup::Mailbox& mailbox = group_->mailbox(from, rank_);
    while (!awaited.empty() && !mailbox.empty() && (!mailbox.front()->ready || mailbox.front()->ready())) {
      const std::shared_ptr<LocalPost> post = mailbox.front();
      mailbox.pop_front();
      take(from, awaited.front(), *post, lock);
      awaited.pop_front();
    }
  }
}

void LocalEnd::take(int from, const Awaited& awaited, LocalPost& post, Lock& lock) {
  if (post.bytes != awaited.bytes) {
    post.state = LocalPost::State::taken;
    fail(rankText(rank_) + " expects " + bytesText(awaited.bytes) + " of " + rankText(from) + " (" + awaited.step +
         "), which sends " + bytesText(post.bytes) + " (" + post.step + ")");
  }
  post.state = LocalPost::State::beingTaken;
  lock.unlock();
  std::string failure;
  try {
    awaited.take(post);
  } catch (const std::exception& error) {
    failure = error.what();
  }
  lock.lock();
  post.state = LocalPost::State::taken;
  group_->tell();
  if (!failure.empty()) fail(rankText(rank_) + ", " + awaited.step + ": a message of " + rankText(from) + " cannot be taken: " + failure);
}

void LocalEnd::collectTaken() {
  const auto waiting = std::stable_partition(sent_.begin(), sent_.end(), [](const std::shared_ptr<LocalPost>& post) {
    return post->state == LocalPost::State::taken;
  });
  taken_.insert(taken_.end(), sent_.begin(), waiting);
  sent_.erase(sent_.begin(), waiting);
}

std::size_t LocalEnd::pending() const {
  std::size_t count = sent_.size();
  for (const std::deque<Awaited>& awaited : awaited_) count += awaited.size();
  return count;
}

void LocalEnd::giveUp(const std::atomic<bool>& cancelled) {
  const auto receiving = std::find_if(awaited_.begin(), awaited_.end(), [](const std::deque<Awaited>& one) { return !one.empty(); });
  const bool receives = receiving != awaited_.end();
  const int peer = receives ? static_cast<int>(receiving - awaited_.begin()) : sent_.front()->to;
  const std::string& step = receives ? receiving->front().step : sent_.front()->step;
  const std::string place = rankText(rank_) + ", " + step + ": ";
  // A device that is closed tells the others, unless they know of something worse.
  if (cancelled) {
    group_->lose(place + "its device was closed while it waited for " + rankText(peer));
    throw std::runtime_error("the device was closed while " + rankText(rank_) + " waited for " + rankText(peer) + " (" + step + ")");
  }
  if (group_->lost()) throw TransportFailure(place + "waiting for " + rankText(peer) + ": " + *group_->lost());
  const std::size_t bytes = receives ? receiving->front().bytes : sent_.front()->bytes;
  const std::string missed = receives ? " has not sent " : " has not taken ";
  fail(place + rankText(peer) + missed + bytesText(bytes) + " for " + std::to_string(group_->patience().count()) + " ms");
}

void LocalEnd::withdraw(Lock& lock) {
  for (std::deque<Awaited>& awaited : awaited_) awaited.clear();
  for (const std::shared_ptr<LocalPost>& post : sent_) {
    LocalGroup::Mailbox& mailbox = group_->mailbox(rank_, post->to);
    mailbox.erase(std::remove(mailbox.begin(), mailbox.end(), post), mailbox.end());
  }
  group_->changed.wait(lock, [this] {
    return std::none_of(sent_.begin(), sent_.end(),
                        [](const std::shared_ptr<LocalPost>& post) { return post->state == LocalPost::State::beingTaken; });
  });
  collectTaken();
  sent_.clear();
}

void LocalEnd::fail(const std::string& reason) {
  group_->lose(reason);
  throw TransportFailure(reason);
}

}  // namespace infinitile
