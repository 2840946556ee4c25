#include "tests/interp/model_programs.hpp"

#include <freefall/dsl.hpp>

// models/NAME/model.cpp, in which define() has this name here (CMakeLists.txt).
freefall::program define_attractor();
freefall::program define_generalised_filter();
freefall::program define_kalman_pc();
freefall::program define_pcn();
freefall::program define_pcn_generative();
freefall::program define_recurrent();
freefall::program define_scalar_graph();
freefall::program define_spiking_autoencoder();
freefall::program define_tmaze();

namespace freefall::test {

std::vector<ModelProgram> model_programs() {
  std::vector<ModelProgram> out;
  const auto add = [&](const char* name, const program& p, std::map<std::string, std::size_t> extents) {
    out.push_back({p.ir(), {name, std::move(extents)}});
  };
  add("attractor", define_attractor(), {{"unit", 25}});
  add("generalised_filter", define_generalised_filter(), {{"order", 3}, {"state", 2}, {"sense", 3}});
  add("kalman_pc", define_kalman_pc(), {{"state", 3}, {"sense", 3}, {"control", 1}});
  add("pcn", define_pcn(),
      {{"batch", 64}, {"pixel", 784}, {"hidden1", 300}, {"hidden2", 100}, {"label", 10}});
  add("pcn_generative", define_pcn_generative(), {{"batch", 64}, {"pixel", 784}, {"code", 20}});
  add("recurrent", define_recurrent(),
      {{"batch", 3}, {"t", 8}, {"feature", 4}, {"lower", 5}, {"upper", 6}, {"label", 2}});
  add("scalar_graph", define_scalar_graph(), {{"batch", 6}});
  add("spiking_autoencoder", define_spiking_autoencoder(), {{"signal", 2}, {"neuron", 20}});
  add("tmaze", define_tmaze(),
      {{"place", 4}, {"context", 2}, {"move", 4}, {"where", 4}, {"reward", 3}, {"cue", 2}});
  return out;
}

}  // namespace freefall::test
