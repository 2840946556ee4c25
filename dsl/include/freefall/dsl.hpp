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

#include "freefall/dsl/axis.hpp"        // axis, plate
#include "freefall/dsl/builder.hpp"     // program_scope
#include "freefall/dsl/density.hpp"     // normal, precision, variance, covariance, <<=, model
#include "freefall/dsl/descent.hpp"     // descend; rate, sgd, momentum, adam
#include "freefall/dsl/events.hpp"      // trace, greedy, voltage, spike, tick, fire
#include "freefall/dsl/expression.hpp"  // + - * /, hadamard, dot, sum, count, prime, functions
#include "freefall/dsl/family.hpp"      // family, delta
#include "freefall/dsl/functional.hpp"  // free_energy
#include "freefall/dsl/layers.hpp"      // layers, join, 1_c
#include "freefall/dsl/program.hpp"     // forward, predict, repeat, until, evaluate, kernel, program
#include "freefall/dsl/variable.hpp"    // variable, parameter, input
