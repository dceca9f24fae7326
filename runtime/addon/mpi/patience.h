#pragma once

#include <chrono>
#include <string>

namespace infinitile {

/** How long a rank waits for others while nothing moves. */
class Patience {
 public:
  explicit Patience(std::chrono::milliseconds limit) : limit_(limit) {}

  /** Something came or went: the wait begins anew. */
  void moved() { since_ = Time::now(); }
  bool over() const { return Time::now() - since_ > limit_; }
  std::string text() const { return std::to_string(limit_.count()) + " ms"; }

 private:
  using Time = std::chrono::steady_clock;

  std::chrono::milliseconds limit_;
  Time::time_point since_ = Time::now();
};

}  // namespace infinitile
