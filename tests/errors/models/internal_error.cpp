// derive
program internal_error() { throw std::logic_error("two rules for one element"); }
