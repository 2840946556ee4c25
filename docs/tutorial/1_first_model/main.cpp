#include <cstdio>

#include "first_model_views.hpp"

int main() {
  first_model::instance food;
  food.light() = 2;
  food.infer();
  std::printf("most likely size: %.4f\n", food.v());
  std::printf("free energy there: %.4f nats\n", food.energy());
}
