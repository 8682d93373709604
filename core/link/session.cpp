#include "core/link/session.h"

#include <algorithm>
#include <chrono>
#include <iterator>

#include "schema/greeting_words.h"
#include "schema/limits.h"
#include "schema/names.h"

namespace filial::core {
namespace {

/// Pings that are remembered until they are answered: more than an hour of them.
constexpr std::size_t kUnansweredMax = 1'000;

std::int64_t micros(std::chrono::seconds s) { return s.count() * kSecond; }

}  // namespace

using schema::Errc;
using schema::Hello;
using schema::Result;
using schema::Welcome;

Session::Session(Hello self, bool dialled, bool local, BootTime begun)
    : self_(std::move(self)), asked_(begun) {
    schema::check(self_.nonce != 0, "a session's nonce is not 0");
    peer_.dialled = dialled;
    peer_.local = local;
}

void Session::know(const Hello& other, schema::Timestamp wall, BootTime now) {
    peer_hello_ = other;
    peer_.store = other.store;
    peer_.role = other.role;
    peer_.name = schema::receiver_name(other.store, other.role, other.name);
    peer_.software = other.software;
    peer_.epoch = other.epoch;
    peer_.incarnation = other.incarnation;
    peer_.offers = other.offers;
    peer_.features = other.features;
    peer_.clock_offset_us = other.clock.value() - wall.value();
    peer_nonce_ = other.nonce;
    heard_ = now;
    pinged_ = now;
}

Result<Welcome> Session::greet(const Hello& hello, const std::string& user, schema::Timestamp wall,
                               BootTime now) {
    if (hello.version_min > schema::kProtocolVersion ||
        hello.version_max < schema::kProtocolVersion) {
        return schema::fail(Errc::schema_too_new,
                            hello.store + " speaks protocol " + std::to_string(hello.version_min) +
                                " to " + std::to_string(hello.version_max) + ", this end " +
                                std::to_string(schema::kProtocolVersion));
    }
    if (hello.nonce == 0) return schema::fail(Errc::invalid, "hello without a nonce");
    if (!peer_.local && hello.store != user) {
        return schema::fail(Errc::not_allowed,
                            "the key of " + user + " says that it is " + hello.store);
    }
    know(hello, wall, now);
    asked_ = now;  // Its messages of this session carry our nonce.
    Welcome welcome;
    welcome.hello_nonce = hello.nonce;
    welcome.self = self_;
    return welcome;
}

Result<void> Session::welcomed(const Welcome& welcome, const std::string& expected,
                               schema::Timestamp wall, BootTime now) {
    if (welcome.hello_nonce != self_.nonce) {
        return schema::fail(Errc::invalid, "answer to another hello");
    }
    if (!expected.empty() && welcome.self.store != expected) {
        return schema::fail(Errc::not_allowed, "expected " + expected + ", but " +
                                                   welcome.self.store + " answers there");
    }
    if (welcome.version != schema::kProtocolVersion) {
        return schema::fail(Errc::schema_too_new, welcome.self.store + " chose protocol " +
                                                      std::to_string(welcome.version) +
                                                      ", this end speaks " +
                                                      std::to_string(schema::kProtocolVersion));
    }
    if (welcome.self.nonce == 0) return schema::fail(Errc::invalid, "welcome without a nonce");
    know(welcome.self, wall, now);
    // What comes behind it may have waited as long as it did.
    if (now.value() - asked_.value() > kStandstill) doubt(asked_, now);
    return {};
}

schema::Bytes Session::words(const Hello& speaker, const Hello& hearer) const {
    const bool both = (self_.features & peer_.features & schema::kFeatureWords) != 0;
    return both ? schema::greeting_words(speaker, hearer) : schema::Bytes();
}

bool Session::silent(BootTime now) const {
    const auto most = dear() ? schema::kDearSilenceMax : schema::kSilenceMax;
    return now.value() - std::max(heard_, bytes_).value() >= micros(most);
}

std::optional<schema::Ping> Session::ping(BootTime now) {
    const bool waits = receiver.waits(now);
    const bool tells = waits || in_doubt() || news_;
    const auto last = tells ? pinged_ : std::max(heard_, pinged_);
    const auto every = dear() && !waits ? schema::kDearPingEvery : schema::kPingEvery;
    const bool due = now.value() - last.value() >= micros(every);
    if (!due && !ping_now_) return std::nullopt;
    pinged_ = now;
    news_ = ping_now_ = false;
    unanswered_[++pings_] = {now, said_};
    pinged_said_ = said_;
    if (unanswered_.size() > kUnansweredMax) unanswered_.erase(unanswered_.begin());
    return schema::Ping{peer_nonce_, pings_};
}

void Session::pong(std::uint64_t nonce, BootTime now) {
    const auto sent = unanswered_.find(nonce);
    if (sent == unanswered_.end()) return;
    asked_ = std::max(asked_, sent->second.at);
    proved_ = std::max(proved_, sent->second.said);
    unanswered_.erase(unanswered_.begin(), std::next(sent));
    // What comes behind this answer may have waited as long as it did.
    if (now.value() - asked_.value() > kStandstill) doubt(asked_, now);
}

void Session::doubt(BootTime since, BootTime now) {
    doubt_since_ = in_doubt() ? std::min(doubt_since_, since) : since;
    doubt_until_ = now;
}

void Session::stood_still(BootTime read, BootTime now) {
    doubt(read, now);
    ping_now_ = true;
}

BootTime Session::sent_after(BootTime read, BootTime now) {
    const bool late =
        !unanswered_.empty() && now.value() - unanswered_.begin()->second.at.value() > kStandstill;
    if (late) doubt(asked_, now);
    return std::max(asked_, in_doubt() ? std::min(doubt_since_, read) : read);
}

}  // namespace filial::core
