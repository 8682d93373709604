#pragma once

#include <optional>
#include <vector>

#include "core/link/host.h"

namespace filial::test {

/// A host that holds no log, wants none and answers nothing: a test overrides what it is about.
class IdleHost : public core::Host {
  public:
    std::vector<schema::StoreId> held() const override { return {}; }
    schema::Sequence end(const schema::StoreId&) const override { return {}; }
    schema::Epoch epoch(const schema::StoreId&) const override { return {}; }
    schema::Result<schema::Range> read(const core::ReadRequest&) override {
        return schema::fail(schema::Errc::not_held, "nothing is held");
    }
    void reached(const core::Peer&, const schema::Fetch&) override {}
    std::optional<core::Want> want(const core::Peer&, const schema::StoreId&) override {
        return std::nullopt;
    }
    schema::Result<void> take(const core::Peer&, schema::Range) override { return {}; }
    schema::Result<void> flush() override { return {}; }
    std::vector<schema::TopicEnd> durable(const core::Want&) const override { return {}; }
    void marked(const core::Peer&, const schema::Mark&) override {}
    void applied(const core::Peer&, const schema::Applied&) override {}
    void request(const core::Requester&, schema::Message) override {}
    void turn(core::BootTime) override {}
};

}  // namespace filial::test
