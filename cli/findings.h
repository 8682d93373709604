#pragma once

#include <vector>

#include "schema/query.h"
#include "schema/verdict_payload.h"

namespace filial::cli {

/// The event that a row of `findings` is about, without a finding.
schema::StoreVerdict verdict_about(const schema::AnswerRow& row);

/// What is odd about that event, in words for its store: of one event as many as it has findings.
std::vector<schema::StoreVerdict> verdicts_on(const schema::AnswerRow& row);

}  // namespace filial::cli
