#pragma once

#include <memory>

#include "cuda_driver.h"

namespace infinitile {

/** A device's primary context (the one PyTorch and other libraries in the process use too), held while the object lives. */
class CudaContext {
 public:
  CudaContext(std::shared_ptr<const CudaDriver> driver, int ordinal);
  ~CudaContext();
  CudaContext(const CudaContext&) = delete;
  CudaContext& operator=(const CudaContext&) = delete;

  const CudaDriver& driver() const { return *driver_; }
  cuda::Context handle() const { return context_; }

  /** Makes the context current on this thread for a scope. */
  class Scope {
   public:
    explicit Scope(const CudaContext& context);
    ~Scope();
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;

    /** False where the driver is gone: a destructor then has nothing to do. */
    bool entered() const { return result_ == cuda::kSuccess; }
    /** Throws unless entered. */
    void require() const;

   private:
    const CudaContext& context_;
    cuda::Result result_;
  };

 private:
  std::shared_ptr<const CudaDriver> driver_;
  cuda::Device device_ = 0;
  cuda::Context context_ = nullptr;
};

}  // namespace infinitile
