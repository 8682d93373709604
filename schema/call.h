#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "schema/codec.h"
#include "schema/timestamp.h"

namespace filial::schema {

/// What a call brings before everything else: a topic of one store's log, or of all.
struct Need {
    std::string topic;
    std::string store;  ///< Empty: of every store.
    friend bool operator==(const Need&, const Need&) = default;
    friend auto operator<=>(const Need&, const Need&) = default;
};

/// "The line is up for now: bring up the legs that are down until they are called", from a program
/// of the same machine that says it again while the call lasts. The answer is a CallState.
struct Call {
    std::uint64_t request = 0;
    std::uint64_t lease_ms = 0;    ///< They go down this much later by themselves; 0: now or,
                                   ///< with needs, these are added to a call that is under way.
    std::uint64_t bytes_left = 0;  ///< What each may carry from now on, both ways; 0: no limit.
    std::vector<Need> needs;       ///< First; the answer says how far they are.
    friend bool operator==(const Call&, const Call&) = default;
};

/// A leg in a call. Counts are since its process began, so that whoever calls takes differences.
struct CallLeg {
    std::string remote;
    bool up = false;
    bool connected = false;
    bool settled = false;  ///< All is exchanged, durable at both ends, and both know it.
    std::uint64_t bytes_in = 0;
    std::uint64_t bytes_out = 0;
    std::uint64_t events_in = 0;
    std::uint64_t events_out = 0;
    std::uint64_t waiting_in = 0;  ///< Events that are known of and have not come.
    std::uint64_t waiting_out = 0;
    std::string note;  ///< Why it is not connected, for people.
    friend bool operator==(const CallLeg&, const CallLeg&) = default;
};

/// How far a need is.
struct NeedState {
    Need need = {};
    bool met = false;      ///< All that the other ends have of it is here.
    bool ever = false;     ///< False: nothing of it has been here yet.
    Timestamp as_of = {};  ///< Of the oldest log that it is made of.
    std::int64_t age_us = 0;
    bool age_exact = true;
    friend bool operator==(const NeedState&, const NeedState&) = default;
};

struct CallState {
    std::uint64_t request = 0;
    std::vector<CallLeg> legs;
    std::vector<NeedState> needs;
    friend bool operator==(const CallState&, const CallState&) = default;
};

void write_call(Writer& out, const Call& call);
Call read_call(Fields& fields);
void write_call_state(Writer& out, const CallState& state);
CallState read_call_state(Fields& fields);

}  // namespace filial::schema
