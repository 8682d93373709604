#include "bench/support/plain_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "bench/support/stopwatch.h"
#include "schema/hash.h"

namespace filial::bench {

using schema::Errc;
using schema::fail;
using schema::Result;

Result<std::vector<double>> append_and_sync(const std::filesystem::path& dir,
                                            const std::vector<std::size_t>& groups) {
    if (groups.empty()) return std::vector<double>{};
    const auto path = dir / "plain-file";
    const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_APPEND, 0600);
    if (file < 0) return fail(Errc::io, path.string() + ": " + std::strerror(errno));
    const schema::Bytes content =
        schema::random_bytes(*std::max_element(groups.begin(), groups.end()));
    std::vector<double> seconds;
    seconds.reserve(groups.size());
    bool fine = true;
    for (const std::size_t bytes : groups) {
        const Stopwatch watch;
        fine = fine && ::write(file, content.data(), bytes) == static_cast<ssize_t>(bytes) &&
               ::fdatasync(file) == 0;
        seconds.push_back(watch.seconds());
    }
    ::close(file);
    ::unlink(path.c_str());
    if (!fine) return fail(Errc::io, "append to " + path.string());
    return seconds;
}

}  // namespace filial::bench
