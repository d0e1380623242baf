/* Kernels as small programs; read/expressions.py names them. */
#ifndef PGML_EXPRESSION_H
#define PGML_EXPRESSION_H

#include "load.h"

#define PANEL 8   /* support vectors lie in panels of so many, feature by feature */
#define CHUNK 256 /* and are taken so many at a time */

/* Write the program of a machine; -1 where the expression is no kernel. */
int expression_compile(File *, Machine *, const Json *expression);
/* Evaluate the kernel of n_rows rows and count vectors into the bottom of the stack, [n_rows, CHUNK]. */
void expression_evaluate(const Machine *, const double *panels, ptrdiff_t count, const double *rows, ptrdiff_t n_rows,
                         ptrdiff_t n_features, double *stack);
/* The kernel of a row with itself, as one point; the panel is work space for PANEL vectors. */
double expression_of_itself(const Machine *, const double *row, ptrdiff_t n_features, double *stack, double *panel);

#endif
