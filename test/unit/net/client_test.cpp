#include "core/link/client.h"

#include <doctest/doctest.h>

#include <atomic>
#include <thread>

#include "core/link/asker.h"
#include "test/unit/net/two_ends.h"

using namespace filial;
using schema::Errc;
using schema::Message;
using std::chrono::milliseconds;

namespace {

/// A process that answers, in a thread with a network of its own.
class Answerer {
  public:
    /// What to send for a message that came; nothing: the process ends there.
    using Answers = std::function<std::optional<std::vector<Message>>(const Message&)>;

    Answerer(const std::string& endpoint, Answers answers)
        : answers_(std::move(answers)), thread_([this, endpoint] { run(endpoint); }) {
        while (!listening_) std::this_thread::yield();
    }
    ~Answerer() {
        stop_ = true;
        thread_.join();
    }

  private:
    void run(const std::string& endpoint) {
        auto network = core::Network::open(nullptr);
        auto port = core::Port::bind(**network, endpoint, nullptr);
        core::Poller poller(**network);
        poller.add(**port);
        schema::Parser parser;
        listening_ = true;
        while (!stop_) {
            (void)poller.wait(milliseconds(10)).has_value();
            while (auto came = (*port)->receive().value()) {
                const auto message = schema::decode_message(parser, came->bytes);
                const auto answers = answers_(*message);
                if (!answers) return;
                for (const Message& answer : *answers) {
                    (void)(*port)->send(came->route, schema::encode(answer)).has_value();
                }
            }
        }
    }

    Answers answers_;
    std::atomic<bool> listening_{false};
    std::atomic<bool> stop_{false};
    std::thread thread_;
};

schema::ClientState state(std::uint64_t request, std::uint64_t highest) {
    schema::ClientState answer;
    answer.request = request;
    answer.highest = highest;
    return answer;
}

struct Asking {
    test::TempFolder folder;
    std::string endpoint = "ipc://" + (folder / "a.sock").string();
    test::End end{nullptr};

    std::unique_ptr<core::Client> open() {
        auto client = core::Client::open(*end.network, {"store1", endpoint, ""}, nullptr);
        REQUIRE(client);
        return std::move(*client);
    }
};

}  // namespace

