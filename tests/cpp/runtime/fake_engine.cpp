#include "fake_engine.h"

#include <array>
#include <thread>

#include "instseg/errors.h"
#include "runtime/fake_mask_rtdetr.h"

namespace instseg::testing {
namespace {

constexpr int kSide = FakeMaskRtdetr::kSide;
constexpr int kQueries = FakeMaskRtdetr::kQueries;
constexpr int kPrototypeSide = FakeMaskRtdetr::kPrototypeSide;

class FakeSession final : public Session {
 public:
  explicit FakeSession(std::shared_ptr<FakeControls> controls) : controls_(std::move(controls)) {
    ++controls_->sessions;
  }

  std::span<float> input(std::size_t index, std::span<const std::int64_t> shape) override {
    const InUse in_use(*this);
    const std::array<std::int64_t, 4> expected = {1, 3, kSide, kSide};
    if (index != 0 || !std::equal(shape.begin(), shape.end(), expected.begin(), expected.end())) {
      throw EngineError("the fake engine got an input of another shape");
    }
    return image_;
  }

  void run() override {
    const InUse in_use(*this);
    FakeControls& controls = *controls_;
    ++controls.runs;
    if (!run_before_) ++controls.sessions_run;
    run_before_ = true;
    const int running = ++controls.running;
    for (int seen = controls.most_running;
         running > seen && !controls.most_running.compare_exchange_weak(seen, running);) {
    }
    if (controls.time_per_run.count() > 0) std::this_thread::sleep_for(controls.time_per_run);
    const bool fail = controls.fail_after >= 0 && controls.fail_after-- == 0;
    const bool nan = controls.nan_after >= 0 && controls.nan_after-- == 0;
    if (!fail) compute(controls.wrong_shape ? kQueries + 1 : kQueries);
    if (nan) prototypes_[17] = std::numeric_limits<float>::quiet_NaN();
    --controls.running;
    if (fail) throw EngineError("the fake engine failed as planned");
  }

  TensorView output(std::size_t index) const override {
    const std::array<const std::vector<float>*, 4> all = {&boxes_, &logits_, &coefficients_,
                                                          &prototypes_};
    return {all.at(index)->data(), shapes_.at(index)};
  }

 private:
  // Counts a misuse where two threads are inside.
  class InUse {
   public:
    explicit InUse(FakeSession& session) : session_(session) {
      if (session_.in_use_.exchange(true)) ++session_.controls_->misused;
    }
    ~InUse() { session_.in_use_ = false; }

   private:
    FakeSession& session_;
  };

  void compute(std::int64_t queries) {
    FakeMaskRtdetr{.boxes = boxes_.data(),
                   .logits = logits_.data(),
                   .coefficients = coefficients_.data(),
                   .prototypes = prototypes_.data()}
        .compute(image_.data());
    shapes_[0][1] = queries;
  }

  std::shared_ptr<FakeControls> controls_;
  std::atomic<bool> in_use_{false};
  bool run_before_ = false;
  std::vector<float> image_ = std::vector<float>(3 * kSide * kSide);
  // One query more than there are, for `wrong_shape`.
  std::vector<float> boxes_ = std::vector<float>((kQueries + 1) * 4);
  std::vector<float> logits_ = std::vector<float>(kQueries * 3);
  std::vector<float> coefficients_ = std::vector<float>(kQueries * 3);
  std::vector<float> prototypes_ = std::vector<float>(3 * kPrototypeSide * kPrototypeSide);
  std::vector<std::vector<std::int64_t>> shapes_ = {
      {1, kQueries, 4}, {1, kQueries, 3}, {1, kQueries, 3}, {1, 3, kPrototypeSide, kPrototypeSide}};
};

class FakeNetwork final : public Network {
 public:
  explicit FakeNetwork(std::shared_ptr<FakeControls> controls) : controls_(std::move(controls)) {}

  std::unique_ptr<Session> make_session() const override {
    return std::make_unique<FakeSession>(controls_);
  }

 private:
  std::shared_ptr<FakeControls> controls_;
};

class FakeEngine final : public Engine {
 public:
  explicit FakeEngine(std::shared_ptr<FakeControls> controls) : controls_(std::move(controls)) {}

  EngineInfo info() const override {
    return {.name = "fake",
            .available = true,
            .version = "1.2",
            .devices = {"cpu"},
            .precisions = {"fp32", "bf16"}};
  }

  std::unique_ptr<Network> load(const NetworkSpec&, const EngineOptions& options) const override {
    if (controls_->refuse_to_load) throw EngineError("the fake engine refuses the network");
    ++controls_->loads;
    controls_->options = options;
    return std::make_unique<FakeNetwork>(controls_);
  }

 private:
  std::shared_ptr<FakeControls> controls_;
};

}  // namespace

std::unique_ptr<Engine> make_fake_engine(std::shared_ptr<FakeControls> controls) {
  return std::make_unique<FakeEngine>(std::move(controls));
}

}  // namespace instseg::testing
