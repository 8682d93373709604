#include "test/sim/fault_rows.h"

namespace filial::sim {

const std::vector<FaultRow>& fault_rows() {
    static const std::vector<FaultRow> rows = {
        {1,
         "killed between accepting and answering",
         {"publisher ended at a write", "tickets repeated"}},
        {2, "killed between the log's write and serving it", {"publisher ended at a write"}},
        {3,
         "a broker killed between receiving, keeping, acknowledging",
         {"broker ended at a write"}},
        {4,
         "a subscriber killed between applying and its position",
         {"subscriber ended at a write"}},
        {5, "power cut, what was not synced is lost", {"power cut", "commits lost"}},
        {6, "power cut, a write is torn", {"power cut at a write", "commits lost"}},
        {7, "a full disk", {"full disk"}},
        {8, "an error of a sync", {"broken disk"}},
        {9, "rows that rot", {"damaged replica"}},
        {10, "a log that rots, or a part of it is gone", {"damaged log", "logs repaired"}},
        {11, "loss, a slow line, partition", {"messages lost", "slow", "cut wire"}},
        {12, "a half-open connection", {"swallow", "messages stalled"}},
        {13, "two connections of one store", {"of an older session"}},
        {15, "corrupted messages", {"messages corrupted"}},
        {16, "doubled and reordered messages", {"messages repeated", "messages overtaken"}},
        {17,
         "clocks that jump and drift, a machine that slept",
         {"clock jump", "clock drift", "suspend"}},
        {18, "a store restored from an old backup", {"restore", "readmitted"}},
        {19, "two machines of one store", {"clone", "events booked by clones"}},
        {20, "a reverted copy that nothing tells apart", {"restore", "one backup restored twice"}},
        {21, "away past retention", {"logs trimmed", "replicas from snapshots"}},
        {22, "a slow subscriber", {"pause", "lines full"}},
        {26, "events newer than their reader", {"events parked", "upgrades"}},
        {30,
         "a closing while stores are silent",
         {"isolate", "rounds opened", "rounds without closing"}},
        {31,
         "parts of a limit lost or doubled on their way",
         {"parts taken", "connections broken"}},
        {32, "a process that stands still", {"pause"}},
    };
    return rows;
}

}  // namespace filial::sim
