#pragma once

#include <cstdint>

namespace filial::sim {

/// Thrown at a place where a process is killed, or its machine loses power; caught by the company,
/// which then throws the process away.
struct ProcessEnds {
    bool power_cut = false;
};

/// Counts the places where a process can end between two of its steps: before and after each write
/// and sync, and lets it end at one of them.
class Fuse {
  public:
    /// The process ends at the `places`th place from now.
    void light(std::uint64_t places, bool power_cut) {
        left_ = places;
        power_cut_ = power_cut;
    }
    void put_out() { left_ = 0; }
    bool burns() const { return left_ > 0; }
    void place() {
        if (left_ == 0 || --left_ > 0) return;
        throw ProcessEnds{power_cut_};
    }

  private:
    std::uint64_t left_ = 0;
    bool power_cut_ = false;
};

}  // namespace filial::sim
