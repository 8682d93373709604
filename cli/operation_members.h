#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/json_operation.h"
#include "schema/operation.h"
#include "schema/result.h"

namespace filial::cli {

/// One member of an operation as it was written.
struct Member {
    enum class Kind { text, number, boolean, fields };
    std::string name;
    Kind kind = Kind::text;
    std::string text;  ///< Text; the digits of a number; "true" or "false".
    std::vector<std::pair<std::string, std::string>> fields;
};

/// Makes an operation of its members, in whatever order they came. `invalid` as `parse_operations`.
schema::Result<schema::Operation> to_operation(const std::vector<Member>& members,
                                               const OperationDefaults& defaults);

}  // namespace filial::cli
