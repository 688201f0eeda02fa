#include "tools/bench/series.h"

#include <algorithm>
#include <array>
#include <span>

#include "absl/strings/str_format.h"
#include "model/text.h"

namespace hearth::bench {
namespace {

constexpr int64_t kFamilySeriesMax = 1000;

// One group of families of each profile: the shares, spread so that a part of a group has them too.
constexpr SeriesKind kMixGroup[] = {
    SeriesKind::kIdle, SeriesKind::kCounterInt, SeriesKind::kIdle, SeriesKind::kGaugeInt,
    SeriesKind::kIdle, SeriesKind::kDecimal,    SeriesKind::kIdle, SeriesKind::kCounterInt,
    SeriesKind::kIdle, SeriesKind::kMemory,     SeriesKind::kIdle, SeriesKind::kCounterInt,
    SeriesKind::kIdle, SeriesKind::kDecimal,    SeriesKind::kIdle, SeriesKind::kGaugeFloat,
    SeriesKind::kIdle, SeriesKind::kGaugeInt,   SeriesKind::kIdle, SeriesKind::kCounterInt,
};
constexpr SeriesKind kIntsGroup[] = {SeriesKind::kCounterInt, SeriesKind::kGaugeInt};
constexpr SeriesKind kFloatsGroup[] = {SeriesKind::kGaugeFloat};
constexpr SeriesKind kQueriesGroup[] = {SeriesKind::kCounterInt, SeriesKind::kGaugeInt,
                                        SeriesKind::kGaugeFloat};

std::span<const SeriesKind> GroupOf(Profile profile) {
  switch (profile) {
    case Profile::kMix:
      return kMixGroup;
    case Profile::kInts:
      return kIntsGroup;
    case Profile::kFloats:
      return kFloatsGroup;
    case Profile::kQueries:
      return kQueriesGroup;
  }
  return kMixGroup;
}

std::string_view NameOf(SeriesKind kind) {
  switch (kind) {
    case SeriesKind::kIdle:
      return "bench_idle_";
    case SeriesKind::kCounterInt:
      return "bench_counter_int_";
    case SeriesKind::kMemory:
      return "bench_memory_";
    case SeriesKind::kGaugeInt:
      return "bench_gauge_int_";
    case SeriesKind::kDecimal:
      return "bench_decimal_";
    case SeriesKind::kGaugeFloat:
      return "bench_gauge_float_";
  }
  return "bench_";
}

// SplitMix64's finaliser: every bit of the input reaches every bit of the result.
uint64_t Mix(uint64_t x) {
  x += 0x9e3779b97f4a7c15;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

// Uniform in [0, 1) with 53 random bits.
double Unit(uint64_t random) { return static_cast<double>(random >> 11) * 0x1p-53; }

// Walks by -reach..reach inside [0, top].
int64_t Walk(int64_t level, uint64_t random, int64_t reach, int64_t top) {
  const auto move = static_cast<int64_t>(random % static_cast<uint64_t>(2 * reach + 1)) - reach;
  return std::clamp<int64_t>(level + move, 0, top);
}

constexpr std::array<std::string_view, SeriesModel::kModes> kModeNames = {
    "idle", "iowait", "irq", "nice", "softirq", "steal", "system", "user"};

// Labels that only some families have, so that sets count 8 to 12.
constexpr std::array<std::pair<std::string_view, std::string_view>, 4> kFamilyLabels = {
    {{"tier", "web"}, {"device", "sda1"}, {"env", "prod"}, {"team", "core"}}};

}  // namespace

std::optional<Profile> ParseProfile(std::string_view name) {
  if (name == "mix") return Profile::kMix;
  if (name == "ints") return Profile::kInts;
  if (name == "floats") return Profile::kFloats;
  if (name == "queries") return Profile::kQueries;
  return std::nullopt;
}

SeriesModel::SeriesModel(SeriesOptions options) : options_(std::move(options)) {
  const auto group = static_cast<int64_t>(GroupOf(options_.profile).size());
  const int64_t groups =
      (options_.series + group * kFamilySeriesMax - 1) / (group * kFamilySeriesMax);
  families_ = std::max<int64_t>(groups, 1) * group;
}

SeriesKind SeriesModel::kind(int64_t id) const {
  const std::span<const SeriesKind> group = GroupOf(options_.profile);
  return group[static_cast<size_t>(family(id)) % group.size()];
}

std::string SeriesModel::metric_name(int64_t id) const {
  // The k-th family of its kind, groups before.
  const std::span<const SeriesKind> group = GroupOf(options_.profile);
  const auto in_group = static_cast<std::ptrdiff_t>(static_cast<size_t>(family(id)) % group.size());
  const SeriesKind kind = group[static_cast<size_t>(in_group)];
  const auto a_group = std::count(group.begin(), group.end(), kind);
  const auto before = std::count(group.begin(), group.begin() + in_group, kind);
  const int64_t k = family(id) / static_cast<int64_t>(group.size()) * a_group + before;
  return StrCat(NameOf(kind), k);
}

Labels SeriesModel::MakeLabels(int64_t id, uint32_t generation) const {
  const int64_t host = id / (kModes * families_);
  const uint64_t pod = Mix(Mix(options_.seed ^ static_cast<uint64_t>(id)) ^ generation);
  LabelsBuilder labels;
  labels.Set(kMetricNameLabel, metric_name(id));
  labels.Set("job", "node");
  labels.Set("instance", absl::StrFormat("host-%04d.example.org:9100", host));
  labels.Set("mode", kModeNames[static_cast<size_t>(id % kModes)]);
  labels.Set("cluster", host % 2 == 0 ? "production-blue" : "production-teal");
  labels.Set("region", "eu-central-1");
  labels.Set("zone", absl::StrFormat("eu-central-1%c", static_cast<char>('a' + host % 3)));
  labels.Set("pod", absl::StrFormat("node-exporter-%012x", pod & 0xffffffffffff));
  const auto more = static_cast<size_t>(family(id)) % (kFamilyLabels.size() + 1);
  for (size_t i = 0; i < more; ++i) labels.Set(kFamilyLabels[i].first, kFamilyLabels[i].second);
  for (const auto& [name, value] : options_.extra_labels) labels.Set(name, value);
  return labels.Build();
}

int64_t SeriesModel::replaced(int64_t step) const {
  return static_cast<int64_t>(static_cast<double>(step) * options_.churn *
                              static_cast<double>(options_.series));
}

SeriesSlice::SeriesSlice(const SeriesModel* model, int64_t from, int64_t to)
    : model_(model), from_(from) {
  const auto count = static_cast<size_t>(to - from);
  states_.reserve(count);
  label_ends_.reserve(count + 1);
  for (int64_t id = from; id < to; ++id) {
    states_.push_back(NewState(id, 0));
    const Labels labels = model->MakeLabels(id, 0);
    if (arena_.empty()) arena_.reserve(count * (labels.bytes().size() + 16));
    arena_.append(labels.bytes());
    label_ends_.push_back(arena_.size());
  }
}

SeriesSlice::State SeriesSlice::NewState(int64_t id, uint32_t generation) const {
  State state;
  state.kind = model_->kind(id);
  state.key = Mix(Mix(Mix(model_->options().seed) ^ static_cast<uint64_t>(id)) ^ generation);
  const uint64_t random = Mix(state.key);
  // Rates from slow to fast, most of them slow.
  state.scale = uint32_t{1} << (random % 11);
  switch (state.kind) {
    case SeriesKind::kIdle:
      // A third never counted anything.
      state.level = random % 3 == 0 ? 0 : static_cast<int64_t>((random >> 16) % 1'000'000);
      break;
    case SeriesKind::kCounterInt:
      state.level = static_cast<int64_t>((random >> 16) % 1'000'000'000);
      break;
    case SeriesKind::kMemory:
      state.level = static_cast<int64_t>((random >> 16) % 4'000'000);
      break;
    case SeriesKind::kGaugeInt:
      state.level = static_cast<int64_t>((random >> 16) % 50);
      break;
    case SeriesKind::kDecimal:
      state.level = static_cast<int64_t>((random >> 16) % 100'000'000);
      break;
    case SeriesKind::kGaugeFloat:
      state.level = static_cast<int64_t>((random >> 16) % 1000) + 1;
      break;
  }
  return state;
}

double SeriesSlice::value(size_t i) const {
  const State& state = states_[i];
  switch (state.kind) {
    case SeriesKind::kMemory:
      return static_cast<double>(state.level * 4096);
    case SeriesKind::kDecimal:
      return static_cast<double>(state.level) / 100;
    case SeriesKind::kGaugeFloat: {
      const double noise = Unit(Mix(state.key ^ Mix(static_cast<uint64_t>(step_))));
      return static_cast<double>(state.level) * (0.9 + 0.2 * noise);
    }
    default:
      return static_cast<double>(state.level);
  }
}

void SeriesSlice::Advance() {
  ++step_;
  const uint64_t step_noise = Mix(static_cast<uint64_t>(step_));
  for (State& state : states_) {
    if (state.kind == SeriesKind::kIdle || state.kind == SeriesKind::kGaugeFloat) continue;
    const uint64_t random = Mix(state.key ^ step_noise);
    switch (state.kind) {
      case SeriesKind::kCounterInt:
        state.level += state.scale / 2 + static_cast<int64_t>(random % (state.scale + 1));
        break;
      case SeriesKind::kMemory:
        state.level = Walk(state.level, random, state.scale, 4'000'000);
        break;
      case SeriesKind::kGaugeInt:
        if ((random >> 60) < 4) state.level = Walk(state.level, random, 2, 50);
        break;
      default:
        state.level += static_cast<int64_t>(random % (state.scale + 2));
    }
  }
  const int64_t series = model_->options().series;
  const int64_t end = model_->replaced(step_);
  for (int64_t k = model_->replaced(step_ - 1); k < end; ++k) {
    const int64_t id = k % series;
    if (id < from_ || id >= from_ + static_cast<int64_t>(size())) continue;
    Replace(id, static_cast<uint32_t>(k / series + 1));
  }
}

void SeriesSlice::Replace(int64_t id, uint32_t generation) {
  const auto i = static_cast<size_t>(id - from_);
  states_[i] = NewState(id, generation);
  const Labels labels = model_->MakeLabels(id, generation);
  std::copy(labels.bytes().begin(), labels.bytes().end(),
            arena_.begin() + static_cast<std::ptrdiff_t>(label_ends_[i]));
}

}  // namespace hearth::bench
