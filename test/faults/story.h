#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "schema/error.h"

namespace rocksdb {
class Env;
}

namespace filial::test {

/// One program's part on a disk that fails, and what the world outside knows of it: what was
/// acknowledged to it, over all lives of the program. What breaks a promise is said in words.
class Story {
  public:
    virtual ~Story() = default;
    /// The program is started, works and ends; when it is told that something failed, it ends as
    /// the real one does.
    /// `writes_fail`: it is told of no failure but a write's, after which it may write nothing
    /// more.
    virtual std::optional<std::string> live(rocksdb::Env* env, bool writes_fail) = 0;
    /// On a disk that works: all that was acknowledged is there, everything else is handed in
    /// again, and in the end each thing is there once.
    virtual std::optional<std::string> settle(rocksdb::Env* env) = 0;
};

/// Databases in `folder`. The same seed hands in the same.
std::unique_ptr<Story> publisher_story(std::filesystem::path folder, std::uint32_t seed);
std::unique_ptr<Story> broker_story(std::filesystem::path folder, std::uint32_t seed);
std::unique_ptr<Story> replica_story(std::filesystem::path folder, std::uint32_t seed);

/// A failed disk has to be told as one: the end of that life, and no broken promise.
inline std::optional<std::string> told(const schema::Error& error) {
    if (error.code == schema::Errc::io) return std::nullopt;
    return "an operation that the disk refused is told as " +
           std::string(schema::error_info(error.code).name) + ": " + error.message;
}

}  // namespace filial::test
