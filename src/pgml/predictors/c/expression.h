/* Kernels as small programs; read/expressions.py names them. */
#ifndef PGML_EXPRESSION_H
#define PGML_EXPRESSION_H

#include "model.h"

#define PANEL 8   /* support vectors lie in panels of so many, feature by feature */
#define CHUNK 256 /* and are taken so many at a time */

/* Write the program of a machine; -1 and a Python error where the tuple is no kernel. */
int expression_compile(Model *, Machine *, PyObject *expression);
/* Evaluate the kernel of n_rows rows and count vectors into the bottom of the stack, [n_rows, CHUNK]. */
void expression_evaluate(const Machine *, const double *panels, Py_ssize_t count, const double *rows, Py_ssize_t n_rows,
                         Py_ssize_t n_features, double *stack);
/* The kernel of a row with itself, as one point; the panel is work space for PANEL vectors. */
double expression_of_itself(const Machine *, const double *row, Py_ssize_t n_features, double *stack, double *panel);

#endif
