#pragma once

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "cli/context.h"

/// A connection whose other end is a function; "not there" and lost answers are its errors.
class FakeLink : public filial::cli::Link {
  public:
    using Answer =
        std::function<filial::schema::Result<filial::schema::Message>(filial::schema::Message)>;
    explicit FakeLink(Answer answer) : answer_(std::move(answer)) {}

    filial::schema::Result<void> send(const filial::schema::Message&,
                                      std::chrono::milliseconds) override {
        return {};
    }
    filial::schema::Result<filial::schema::Message> receive(std::chrono::milliseconds) override {
        return filial::schema::fail(filial::schema::Errc::timeout, "nothing came");
    }
    filial::schema::Result<filial::schema::Message> ask(filial::schema::Message message,
                                                        std::chrono::milliseconds) override {
        return answer_(std::move(message));
    }

  private:
    Answer answer_;
};

/// The command line as a test runs it: output caught, time standing still or moving with each
/// question, the other end a function.
struct Shell {
    explicit Shell(FakeLink::Answer answer = {}) : console(&out, &err), context(console, clock) {
        filial::core::Options options;
        options.store = filial::schema::StoreId{"store1"};
        std::string name = (std::filesystem::temp_directory_path() / "filial-XXXXXX").string();
        folder = ::mkdtemp(name.data());
        options.data = folder;
        context.loaded = options;
        context.dial = [answer](const filial::core::Remote& remote)
            -> filial::schema::Result<std::unique_ptr<filial::cli::Link>> {
            static_cast<void>(remote);
            if (answer) return std::unique_ptr<filial::cli::Link>(new FakeLink(answer));
            return std::unique_ptr<filial::cli::Link>(new FakeLink(
                [](filial::schema::Message) -> filial::schema::Result<filial::schema::Message> {
                    return filial::schema::fail(filial::schema::Errc::unreachable, "nobody there");
                }));
        };
    }
    Shell(const Shell&) = delete;
    Shell& operator=(const Shell&) = delete;
    ~Shell() { std::filesystem::remove_all(folder); }
    int run(const std::vector<std::string>& args);

    std::filesystem::path folder;  ///< The store's data.
    std::string out;
    std::string err;
    filial::cli::Console console;
    filial::core::ManualClock clock;
    filial::cli::Context context;
};
