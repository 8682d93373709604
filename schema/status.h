#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "schema/codec.h"
#include "schema/ids.h"

namespace filial::schema {

/// One leg, seen from the process that reports it. Ages and times are microseconds, -1: not known
/// (never heard, nothing waiting, connected).
struct Leg {
    std::string peer;  ///< Receiver or sender at the other end: "head/broker", "store2/subscriber";
                       ///< "head" alone where no session ever stood.
    std::string direction;  ///< "out": we send to it; "in": we receive from it.
    std::string origin;     ///< The store whose log runs over it.
    std::string topics;     ///< "*" or a comma-separated list.
    bool connected = false;
    std::uint64_t position = 0;      ///< Last event that the receiving end holds durably.
    std::uint64_t end = 0;           ///< Last event that the sending end is known to hold.
    std::uint64_t depth_events = 0;  ///< Events of the topics above `position`.
    std::int64_t depth_bytes = -1;
    std::int64_t oldest_age_us = -1;  ///< Of the oldest event that waits.
    std::int64_t last_heard_us = -1;  ///< Since the other end was last heard.
    std::int64_t next_try_us = -1;    ///< Until the next attempt to reach it.
    std::string note;                 ///< Why it stands, for people.
    friend bool operator==(const Leg&, const Leg&) = default;
};

/// Events of one topic, those above `after` up to `upto`, that a process keeps and that are
/// damaged. Without a topic: what it keeps beside the logs.
struct DamagedEvents {
    std::string store;
    std::string topic;
    std::uint64_t after = 0;
    std::uint64_t upto = 0;
    std::string why;
    friend bool operator==(const DamagedEvents&, const DamagedEvents&) = default;
};

/// Whether what waits on a leg is to be sent before anybody is content: what a tap has not read
/// while it is away is its own affair.
bool is_due(const Leg& leg);

/// What a process says of itself.
struct Status {
    std::uint64_t request = 0;
    std::string process;  ///< "publisher", "broker", "subscriber".
    std::string store;
    std::string version;
    std::string health;  ///< "ok", or what is wrong and what to do.
    std::uint64_t uptime_us = 0;
    std::uint64_t memory_bytes = 0;  ///< Resident.
    std::uint64_t epoch = 0;
    std::uint64_t end = 0;  ///< Last event of the own log; 0 where there is none.
    std::vector<Leg> legs;
    std::vector<std::pair<std::string, std::int64_t>> counters;  ///< Since start, by name.
    /// Official operations that are under way and what each waits for, a sentence each. Left out of
    /// the bytes where there is none.
    std::vector<std::string> waiting;
    /// What the last look at everything that it keeps found damaged, at most kDamagesTold. Left out
    /// of the bytes where there is none.
    std::vector<DamagedEvents> damages;
    friend bool operator==(const Status&, const Status&) = default;
};

/// Damaged ranges that a process names; how many there are its log says.
constexpr std::size_t kDamagesTold = 100;

void write_status(Writer& out, const Status& status);
Status read_status(Fields& fields);

}  // namespace filial::schema
