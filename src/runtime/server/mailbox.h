// Things on their way to another thread. Whoever puts the first one in wakes the receiver; the others ride along.
//
//   if (mailbox.Put(std::move(letter))) Wake();    // any thread
//   mailbox.TakeAll(letters);                      // the receiver's; in the order in which they were put
#ifndef SLUICE_RUNTIME_SERVER_MAILBOX_H_
#define SLUICE_RUNTIME_SERVER_MAILBOX_H_

#include <mutex>
#include <utility>
#include <vector>

namespace sluice::runtime {

template <typename Letter>
class Mailbox {
 public:
  // True if it was empty.
  [[nodiscard]] bool Put(Letter letter) {
    const std::lock_guard lock(mutex_);
    letters_.push_back(std::move(letter));
    return letters_.size() == 1;
  }
  // `letters`, which is empty, and whose memory is used again.
  void TakeAll(std::vector<Letter>& letters) {
    const std::lock_guard lock(mutex_);
    letters_.swap(letters);
  }

 private:
  std::mutex mutex_;
  std::vector<Letter> letters_;
};

}  // namespace sluice::runtime

#endif  // SLUICE_RUNTIME_SERVER_MAILBOX_H_
