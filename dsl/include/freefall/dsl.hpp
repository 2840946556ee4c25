#pragma once
// The language of specifications. A model is one function:
//
//   #include <freefall/dsl.hpp>
//   using namespace freefall;
//
//   freefall::program define() {
//     axis<"pixel"> pixel;  axis<"hidden"> hidden;  axis<"label"> label;
//     plate<"batch"> batch;
//     auto image = variable<"image">(batch, pixel);
//     auto h     = variable<"h">(batch, hidden);
//     auto digit = variable<"digit">(batch, label);
//     auto W1 = parameter<"W1">(hidden, pixel);  auto b1 = parameter<"b1">(hidden);
//     auto W2 = parameter<"W2">(label, hidden);  auto b2 = parameter<"b2">(label);
//     auto p = model<"pcn">(h <<= normal(W1 * image + b1), digit <<= normal(W2 * tanh(h) + b2));
//     auto q = family(delta(h));
//     auto F = free_energy(p, q);
//     return freefall::program{kernel<"infer">(forward(p), repeat(20, descend(F, h, rate(0.1)))),
//                              kernel<"learn">(descend(F / count(batch), W1, b1, W2, b2, adam(1e-3))),
//                              kernel<"energy">(F / count(batch))};
//   }
//
// What is wrong with it, the C++ compiler says (diagnostics.hpp). What it becomes is an ir::Program.

#include "freefall/dsl/axis.hpp"         // axis, plate, ticks, branch
#include "freefall/dsl/builder.hpp"      // program_scope
#include "freefall/dsl/categorical.hpp"  // one_of, index_of, categorical, exact, solve(F, q, s)
#include "freefall/dsl/density.hpp"  // normal, continuous_bernoulli, gibbs, precision, variance, covariance, kron, marginal, linearised, <<=, model, conditionals
#include "freefall/dsl/descent.hpp"  // descend, gradient; rate, sgd, momentum, adam; presynaptic
#include "freefall/dsl/dirichlet.hpp"   // dirichlet, concentration
#include "freefall/dsl/events.hpp"      // trace, greedy, voltage, spike, fire, on_spike
#include "freefall/dsl/expression.hpp"  // + - * /, hadamard, dot, sum, count, prime, functions
#include "freefall/dsl/family.hpp"      // family, delta, gaussian, continuous_bernoulli, precision(q, x)
#include "freefall/dsl/functional.hpp"  // free_energy, evidence_lower_bound
#include "freefall/dsl/inference.hpp"   // local_free_energy, surprise, previous, solve, draw, forward(q)
#include "freefall/dsl/layers.hpp"      // layers, join, 1_c
#include "freefall/dsl/motion.hpp"      // shift, generalised
#include "freefall/dsl/planning.hpp"  // expected_free_energy and its kind, preference, posterior, softmax, marginal, choose, draw
#include "freefall/dsl/program.hpp"  // forward, predict, hold, repeat, until, in_order, evaluate, kernel, program
#include "freefall/dsl/reference.hpp"  // reference, refuted, printed, slope
#include "freefall/dsl/solve.hpp"      // solve
#include "freefall/dsl/tick.hpp"       // previous, advance
#include "freefall/dsl/variable.hpp"   // variable, parameter, input
