#include "cli/progress.h"

#include <fmt/format.h>

#include <algorithm>

#include "cli/time_text.h"
#include "core/clock.h"

namespace filial::cli {
namespace {

constexpr std::int64_t kBarEvery = core::kSecond / 10;
constexpr std::int64_t kLineEvery = 10 * core::kSecond;
constexpr std::size_t kBarWidth = 24;

}  // namespace

Progress::Progress(Console& console, std::string what, std::uint64_t total, std::int64_t now_us)
    : console_(console),
      what_(std::move(what)),
      total_(total),
      began_us_(now_us),
      shown_us_(now_us),
      bar_(console.err_is_terminal()) {}

std::string Progress::text(std::uint64_t done, std::uint64_t count, std::int64_t now_us) const {
    const double seconds = static_cast<double>(std::max<std::int64_t>(now_us - began_us_, 1)) / 1e6;
    const auto rate = static_cast<std::uint64_t>(static_cast<double>(count) / seconds);
    std::string text = what_;
    if (total_ > 0) {
        const double part = std::min(1.0, static_cast<double>(done) / static_cast<double>(total_));
        const auto full = static_cast<std::size_t>(part * kBarWidth);
        text += fmt::format(" [{}{}] {:3.0f}%", std::string(full, '#'),
                            std::string(kBarWidth - full, ' '), part * 100);
        text += fmt::format("  {}  {}/s", grouped(count), grouped(rate));
        if (part > 0.01 && part < 1) {
            const auto left = static_cast<std::int64_t>(seconds / part * (1 - part) * 1e6);
            text += "  " + duration_text(left) + " left";
        }
        return text;
    }
    return text + fmt::format("  {}  {}/s", grouped(count), grouped(rate));
}

void Progress::update(std::uint64_t done, std::uint64_t count, std::int64_t now_us) {
    if (now_us - shown_us_ < (bar_ ? kBarEvery : kLineEvery)) return;
    shown_us_ = now_us;
    if (bar_) {
        console_.err("\r\033[K" + text(done, count, now_us));
        drawn_ = true;
    } else {
        console_.say(text(done, count, now_us));
    }
}

void Progress::say(const std::string& text) {
    finish();
    console_.say(text);
}

void Progress::finish() {
    if (drawn_) console_.err("\r\033[K");
    drawn_ = false;
}

}  // namespace filial::cli
