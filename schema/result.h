#pragma once

#include <cstdio>
#include <cstdlib>
#include <string>
#include <tl/expected.hpp>
#include <utility>

#include "schema/error.h"

namespace filial::schema {

/// A T, or why there is none. The compiler warns when it is ignored.
template <class T>
class [[nodiscard]] Result : public tl::expected<T, Error> {
  public:
    using tl::expected<T, Error>::expected;
};

/// `return fail(Errc::corrupt, "block of store1: checksum differs");`
inline tl::unexpected<Error> fail(Errc code, std::string message) {
    return tl::unexpected<Error>(Error{code, std::move(message)});
}

/// Passes an error up and says what this layer was doing: "read journal: rocksdb: ...".
inline tl::unexpected<Error> fail(std::string_view doing, const Error& error) {
    return tl::unexpected<Error>(Error{error.code, std::string(doing) + ": " + error.message});
}

/// States what must be true of our own code; stays on in release and ends the process. Disks,
/// people and networks get an Error instead.
inline void check(bool holds, const char* what, const char* file = __builtin_FILE(),
                  int line = __builtin_LINE()) {
    if (holds) return;
    std::fprintf(stderr, "filial: broken promise in the program at %s:%d: %s\n", file, line, what);
    std::abort();
}

}  // namespace filial::schema
