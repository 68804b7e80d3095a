#pragma once

#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace instseg {

// A fixed set of objects that calls borrow. Who comes when none is free waits, and is served in the
// order of coming: an object that is given back goes straight to the one who waits longest.
template <typename T>
class FairPool {
 public:
  explicit FairPool(std::vector<std::unique_ptr<T>> items) : items_(std::move(items)) {
    for (const std::unique_ptr<T>& item : items_) free_.push_back(item.get());
  }
  FairPool(const FairPool&) = delete;
  FairPool& operator=(const FairPool&) = delete;

  // A borrowed object; gives it back at the end of its life. The pool must outlive it.
  class Lease {
   public:
    Lease(FairPool& pool, T& item) : pool_(pool), item_(item) {}
    ~Lease() { pool_.give_back(item_); }
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;
    T& operator*() const { return item_; }
    T* operator->() const { return &item_; }

   private:
    FairPool& pool_;
    T& item_;
  };

  std::size_t size() const { return items_.size(); }

  // Calls of take() that wait now.
  std::size_t num_waiting() const {
    const std::lock_guard lock(mutex_);
    std::size_t count = 0;
    for (const Waiter* waiter = first_; waiter != nullptr; waiter = waiter->next) ++count;
    return count;
  }

  // Waits for a free object. Allocates nothing.
  Lease take() {
    std::unique_lock lock(mutex_);
    if (!free_.empty()) {
      T* const item = free_.back();  // the last used: its memory is warm
      free_.pop_back();
      return {*this, *item};
    }
    Waiter self;
    (last_ == nullptr ? first_ : last_->next) = &self;
    last_ = &self;
    self.served.wait(lock, [&] { return self.item != nullptr; });
    return {*this, *self.item};
  }

 private:
  // Lives on the waiting thread's stack, in a queue that the mutex guards.
  struct Waiter {
    T* item = nullptr;
    Waiter* next = nullptr;
    std::condition_variable served;
  };

  void give_back(T& item) {
    const std::lock_guard lock(mutex_);
    if (first_ == nullptr) {
      free_.push_back(&item);  // within the capacity that the constructor made
      return;
    }
    Waiter* const waiter = first_;
    first_ = waiter->next;
    if (first_ == nullptr) last_ = nullptr;
    waiter->item = &item;
    // Under the lock: once it is released the waiter may leave and take its condition with it.
    waiter->served.notify_one();
  }

  std::vector<std::unique_ptr<T>> items_;
  mutable std::mutex mutex_;
  std::vector<T*> free_;
  Waiter* first_ = nullptr;
  Waiter* last_ = nullptr;
};

}  // namespace instseg
