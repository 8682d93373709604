#include "subscriber/live_answers.h"

#include <algorithm>

#include "schema/hash.h"

namespace filial::subscriber {

using core::BootTime;
using core::Peer;
using ledger::Confirmations;
using schema::AnswerRow;
using schema::Errc;
using schema::Message;
using schema::Query;
using schema::QueryKind;
using schema::Result;
using schema::StoreId;

namespace {

/// Who is silent is asked again this often: his line may have come up meanwhile.
constexpr std::int64_t kAskEvery = 2 * core::kSecond;

/// Not to be guessed, and read exactly by every language.
std::uint64_t draw_nonce() {
    std::uint64_t nonce = 0;
    for (const char c : schema::random_bytes(8)) {
        nonce = nonce << 8 | static_cast<unsigned char>(c);
    }
    return (nonce >> 11) | 1;
}

/// The question that the replica answers about the same thing.
Query plain_of(const Query& query) {
    Query plain = query;
    plain.limit = 0;
    plain.max_age_us = -1;
    plain.kind = query.topic == schema::kTopicStock       ? QueryKind::stock
                 : query.topic == schema::kTopicCustomers ? QueryKind::customer
                 : query.topic == schema::kTopicDebts     ? QueryKind::debt
                                                          : QueryKind::value;
    return plain;
}

/// What of each log an answer is made of.
std::vector<std::string> topics_of(const std::string& topic) {
    if (topic != schema::kTopicDebts) return {topic};
    return {topic, std::string(schema::kTopicCustomers)};
}

std::string_view name_of(Confirmations::Lack lack) {
    switch (lack) {
        case Confirmations::Lack::silent:
            return "silent";
        case Confirmations::Lack::behind:
            return "behind";
        case Confirmations::Lack::old_epoch:
            return "old-epoch";
    }
    return "silent";
}

}  // namespace

Result<void> LiveAnswers::begin(const core::Requester& from, const Query& query) {
    if (questions_.size() >= kLiveMax) {
        return schema::fail(Errc::busy, std::to_string(questions_.size()) +
                                            " official questions are under way: ask again later");
    }
    for (const std::string& topic : topics_of(query.topic)) {
        if (replica_.wants_topic(topic)) continue;
        return schema::fail(Errc::not_held, "an official answer needs topic " + topic +
                                                ", which is not subscribed here");
    }
    ledger::OfficialQuestion asked;
    asked.topic = query.topic;
    asked.stores = replica_.stores();
    const bool of_customer =
        query.topic == schema::kTopicDebts || query.topic == schema::kTopicCustomers;
    if (!of_customer) asked.place = query.store;
    const bool all_here = replica_.wants_all_stores() ||
                          (!asked.place.empty() && replica_.wants_store(StoreId{asked.place}));
    if (!all_here) {
        return schema::fail(Errc::refused,
                            "not every store that may have a part in it is copied here: set "
                            "[subscriber] stores = [\"*\"], or ask at a store that copies all");
    }
    if (of_customer) {
        const auto record = replica_.read().customer(query.key);
        if (!record) return tl::unexpected(record.error());
        asked.home = ledger::merge(record->parts).home_store();
        auto holders = replica_.accounts().holders(asked.home, query.key);
        if (!holders) return tl::unexpected(holders.error());
        asked.holders = std::move(*holders);
    }
    auto retired = replica_.accounts().retired(asked.stores);
    if (!retired) return tl::unexpected(retired.error());
    asked.retired = std::move(*retired);

    Question question;
    question.from = from;
    question.plain = plain_of(query);
    question.confirmations =
        Confirmations(draw_nonce(), ledger::who_matters(asked), topics_of(query.topic));
    question.began = clock_.boot();
    const std::int64_t most = kLiveWaitMax / core::kMillisecond;
    const auto wished = static_cast<std::int64_t>(
        std::min<std::uint64_t>(query.limit, static_cast<std::uint64_t>(most)));
    const std::int64_t wait = wished == 0 ? kLiveWait : wished * core::kMillisecond;
    question.until = BootTime{question.began.value() + wait};
    questions_.push_back(std::move(question));
    return {};
}

void LiveAnswers::confirmed(const schema::Confirmed& answer, const schema::Mark& mark) {
    for (Question& question : questions_) question.confirmations.hear(answer.nonce, mark);
}

std::vector<Confirmations::Missing> LiveAnswers::missing(const Question& question) const {
    return question.confirmations.missing([&](const StoreId& store) {
        schema::Reached reached{store, replica_.epoch(store), {}};
        for (const std::string& topic : replica_.topics()) {
            reached.topics.push_back({topic, replica_.position(store, topic)});
        }
        return reached;
    });
}

void LiveAnswers::turn(BootTime now) {
    std::erase_if(questions_, [&](Question& question) {
        const auto lacking = missing(question);
        if (lacking.empty()) {
            answer(question);
            return true;
        }
        if (now >= question.until) {
            answer_missing(question, lacking);
            return true;
        }
        const bool due = now.value() - question.asked.value() >= kAskEvery;
        if (!question.ever_asked || due) ask(question, now);
        return false;
    });
}

/// The store itself where there is a line to it, otherwise every broker.
void LiveAnswers::ask(Question& question, BootTime now) {
    question.asked = now;
    question.ever_asked = true;
    const std::vector<Peer> peers = exchange_->peers();
    for (const ledger::Needed& each : question.confirmations.needed()) {
        if (question.confirmations.find(each.store) != nullptr) continue;
        schema::Confirm message;
        message.nonce = question.confirmations.nonce();
        message.store = each.store;
        bool told = false;
        for (const Peer& peer : peers) {
            const bool itself = peer.role == "publisher" && peer.store == each.store.value();
            if (itself && exchange_->tell(peer.name, message)) told = true;
        }
        for (const Peer& peer : peers) {
            if (!told && peer.role == "broker") exchange_->tell(peer.name, message);
        }
    }
}

void LiveAnswers::set_live(const Question& question, AnswerRow& row) const {
    schema::Freshness& freshness = row.freshness;
    freshness = {};
    freshness.ever = true;
    freshness.age_us = clock_.boot().value() - question.began.value();
    freshness.source = "live";
    // A second log under a store's name stays a second log.
    // And what cannot be applied here is not in it.
    const bool lacks = std::any_of(row.fields.begin(), row.fields.end(), [](const auto& field) {
        return field.first == "forked" || field.first == "parked";
    });
    freshness.verdict = lacks ? schema::Verdict::notice : schema::Verdict::fresh;
    const bool of_one =
        question.plain.kind == QueryKind::stock || question.plain.kind == QueryKind::value;
    bool first = true;
    for (const ledger::Needed& each : question.confirmations.needed()) {
        const schema::Mark* mark = question.confirmations.find(each.store);
        if (mark == nullptr || (of_one && each.store.value() != row.store)) continue;
        // Of a customer the home speaks; without a known one whose clock is the earliest.
        const bool home = each.store.value() == row.store;
        if (first || home || (row.store.empty() && mark->at < freshness.as_of)) {
            freshness.as_of = mark->at;
        }
        first = false;
        freshness.positions.push_back({mark->store, mark->epoch, mark->end});
    }
}

void LiveAnswers::answer(const Question& question) {
    auto answer = answers_.answer(question.plain);
    if (!answer) {
        schema::Trouble trouble;
        trouble.request = question.plain.request;
        trouble.code = answer.error().code;
        trouble.message = answer.error().message;
        exchange_->reply(question.from, Message{std::move(trouble)});
        return;
    }
    for (AnswerRow& row : answer->rows) set_live(question, row);
    exchange_->reply(question.from, Message{std::move(*answer)});
}

void LiveAnswers::answer_missing(const Question& question,
                                 const std::vector<Confirmations::Missing>& missing) {
    schema::Answer answer;
    answer.request = question.plain.request;
    answer.unit = schema::kUnitMissing;
    for (const Confirmations::Missing& each : missing) {
        AnswerRow row;
        row.store = each.needed.store.value();
        row.key = question.plain.key;
        row.fields = {{"why", each.needed.why}, {"lack", std::string(name_of(each.lack))}};
        row.freshness = answers_.freshness(question.plain, each.needed.store);
        answer.rows.push_back(std::move(row));
    }
    exchange_->reply(question.from, Message{std::move(answer)});
}

}  // namespace filial::subscriber
