// What the command reads: operations of people and tills, its own memories, words on its line.
#include "cli/backup_set.h"
#include "cli/call_progress.h"
#include "cli/call_record.h"
#include "cli/import_journal.h"
#include "cli/json_operation.h"
#include "cli/store_file.h"
#include "cli/tap_output.h"
#include "cli/tap_positions.h"
#include "cli/ticket_time.h"
#include "core/log.h"
#include "core/options.h"
#include "test/fuzz/fuzz.h"

using namespace filial;
using namespace filial::cli;

namespace {

void check_operations(std::string_view text) {
    const OperationDefaults defaults{schema::Timestamp{1}, "doc", false};
    const auto operations = parse_operations(text, defaults);
    TicketFault fault;
    const auto ticket = parse_ticket(text, defaults, &fault);
    if (operations) {
        for (const schema::Operation& operation : *operations) {
            fuzz::require(schema::validate(operation).has_value(), "an operation is valid");
        }
        fuzz::require(!ticket || ticket->size() == operations->size(), "all of it is the ticket");
    }
    if (!ticket) return;
    std::size_t line = 1;
    for (const PlacedOperation& placed : *ticket) {
        fuzz::require(placed.line >= line, "operations stand in the order of their lines");
        line = placed.line;
    }
}

void check_tap(std::string_view text) {
    if (auto state = parse_tap(text)) {
        const auto again = parse_tap(tap_text(*state));
        // Bytes that are no UTF-8 are replaced where they are written: compare what was written.
        fuzz::require(again && tap_text(*again) == tap_text(*state),
                      "a tap's memory is kept alike");
    }
    TapState state;
    pass_lines(text, state);
    for (const auto& [store, position] : state.positions) {
        fuzz::require(position.after.value() > 0, "a position that was passed is one");
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text = fuzz::view(data, size);
    check_operations(text);
    check_tap(text);
    if (const auto set = parse_backup(text)) {
        const auto again = parse_backup(backup_text(*set));
        fuzz::require(again && *again == *set, "a backup's description is kept alike");
    }
    const auto times = parse_ticket_times(text);
    fuzz::require(times.size() <= size / 3, "each time has its line");
    (void)parse_import_header(text);
    if (const auto hub = parse_hub(text)) {
        fuzz::require(!hub->name.empty() && !hub->endpoint.empty(), "a hub has a name and a place");
    }
    if (const auto us = core::parse_duration_us(text)) {
        const auto again = core::parse_duration_us(core::duration_text(*us));
        fuzz::require(again && *again == *us, "a duration is printed and read alike");
    }
    (void)core::parse_level(text);
    CallBudget budget;
    (void)parse_budget(budget, text).has_value();
    (void)parse_need(text).has_value();
    if (const auto record = parse_call_record(text)) {
        const auto again = parse_call_record(call_record_text(*record));
        schema::check(again && *again == *record, "what is kept of a call reads back as written");
    }
    return 0;
}
