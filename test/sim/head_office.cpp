#include "test/sim/head_office.h"

namespace filial::sim {

HeadOffice::HeadOffice(int id, Machine& broker, Network& network)
    : transport_(network.transport(id, broker.name, broker.store.value())) {
    caller_ = std::move(*transport_->dial({"", broker.options.broker_socket(), ""}));
}

void HeadOffice::readmit(const schema::StoreId& store, const schema::Incarnation& incarnation) {
    const schema::Readmit message{++requests_, store, schema::to_hex(schema::view(incarnation))};
    waiting_ = schema::encode(schema::Message{message});
}

void HeadOffice::turn() {
    (void)transport_->wait(std::chrono::milliseconds(0));
    for (;;) {
        const auto answer = caller_->receive();
        if (!answer || !*answer) break;
    }
    if (waiting_.empty() || !caller_->connected()) return;
    const auto sent = caller_->send(waiting_);
    if (sent && *sent) waiting_.clear();
}

}  // namespace filial::sim
