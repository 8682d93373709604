#include "cli/name_homes.h"

#include <map>

namespace filial::cli {

using schema::Operation;
using schema::Query;
using schema::QueryKind;

namespace {

constexpr std::chrono::milliseconds kReplicaWait{500};

bool wants_home(const Operation& operation) {
    return schema::takes_home_hint(operation.kind) && operation.peer.empty();
}

}  // namespace

void name_homes(Context& context, std::vector<PlacedOperation>& operations) {
    std::map<std::string, std::string> homes;
    std::unique_ptr<Link> link;
    for (PlacedOperation& placed : operations) {
        Operation& operation = placed.operation;
        if (!wants_home(operation)) continue;
        const auto [home, first] = homes.try_emplace(operation.subject);
        if (first) {
            if (!link) {
                auto opened = context.connect(Process::subscriber);
                if (!opened) return;
                link = std::move(*opened);
            }
            Query query;
            query.kind = QueryKind::debt;
            query.key = operation.subject;
            const auto answer = ask_for<schema::Answer>(*link, query, kReplicaWait);
            const bool silent = !answer && (answer.error().code == schema::Errc::timeout ||
                                            answer.error().code == schema::Errc::unreachable);
            if (silent) return;
            if (answer && !answer->rows.empty()) home->second = answer->rows.front().store;
        }
        operation.peer = home->second;
    }
}

}  // namespace filial::cli
