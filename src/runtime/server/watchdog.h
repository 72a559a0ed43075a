// A thread that ends JavaScript which runs too long: the app's own thread cannot, as it runs it.
//
//   Watchdog watchdog([&] { return realm.InterruptLongTask(1000); });
#ifndef SLUICE_RUNTIME_SERVER_WATCHDOG_H_
#define SLUICE_RUNTIME_SERVER_WATCHDOG_H_

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

namespace sluice::runtime {

class Watchdog {
 public:
  // `look` returns after how many milliseconds it wants to look again.
  explicit Watchdog(std::function<double()> look);
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;
  ~Watchdog();

 private:
  void Main();

  std::function<double()> look_;
  std::mutex mutex_;
  std::condition_variable stop_;
  bool stopped_ = false;
  std::thread thread_;
};

}  // namespace sluice::runtime

#endif  // SLUICE_RUNTIME_SERVER_WATCHDOG_H_
