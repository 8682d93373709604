#include "cli/next_step.h"

namespace filial::cli {

std::string next_step(const schema::Operation& operation, const std::string& here) {
    using K = schema::OperationKind;
    const std::string transfer = "transfer " + operation.subject;
    switch (operation.kind) {
        case K::transfer_send:
            return "Next: " + operation.peer + " receives it with `filial transfer receive " +
                   operation.subject + " --from " + here + " " + operation.sku +
                   " QTY`; until then `filial transfer list` shows it.";
        case K::transfer_receive:
        case K::transfer_more:
            return "Next: " + operation.peer +
                   " is told what came; a difference is its task, shown by `filial transfer list`.";
        case K::transfer_cancel:
            return "Next: " + operation.peer +
                   " decides by what its own log says; the goods are back in stock here once it "
                   "agrees.";
        case K::transfer_correct:
            return "Next: nothing; what is in stock here and on the way agrees with what left by " +
                   transfer + ".";
        case K::transfer_write_off:
            return "Next: nothing; should the goods turn up, `filial transfer write-off " +
                   operation.subject + " 0` takes it back.";
        case K::customer_resolve:
            return "Next: every store shows this value once it has this event; what was entered "
                   "meanwhile elsewhere shows as a new conflict.";
        case K::close_day:
            return "Next: what comes later of this day or before counts into the next day that is "
                   "closed, as an adjustment; `filial close-day " +
                   operation.subject + " --show` has the totals.";
        default:
            return "";
    }
}

}  // namespace filial::cli
