#include "bench/support/coder_speed.h"

/// What packing and unpacking by column costs, and nothing else: for `perf stat` and callgrind.
namespace filial::bench {
namespace {

const std::string kDate = "2011-06-30";  // As in bench-line.

schema::Result<void> coder(const Setup& setup, Report& report) {
    const auto day = read_day(setup.data, kDate, setup.work / "day");
    if (!day) return tl::unexpected(day.error());
    report.fact("date", day->date);
    return coder_speed(setup, *day, report);
}

}  // namespace
}  // namespace filial::bench

int main(int argc, char** argv) {
    return filial::bench::run_bench(
        argc, argv, "coder", "Events a second that blocks by column take, packing and unpacking.",
        3, filial::bench::coder);
}
