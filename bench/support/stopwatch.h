#pragma once

#include <sys/resource.h>

#include <chrono>

namespace filial::bench {

/// Time that passed, and processor time that all threads of this process took.
struct Spent {
    double seconds = 0;
    double processor = 0;
};

class Stopwatch {
  public:
    double seconds() const {
        return std::chrono::duration<double>(std::chrono::steady_clock::now() - began_).count();
    }

    Spent spent() const { return {seconds(), processor() - processor_}; }

  private:
    static double processor() {
        rusage used{};
        ::getrusage(RUSAGE_SELF, &used);
        const auto in_seconds = [](const timeval& t) {
            return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
        };
        return in_seconds(used.ru_utime) + in_seconds(used.ru_stime);
    }

    double processor_ = processor();
    std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
};

}  // namespace filial::bench
