#pragma once

#include <cstddef>
#include <vector>

#include "bench/support/logs.h"
#include "schema/result.h"

/// What the wire alone takes on this machine: tcp over loopback with CURVE, two threads, and
/// nothing of ours but the packing.
namespace filial::bench {

/// Sends all blocks, packed before, over one connection; the other end unpacks them. Seconds from
/// the first block sent to the last one unpacked.
schema::Result<double> send_blocks(const Logs& logs);

/// Seconds of each of `trips` small messages there and back, one after the other.
schema::Result<std::vector<double>> round_trips(std::size_t trips);

}  // namespace filial::bench
