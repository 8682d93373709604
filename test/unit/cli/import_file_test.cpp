#include <doctest/doctest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "cli/json.h"
#include "cli/line_reader.h"
#include "cli/run_import.h"
#include "test/support/temp_folder.h"
#include "test/unit/cli/fake_link.h"
#include "test/unit/cli/fake_publisher.h"

using namespace filial;
using cli::Json;
using cli::LineReader;
using schema::Message;
using schema::Result;

namespace {

/// Answers at once, from a queue that the importer drains.
class PublisherLink : public cli::Link {
  public:
    explicit PublisherLink(FakePublisher& publisher) : publisher_(publisher) {}
    Result<void> send(const Message& message, std::chrono::milliseconds) override {
        waiting_.push_back(publisher_.take(std::get<schema::Ticket>(message)));
        return {};
    }
    Result<Message> receive(std::chrono::milliseconds) override {
        if (waiting_.empty()) return schema::fail(schema::Errc::timeout, "nothing");
        Message message = std::move(waiting_.front());
        waiting_.pop_front();
        return message;
    }
    Result<Message> ask(Message message, std::chrono::milliseconds) override {
        return Message(publisher_.state(std::get<schema::ClientAsk>(message).client));
    }

  private:
    FakePublisher& publisher_;
    std::deque<Message> waiting_;
};

/// A shell whose publisher is the fake one.
struct ImportShell : Shell {
    explicit ImportShell(FakePublisher& publisher, const std::filesystem::path& data) {
        context.loaded->data = data;
        context.dial = [&publisher](const core::Remote&) -> Result<std::unique_ptr<cli::Link>> {
            return std::unique_ptr<cli::Link>(new PublisherLink(publisher));
        };
    }
};

std::vector<std::string> lines_of(const std::string& path, bool& complete) {
    auto reader = LineReader::open(path);
    REQUIRE(reader.has_value());
    std::vector<std::string> lines;
    while (true) {
        std::string_view text;
        const auto got = reader->next(text);
        REQUIRE(got.has_value());
        if (*got == LineReader::Got::end) break;
        lines.push_back((*got == LineReader::Got::too_long ? "LONG " : "") + std::string(text));
    }
    complete = reader->last_line_complete();
    return lines;
}

}  // namespace

