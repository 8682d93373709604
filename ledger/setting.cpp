#include "ledger/setting.h"

namespace filial::ledger {
namespace {

const Inputs& without_configuration() {
    static const Inputs none;
    return none;
}

}  // namespace

Setting::Setting(const schema::StoreId& store, schema::Epoch in_epoch)
    : self(store), epoch(in_epoch), inputs(without_configuration()) {}

}  // namespace filial::ledger