TEST_CASE("client: an answer belongs to its question, whatever else comes") {
    Asking asking;
    const Answerer answerer(asking.endpoint, [](const Message& message) -> std::vector<Message> {
        const std::uint64_t request = std::get<schema::ClientAsk>(message).request;
        schema::Trouble other;
        other.request = request + 100;
        return {state(request + 1, 666), schema::Bye{}, other, state(request, request * 10)};
    });
    auto client = asking.open();
    for (std::uint64_t round = 1; round <= 3; ++round) {
        const auto answer = client->ask(schema::ClientAsk{}, milliseconds(10'000));
        REQUIRE_MESSAGE(answer, answer.error().message);
        CHECK(std::get<schema::ClientState>(*answer).highest == round * 10);
    }
}

TEST_CASE("client: a trouble about the question is its error") {
    Asking asking;
    bool numbered = true;
    const Answerer answerer(asking.endpoint, [&](const Message& message) -> std::vector<Message> {
        schema::Trouble trouble;
        trouble.request = numbered ? std::get<schema::ClientAsk>(message).request : 0;
        trouble.code = numbered ? Errc::not_found : Errc::unknown_kind;
        trouble.message = "no such client";
        numbered = false;
        return {trouble};
    });
    auto client = asking.open();
    const auto first = client->ask(schema::ClientAsk{}, milliseconds(10'000));
    REQUIRE_FALSE(first);
    CHECK(first.error().code == Errc::not_found);
    CHECK(first.error().message == "no such client");
    const auto second = client->ask(schema::ClientAsk{}, milliseconds(10'000));
    REQUIRE_FALSE(second);
    CHECK(second.error().code == Errc::unknown_kind);
}

TEST_CASE("client: nobody there is unreachable and names the endpoint") {
    Asking asking;
    auto client = asking.open();
    const auto answer = client->ask(schema::StatusAsk{}, milliseconds(300));
    REQUIRE_FALSE(answer);
    CHECK(answer.error().code == Errc::unreachable);
    CHECK(answer.error().message.find("nobody answers at " + asking.endpoint) == 0);
}

TEST_CASE("client: silence is a timeout, and a late answer is not taken for the next one") {
    Asking asking;
    std::vector<Message> late;
    const Answerer answerer(asking.endpoint, [&](const Message& message) {
        const std::uint64_t request = std::get<schema::ClientAsk>(message).request;
        late.push_back(state(request, request));
        return late.size() < 2 ? std::vector<Message>{} : late;
    });
    auto client = asking.open();
    // It may still be connecting when a slow machine begins to count: wait for room first.
    REQUIRE(client->send(schema::ClientAsk{}, milliseconds(10'000)));
    const auto answer = client->ask(schema::ClientAsk{}, milliseconds(10'000));
    REQUIRE(answer);
    CHECK(std::get<schema::ClientState>(*answer).request == 1);
    const auto silence = client->receive(milliseconds(50));
    REQUIRE_FALSE(silence);
    CHECK(silence.error().code == Errc::timeout);
}

TEST_CASE("client: a process that ends before it answers is known at once") {
    Asking asking;
    const Answerer answerer(asking.endpoint, [](const Message&) { return std::nullopt; });
    auto client = asking.open();
    const auto begin = std::chrono::steady_clock::now();
    const auto answer = client->ask(schema::ClientAsk{}, milliseconds(60'000));
    REQUIRE_FALSE(answer);
    CHECK(answer.error().code == Errc::timeout);
    CHECK(answer.error().message.find("broke") != std::string::npos);
    CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds(30));
}

TEST_CASE("client: a key that is not admitted is told so at once") {
    test::TwoEnds ends;
    std::atomic<bool> stop{false};
    std::string endpoint;
    std::atomic<bool> listening{false};
    std::thread server([&] {
        core::AllowList nobody(ends.folder / "none.toml");
        auto network = core::Network::open(&nobody);
        auto port = core::Port::bind(**network, "tcp://127.0.0.1:*", &ends.server_keys);
        core::Poller poller(**network);
        poller.add(**port);
        endpoint = (*port)->endpoint();
        listening = true;
        while (!stop) (void)poller.wait(milliseconds(10)).has_value();
    });
    while (!listening) std::this_thread::yield();
    auto client = core::Client::open(
        *ends.client.network, {"head", endpoint, ends.server_keys.curve_public}, &ends.client_keys);
    REQUIRE(client);
    const auto begin = std::chrono::steady_clock::now();
    const auto answer = (*client)->ask(schema::StatusAsk{}, milliseconds(60'000));
    const auto took = std::chrono::steady_clock::now() - begin;
    stop = true;
    server.join();
    REQUIRE_FALSE(answer);
    CHECK(answer.error().code == Errc::not_allowed);
    CHECK(took < std::chrono::seconds(30));
}

TEST_CASE("asker: asks without waiting, and takes the answer to its own question alone") {
    Asking asking;
    const Answerer answerer(asking.endpoint, [](const Message& message) -> std::vector<Message> {
        const auto& query = std::get<schema::Query>(message);
        schema::Answer older, mine;
        older.request = query.request + 100;
        mine.request = query.request;
        mine.unit = query.key;
        return {older, mine};
    });
    const core::SystemClock clock;
    core::Asker asker(*asking.end.network, clock, asking.endpoint);
    CHECK_FALSE(asker.answer());
    for (const char* key : {"ann", "bob"}) {
        schema::Query query;
        query.key = key;
        asker.ask(query);
        std::optional<schema::Result<Message>> answer;
        while (!answer) answer = asker.answer();
        REQUIRE(*answer);
        CHECK(std::get<schema::Answer>(**answer).unit == key);
        CHECK_FALSE(asker.answer());
    }
}

TEST_CASE("asker: where nobody answers it says so after a while") {
    Asking asking;
    core::ManualClock clock;
    core::Asker asker(*asking.end.network, clock, asking.endpoint);
    asker.ask(schema::StatusAsk{});
    CHECK_FALSE(asker.answer());
    clock.advance(6 * core::kSecond);
    const auto answer = asker.answer();
    REQUIRE(answer);
    REQUIRE_FALSE(*answer);
    CHECK(answer->error().code == Errc::unreachable);
    CHECK(answer->error().message.find("is the process running?") != std::string::npos);
}