TEST_CASE("lines: blank ones, a last one without its end, and one that is far too long") {
    const test::TempFolder folder;
    const std::string path = folder / "lines";
    bool complete = true;
    std::ofstream(path) << "a\n\nbc";
    CHECK(lines_of(path, complete) == std::vector<std::string>{"a", "", "bc"});
    CHECK_FALSE(complete);
    std::ofstream(path) << "";
    CHECK(lines_of(path, complete).empty());
    for (const std::size_t size : {cli::kLineBytesMax, cli::kLineBytesMax + 1,
                                   cli::kLineBytesMax + 300'000, 3 * cli::kLineBytesMax}) {
        CAPTURE(size);
        std::ofstream(path) << "first\n" << std::string(size, 'x') << "\nlast\n";
        const auto lines = lines_of(path, complete);
        CHECK(complete);
        REQUIRE(lines.size() == 3);
        CHECK(lines[1] == (size > cli::kLineBytesMax ? "LONG " + std::string(64, 'x')
                                                     : std::string(size, 'x')));
        CHECK(lines[2] == "last");
    }
    CHECK(LineReader::open(folder / "none").error().code == schema::Errc::not_found);
    CHECK(LineReader::open(folder.path()).error().code == schema::Errc::invalid);
}

TEST_CASE("import verb: counts, exit codes and messages") {
    const test::TempFolder folder;
    FakePublisher publisher;
    ImportShell shell(publisher, folder.path());
    const std::string path = folder / "till.jsonl";
    std::ofstream(path) << "{\"op\":\"sell\",\"sku\":\"A\",\"qty\":\"1\"}\n"
                        << "{\"op\":\"sell\",\"sku\":\"B\",\"qty\":\"2\"}\n";
    CHECK(shell.run({"import", path, "--json"}) == 0);
    Json summary = Json::parse(shell.out);
    CHECK(summary["lines"] == 2);
    CHECK(summary["booked"] == 2);
    CHECK(summary["complete"] == true);
    CHECK(publisher.booked == std::vector<std::string>{"A", "B"});
    CHECK(std::filesystem::exists(folder / "imports"));

    // The time of a line that says none differs from run to run; it is still booked once.
    shell.clock.advance(3'600 * core::kSecond);
    CHECK(shell.run({"import", path}) == 0);
    CHECK(shell.out.find("0 booked, 2 booked before") != std::string::npos);

    std::ofstream(path, std::ios::app) << "{\"op\":\"sell\"}\n"
                                       << "{\"op\":\"sell\",\"sku\":\"C\",\"qty\":\"2\"}\n";
    for (int i = 0; i < 2; ++i) {  // It was never booked, so it is said by every run.
        CHECK(shell.run({"import", path}) == 2);
        CHECK(shell.err.find("filial: line 3 is bad: ") != std::string::npos);
        CHECK(shell.out.find("1 bad") != std::string::npos);
    }
    std::ofstream(path, std::ios::app) << "{\"op\":\"sell\",\"sku\":\"FORBIDDEN\",\"qty\":\"2\"}\n";
    CHECK(shell.run({"import", path}) == 4);
    CHECK(shell.err.find("filial: line 5 was refused: a rule says no\n") != std::string::npos);
    CHECK(publisher.booked == std::vector<std::string>{"A", "B", "C"});

    std::ofstream(path) << "{\"op\":\"sell\",\"sku\":\"Z\",\"qty\":\"1\"}\n";
    CHECK(shell.run({"import", path}) == 4);
    CHECK(shell.err.find("it has 1 lines, but 4 were imported") != std::string::npos);
    CHECK(shell.run({"import", path, "--source", "again"}) == 0);
    CHECK(shell.run({"import", "-"}) == 2);
    CHECK(shell.err.find("--source") != std::string::npos);
    CHECK(shell.run({"import", folder / "none"}) == 6);
}

TEST_CASE("S42: an import may leave out the home of a customer whom it registers") {
    const test::TempFolder folder;
    FakePublisher publisher;
    ImportShell shell(publisher, folder.path());
    const std::string path = folder / "customers.jsonl";
    std::ofstream(path) << "{\"op\":\"customer-add\",\"customer\":\"A\",\"fields\":{}}\n"
                        << "{\"op\":\"customer-add\",\"customer\":\"B\",\"home\":\"store8\"}\n"
                        << "{\"op\":\"move-home\",\"customer\":\"A\"}\n";
    CHECK(shell.run({"import", path}) == 2);
    CHECK(shell.err.find("filial: line 3 is bad: to: missing") != std::string::npos);
    CHECK(publisher.booked == std::vector<std::string>{"A", "B"});
}

TEST_CASE("import verb: the JSON summary names the lines that were not booked, and why") {
    const test::TempFolder folder;
    FakePublisher publisher;
    ImportShell shell(publisher, folder.path());
    const std::string path = folder / "till.jsonl";
    std::ofstream(path) << "{\"op\":\"sell\",\"sku\":\"A\",\"qty\":\"1\"}\n"
                        << "{\"op\":\"sell\"}\n"
                        << "{\"op\":\"sell\",\"sku\":\"FORBIDDEN\",\"qty\":\"2\"}\n";
    CHECK(shell.run({"import", path, "--json"}) == 4);
    const Json lines = Json::parse(shell.out)["not_booked"];
    REQUIRE(lines.size() == 2);
    CHECK(lines[0]["line"] == 2);
    CHECK(lines[0]["what"] == "bad");
    CHECK(lines[0]["reason"].get<std::string>().find("sku") != std::string::npos);
    CHECK(lines[1] == Json{{"line", 3}, {"what", "refused"}, {"reason", "a rule says no"}});
}

TEST_CASE("import verb: of two files with one name the second is told which one the first was") {
    const test::TempFolder folder;
    FakePublisher publisher;
    ImportShell shell(publisher, folder.path());
    const auto file = [&](const std::string& in, const std::string& sku) {
        std::filesystem::create_directories(folder / in);
        const std::string path = folder / (in + "/sales.jsonl");
        std::ofstream(path) << "{\"op\":\"sell\",\"sku\":\"" + sku + "\",\"qty\":\"1\"}\n";
        return path;
    };
    const std::string monday = file("monday", "A"), tuesday = file("tuesday", "B");
    CHECK(shell.run({"import", monday}) == 0);
    CHECK(shell.run({"import", tuesday}) == 4);
    CHECK(shell.err.find("those came from " + monday) != std::string::npos);
    CHECK(shell.err.find("--source") != std::string::npos);
    CHECK(publisher.booked == std::vector<std::string>{"A"});
    // A file that was moved goes on, and is the one from then on.
    const std::string moved = file("archive", "A");
    CHECK(shell.run({"import", moved}) == 0);
    CHECK(shell.run({"import", tuesday}) == 4);
    CHECK(shell.err.find("those came from " + moved) != std::string::npos);
    CHECK(shell.run({"import", tuesday, "--source", "tuesday"}) == 0);
    CHECK(publisher.booked == std::vector<std::string>{"A", "B"});
}
