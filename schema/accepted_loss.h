#pragma once

#include <string>

#include "schema/payloads.h"

namespace filial::schema {

/// The first event of an epoch behind a loss that a person accepted: `log.opened`, and who it was,
/// as his machine calls him. Older versions wrote no name, and read past it.
struct AcceptedLoss {
    LogOpened opened;
    std::string who;
    friend bool operator==(const AcceptedLoss&, const AcceptedLoss&) = default;
};

Bytes encode(const AcceptedLoss&);
/// Any `log.opened`: one without a loss, or without a name, too.
Result<AcceptedLoss> decode_accepted_loss(Parser&, ByteView bytes);

}  // namespace filial::schema
